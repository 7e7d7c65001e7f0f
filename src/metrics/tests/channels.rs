//! The actions that choose a channel of their webhook by the event.

use super::*;

#[test]
fn an_action_that_chooses_a_channel_counts_those_that_are_not_listed() {
    let config = fixture::checked(
        r##"
kafka: { brokers: k, group_id: g, topics: [events] }
apps: { acme: { token: xoxb-1-2-secret } }
webhooks:
  regions: { app: acme, channel: "#sales", channels: ["#sales-us"] }
  sales: { url: "https://hooks.slack.com/services/T/B/x" }
actions:
  - { name: chosen, trigger: a, webhook: regions, channel: "{{ a }}", message: hi }
  - { name: constant, trigger: a, webhook: regions, channel: "#sales-us", message: hi }
  - { name: legacy, trigger: a, webhook: sales, channel: "{{ a }}", message: hi }
"##,
    );
    let metrics = watched(&config);
    let counted = || {
        let page = metrics.text();
        let lines = page.lines().filter(|line| line.starts_with("slackline_channel_not_listed"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let series = r#"slackline_channel_not_listed_total{webhook="regions",action="chosen"}"#;
    assert_eq!(counted(), [format!("{series} 0")]);
    metrics.channel_not_listed(WebhookIndex(0), ActionIndex(0));
    assert_eq!(counted(), [format!("{series} 1")]);
    // As after a reload.
    metrics.configure(&config);
    assert_eq!(counted(), [format!("{series} 1")]);
}
