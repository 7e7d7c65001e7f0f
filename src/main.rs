//! The program: everything is in the library, from [`slackline::cli::main`] on.

use std::process::ExitCode;

fn main() -> ExitCode {
    slackline::cli::main()
}
