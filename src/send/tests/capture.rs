//! What a sender logs.

use std::io;
use std::sync::{Arc, Mutex};

/// What was logged, at any level, while `what` ran. `is_paused`: time passes only where nothing
/// else can happen.
pub fn logged(is_paused: bool, what: impl Future<Output = ()>) -> String {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // tracing remembers for each call site that there is no subscriber. Tests on other threads have
    // none and race with this one, so there is always a global one.
    let global = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(io::sink)
        .finish();
    let _ = tracing::subscriber::set_global_default(global);
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(is_paused)
        .build()
        .unwrap();
    tracing::subscriber::with_default(subscriber, || runtime.block_on(what));
    let lines = lines.0.lock().unwrap().clone();
    String::from_utf8(lines).unwrap()
}
