//! The members of the workspace, by e-mail address.

/// The configured members.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct People {}
