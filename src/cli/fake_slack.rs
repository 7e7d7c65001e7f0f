//! `slackline fake-slack`: the demo's Slack as a server of its own, for local work.

use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::broadcast::error::RecvError;

use super::run::StopSignals;
use super::{Exit, duration};
use crate::fake_slack::{Answer, FakeSlack, Fault, Limit, Request, render};

/// For `--help`.
pub const EXAMPLES: &str = "\
Point a webhook at it:
  webhooks:
    sales: { url: \"http://127.0.0.1:9465/services/T0/B0/sales\" }

Examples:
  slackline fake-slack                       takes every post
  slackline fake-slack --rate-limit 1        one post a second for each webhook; 429 beyond, as Slack does
  slackline fake-slack --fail 503            an outage
  slackline fake-slack --delay 3s            a slow day

Told while it runs, for one webhook (its path after /control) or for all:
  curl -d '{\"default\": {\"status\": 503, \"body\": \"rollup_error\"}}'  localhost:9465/control/services/T0/B0/sales
  curl -d '{\"answers\": [{\"fault\": \"hang\"}, {\"delay_ms\": 3000}]}'  localhost:9465/control/services/T0/B0/sales
  curl -d '{\"limit\": {\"rate\": 1, \"burst\": 1}}'                     localhost:9465/control
  curl -d '{\"default\": null, \"limit\": null}'                       localhost:9465/control      (well again)
  curl localhost:9465/control                                        (requests by path)
`answers` are for the next requests, one each; `default` for all after them. An answer has `status`, `body`, `headers`, `delay_ms` and
`fault`: reset, close, half_answer, hang, endless_body, slow_headers, endless_interim, content_too_short, content_too_long, garbage, redirect_loop.";

/// The options of `slackline fake-slack`.
#[derive(Debug, Args)]
pub struct FakeSlackArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9465")]
    pub listen: SocketAddr,

    /// Take so many posts a second for each webhook, and answer 429 with Retry-After beyond. Slack's own limit is 1
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub rate_limit: Option<f64>,

    /// Answer every post with this status
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..=599), conflicts_with = "hang")]
    pub fail: Option<u16>,

    /// Never answer
    #[arg(long)]
    pub hang: bool,

    /// Answer this much later, such as 500ms
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub delay: Option<Duration>,
}

/// A number over 0.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "give a number over 0, such as `1` or `0.5`".to_owned())
}

impl FakeSlackArgs {
    /// What every webhook is answered, where it is not as Slack does.
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

/// Serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// As [`fake_slack`].
pub async fn until_stopped(args: &FakeSlackArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let mut signals = StopSignals::listen().context("cannot listen for signals")?;
    fake_slack(args, signals.next(), out).await.map(|()| Exit::Done)
}

/// Serves until `shutdown`, and shows each post as it would look in its channel.
///
/// # Errors
/// When the address is taken, or `out` fails.
pub async fn fake_slack(
    args: &FakeSlackArgs,
    shutdown: impl Future,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let slack = FakeSlack::start_on(args.listen).await.with_context(|| {
        format!("cannot listen on `{}`: give another address with --listen", args.listen)
    })?;
    slack.set_default_everywhere(args.default_answer());
    slack.set_limit_everywhere(args.rate_limit.map(|rate| Limit { rate, burst: 1 }));
    let mut posts = slack.subscribe();
    let mut shutdown = pin!(shutdown);
    let url = slack.url("/services/T0/B0/sales");
    writeln!(out, "fake Slack: post to {url} (any path below /services/ will do); Ctrl-C ends it")?;
    out.flush()?;
    loop {
        let received = tokio::select! {
            biased;
            _ = &mut shutdown => return Ok(()),
            received = posts.recv() => received,
        };
        match received {
            Ok(request) => show(&request, out)?,
            Err(RecvError::Lagged(count)) => {
                writeln!(out, "… {count} posts came too fast to be shown")?
            }
            Err(RecvError::Closed) => return Ok(()),
        }
        out.flush()?;
    }
}

/// The post, or why it is not in its channel.
fn show(request: &Request, out: &mut dyn Write) -> std::io::Result<()> {
    let home = request.path.rsplit('/').find(|segment| !segment.is_empty()).unwrap_or("webhook");
    match &request.post {
        Some(post) if request.is_posted() => {
            out.write_all(render::post(post, home, request.time).as_bytes())
        }
        _ => out.write_all(render::refused(request, home).as_bytes()),
    }
}

#[cfg(test)]
mod tests;
