//! The project's only `unsafe`: features of librdkafka that rust-rdkafka does not expose.
//!
//! - Commits that report their result: the crate's asynchronous `commit` never calls back
//!   (rust-rdkafka#856). Here the result comes to a queue that serves nothing else, and so can be
//!   polled during a revoke, too.
//! - Committed offsets with their metadata as bytes: the crate panics on metadata that is not
//!   UTF-8, which another program of the group can leave.
//! - The ids of topics, which distinguish a recreated topic from the deleted one; and the
//!   cluster's without a leak.
//! - Records by the hundred: the crate polls one at a time, which takes nearly twice as long.
//! - End offsets without blocking: librdkafka's own cache of them is not refreshed while a
//!   partition is paused.
//! - The reason why a broker's certificate is not valid.
//! - A new token before librdkafka requests one.
//! - Whether the client's user may read a topic, or join a group.
//!
//! Invariant: nothing here outlives the client that it was made from; every type holds the client.
#![allow(unsafe_code, reason = "the one place for it")]

mod queue;

mod cluster;

mod commits;

mod committed;

mod ends;

mod groups;

mod records;

mod token;

mod topics;

mod verify;

#[cfg(test)]
mod fixture;

pub use self::cluster::cluster_id;
pub use self::commits::CommitQueue;
pub use self::committed::{Committed, committed};
pub use self::ends::{End, Ends};
#[cfg(test)]
pub(crate) use self::fixture::inject_fatal_error;
pub use self::groups::{DescribedGroup, GroupQueue};
pub(super) use self::queue::ReplyQueue;
pub use self::records::{Message, PartitionError, Records, Taken};
pub use self::token::set_token;
pub use self::topics::{Described, TopicQueue, describe_topics};
pub use self::verify::Handshake;
