//! A token for SASL OAUTHBEARER that nobody asked for: the crate gives one only when librdkafka asks, which it does at four fifths of the life of the one it has.
//!
//! Invariant: no error tells anything of the token.

use std::ffi::{CString, c_char};
use std::ptr;

use rdkafka::bindings as rd;
use rdkafka::client::OAuthToken;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::kafka::Client;

/// Gives `client` this token; connections that were refused are tried with it.
///
/// # Errors
/// The token, or the name in it, is none that SASL can carry.
pub fn set_token(client: &Client, token: &OAuthToken) -> Result<(), KafkaError> {
    let value = CString::new(token.token.as_str())?;
    let principal = CString::new(token.principal_name.as_str())?;
    // librdkafka says there why not, and may quote the token: it is looked at by nobody.
    let mut said = [0 as c_char; 512];
    // SAFETY: all pointers are alive; librdkafka copies the texts.
    let refused = unsafe {
        rd::rd_kafka_oauthbearer_set_token(
            client.client().native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            said.as_mut_ptr(),
            said.len(),
        )
    };
    match RDKafkaErrorCode::from(refused) {
        RDKafkaErrorCode::NoError => Ok(()),
        code => Err(KafkaError::Global(code)),
    }
}
