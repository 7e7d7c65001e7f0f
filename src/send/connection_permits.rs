//! How many attempts start at the same time, over all webhooks.
//!
//! Ten thousand webhooks may be due at one moment: at the start, or after Kafka was unavailable.
//! Without a limit each would open its own connection, although a fraction of them, reused,
//! takes no longer. An attempt holds its permit until it is answered, or for [`HOLD_LIMIT`]: one
//! that hangs keeps no other from starting.

use std::time::Duration;

/// The number of permits of one process. With [`HOLD_LIMIT`] that is at least 12,800 attempts a
/// second, however slow the answers are.
pub const PERMITS: usize = 128;

/// An attempt holds its permit for at most this long.
pub const HOLD_LIMIT: Duration = Duration::from_millis(10);
