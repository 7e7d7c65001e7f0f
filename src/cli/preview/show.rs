//! What `preview` hands to whatever shows it.

use std::io::{self, Write};

use crate::cli::events::Found;
use crate::config::model::ActionIndex;
use crate::event::Invalid;
use crate::route::explain::Explained;

/// What the router says of one event.
pub(super) type Judged = Result<Vec<(ActionIndex, Explained)>, Invalid>;

/// Something that shows what becomes of events, one by one.
pub(super) trait Show {
    /// Shows one event, which stood at `source` (`FILE:LINE`).
    fn event(
        &mut self,
        source: &str,
        event: &Found,
        judged: &Judged,
        out: &mut dyn Write,
    ) -> io::Result<()>;

    /// There are no more.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}
