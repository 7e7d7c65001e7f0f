//! What `preview` needs from an output format.

use std::io::{self, Write};

use crate::cli::events::Found;
use crate::config::model::ActionIndex;
use crate::event::Invalid;
use crate::route::explain::Explained;

/// The router's decision on one event for each action, or why the event is invalid.
pub(super) type Decisions = Result<Vec<(ActionIndex, Explained)>, Invalid>;

/// Prints the router's decisions on events, one event after the other.
pub(super) trait Printer {
    /// Prints one event, which was read from `source` (`FILE:LINE`).
    fn event(
        &mut self,
        source: &str,
        event: &Found,
        decisions: &Decisions,
        out: &mut dyn Write,
    ) -> io::Result<()>;

    /// Called after the last event.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}
