//! The worker killed at random moments.
