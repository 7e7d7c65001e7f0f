//! What Slack's answers about the channels of one app mean for a worker. Pure.

use std::collections::BTreeMap;

use super::item::{Finding, Item, Kind};
use crate::config::model::Channel;
use crate::send::cure::{cure, of_missing_scope};
use crate::slack_api::{Conversation, Failure, Scopes};

/// The scopes for seeing public and private channels.
const SEE: [&str; 2] = ["channels:read", "groups:read"];

/// What was found of one channel of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The channel.
    Found(Conversation),
    /// The app can see all channels, and not this one.
    NotFound,
    /// Nothing decides it, for this reason.
    Unknown(String),
}

/// One app, as far as its channels are concerned.
pub struct AppFacts<'a> {
    /// Its name in the configuration.
    pub name: &'a str,
    /// The name of its bot; empty if Slack does not say it.
    pub user: String,
    /// Its scopes; `None`: Slack does not list them.
    pub scopes: Option<Scopes>,
}

impl AppFacts<'_> {
    /// Whether the app may have a scope.
    #[must_use]
    pub fn may_have(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.has(scope))
    }

    /// The types of channels that it may see, for `conversations.list`; `None`: none of them.
    #[must_use]
    pub fn types(&self) -> Option<&'static str> {
        match SEE.map(|scope| self.may_have(scope)) {
            [true, true] => Some("public_channel,private_channel"),
            [true, false] => Some("public_channel"),
            [false, true] => Some("private_channel"),
            [false, false] => None,
        }
    }

    /// What it means that a channel is not among those of [`Self::types`].
    #[must_use]
    pub fn unseen(&self) -> Lookup {
        match SEE.map(|scope| self.may_have(scope)) {
            [true, true] => Lookup::NotFound,
            [true, false] => no_scope("not a public channel; to see private ones", SEE[1]),
            [false, true] => no_scope("not a private channel; to see public ones", SEE[0]),
            [false, false] => no_scope("to see channels", SEE[0]),
        }
    }

    /// What to do about a channel, for Slack's word.
    fn cure(&self, word: &str) -> String {
        let name = if self.user.is_empty() { self.name } else { self.user.as_str() };
        cure(word, Some(name))
    }

    fn judge(&self, written: &Channel, lookup: &Lookup) -> Finding {
        let channel = match lookup {
            Lookup::Found(channel) => channel,
            Lookup::NotFound => {
                return Finding::failed("channel_not_found", self.cure("channel_not_found"));
            }
            Lookup::Unknown(reason) => return Finding::unknown(reason),
        };
        let by_name = written.as_str().starts_with('#');
        // What the configuration does not say: the ID of a name, the name of an ID.
        let other = if by_name { channel.id.clone() } else { channel.shown() };
        if by_name && channel.is_private {
            let help = format!("write `{other}`: Slack finds a private channel by its ID only");
            return Finding::failed(format!("channel_not_found ({other}, private)"), help);
        }
        let kind = if channel.is_private { "private" } else { "public" };
        if channel.is_archived {
            return Finding::failed(format!("is_archived ({other})"), self.cure("is_archived"));
        }
        if channel.is_im {
            return Finding::ok("a direct message");
        }
        match channel.is_member {
            Some(true) => Finding::ok(format!("{other}, {kind}, a member")),
            Some(false) if channel.is_private => Finding::failed(
                format!("not_in_channel ({other}, private)"),
                self.cure("not_in_channel"),
            ),
            Some(false) => match &self.scopes {
                Some(scopes) if scopes.has("chat:write.public") => {
                    Finding::ok(format!("{other}, public, not a member (`chat:write.public`)"))
                }
                Some(_) => {
                    let add = of_missing_scope("chat:write.public");
                    let help = format!("{}; or {add}", self.cure("not_in_channel"));
                    Finding::failed(format!("not_in_channel ({other}, public)"), help)
                }
                None => Finding::unknown(format!(
                    "{other}, public, not a member; Slack does not list the app's scopes"
                ))
                .with_help(self.cure("not_in_channel")),
            },
            None => {
                Finding::unknown(format!("{other}, {kind}; Slack does not say who is a member"))
            }
        }
    }
}

/// The item of every channel of an app, in their order.
pub fn items(app: &AppFacts<'_>, found: &[(&Channel, Lookup)]) -> Vec<Item> {
    let mut first: BTreeMap<&str, &Channel> = BTreeMap::new();
    let items = found.iter().map(|(written, lookup)| {
        let id = match lookup {
            Lookup::Found(channel) => Some(channel.id.as_str()),
            Lookup::NotFound | Lookup::Unknown(_) => None,
        };
        let before = id.and_then(|id| match first.get(id) {
            Some(before) => Some(before.as_str()),
            None => {
                first.insert(id, written);
                None
            }
        });
        let finding = match before {
            Some(before) => {
                let help = "remove one of them: each would use the whole rate of the channel";
                Finding::failed(format!("is the same channel as `{before}`"), help)
            }
            None => app.judge(written, lookup),
        };
        finding.about(Kind::Channel, format!("{}/{}", app.name, written.as_str()))
    });
    items.collect()
}

/// What a failed request says about a channel.
#[must_use]
pub fn failed(failure: &Failure) -> Lookup {
    match failure {
        Failure::Refused { word, needed } if word == "missing_scope" => {
            no_scope("to see it", needed)
        }
        Failure::Refused { word, .. } => Lookup::Unknown(format!("cannot see it: {word}")),
        Failure::Throttled(_) => Lookup::Unknown("Slack is asked too often (429)".to_owned()),
        Failure::Unavailable(word) => Lookup::Unknown(format!("Slack is in trouble: {word}")),
        Failure::NotSlack => Lookup::Unknown("the answer is not Slack's".to_owned()),
        Failure::NoAnswer(reason) => Lookup::Unknown(reason.clone()),
    }
}

/// What a missing scope for seeing a channel leaves of a channel.
#[must_use]
pub fn no_scope(what: &str, scope: &str) -> Lookup {
    Lookup::Unknown(format!("{what}, the app needs the scope `{scope}`"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::fixture;
    use crate::online::item::Outcome;

    const ALL: &str = "chat:write,channels:read,groups:read";

    fn app(scopes: Option<&str>) -> AppFacts<'static> {
        AppFacts { name: "acme", user: "bot".to_owned(), scopes: scopes.map(Scopes::read) }
    }

    fn channel(written: &str) -> Channel {
        let config = fixture::checked(&format!(
            "kafka: {{brokers: 'localhost:9092', group_id: slackline, topics: [events]}}\n\
             apps: {{a: {{token: xoxb-1-2}}}}\n\
             webhooks: {{w: {{app: a, channel: '{written}'}}}}\n\
             actions: [{{name: a, trigger: a, webhook: w, message: m}}]\n"
        ));
        config.webhooks[0].channel.clone().unwrap()
    }

    fn conversation(id: &str, name: &str) -> Conversation {
        Conversation {
            id: id.to_owned(),
            name: name.to_owned(),
            is_member: Some(true),
            ..Conversation::default()
        }
    }

    fn one(written: &str, scopes: Option<&str>, lookup: Lookup) -> Item {
        let written = channel(written);
        items(&app(scopes), &[(&written, lookup)]).remove(0)
    }

    /// Every kind of channel with every knowledge of the scopes, against the rule in one sentence.
    #[test]
    fn an_app_posts_where_it_is_a_member_or_to_any_public_channel_with_the_scope() {
        for bits in 0..32_u8 {
            let [is_archived, is_private, is_im, member, by_name] =
                [1, 2, 4, 8, 16].map(|bit| bits & bit != 0);
            let written = if by_name { "#sales" } else { "C1" };
            for is_member in [Some(member), None] {
                for scopes in [None, Some(ALL.to_owned()), Some(format!("{ALL},chat:write.public"))]
                {
                    let found = Conversation {
                        is_archived,
                        is_private,
                        is_im,
                        is_member,
                        ..conversation("C1", "sales")
                    };
                    let public = scopes.as_ref().map(|scopes| scopes.contains("public"));
                    let may_post = match (is_member, is_private, public) {
                        (Some(true), ..) => Some(true),
                        (None, ..) | (Some(false), false, None) => None,
                        (Some(false), private, public) => Some(!private && public == Some(true)),
                    };
                    let expected = match may_post {
                        _ if is_private && by_name => Outcome::Failed,
                        _ if is_archived => Outcome::Failed,
                        _ if is_im => Outcome::Ok,
                        Some(true) => Outcome::Ok,
                        Some(false) => Outcome::Failed,
                        None => Outcome::Unknown,
                    };
                    let item = one(written, scopes.as_deref(), Lookup::Found(found));
                    assert_eq!(item.result, expected, "{item:?}");
                    assert_eq!(item.name, format!("acme/{written}"));
                    assert!(expected != Outcome::Failed || item.help.is_some(), "{item:?}");
                }
            }
        }
    }

    #[test]
    fn a_failed_channel_has_its_cure() {
        let found = || Conversation { is_member: Some(false), ..conversation("C1", "sales") };
        let archived = || Conversation { is_archived: true, ..found() };
        let private = || Conversation { is_private: true, ..found() };
        let public = "; or add the scope `chat:write.public` to the app and install it again";
        for (written, lookup, detail, help) in [
            (
                "#sales",
                Lookup::Found(found()),
                "not_in_channel (C1, public)",
                cure("not_in_channel", Some("bot")) + public,
            ),
            (
                "C1",
                Lookup::Found(private()),
                "not_in_channel (#sales, private)",
                cure("not_in_channel", Some("bot")),
            ),
            (
                "#sales",
                Lookup::Found(private()),
                "channel_not_found (C1, private)",
                "write `C1`: Slack finds a private channel by its ID only".to_owned(),
            ),
            (
                "#sales",
                Lookup::Found(archived()),
                "is_archived (C1)",
                cure("is_archived", Some("bot")),
            ),
            (
                "#sales",
                Lookup::NotFound,
                "channel_not_found",
                cure("channel_not_found", Some("bot")),
            ),
        ] {
            let item = one(written, Some(ALL), lookup);
            let (result, said) = (item.result, (item.detail.as_str(), item.help));
            assert_eq!((result, said), (Outcome::Failed, (detail, Some(help))));
        }
        // Without the bot's name, the configured one has to do.
        let nameless = AppFacts { user: String::new(), ..app(Some(ALL)) };
        assert_eq!(nameless.cure("not_in_channel"), "invite the app: /invite @acme");
    }

    #[test]
    fn what_a_scope_hides_is_unknown_and_names_the_scope() {
        for (scopes, types, named) in [
            (None, Some("public_channel,private_channel"), ""),
            (Some(ALL), Some("public_channel,private_channel"), ""),
            (Some("channels:read"), Some("public_channel"), "`groups:read`"),
            (Some("groups:read"), Some("private_channel"), "`channels:read`"),
            (Some("chat:write"), None, "`channels:read`"),
        ] {
            let app = app(scopes);
            assert_eq!(app.types(), types);
            match app.unseen() {
                Lookup::NotFound => assert_eq!(named, "", "{scopes:?}"),
                Lookup::Unknown(reason) => assert!(reason.ends_with(named), "{reason}"),
                Lookup::Found(_) => unreachable!(),
            }
        }
        let missing = Failure::Refused {
            word: "missing_scope".to_owned(),
            needed: "channels:read".to_owned(),
        };
        let item = one("#sales", None, failed(&missing));
        assert_eq!(item.result, Outcome::Unknown);
        assert_eq!(item.detail, "to see it, the app needs the scope `channels:read`");
    }

    #[test]
    fn two_entries_that_are_one_channel_fail() {
        let written = [channel("#sales"), channel("C1"), channel("#other"), channel("C3")];
        let found = [
            Lookup::Found(conversation("C1", "sales")),
            Lookup::Found(conversation("C1", "sales")),
            Lookup::Found(conversation("C2", "other")),
            Lookup::NotFound,
        ];
        let found: Vec<_> = written.iter().zip(found).collect();
        let items = items(&app(Some(ALL)), &found);
        let results: Vec<_> = items.iter().map(|item| item.result).collect();
        assert_eq!(results, [Outcome::Ok, Outcome::Failed, Outcome::Ok, Outcome::Failed]);
        assert_eq!(items[1].detail, "is the same channel as `#sales`");
    }

    #[test]
    fn a_request_that_fails_decides_nothing() {
        for failure in [
            Failure::Throttled(None),
            Failure::Unavailable("http_503".to_owned()),
            Failure::NotSlack,
            Failure::NoAnswer("reset".to_owned()),
            Failure::Refused { word: "fatal".to_owned(), needed: String::new() },
        ] {
            assert!(matches!(failed(&failure), Lookup::Unknown(_)));
        }
    }
}
