//! `slackline fake-slack`: the demo's fake Slack server, for local development.

use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anstream::stdout;
use anyhow::Context as _;

use super::exit::Exit;
use super::format::Format;
use super::logs;
use super::process::{StopSignals, runtime};
use super::values::{parse_duration, parse_rate};
use crate::fake_slack::{Answer, FakeSlack, Fault, Limit};

const EXAMPLES: &str = "\
Point a webhook or an app at it; any token xoxb-… is valid:
  apps:
    acme: { token: xoxb-fake, api_url: \"http://127.0.0.1:9465/api/\" }
  webhooks:
    sales: { url: \"http://127.0.0.1:9465/services/T0/B0/sales\" }
    support: { app: acme, channel: \"#support\" }

Examples:
  slackline fake-slack                       accepts every message
  slackline fake-slack --rate-limit 1        as Slack: one message a second
  slackline fake-slack --fail 503            an outage
  slackline fake-slack --delay 3s            slow responses

Control it while it runs, everything or one webhook (by its path after /control):
  curl localhost:9465/control -d '{\"default\": {\"status\": 503, \"body\": \"busy\"}}'
  curl localhost:9465/control -d '{\"limit\": {\"rate\": 1, \"burst\": 1}}'
  curl localhost:9465/control -d '{\"default\": null, \"limit\": null}'   # as Slack
  curl localhost:9465/control                                # counts requests
  curl localhost:9465/control/services/T0/B0/sales \\
    -d '{\"answers\": [{\"fault\": \"hang\"}, {\"delay_ms\": 3000}]}'
An app's channel by name or ID, a method, the whole Web API, and the workspace:
  curl localhost:9465/control/api/support \\
    -d '{\"answers\": [{\"error\": \"not_in_channel\"}]}'
  curl localhost:9465/control/api/auth.test \\
    -d '{\"default\": {\"error\": \"token_revoked\"}}'
  curl localhost:9465/control/api -d '{\"limit\": {\"rate\": 3}}'   # of each app
  curl localhost:9465/control/workspace \\
    -d '{\"channels\": [{\"name\": \"support\"}], \"scopes\": [\"chat:write\"]}'
`answers` are for the next requests, one each; `default` is for all requests after them. An answer has \
`status`, `body`, `headers`, `delay_ms` and `fault`, or the Web API's `error` and `needed`. A channel has \
`name`, `id`, `is_private`, `is_archived` and `is_member`; until channels are set, every channel exists, and \
none is listed. A workspace also has `tokens` and \
`ignore_customization` (without the scope, user and icon are ignored and the message is posted). \
The faults: reset, close, half_answer, hang, endless_body, \
slow_headers, endless_interim, content_too_short, content_too_long, garbage, redirect_loop.";

/// Run a fake Slack server for local development
///
/// Incoming webhooks and the Web API of apps. Shows each message as it would look in its channel,
/// with user and icon, and blocks as text. It answers as Slack does, and refuses blocks that Slack
/// refuses. Options, or requests to /control while it runs, make it limit the rate, fail or hang.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct FakeSlackArgs {
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9465")]
    listen: SocketAddr,

    /// Accept this many messages a second per webhook and channel, and answer 429 with Retry-After
    /// beyond that. Slack's own limit is 1
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    rate_limit: Option<f64>,

    /// Answer every request with this status
    #[arg(
        long,
        value_name = "STATUS",
        value_parser = clap::value_parser!(u16).range(200..=599),
        conflicts_with = "hang"
    )]
    fail: Option<u16>,

    /// Never answer
    #[arg(long)]
    hang: bool,

    /// Delay every answer by this long, such as 500ms
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    delay: Option<Duration>,
}

impl FakeSlackArgs {
    /// Returns the answer for every webhook; `None` to answer as Slack does.
    fn default_answer(&self) -> Option<Answer> {
        let delay_ms =
            self.delay.map_or(0, |delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        let answer = match (self.hang, self.fail) {
            (true, _) => Answer::fault(Fault::Hang),
            (_, Some(429)) => Answer::rate_limited(1),
            (_, Some(status @ 500..)) => Answer::new(status, "rollup_error"),
            (_, Some(404)) => Answer::new(404, "channel_not_found"),
            (_, Some(status)) => Answer::new(status, "action_prohibited"),
            (_, None) if delay_ms == 0 => return None,
            (_, None) => Answer::default(),
        };
        Some(answer.after_ms(delay_ms))
    }
}

pub fn run(args: &FakeSlackArgs, log_format: Format) -> anyhow::Result<Exit> {
    logs::init(log_format, "warn", None)?;
    runtime()?.block_on(async {
        let mut signals = StopSignals::listen()?;
        fake_slack(args, signals.next(), &mut stdout()).await.map(|()| Exit::Done)
    })
}

/// Serves until `shutdown`, and shows each message as it would look in its channel.
async fn fake_slack(
    args: &FakeSlackArgs,
    shutdown: impl Future,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let slack = FakeSlack::start_on(args.listen).await.with_context(|| {
        format!("cannot listen on `{}`: set another address with --listen", args.listen)
    })?;
    slack.set_default_everywhere(args.default_answer());
    slack.set_limit_everywhere(args.rate_limit.map(|rate| Limit { rate, burst: 1 }));
    let mut posts = slack.subscribe();
    let mut shutdown = pin!(shutdown);
    let url = slack.url("/services/T0/B0/sales");
    writeln!(out, "fake Slack: post to {url} (or any path below /services/); Ctrl-C stops it")?;
    writeln!(out, "for apps: api_url: {}, with any token xoxb-…", slack.url("/api/"))?;
    out.flush()?;
    loop {
        let shown = tokio::select! {
            biased;
            _ = &mut shutdown => return Ok(()),
            shown = posts.next() => shown,
        };
        let Some(shown) = shown else { return Ok(()) };
        writeln!(out, "{shown}")?;
        out.flush()?;
    }
}

#[cfg(test)]
mod tests;
