#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use clap::Parser;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: FakeSlackArgs,
}

fn args(line: &[&str]) -> Result<FakeSlackArgs, clap::Error> {
    Line::try_parse_from(std::iter::once(&"fake-slack").chain(line)).map(|line| line.args)
}

#[test]
fn options_become_answers() {
    assert_eq!(args(&[]).unwrap().listen.to_string(), "127.0.0.1:9465");
    assert_eq!(args(&[]).unwrap().default_answer(), None);
    assert_eq!(
        args(&["--fail", "503"]).unwrap().default_answer(),
        Some(Answer::new(503, "rollup_error"))
    );
    assert_eq!(args(&["--fail", "429"]).unwrap().default_answer(), Some(Answer::rate_limited(1)));
    assert_eq!(
        args(&["--delay", "2s"]).unwrap().default_answer(),
        Some(Answer::default().after_ms(2000))
    );
    assert_eq!(args(&["--hang"]).unwrap().default_answer().unwrap().fault, Some(Fault::Hang));
    assert_eq!(args(&["--rate-limit", "0.5"]).unwrap().rate_limit, Some(0.5));
    for wrong in [
        &["--rate-limit", "0"][..],
        &["--rate-limit", "nan"],
        &["--fail", "99"],
        &["--delay", "2"],
        &["--hang", "--fail", "500"],
    ] {
        assert!(args(wrong).is_err(), "{wrong:?}");
    }
}

/// The standard output of the command, with a notification at each flush.
#[derive(Clone, Default)]
struct Screen {
    text: Arc<Mutex<Vec<u8>>>,
    flushed: Arc<Notify>,
}

impl Screen {
    async fn shows(&self, wanted: &str) -> String {
        let wait = async {
            loop {
                let text = String::from_utf8(self.text.lock().unwrap().clone()).unwrap();
                if text.contains(wanted) {
                    return text;
                }
                self.flushed.notified().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it shows up")
    }
}

impl io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed.notify_one();
        Ok(())
    }
}

#[tokio::test]
async fn it_shows_each_message_until_the_shutdown() {
    let screen = Screen::default();
    let shutdown = CancellationToken::new();
    let args = args(&["--listen", "127.0.0.1:0", "--rate-limit", "0.001"]).unwrap();
    let mut out = screen.clone();
    let command = fake_slack(&args, shutdown.cancelled(), &mut out);
    let (ended, ()) = tokio::join!(command, posts_are_seen(&screen, &shutdown));
    ended.unwrap();
}

async fn posts_are_seen(screen: &Screen, shutdown: &CancellationToken) {
    let banner = screen.shows("post to ").await;
    let url =
        banner.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let webhook = crate::config::fixture::webhook("sales", &url);
    let mut clients = crate::send::client_pool::ClientPool::default();
    let endpoint = crate::send::endpoint::Endpoint::open(&webhook, &[], &mut clients).unwrap();
    for _ in 0..2 {
        let payload = Bytes::from_static(
            "{\"text\":\"🎉 \\u001b[31mAda\",\"channel\":\"#sales-alerts\"}".as_bytes(),
        );
        endpoint.post(payload).await.unwrap();
    }
    let text = screen.shows("429").await;
    assert!(
        text.contains("#sales-alerts")
            && text.contains("🎉 [31mAda")
            && !text.contains("\u{1b}[31mAda"),
        "{text}"
    );
    assert_eq!(text.matches("Ada").count(), 1, "the refused message is not in the channel: {text}");
    shutdown.cancel();
}
