//! Configuration: the rules of `webhooks`.
//!
//! Invariant: a webhook's URL leaves here inside a [`Secret`] only.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use ::url::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{Rules, url};
use crate::config::model::{LISTED_DELIVERIES, Retry, Webhook, WhenFull};
use crate::config::values::{Entries, Flag, Located, Overflow, Rate};
use crate::config::{RetrySection, WebhookSection};
use crate::secret::Secret;

const RATE: f64 = 1.0;
const RATE_MOST: f64 = 10_000.0;
/// One a day: below it a mistake is likelier than a wish.
const RATE_LEAST: f64 = 1.0 / 86_400.0;
const BURST: u32 = 1;
const BURST_MOST: u32 = 10_000;
const QUEUE_CAPACITY: u32 = 100;
/// A delivery holds a message of up to 40,000 characters: a few hundred bytes usually.
const QUEUE_CAPACITY_MOST: u32 = 100_000;
const TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT_MOST: Duration = Duration::from_secs(600);
const RETRY: Retry = Retry {
    initial: Duration::from_secs(1),
    max: Duration::from_secs(60),
    max_elapsed: Duration::from_secs(900),
};
const HOUR: Duration = Duration::from_secs(3600);
const WEEK: Duration = Duration::from_secs(168 * 3600);

impl Rules<'_> {
    pub(super) fn webhooks(
        &mut self,
        section: &Located<Entries<WebhookSection>>,
    ) -> Option<Vec<Webhook>> {
        let entries = &section.value.list;
        if section.value.names().is_empty() {
            self.error(
                &section.at,
                "there is no webhook",
                "add one: a name, and below it its `url`",
            );
        }
        let checked: Vec<_> = entries
            .iter()
            .map(|(name, webhook)| (name, webhook, self.webhook(name, &webhook.value)))
            .collect();
        let mut first: HashMap<&Url, &str> = HashMap::new();
        for (name, written, webhook) in &checked {
            let Some(webhook) = webhook else { continue };
            if let Some(other) = first.insert(webhook.url.expose(), &webhook.name) {
                let at = written
                    .value
                    .url
                    .as_ref()
                    .or(written.value.url_file.as_ref())
                    .map_or(&name.at, |url| &url.at);
                let message = format!(
                    "the webhooks `{other}` and `{}` have one URL: each would keep the rate by itself",
                    webhook.name
                );
                self.error(at, message, "keep one of them: several actions can share a webhook");
            }
        }
        if section.value.broken.is_empty() {
            checked.into_iter().map(|(_, _, webhook)| webhook).collect()
        } else {
            None
        }
    }

    fn webhook(&mut self, name: &Located<String>, section: &WebhookSection) -> Option<Webhook> {
        let checked_name = self.name(name, "a webhook");
        let url = self.webhook_url(name, section);
        let rate_per_second = self.rate(section.rate_per_second.as_ref());
        let burst = self.count(section.burst.as_ref(), "burst", BURST, BURST_MOST);
        let queue_capacity = self.count(
            section.queue_capacity.as_ref(),
            "queue_capacity",
            QUEUE_CAPACITY,
            QUEUE_CAPACITY_MOST,
        );
        let timeout = self.period(section.timeout.as_ref(), "timeout", TIMEOUT, TIMEOUT_MOST);
        let proxy = match &section.proxy {
            Some(proxy) => match url::proxy(proxy.value.trim()) {
                Ok(url) => Some(Some(Secret::new(url))),
                Err((message, help)) => {
                    self.error(&proxy.at, message, help);
                    None
                }
            },
            None => Some(None),
        };
        let ca_pem = match &section.ca_file {
            Some(file) => self.certificates(file).map(Some),
            None => Some(None),
        };
        let retry = self.retry(section.retry.as_ref());
        let when_full = section
            .when_full
            .as_ref()
            .map_or(WhenFull::DropNewest, |Located { value: Overflow(policy), .. }| *policy);
        if let (Some(capacity), Some(written)) = (queue_capacity, &section.queue_capacity)
            && when_full != WhenFull::Block
            && capacity as usize > LISTED_DELIVERIES
        {
            let message =
                "a queue this long does not fit into what a restart knows of each delivery";
            let help = format!(
                "when it holds over {LISTED_DELIVERIES}, a restart knows the position that the webhook has come to instead: deliveries behind it that `when_full` dropped may come again; stay within {LISTED_DELIVERIES} to rule it out"
            );
            self.warn(&written.at, message, help);
        }
        let (url, url_file) = url?;
        Some(Webhook {
            name: checked_name?,
            url: Secret::new(url),
            url_file,
            rate_per_second: rate_per_second?,
            burst: burst?,
            queue_capacity: usize::try_from(queue_capacity?).ok()?,
            when_full,
            timeout: timeout?,
            proxy: proxy?,
            ca_pem: ca_pem?,
            retry: retry?,
        })
    }

    fn webhook_url(
        &mut self,
        name: &Located<String>,
        section: &WebhookSection,
    ) -> Option<(Url, Option<PathBuf>)> {
        let (at, text, file) = match (&section.url, &section.url_file) {
            (Some(url), None) => (&url.at, url.value.trim().to_owned(), None),
            (None, Some(file)) => {
                let (path, bytes) = self.read(file, "url_file")?;
                let Ok(text) = String::from_utf8(bytes) else {
                    self.error(
                        &file.at,
                        "`url_file` is not UTF-8",
                        "keep nothing but the URL in it",
                    );
                    return None;
                };
                (&file.at, text.trim().to_owned(), Some(path))
            }
            // Its own fault is reported already.
            (None, None) if section.is_url_given => return None,
            (None, None) => {
                let message =
                    format!("the webhook `{}` has neither `url` nor `url_file`", name.at.shown);
                self.error(&name.at, message, "add `url: ${NAME}` or `url_file: PATH`");
                return None;
            }
            (Some(_), Some(file)) => {
                let message =
                    format!("the webhook `{}` has both `url` and `url_file`", name.at.shown);
                self.error(&file.at, message, "keep one of them");
                return None;
            }
        };
        if text.is_empty() {
            let what = if file.is_some() {
                "the file that `url_file` names is empty"
            } else {
                "`url` is empty"
            };
            self.error(at, what, "put the webhook's URL there");
            return None;
        }
        let allow_http =
            section.allow_http.as_ref().is_some_and(|Located { value: Flag(allow), .. }| *allow);
        match url::webhook(&text, allow_http) {
            Ok(url) => {
                if url::is_slack(&url) && !url.path().starts_with("/services/") {
                    let help = "an incoming webhook's path begins with `/services/`; a workflow's trigger takes other requests";
                    self.warn(at, "this is no incoming webhook of Slack", help);
                }
                Some((url, file))
            }
            Err((message, help)) => {
                self.error(at, message, help);
                None
            }
        }
    }

    fn rate(&mut self, rate: Option<&Located<Rate>>) -> Option<f64> {
        let Some(Located { value: Rate(rate), at }) = rate else { return Some(RATE) };
        if (RATE_LEAST..=RATE_MOST).contains(rate) {
            return Some(*rate);
        }
        let message = if rate.is_nan() {
            "`rate_per_second` is no number"
        } else if *rate <= 0.0 {
            "`rate_per_second` must be over 0"
        } else if *rate < RATE_LEAST {
            "`rate_per_second` is under one a day"
        } else {
            "`rate_per_second` is over 10000"
        };
        self.error(at, message, "Slack takes about 1; a fraction such as `0.5` is fine");
        None
    }

    fn retry(&mut self, retry: Option<&Located<RetrySection>>) -> Option<Retry> {
        let none = RetrySection::default();
        let section = retry.map_or(&none, |retry| &retry.value);
        let initial = self.period(section.initial.as_ref(), "initial", RETRY.initial, HOUR);
        let max = self.period(section.max.as_ref(), "max", RETRY.max, HOUR);
        let max_elapsed =
            self.period(section.max_elapsed.as_ref(), "max_elapsed", RETRY.max_elapsed, WEEK);
        let retry = Retry { initial: initial?, max: max?, max_elapsed: max_elapsed? };
        if retry.initial > retry.max {
            let at =
                section.initial.as_ref().or(section.max.as_ref()).map(|period| period.at.clone());
            if let Some(at) = at {
                let show = super::duration::show;
                let message = format!(
                    "`initial` ({}) is longer than `max` ({})",
                    show(retry.initial),
                    show(retry.max)
                );
                self.error(&at, message, "make `initial` no longer than `max`");
            }
            return None;
        }
        Some(retry)
    }

    fn certificates(&mut self, file: &Located<String>) -> Option<Vec<u8>> {
        let (_, pem) = self.read(file, "ca_file")?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let message = match found {
            Ok(found) if !found.is_empty() => return Some(pem),
            Ok(_) => "`ca_file` holds no certificate",
            Err(_) => "`ca_file` holds a broken certificate",
        };
        self.error(&file.at, message, "give it PEM: `-----BEGIN CERTIFICATE-----` …");
        None
    }
}
