//! The section `apps`.
//!
//! Invariant: a token is only ever held in a [`Secret`].

use std::path::PathBuf;

use ::url::Url;
use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::Xxh3;

use super::kinds::{FILE_PATH, Flag, Optional, PATH, Text, number, number_schema, read_section};
use super::names::NAME_PATTERN;
use super::origin::Origin;
use super::reader::{Names, Reader};
use super::section::{Document, Kind, Section, SettingValue, Table, add_text, section};
use super::tree::Node;
use super::webhook::kinds::{EntryName, Pem, ca_file, proxy_url};
use crate::secret::Secret;

mod kinds;

use kinds::{ApiUrl, Token, TokenFrom};

section! {
    /// One Slack app: its bot token posts to every channel that a webhook names. Exactly one of
    /// `token` and `token_file`. `${NAME}` is expanded as in `webhooks`.
    #[derive(Clone)]
    pub App, AppKeys {
        /// Its name in the file, in logs and in metrics.
        name: String = EntryName("an app");
        /// The app's bot token (`xoxb-…`): a credential, better kept in the environment.
        token: Secret<String> = Token,
            secret = true, example = Some("${SLACK_TOKEN}");
        /// A file that contains the token, such as a mounted secret. A relative path is resolved
        /// against the configuration's directory.
        token_file: Option<PathBuf> = Optional(FILE_PATH),
            local = true, example = Some("/run/secrets/slack-token");
        /// Where the token is from, for `check`.
        token_from: Origin = TokenFrom, local = true;
        /// Messages a minute, for all channels of the app and the whole consumer group together.
        posts_per_minute: f64 = PostsPerMinute;
        /// Where Slack's Web API is. For GovSlack `https://slack-gov.com/api/`.
        api_url: Url = ApiUrl;
        /// Allows a plain http URL, for a stand-in inside your network.
        allow_http: bool = Flag;
        /// The proxy to send through, http or https. Without it the environment's proxy variables
        /// apply, except on this machine.
        proxy: Option<Secret<Url>> = Optional(Text("URL", proxy_url)),
            secret = true, example = Some("http://proxy:3128");
        /// A PEM file of certificate authorities to trust besides the system's. A relative path is
        /// resolved against the configuration's directory.
        ca_file: Option<Pem> = Optional(Text(PATH, ca_file)),
            example = Some("/etc/ca.pem");
    }
}

/// All apps by name.
pub struct Apps;

/// Messages a minute.
struct PostsPerMinute;

impl App {
    /// Whether it posts with the same credential, to the same place and in the same way.
    #[must_use]
    pub fn connects_like(&self, other: &Self) -> bool {
        (&self.token, &self.api_url, &self.proxy, &self.ca_file)
            == (&other.token, &other.api_url, &other.proxy, &other.ca_file)
    }
}

impl Section for App {
    const ONE_OF: &'static [&'static str] = &["token", "token_file"];

    const EXPANDS: bool = true;

    fn check(keys: AppKeys, reader: &mut Reader<'_>) -> Option<Self> {
        let token_at = keys.token.at;
        let name = keys.name.value.clone();
        reader.destinations.apps.extend(name.map(|name| (name, keys.api_url.value.clone())));
        let app = Self::complete(keys)?;
        let (token, name) = (app.token.clone(), app.name.clone());
        if let Some((other, at)) = reader.destinations.tokens.insert(token, name).zip(token_at) {
            let message = format!(
                "the apps `{other}` and `{}` have the same token: each would use the whole rate",
                app.name
            );
            reader.error(at, message, "remove one of them: several webhooks can share an app");
        }
        Some(app)
    }
}

impl SettingValue for Secret<String> {
    fn shown(&self) -> Json {
        crate::secret::MASK.into()
    }

    fn add_to(&self, hash: &mut Xxh3) {
        add_text(self.expose(), hash);
    }
}

impl Kind for Apps {
    type Value = Vec<App>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Vec<App>> {
        reader.apps = None;
        let entries = reader.entries(node, key)?;
        let names = entries.iter().map(|(name, _)| name.clone()).collect();
        reader.apps = Some(Names::new(names));
        let mut apps = Vec::with_capacity(entries.len());
        for (name, node) in &entries {
            let title = format!("the app `{}`", name.at.shown);
            let Some(mut fields) = reader.fields(node, &title) else { continue };
            fields.name = Some(name.clone());
            apps.extend(read_section::<App>(fields, reader));
        }
        (apps.len() == entries.len()).then_some(apps)
    }

    fn default(&self) -> Option<Vec<App>> {
        Some(Vec::new())
    }

    fn schema(&self) -> Json {
        json!({
            "type": "object",
            "additionalProperties": { "$ref": "#/definitions/App" },
            "propertyNames": { "pattern": NAME_PATTERN },
        })
    }

    fn words(&self) -> String {
        "mapping of names to sections".to_owned()
    }

    fn section(&self) -> Option<Document> {
        Some(App::document())
    }
}

impl PostsPerMinute {
    const DEFAULT: f64 = 200.0;
    const MOST: f64 = 600_000.0;
}

impl Kind for PostsPerMinute {
    type Value = f64;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<f64> {
        let rate = number(node, key, "a number", reader)?;
        if rate > 0.0 && rate <= Self::MOST {
            return Some(rate);
        }
        let message = format!("`{key}` must be over 0 and at most {}", Self::MOST);
        let help = "the default is 200; Slack allows several hundred a minute for a workspace";
        reader.error(node, message, help);
        None
    }

    fn default(&self) -> Option<f64> {
        Some(Self::DEFAULT)
    }

    fn schema(&self) -> Json {
        let mut schema = number_schema("number", 200);
        schema["exclusiveMinimum"] = 0.into();
        schema["maximum"] = 600_000.into();
        schema
    }

    fn words(&self) -> String {
        format!("number, over 0, at most {}", Self::MOST)
    }
}
