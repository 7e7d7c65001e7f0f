//! What the poll loop sets for a sender while it runs. The sender watches it and applies every
//! change.

use std::time::SystemTime;

/// The settings of one sender that change while it runs: with the owned partitions, with what a
/// former owner of them left, and with a reload.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SenderControl {
    /// This replica's share of the webhook's rate, 0 to 1.
    pub rate_share: f64,
    /// This replica's share of the rate of the webhook's app, 0 to 1; 0 without an app.
    pub app_share: f64,
    /// A `Retry-After` that a former owner of a partition, or another channel of the app, received:
    /// nothing leaves before.
    pub throttled_until: Option<SystemTime>,
    /// The number of the active configuration, counted from the first: see
    /// [`crate::send::ActiveConfig`].
    pub generation: u64,
}
