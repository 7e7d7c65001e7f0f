//! A member that is alive and can't reach its brokers, or stood still.
