//! What a person does about a word that rests a webhook or an app: the one table for the log,
//! `/readyz`, `check --online`, `send` and the runbook.

/// The runbook's section about it.
pub const RUNBOOK: &str =
    "https://github.com/slackline/slackline/blob/main/docs/operations.md#slacklinewebhookresting";

/// The placeholder of the app's name in [`CURES`].
const APP: &str = "APP";

/// Each word with its cure. In a cure, `@APP` and "the app" are the app whose channel it is.
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
    ("channel_not_found", "correct the channel; into a private one invite the app: /invite @APP"),
    ("ekm_access_denied", "ask the workspace's admins, who have suspended its encryption keys"),
    ("enterprise_is_restricted", "ask the organization's admins to let the app in"),
    ("http_404", "check the URL, or create another webhook and change the URL"),
    ("http_410", "the webhook was deleted: create another one and change the URL"),
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

/// What to do about a word that [`CURES`] does not have.
const OTHER: &str = "check the credential, the channel, and the permissions in Slack";

/// Returns what to do about `word`; `app` is the name of the app, where one posts.
#[must_use]
pub fn cure(word: &str, app: Option<&str>) -> String {
    // Slack adds variants of it: `restricted_action_thread_locked`.
    let known = |word: &str| CURES.iter().find(|(known, _)| *known == word).map(|(_, cure)| *cure);
    let restricted =
        || word.starts_with("restricted_action").then(|| known("restricted_action"))?;
    let cure = known(word).or_else(restricted).unwrap_or(OTHER);
    match app {
        Some(app) => cure.replace(APP, app),
        // An incoming webhook has no app to invite.
        None => cure.split("; into").next().unwrap_or(cure).to_owned(),
    }
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
}
