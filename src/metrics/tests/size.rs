//! The time and memory of a large page, measured.

use super::*;

/// Prints the time and memory of a page with 10,000 busy webhooks:
/// `cargo test --release --lib page_of_10_000 -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
#[allow(clippy::print_stdout, reason = "it prints its measurements")]
fn page_of_10_000_webhooks() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line =
            |key: &str| status.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
        format!("{} {}", line("VmRSS"), line("VmHWM")).replace('\t', " ")
    };
    println!("before            {}", resident());
    let metrics = Metrics::new(&config(10_000, 1));
    println!("configured        {}", resident());
    for index in 0..10_000 {
        let queue = Arc::new(Queue::new(10, WhenFull::DropOldest, [ActionIndex(index)]));
        for offset in 0..3 {
            queue.push(post(offset, index), Origin::Read);
        }
        queue.drop_unqueued(ActionIndex(index), Origin::Read, Reason::EmptyMessage);
        metrics.watch(WebhookIndex(index), queue);
        metrics.webhook(WebhookIndex(index)).attempt(
            AttemptResult::Ok,
            Duration::from_millis(30),
            Some(Duration::from_millis(30)),
        );
    }
    println!("busy              {}", resident());
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let page = metrics.text();
        println!(
            "{} bytes, {} lines in {:?} {}",
            page.len(),
            page.lines().count(),
            start.elapsed(),
            resident()
        );
    }
}
