//! The program. All code is in the library; it starts with [`slackline::cli::main`].

use std::process::ExitCode;

/// The allocator, which librdkafka uses too. It is configured in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    slackline::cli::main()
}
