//! A message as its destination posts it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::config::model::{App, Target, Webhook};
use crate::send::app_channel::{AppChannel, Credential};
use crate::send::destination::Destination;
use crate::send::incoming_webhook::IncomingWebhook;

/// Returns the body of the request that posts `payload` to `webhook`; null for a webhook without a
/// destination, which no checked configuration has.
pub fn body(payload: &[u8], webhook: &Webhook, apps: &[App]) -> Value {
    let request = destination(webhook, apps)
        .map(|destination| destination.request(Bytes::copy_from_slice(payload)));
    let body = request.as_ref().and_then(|request| request.body()?.as_bytes());
    body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default()
}

/// The destination, without a client: nothing is sent.
fn destination(webhook: &Webhook, apps: &[App]) -> Option<Box<dyn Destination>> {
    match webhook.target()? {
        Target::Incoming(url) => Some(Box::new(IncomingWebhook { url: url.clone() })),
        Target::Channel { app, channel } => {
            let credential = Credential::of(apps.get(app.0 as usize)?)?;
            Some(Box::new(AppChannel::new(Arc::new(credential), channel)?))
        }
    }
}
