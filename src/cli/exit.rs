//! How a command ended: its exit code, and the error that it prints.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anstream::stderr;
use anstyle::AnsiColor;

use crate::config::diagnostic::ConfigErrors;

/// How a command ended. The values are the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command did what it is for.
    Done = 0,
    /// The command failed.
    Failed = 1,
    /// The arguments, the configuration, or the event of `preview` or `send` are invalid.
    Refused = 2,
}

/// Returns the exit code of a command's result. An error is printed first.
pub fn code(result: anyhow::Result<Exit>) -> ExitCode {
    let exit = match result {
        Ok(exit) => exit,
        // The reader of the output has closed it, as in `slackline preview … | head`.
        Err(error) if is_broken_pipe(&error) => Exit::Done,
        Err(error) => match error.downcast_ref::<ConfigErrors>() {
            Some(errors) => {
                let _ = writeln!(stderr(), "{errors}");
                Exit::Refused
            }
            None => {
                print_error(&error);
                Exit::Failed
            }
        },
    };
    ExitCode::from(exit as u8)
}

/// Prints an error and its causes on one line.
pub fn print_error(error: &anyhow::Error) {
    let style = AnsiColor::Red.on_default().bold();
    // Without standard error, the exit code still reports the failure.
    let _ = writeln!(stderr(), "{style}error{style:#}: {error:#}");
}

/// Whether the reader of the output has closed it.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(is))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_broken_pipe_is_found_under_its_context() {
        let of = |kind| Err::<(), _>(io::Error::from(kind)).context("writing").unwrap_err();
        assert!(is_broken_pipe(&of(io::ErrorKind::BrokenPipe)));
        assert!(!is_broken_pipe(&of(io::ErrorKind::NotFound)));
    }
}
