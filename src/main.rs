//! The program: everything is in the library, from [`slackline::cli::main`] on.

use std::process::ExitCode;

/// librdkafka's too. How it is configured stands in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    slackline::cli::main()
}
