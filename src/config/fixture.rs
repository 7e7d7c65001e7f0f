//! Parts of a configuration for tests, read as a file is: every setting that a test does not name
//! has its default, so that a new key needs no change in tests.

use std::io;
use std::path::Path;

use super::check;
use super::model::{App, Config, Kafka, Webhook};

fn config(topics: &str, name: &str, url: &str) -> Config {
    let text = format!(
        "kafka: {{brokers: 'localhost:9092', group_id: slackline, topics: {topics}}}\n\
         webhooks: {{'{name}': {{url: '{url}'}}}}\n\
         actions: [{{name: a, trigger: a, webhook: '{name}', message: m}}]\n"
    );
    checked(&text)
}

/// The configuration of this text; it names no file and no environment variable.
pub fn checked(text: &str) -> Config {
    let files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    match check(text, Path::new("test.yaml"), &|_| None, &files) {
        Ok(loaded) => loaded.config,
        Err(errors) => panic!("{errors}"),
    }
}

/// `kafka` with these topics.
pub fn kafka(topics: &[&str]) -> Kafka {
    config(&format!("{topics:?}"), "w", "https://hooks.slack.com/services/T0/B0/x").kafka
}

/// The webhook `name` with this URL.
pub fn webhook(name: &str, url: &str) -> Webhook {
    config("[events]", name, url).webhooks.remove(0)
}

/// The app `name` at this address of the Web API, with this token.
pub fn app(name: &str, api_url: &str, token: &str) -> App {
    let text = format!(
        "kafka: {{brokers: 'localhost:9092', group_id: slackline, topics: [events]}}\n\
         apps: {{'{name}': {{token: '{token}', api_url: '{api_url}'}}}}\n\
         webhooks: {{w: {{app: '{name}', channel: '#a'}}}}\n\
         actions: [{{name: a, trigger: a, webhook: w, message: m}}]\n"
    );
    checked(&text).apps.remove(0)
}
