//! Checked values as `check` lists them, and as the configuration's hash compares them.
//!
//! Invariant: of a URL, `check` shows the host only, because the rest may be a secret. The hash
//! includes a URL (a webhook's has 24 random characters), without user name and password.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value as Json, json};
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use super::duration;
use super::index::{AppIndex, WebhookIndex};
use super::section::{SettingValue, add_text};
use crate::event::TopicIndex;
use crate::expression::Expression;
use crate::expression::template::Template;
use crate::secret::Secret;

macro_rules! shown {
    ($($type:ty: |$value:ident| $shown:expr;)*) => {
        $(impl SettingValue for $type {
            fn shown(&self) -> Json {
                let $value = self;
                json!($shown)
            }
        })*
    };
}

shown! {
    String: |text| text;
    bool: |flag| flag;
    u32: |count| count;
    usize: |count| count;
    f64: |number| number;
    PathBuf: |path| path.display().to_string();
    Duration: |period| duration::show(*period);
    TopicIndex: |topic| topic.0;
    AppIndex: |index| index.0;
    WebhookIndex: |index| index.0;
    Expression: |expression| expression.source();
    Template: |template| template.source();
}

impl<T: SettingValue> SettingValue for Option<T> {
    fn shown(&self) -> Json {
        self.as_ref().map_or(Json::Null, SettingValue::shown)
    }

    fn add_to(&self, hash: &mut Xxh3) {
        hash.update(&[u8::from(self.is_some())]);
        if let Some(value) = self {
            value.add_to(hash);
        }
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    fn shown(&self) -> Json {
        self.iter().map(SettingValue::shown).collect()
    }

    fn add_to(&self, hash: &mut Xxh3) {
        hash.update(&self.len().to_le_bytes());
        self.iter().for_each(|value| value.add_to(hash));
    }
}

impl SettingValue for Secret<Url> {
    fn shown(&self) -> Json {
        let url = self.expose();
        let host = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")).into()
    }

    fn add_to(&self, hash: &mut Xxh3) {
        let mut url = self.expose().clone();
        // A password could be guessed from the hash.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        add_text(url.as_str(), hash);
    }
}
