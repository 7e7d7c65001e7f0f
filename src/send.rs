//! The sender: posts one webhook's deliveries at the webhook's rate, and reports how each
//! ended.
//!
//! One delivery is in flight at a time, and a retried one stays first, so that order is kept. A
//! sender knows only the queue, its [`destination::Destination`] and an HTTP client.

pub mod destination;

pub mod incoming_webhook;

pub mod answer;

pub mod verdict;

pub mod client;

pub mod client_pool;

pub mod endpoint;

pub mod limit;

mod pace;

pub mod retry;

pub mod connection_permits;

mod fault_log;

pub mod active_config;

pub mod sender_context;

mod sender;

pub mod single_attempt;

use client::HttpClient;
use sender::Sender;

pub use active_config::ActiveConfig;
pub use sender_context::SenderContext;

/// Runs a sender until its queue is closed or the poll loop has ended; returns the task's name.
pub fn run<C: HttpClient>(context: SenderContext<C>) -> impl Future<Output = String> {
    // Outside the async block: the task would keep both what a sender is made of and the sender,
    // ten thousand times.
    let mut sender = Sender::new(context);
    async move {
        loop {
            // Not `while let`, which would keep the result of `next` beside the post.
            let Some(mut post) = sender.next().await else { break };
            let Some(ended) = sender.deliver(&mut post).await else { continue };
            if !sender.report(post.tickets, ended).await {
                break;
            }
        }
        format!("sender of `{}`", sender.name())
    }
}

#[cfg(test)]
mod tests;
