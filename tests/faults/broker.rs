//! Brokers that die, come back, or can't be reached.
