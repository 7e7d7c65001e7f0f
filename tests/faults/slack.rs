//! A Slack that is down, limits, or is dead for one webhook.
