//! Signed tokens, and the key set that the broker verifies them with.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, SigningKey as _};

/// A key that signs tokens.
pub struct Signer(KeyPair);

impl Signer {
    pub fn new() -> Self {
        Self(KeyPair::generate().unwrap())
    }

    /// The key set, as JSON.
    pub fn jwks(&self) -> String {
        // An uncompressed point: the byte 4, x, y.
        let point = &self.0.public_key_raw()[1..];
        let (x, y) = (encode(&point[..32]), encode(&point[32..]));
        format!(
            r#"{{"keys":[{{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"1","x":"{x}","y":"{y}"}}]}}"#
        )
    }

    /// A token that is valid for this many seconds.
    pub fn token(&self, seconds: i64) -> String {
        self.token_for("kafka", seconds)
    }

    /// A token for another audience than the broker's.
    pub fn token_for(&self, audience: &str, seconds: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let claims = format!(
            r#"{{"sub":"slackline","aud":"{audience}","iat":{},"exp":{}}}"#,
            now.min(now + seconds) - 10,
            now + seconds
        );
        let signed =
            format!("{}.{}", encode(br#"{"alg":"ES256","kid":"1"}"#), encode(claims.as_bytes()));
        let signature = self.0.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(&fixed(&signature)))
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Converts a DER sequence of two integers to the form of JWTs: 32 bytes each.
fn fixed(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 2;
    for _ in 0..2 {
        let length = usize::from(der[at + 1]);
        let number = &der[at + 2..at + 2 + length];
        let number = &number[number.len().saturating_sub(32)..];
        out.extend(std::iter::repeat_n(0, 32 - number.len()));
        out.extend(number);
        at += 2 + length;
    }
    out
}
