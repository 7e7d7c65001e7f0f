//! A message as its destination posts it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::config::model::{App, Target, Webhook};
use crate::payload::parts;
use crate::send::app_channel::{AppChannel, Credential};
use crate::send::destination::Destination;
use crate::send::incoming_webhook::IncomingWebhook;

/// Returns the bodies of the requests that post `payload` to `webhook`: one for each part. Null for
/// a webhook without a destination, which no checked configuration has.
pub fn bodies(payload: &[u8], webhook: &Webhook, apps: &[App]) -> Vec<Value> {
    let destination = destination(webhook, apps);
    let body = |part: Bytes| {
        let request = destination.as_ref().map(|destination| destination.request(part));
        let body = request.as_ref().and_then(|request| request.body()?.as_bytes());
        body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default()
    };
    let parts = parts(payload).unwrap_or_else(|| vec![Bytes::copy_from_slice(payload)]);
    parts.into_iter().map(body).collect()
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
