//! The kinds of values that only apps have: tokens, and where the Web API is.

use ::url::Url;
use serde_json::{Value as Json, json};

use crate::config::file_content::FileContent;
use crate::config::kinds::Flag;
use crate::config::located::Located;
use crate::config::reader::{Fields, Reader};
use crate::config::section::{Kind, Setting, SettingValue};
use crate::loopback::is_loopback;
use crate::secret::Secret;

/// `token`, or the content of `token_file`.
pub struct Token;

/// The address of the Web API, with a slash at its end.
pub struct ApiUrl;

const SLACK: &str = "https://slack.com/api/";

impl Token {
    fn token(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<Secret<String>> {
        let name = fields.name.as_ref()?;
        let Located { value, at } = match (fields.get("token"), fields.get("token_file")) {
            (Some(node), None) => reader.located(node, "token")?,
            (None, Some(node)) => {
                let owner = format!("the content of `{}`", reader.at(node).shown);
                let file =
                    FileContent { key: "token_file", owner: &owner, what: "the app's bot token" };
                file.read(node, reader)?
            }
            (_, None) => {
                let message =
                    format!("the app `{}` has neither `token` nor `token_file`", name.at.shown);
                reader.error(&name.at, message, "add `token: ${NAME}` or `token_file: PATH`");
                return None;
            }
            (_, Some(node)) => {
                let message =
                    format!("the app `{}` has both `token` and `token_file`", name.at.shown);
                reader.error(node, message, "remove one of them");
                return None;
            }
        };
        let token = value.trim();
        if !token.starts_with("xoxb-") {
            let help = "copy the Bot User OAuth Token, which starts with `xoxb-`";
            reader.error(&at, "`token` is not a bot token", help);
            return None;
        }
        Some(Secret::new(token.to_owned()))
    }
}

impl Kind for Token {
    type Value = Secret<String>;

    fn is_required(&self) -> bool {
        false
    }

    fn words(&self) -> String {
        "bot token".to_owned()
    }

    fn setting(
        &self,
        key: &'static str,
        fields: &Fields<'_>,
        reader: &mut Reader<'_>,
    ) -> Setting<Secret<String>> {
        let at = fields.get(key).or(fields.get("token_file")).map(|node| node.written.start);
        Setting { value: Self::token(fields, reader), at }
    }
}

impl Kind for ApiUrl {
    type Value = Url;

    fn is_required(&self) -> bool {
        false
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "default": SLACK })
    }

    fn words(&self) -> String {
        "URL".to_owned()
    }

    fn setting(
        &self,
        key: &'static str,
        fields: &Fields<'_>,
        reader: &mut Reader<'_>,
    ) -> Setting<Url> {
        let Some(node) = fields.get(key) else {
            return Setting { value: Url::parse(SLACK).ok(), at: None };
        };
        let allow_http = fields
            .get("allow_http")
            .is_some_and(|node| Flag.read(node, "allow_http", reader).unwrap_or_default());
        let Some(Located { value, at }) = reader.filled(node, key) else {
            return Setting { value: None, at: Some(node.written.start) };
        };
        let text = format!("{}/", value.trim_end_matches('/'));
        let url = Url::parse(&text).ok().filter(|url| match url.scheme() {
            "https" => true,
            "http" => allow_http || is_loopback(url),
            _ => false,
        });
        if url.is_none() {
            let help = "write `https://slack.com/api/`; plain http needs `allow_http: true`";
            reader.error(&at, format!("`{key}` is not the address of a Web API"), help);
        }
        Setting { value: url, at: Some(at.start) }
    }
}

impl SettingValue for Url {
    fn shown(&self) -> Json {
        self.as_str().into()
    }
}
