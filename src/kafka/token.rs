//! The token of `sasl.mechanism: OAUTHBEARER`, read from a file that another program renews, such
//! as Kubernetes or a sidecar.
//!
//! Invariant: no error holds a part of the token.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::client::OAuthToken;
use serde::Deserialize;

/// The assumed lifetime of a token that does not say when it expires. librdkafka requests the next
/// one at four fifths of it.
const LIFETIME: Duration = Duration::from_secs(300);

/// Why there is no usable token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The configuration names no file.
    #[error("`kafka.oauth_token_file` is not set")]
    Unset,
    /// The file does not exist, may not be read, or is not text.
    #[error("`kafka.oauth_token_file` cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The file is empty.
    #[error("`kafka.oauth_token_file` is empty")]
    Empty,
    /// Several words, quotes, or characters that a header cannot carry.
    #[error(
        "`kafka.oauth_token_file` holds no token: one word without blanks and quotes is expected"
    )]
    NoToken,
    /// The token was not renewed.
    #[error("the token in `kafka.oauth_token_file` has expired")]
    Expired,
}

/// The claims of a JWT that matter here.
#[derive(Deserialize)]
struct Claims {
    /// When it expires, in Unix seconds; a fraction is legal.
    exp: Option<f64>,
    sub: Option<String>,
}

/// Reads the token that is in `file` now.
pub fn read(file: Option<&Path>) -> Result<OAuthToken, TokenError> {
    let text =
        std::fs::read_to_string(file.ok_or(TokenError::Unset)?).map_err(TokenError::Unreadable)?;
    token(text.trim(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "milliseconds: a float beyond the range saturates"
)]
fn token(text: &str, now: Duration) -> Result<OAuthToken, TokenError> {
    if text.is_empty() {
        return Err(TokenError::Empty);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'')) {
        return Err(TokenError::NoToken);
    }
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let claims = claims(text);
    let lifetime_ms = match claims.as_ref().and_then(|claims| claims.exp) {
        Some(exp) => (exp * 1000.0) as i64,
        None => now_ms.saturating_add(i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX)),
    };
    if lifetime_ms <= now_ms {
        return Err(TokenError::Expired);
    }
    // The broker reads the principal from the token itself; librdkafka requires one for its logs.
    let principal_name =
        claims.and_then(|claims| claims.sub).unwrap_or_else(|| "slackline".to_owned());
    Ok(OAuthToken { token: text.to_owned(), principal_name, lifetime_ms })
}

/// Returns the claims of a JWT; `None` for an opaque token.
fn claims(text: &str) -> Option<Claims> {
    let bytes = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_expires_when_its_claims_say() {
        let now = Duration::from_secs(1_000);
        let read = token(&jwt(r#"{"exp": 1060.5, "sub": "worker"}"#), now).ok().unwrap();
        assert_eq!((read.lifetime_ms, read.principal_name.as_str()), (1_060_500, "worker"));
        assert!(matches!(token(&jwt(r#"{"exp": 1000}"#), now), Err(TokenError::Expired)));
    }

    #[test]
    fn an_opaque_token_is_read_again_soon() {
        let now = Duration::from_secs(1_000);
        for text in ["opaque", "a.b.c", &jwt("{}")] {
            assert_eq!(token(text, now).ok().unwrap().lifetime_ms, 1_300_000, "{text}");
        }
        assert!(matches!(token("", now), Err(TokenError::Empty)));
        assert!(matches!(read(None), Err(TokenError::Unset)));
    }

    #[test]
    fn a_token_is_one_word_of_ascii() {
        for text in ["two words", "one\ntwo", "a\u{1}", "größe", "\"quoted\"", "'quoted'"] {
            assert!(matches!(token(text, Duration::ZERO), Err(TokenError::NoToken)), "{text}");
        }
    }
}
