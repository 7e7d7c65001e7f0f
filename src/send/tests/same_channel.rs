//! Two channels of the configuration that are one channel in Slack.

use super::*;
use crate::config::fixture;
use crate::send::app_channel::{AppChannel, Credential};
use crate::send::destination::Destination;

#[test]
fn two_names_of_one_channel_are_warned_of_once() {
    let config = fixture::checked(
        "kafka: {brokers: 'localhost:9092', group_id: slackline, topics: [events]}\n\
         apps: {acme: {token: xoxb-1-2-s3cr3t}}\n\
         webhooks: {w: {app: acme, channel: '#sales', channels: [C024BE91L, '#emea']}}\n\
         actions: [{name: a, trigger: a, webhook: w, message: m}]\n",
    );
    let credential = Arc::new(Credential::of(&config.apps[0]).unwrap());
    let channels = config.webhooks.iter().map(|webhook| {
        AppChannel::new(Arc::clone(&credential), webhook.channel.as_ref().unwrap()).unwrap()
    });
    let posted = |channel: &AppChannel, id: &str| {
        let body = format!("{{\"ok\":true,\"channel\":\"{id}\",\"ts\":\"1.2\"}}").into();
        let answer = Answer { status: 200, body, ..Answer::default() };
        assert_eq!(channel.judge(b"{}", &answer, SystemTime::UNIX_EPOCH), Verdict::Delivered);
    };
    let channels: Vec<AppChannel> = channels.collect();
    let text = capture::logged(true, async {
        for _ in 0..2 {
            posted(&channels[0], "C024BE91L");
            posted(&channels[1], "C024BE91L");
            posted(&channels[2], "C0000EMEA");
        }
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in ["WARN", "app=\"acme\"", "channel=\"C024BE91L\"", "other=\"#sales\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
