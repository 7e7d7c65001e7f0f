//! The parts that the tests share: the broker, the fake Slack, the program between them, and the
//! metrics that the program serves.

pub mod broker;

pub mod topic;

pub mod acl;

pub mod wire;

pub mod cluster;

pub mod mirror;

pub mod group;

pub mod protocol;

pub mod slack;

pub mod setup;

pub mod preview;

pub mod online;

pub mod program;

pub mod scrape;

pub mod holds;

pub mod http;

pub mod poll;

pub mod port;

pub mod proxy;

#[cfg(test)]
mod tests;
