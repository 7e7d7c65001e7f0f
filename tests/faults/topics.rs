//! Topics and groups that change.
