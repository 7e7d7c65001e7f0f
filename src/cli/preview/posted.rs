//! A message as its destination posts it.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::config::model::{Target, Webhook};
use crate::send::incoming_webhook;

/// Returns the body of the request that posts `payload` to `webhook`.
pub fn body(payload: &[u8], webhook: &Webhook) -> Value {
    match webhook.target() {
        Some(Target::Channel { channel, .. }) => {
            let mut body = json!({ "channel": channel.as_str() });
            if let (Some(body), Ok(Value::Object(message))) =
                (body.as_object_mut(), serde_json::from_slice(payload))
            {
                body.extend(message);
            }
            body
        }
        _ => {
            let body = incoming_webhook::with_user(Bytes::copy_from_slice(payload));
            serde_json::from_slice(&body).unwrap_or_default()
        }
    }
}
