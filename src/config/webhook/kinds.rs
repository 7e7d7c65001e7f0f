//! The kinds of values that only webhooks have: URLs, certificates, the rate.

use ::url::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value as Json;

use super::destination;
use super::mistakes::{self, PLACEHOLDER, Refused};
use super::receiver::{self, Doubt};
use super::url;
use crate::config::file_content::FileContent;
use crate::config::kinds::{Flag, number, number_schema};
use crate::config::located::Located;
use crate::config::origin::Origin;
use crate::config::reader::{Fields, NamedFile, Reader};
use crate::config::section::{Kind, Setting};
use crate::config::tree::Node;
use crate::secret::Secret;

/// A PEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pem {
    /// Its path as configured, for `check`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The name of a section that is an entry of a mapping. It is not a key of the section.
pub struct EntryName(pub &'static str);

/// `url`, or the content of `url_file`.
pub struct WebhookUrl;

/// Messages per second.
pub struct Rate;

impl Kind for EntryName {
    type Value = String;

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
    ) -> Setting<String> {
        let Some(Located { value, at }) = fields.name.clone() else {
            return Setting { value: None, at: None };
        };
        Setting { value: reader.name(value, &at, self.0), at: Some(at.start) }
    }
}

impl WebhookUrl {
    /// A webhook of an app has no URL.
    fn optional(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<Option<Secret<Url>>> {
        match destination::kind(fields, reader)? {
            destination::Kind::Incoming => Self::url(fields, reader).map(Some),
            destination::Kind::App => Some(None),
        }
    }

    fn url(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<Secret<Url>> {
        let (Located { value, at }, origin) = match (fields.get("url"), fields.get("url_file")) {
            (Some(node), _) => (reader.located(node, "url")?, Origin::of(node, "url")),
            (None, Some(node)) => {
                let origin = Origin::File(reader.at(node).shown);
                let owner = origin.owner();
                let file =
                    FileContent { key: "url_file", owner: &owner, what: "the webhook's URL" };
                (file.read(node, reader)?, origin)
            }
            (None, None) => return None,
        };
        let text = value.trim();
        if text.is_empty() {
            reader.error(&at, origin.message("is empty"), "put the webhook's URL there");
            return None;
        }
        let allow_http = fields
            .get("allow_http")
            .is_some_and(|node| Flag.read(node, "allow_http", reader).unwrap_or(true));
        let refused = mistakes::around(text)
            .or_else(|| mistakes::in_place_of_a_url(text, matches!(origin, Origin::File(_))))
            // As written, it is a `$${` that the author escaped.
            .or((text.contains("${") && !matches!(origin, Origin::Key(_))).then_some(PLACEHOLDER));
        let parsed = refused.map_or_else(|| url::webhook(text, allow_http), Err);
        let doubt = parsed.as_ref().ok().and_then(receiver::doubt);
        match (parsed, doubt) {
            (Err((what, help)), _) => {
                reader.error(&at, origin.not_usable(what, &value), help);
                None
            }
            (Ok(_), Some(Doubt::Refused((what, help)))) => {
                reader.error(&at, origin.message(what), help);
                None
            }
            (Ok(url), doubt) => {
                if let Some(Doubt::Unlikely((what, help))) = doubt {
                    reader.warn(&at, origin.message(what), help);
                }
                Some(Secret::new(url))
            }
        }
    }
}

impl Kind for WebhookUrl {
    type Value = Option<Secret<Url>>;

    fn is_required(&self) -> bool {
        false
    }

    fn words(&self) -> String {
        "URL".to_owned()
    }

    fn setting(
        &self,
        key: &'static str,
        fields: &Fields<'_>,
        reader: &mut Reader<'_>,
    ) -> Setting<Option<Secret<Url>>> {
        let at = fields.get(key).or(fields.get("url_file")).map(|node| node.written.start);
        Setting { value: Self::optional(fields, reader), at }
    }
}

/// Reads a proxy's URL. It may contain a password.
pub fn proxy_url(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Secret<Url>> {
    let Located { value, at } = reader.located(node, key)?;
    let url = url::proxy(value.trim());
    let origin = Origin::of(node, "proxy");
    let refused = |(what, help): Refused| reader.error(&at, origin.not_usable(what, &value), help);
    url.map(Secret::new).map_err(refused).ok()
}

/// Reads a file of certificates.
pub fn ca_file(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Pem> {
    let NamedFile { path, bytes, at } = reader.file(node, key)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let message = match found {
        Ok(found) if !found.is_empty() => {
            return Some(Pem { path: path.display().to_string(), bytes });
        }
        Ok(_) => "`ca_file` contains no certificate",
        Err(_) => "`ca_file` contains an invalid certificate",
    };
    reader.error(&at, message, "use a PEM file of certificates");
    None
}

impl Rate {
    const DEFAULT: f64 = 1.0;
    /// One a day: a lower rate is more likely a mistake than intended.
    const LEAST: f64 = 1.0 / 86_400.0;
    const MOST: f64 = 10_000.0;
}

impl Kind for Rate {
    type Value = f64;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<f64> {
        let rate = number(node, key, "a number", reader)?;
        if (Self::LEAST..=Self::MOST).contains(&rate) {
            return Some(rate);
        }
        let what = if rate.is_nan() {
            "is not a number"
        } else if rate <= 0.0 {
            "must be over 0"
        } else if rate < Self::LEAST {
            "is under one a day"
        } else {
            "is over 10000"
        };
        let help = "Slack accepts about 1; a fraction such as `0.5` is valid";
        reader.error(node, format!("`{key}` {what}"), help);
        None
    }

    fn default(&self) -> Option<f64> {
        Some(Self::DEFAULT)
    }

    fn schema(&self) -> Json {
        let mut schema = number_schema("number", 1);
        schema["exclusiveMinimum"] = 0.into();
        schema["maximum"] = 10_000.into();
        schema
    }

    fn words(&self) -> String {
        "number, one a day (1 / 86400) to 10000".to_owned()
    }
}
