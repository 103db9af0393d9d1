//! The binary: one page. Everything is in the library.

/// Holds no more after days than after an hour.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Ends by an explicit exit: with a socket for stdin, returning from main would wait for a thread
/// that only the host's next line would end.
#[expect(clippy::disallowed_methods, reason = "the one place that ends the process")]
fn main() {
    std::process::exit(i32::from(codex_bridge::cli::run()));
}
