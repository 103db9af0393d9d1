//! A server for MCP's conformance suite, which speaks HTTP only: the tools and the prompt that the suite names, over the
//! product's own tasks and rounds. The one argument is the path of its journal.
//!
//! The first line on stdout is the address; the end of stdin ends it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a fixture that fails loudly is what its test wants"
)]

mod fixture;
mod forms;
mod http;
mod jobs;
mod tools;

use tokio::io::AsyncReadExt;

use fixture::Fixture;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let journal = std::env::args_os().nth(1).expect("the path of the journal");
        let fixture = Fixture::new(journal.as_ref());
        http::serve(move || fixture.clone(), stdin_ended()).await;
    });
    // tokio reads stdin on a thread that only the next input would end.
    runtime.shutdown_background();
}

async fn stdin_ended() {
    let mut rest = Vec::new();
    let _ = tokio::io::stdin().read_to_end(&mut rest).await;
}
