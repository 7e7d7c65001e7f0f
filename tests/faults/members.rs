//! Members that come, go and are replaced.
