//! The kinds of values that only apps have: tokens, and where the Web API is.

use ::url::Url;
use serde_json::{Value as Json, json};

use crate::config::file_content::FileContent;
use crate::config::kinds::Flag;
use crate::config::located::Located;
use crate::config::origin::Origin;
use crate::config::reader::{Fields, Reader};
use crate::config::section::{Kind, Setting, SettingValue};
use crate::config::slack_token::{self, Refused};
use crate::config::tree::Node;
use crate::config::webhook::url;
use crate::secret::Secret;
use crate::slack_host::is_slack;

/// `token`, or the content of `token_file`.
pub struct Token;

/// Where the token is from. It is not a key of the section.
pub struct TokenFrom;

/// The address of the Web API, with a slash at its end.
pub struct ApiUrl;

const SLACK: &str = "https://slack.com/api/";

impl Token {
    fn token(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<Secret<String>> {
        let name = fields.name.as_ref()?;
        let (Located { value, at }, origin) = match (fields.get("token"), fields.get("token_file"))
        {
            (Some(node), None) => (reader.located(node, "token")?, Origin::of(node, "token")),
            (None, Some(node)) => {
                (Self::in_file(node, reader)?, Origin::File(reader.at(node).shown))
            }
            (None, None) => {
                let message =
                    format!("the app `{}` has neither `token` nor `token_file`", name.at.shown);
                reader.error(&name.at, message, "add `token: ${NAME}` or `token_file: PATH`");
                return None;
            }
            (Some(_), Some(node)) => {
                let message =
                    format!("the app `{}` has both `token` and `token_file`", name.at.shown);
                reader.error(node, message, "remove one of them");
                return None;
            }
        };
        let token = value.trim();
        if let Some((what, help)) = slack_token::refused(token, matches!(origin, Origin::File(_))) {
            let message = if token.is_empty() {
                origin.message(what)
            } else {
                origin.not_usable(what, &value)
            };
            reader.error(&at, message, help);
            return None;
        }
        Some(Secret::new(token.to_owned()))
    }

    fn in_file(node: &Node, reader: &mut Reader<'_>) -> Option<Located> {
        let path = reader.filled(node, "token_file")?;
        if slack_token::has_token(&path.value) {
            let message = "`token_file` is a token, not the path of a file";
            reader.error(&path.at, message, "write it as `token`, better as `token: ${NAME}`");
            return None;
        }
        let owner = Origin::File(path.at.shown).owner();
        FileContent { key: "token_file", owner: &owner, what: "the app's bot token" }
            .read(node, reader)
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

impl Kind for TokenFrom {
    type Value = Origin;

    fn is_key(&self) -> bool {
        false
    }

    fn words(&self) -> String {
        String::new()
    }

    fn setting(
        &self,
        _: &'static str,
        fields: &Fields<'_>,
        reader: &mut Reader<'_>,
    ) -> Setting<Origin> {
        let origin = match (fields.get("token"), fields.get("token_file")) {
            (Some(node), _) => Some(Origin::of(node, "token")),
            (None, Some(node)) => Some(Origin::File(reader.at(node).shown)),
            (None, None) => None,
        };
        // For who has no token yet.
        let app = fields.name.as_ref().map(|name| name.value.clone());
        reader.destinations.token_origins.extend(app.zip(origin.clone()));
        Setting { value: Some(origin.unwrap_or(Origin::Key("token"))), at: None }
    }
}

impl ApiUrl {
    fn parse(text: &str, allow_http: bool) -> Result<Url, Refused> {
        let mut url = url::webhook(text, allow_http)?;
        if url.query().is_some() {
            return Err(("contains a query", "remove the `?` and the text after it"));
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        if is_slack(&url) && url.path() != "/api/" {
            let help = "write `https://slack.com/api/`, for GovSlack `https://slack-gov.com/api/`";
            return Err(("is not the address of Slack's Web API", help));
        }
        if url.path().ends_with("/chat.postMessage/") {
            let help = "write the address up to `/api/`: the method is added to it";
            return Err(("is a method of the Web API", help));
        }
        Ok(url)
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
            .is_some_and(|node| Flag.read(node, "allow_http", reader).unwrap_or(true));
        let Some(Located { value, at }) = reader.filled(node, key) else {
            return Setting { value: None, at: Some(node.written.start) };
        };
        let url = Self::parse(&value, allow_http);
        let refused = |(what, help): Refused| reader.error(&at, format!("`{key}` {what}"), help);
        let url = url.map_err(refused).ok();
        Setting { value: url, at: Some(at.start) }
    }
}

impl SettingValue for Url {
    fn shown(&self) -> Json {
        self.as_str().into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_web_api_has_a_slash_at_its_end() {
        for (text, expected) in [
            ("https://slack.com/api/", "https://slack.com/api/"),
            ("https://slack.com/api", "https://slack.com/api/"),
            ("https://slack-gov.com/api/", "https://slack-gov.com/api/"),
            ("http://127.0.0.1:9465/api", "http://127.0.0.1:9465/api/"),
            ("http://localhost", "http://localhost/"),
            ("https://proxy.example/slack/api/", "https://proxy.example/slack/api/"),
        ] {
            assert_eq!(ApiUrl::parse(text, false).unwrap().as_str(), expected);
        }
        let inside = "http://slack.example/api/";
        assert!(ApiUrl::parse(inside, false).is_err());
        assert!(ApiUrl::parse(inside, true).is_ok());
    }

    #[test]
    fn what_is_not_the_web_api_is_refused() {
        for text in [
            "",
            "slack.com/api/",
            "ftp://slack.com/api/",
            "https://slack.com/",
            "https://slack.com/api/chat.postMessage",
            "https://hooks.slack.com/services/T/B/x",
            "https://proxy.example/api/chat.postMessage",
            "https://user:password@proxy.example/api/",
            "https://proxy.example/api/?token=x",
            "https://proxy.example/api/#x",
        ] {
            assert!(ApiUrl::parse(text, true).is_err(), "{text}");
        }
    }
}
