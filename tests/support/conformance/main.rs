//! A server for MCP's conformance suite, which speaks HTTP only. `fixture JOURNAL` serves the tools and the
//! prompt that the suite names, over the product's own tasks and rounds; `bridge` serves the product's
//! own handler, set up by the environment as `codex-bridge` is.
//!
//! The first line on stdout is the address; the end of stdin ends it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a fixture that fails loudly is what its test wants"
)]

mod fixture;
mod forms;
mod http;
mod jobs;
mod tools;

use codex_bridge::app::Bridge;
use codex_bridge::config::{self, Env, Flags};
use tokio::io::AsyncReadExt;

use fixture::Fixture;

fn main() {
    let mode = std::env::args().nth(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match mode.as_deref() {
            Some("fixture") => {
                let journal = std::env::args_os().nth(2).expect("the path of the journal");
                let fixture = Fixture::new(journal.as_ref());
                http::serve(move || fixture.clone(), stdin_ended()).await;
            }
            Some("bridge") => {
                let cwd = std::env::current_dir().unwrap();
                let loaded = config::load(Flags::default(), Env::from_process(), cwd).unwrap();
                let bridge =
                    Bridge::start(&loaded, codex_bridge::app::policy(&loaded).unwrap(), false).unwrap();
                let server = bridge.server();
                http::serve(move || server.clone(), stdin_ended()).await;
                bridge.end().await;
            }
            other => panic!("`fixture` or `bridge`, not {other:?}"),
        }
    });
    // tokio reads stdin on a thread that only the next input would end.
    runtime.shutdown_background();
}

async fn stdin_ended() {
    let mut rest = Vec::new();
    let _ = tokio::io::stdin().read_to_end(&mut rest).await;
}
