//! From the command line to the verb, and from its end to the exit code.

use clap::Parser;

use super::args::{Cli, Command};
use super::exit;
use crate::config::{self, Env};
use crate::{app, demo};

/// Runs the program; returns its exit code.
#[must_use]
pub fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // Nowhere is left to say that the words could not be written.
            let _ = error.print();
            return code;
        }
    };
    match execute(cli) {
        Ok(()) => 0,
        Err(error) => {
            let code = exit::code(&error);
            complain(&error);
            code
        }
    }
}

fn execute(cli: Cli) -> anyhow::Result<()> {
    let env = Env::from_process();
    let cwd = std::env::current_dir().unwrap_or_default();
    let loaded = config::load(cli.codex.into_flags(), env, cwd)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(async {
        match cli.command {
            None => app::run_stdio(loaded, false).await,
            Some(Command::McpServer) => app::run_stdio(loaded, true).await,
            Some(Command::Approve(args)) => Ok(app::run_errand(&loaded, args.into_errand()).await?),
            Some(Command::Cancel { thread }) => {
                Ok(app::run_errand(&loaded, app::Errand::Cancel { thread }).await?)
            }
            Some(Command::Demo) => Ok(demo::run(&loaded).await?),
        }
    });
    // tokio reads stdin on a thread that only the next input would end.
    runtime.shutdown_background();
    outcome
}

#[expect(clippy::print_stderr, reason = "the last words of the program; there may be no log")]
fn complain(error: &anyhow::Error) {
    eprintln!("codex-bridge: {error:#}");
}
