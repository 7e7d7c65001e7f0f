//! Commits that hang, fail, or are refused.
