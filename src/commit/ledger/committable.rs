//! What a commit says of one partition, and which partitions a commit names. Pure.

use crate::delivery::Epoch;
use crate::event::{Offset, Partition};
use crate::metrics::Degree;

/// One partition's state to commit, under the assignment for which it was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committable {
    /// The partition.
    pub partition: Partition,
    /// Its assignment.
    pub epoch: Epoch,
    /// The next offset to read, as Kafka defines a committed offset.
    pub offset: Offset,
    /// The restart state.
    pub metadata: String,
    /// How much of the restart state did not fit; `None`: nothing was cut.
    pub cut: Option<Degree>,
    /// Whether parts that were posted did not fit.
    pub lacks_parts: bool,
    /// What the commit costs, in bytes: the metadata on the brokers' disks, and an equivalent for
    /// the time that it took to compute.
    pub cost: usize,
}

/// Which partitions a commit names, of those that have news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Those with outcomes that a crash would repeat, or without any commit.
    Urgent,
    /// All.
    All,
    /// These.
    Only(&'a [Partition]),
}
