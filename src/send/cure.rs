//! What a person does about a word of Slack's: the one table for the log, `/readyz`, `check
//! --online`, `send` and the runbook.

/// The runbook's section about it.
pub const RUNBOOK: &str =
    "https://github.com/slackline/slackline/blob/main/docs/operations.md#slacklinewebhookresting";

/// The placeholder of the app's name in [`CURES`].
const APP: &str = "APP";

/// The row for every status of an app's answer that is not Slack's.
const ANY_STATUS: &str = "http_…";

/// Each word that rests a webhook or an app, with its cure. In a cure, `@APP` and "the app" are the
/// app whose channel it is; what follows a semicolon is for apps alone.
pub const CURES: &[(&str, &str)] = &[
    ("access_denied", "ask the workspace's admins to let the app in"),
    (
        "account_inactive",
        "the app or its user was removed: install the app again, change the credential",
    ),
    ("accesslimited", "ask the workspace's admins to let the app post"),
    ("action_prohibited", "ask the workspace's admins to let the webhook or the app post"),
    ("app_access_restricted", "ask the workspace's admins to approve the app"),
    ("channel_is_archived", "unarchive the channel, or post to another one"),
    (
        "channel_not_found",
        "correct the channel; a private one needs its ID, and the app in it: /invite @APP",
    ),
    ("ekm_access_denied", "ask the workspace's admins, who have suspended its encryption keys"),
    ("enterprise_is_restricted", "ask the organization's admins to let the app in"),
    ("http_404", "check the URL, or create another webhook and change the URL"),
    ("http_410", "the webhook was deleted: create another one and change the URL"),
    (ANY_STATUS, "check the app's `api_url`, `proxy` and `ca_file`, and the network in between"),
    ("invalid_auth", "check the token, and the IP addresses that the app allows"),
    ("invalid_token", "the webhook was revoked: create another one and change the URL"),
    ("is_archived", "unarchive the channel, or post to another one"),
    ("messages_tab_disabled", "turn on the messages tab in the app's settings (App Home)"),
    ("missing_scope", "add the missing scope to the app and install it again"),
    (
        "no_active_hooks",
        "the webhook is disabled: enable it, or create another one and change the URL",
    ),
    ("no_permission", "add the missing scope to the app and install it again"),
    ("no_service", "the webhook was removed: create another one and change the URL"),
    ("no_service_id", "correct the URL: a part is missing"),
    ("no_team", "correct the URL: Slack does not know the workspace"),
    ("not_allowed_token_type", "use the app's bot token (xoxb-…)"),
    ("not_authed", "use the app's bot token (xoxb-…)"),
    ("not_in_channel", "invite the app: /invite @APP"),
    ("org_login_required", "ask the organization's admins: the workspace is being moved"),
    ("posting_to_general_channel_denied", "ask the workspace's admins, or post to another channel"),
    ("restricted_action", "ask the workspace's admins to let the app post to the channel"),
    ("team_access_not_granted", "ask the organization's admins to grant the app the workspace"),
    ("team_disabled", "the workspace was deleted: create a webhook in another one, change the URL"),
    ("team_not_found", "correct the channel, or install the app in its workspace"),
    ("token_expired", "switch token rotation off and use the app's new bot token"),
    (
        "token_revoked",
        "install the app again, or create another webhook, and change the credential",
    ),
    ("two_factor_setup_required", "set up two-factor authentication for the app's user"),
];

/// What to do about a rest whose word [`CURES`] does not have.
const OTHER: &str = "check the credential, the channel, and the permissions in Slack";

/// Where Slack lists the words for what an app posts.
const WORDS_OF_APPS: &str = "https://docs.slack.dev/reference/methods/chat.postMessage#errors";

/// Where Slack lists the words for what is posted to an incoming webhook.
const WORDS_OF_WEBHOOKS: &str =
    "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors";

/// Returns what to do about a `word` that rests; `app` is the name of the app, where one posts.
#[must_use]
pub fn cure(word: &str, app: Option<&str>) -> String {
    known(word, app).unwrap_or_else(|| OTHER.to_owned())
}

/// Returns what to do about a message that Slack refuses with `word`.
#[must_use]
pub fn of_refused_message(word: &str, app: Option<&str>) -> String {
    let page = if app.is_some() { WORDS_OF_APPS } else { WORDS_OF_WEBHOOKS };
    known(word, app).unwrap_or_else(|| format!("look the word up: {page}"))
}

/// Returns what to do where no answer came, or one that is not Slack's.
#[must_use]
pub fn of_connection(app: Option<&str>) -> String {
    let of_webhook =
        || "check the webhook's URL, `proxy` and `ca_file`, and the network in between";
    known(ANY_STATUS, app).unwrap_or_else(|| of_webhook().to_owned())
}

/// Returns what to do about the scopes that an app lacks, a list with commas.
#[must_use]
pub fn of_missing_scope(needed: &str) -> String {
    let scopes: Vec<String> = needed
        .split(',')
        .map(str::trim)
        .filter(|scope| !scope.is_empty())
        .map(|scope| format!("`{scope}`"))
        .collect();
    match scopes.as_slice() {
        [] => cure("missing_scope", None),
        [scope] => format!("add the scope {scope} to the app and install it again"),
        scopes => format!("add the scopes {} to the app and install it again", scopes.join(", ")),
    }
}

/// The cure in [`CURES`].
fn known(word: &str, app: Option<&str>) -> Option<String> {
    let row = |word: &str| CURES.iter().find(|(known, _)| *known == word).map(|(_, cure)| *cure);
    let cure = match app {
        Some(_) if word.starts_with("http_") => row(ANY_STATUS),
        None if word == ANY_STATUS => None,
        // Slack adds variants of it: `restricted_action_thread_locked`.
        _ if word.starts_with("restricted_action") => row("restricted_action"),
        _ => row(word),
    }?;
    Some(match app {
        Some(app) => cure.replace(APP, app),
        // An incoming webhook has no app to invite.
        None => cure.split("; ").next().unwrap_or(cure).to_owned(),
    })
}

/// Returns `word` with what to do about it, as `/readyz` shows it.
#[must_use]
pub fn why(word: &str, app: Option<&str>) -> String {
    format!("{word} ({})", cure(word, app))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cure_names_the_app() {
        assert_eq!(cure("not_in_channel", Some("acme")), "invite the app: /invite @acme");
        assert!(cure("channel_not_found", Some("acme")).ends_with("/invite @acme"));
        assert_eq!(cure("channel_not_found", None), "correct the channel");
    }

    #[test]
    fn every_word_has_a_cure_and_is_in_the_table_once() {
        for (at, (word, cured)) in CURES.iter().enumerate() {
            assert!(CURES.iter().skip(at + 1).all(|(other, _)| other != word), "{word}");
            assert!(!cured.is_empty() && cured.len() <= 90, "{word}: one line");
        }
        assert!(cure("restricted_action_read_only_channel", None).contains("let the app post"));
        assert_eq!(cure("http_451", None), OTHER);
    }

    #[test]
    fn a_status_is_about_the_url_of_a_webhook_and_the_api_url_of_an_app() {
        for word in ["http_404", "http_302"] {
            assert_eq!(cure(word, Some("acme")), of_connection(Some("acme")), "{word}");
        }
        assert!(of_connection(Some("acme")).contains("`api_url`"));
        assert!(cure("http_404", None).contains("create another webhook"));
        assert!(of_connection(None).contains("the webhook's URL"));
    }

    #[test]
    fn a_word_that_is_not_in_the_table_is_looked_up_at_slack() {
        let pages = [(Some("acme"), "chat.postMessage#errors"), (None, "#handling_errors")];
        for (app, page) in pages {
            assert!(of_refused_message("new_word", app).ends_with(page));
            assert_eq!(of_refused_message("is_archived", app), cure("is_archived", app));
        }
    }

    #[test]
    fn missing_scopes_are_named_where_slack_names_them() {
        for (needed, expected) in [
            ("chat:write", "add the scope `chat:write` to the app and install it again"),
            ("a, b", "add the scopes `a`, `b` to the app and install it again"),
            ("", "add the missing scope to the app and install it again"),
        ] {
            assert_eq!(of_missing_scope(needed), expected);
        }
    }
}
