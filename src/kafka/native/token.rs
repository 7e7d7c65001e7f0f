//! A new token for SASL OAUTHBEARER, at any time: the crate sets one only when librdkafka requests
//! it, at four fifths of the lifetime of the current one.
//!
//! Invariant: no error holds a part of the token.

use std::ffi::{CString, c_char};
use std::ptr;

use rdkafka::bindings as rd;
use rdkafka::client::OAuthToken;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};

use super::queue::check;
use crate::kafka::client::Client;

/// Gives `client` this token; refused connections are retried with it.
///
/// # Errors
/// When SASL cannot carry the token, or the name in it.
pub fn set_token(client: &Client, token: &OAuthToken) -> KafkaResult<()> {
    let value = CString::new(token.token.as_str())?;
    let principal = CString::new(token.principal_name.as_str())?;
    // librdkafka writes its reason here and may quote the token, so it is not read.
    let mut reason = [0 as c_char; 512];
    // SAFETY: all pointers are alive; librdkafka copies the texts.
    let refused = unsafe {
        rd::rd_kafka_oauthbearer_set_token(
            client.client().native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            reason.as_mut_ptr(),
            reason.len(),
        )
    };
    check(refused).map_err(KafkaError::Global)
}
