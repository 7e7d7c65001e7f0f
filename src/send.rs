//! The sender: posts one webhook's deliveries at the webhook's rate, and reports how each
//! ended.
//!
//! One delivery is in flight at a time, and a retried one stays first, so that order is kept. A
//! sender knows only the queue, its [`destination::Destination`] and an HTTP client.

pub mod destination;

pub mod incoming_webhook;

pub mod app_channel;

mod said;

mod refused_blocks;

mod attempts;

pub mod answer;

pub mod verdict;

pub mod client;

pub mod client_pool;

pub mod endpoint;

pub mod app;

pub mod limit;

mod pace;

pub mod retry;

pub mod rest;

pub mod cure;

mod resting;

pub mod connection_permits;

mod fault_log;

mod clearance;

mod sender_context;

mod sender;

pub use sender_context::{ActiveConfig, SenderContext};

/// Runs a sender until its queue is closed or the poll loop has ended; returns the task's name.
pub fn run(context: SenderContext) -> impl Future<Output = String> {
    // Outside the async block: the task would keep both what a sender is made of and the sender,
    // ten thousand times.
    let mut sender = sender::Sender::new(context);
    async move {
        loop {
            // Not `while let`, which would keep the result of `next` beside the post.
            let Some(mut post) = sender.next().await else { break };
            if !sender.deliver(&mut post).await {
                break;
            }
        }
        sender.finish_log();
        format!("sender of `{}`", sender.context.webhook().name)
    }
}

#[cfg(test)]
mod tests;
