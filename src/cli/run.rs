//! From the command line to the verb, and from its end to the exit code.

use anyhow::Context;
use clap::Parser;

use super::args::{Cli, Command, RulesCommand, SchemaCommand};
use super::{exit, refused};
use crate::config::{self, Env, Loaded};
use crate::terminal::Screen;
use crate::{app, demo, event};

/// Runs the program; returns its exit code.
#[must_use]
pub fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            match refused::explain(&error) {
                Some(words) => complain(words),
                // Nowhere is left to say that the words could not be written.
                None => drop(error.print()),
            }
            return code;
        }
    };
    if let Some(words) = refused::of_account(&cli) {
        complain(words);
        return 2;
    }
    match execute(cli) {
        Ok(code) => code,
        Err(error) => {
            let code = exit::code(&error);
            complain(format!("codex-bridge: {error:#}"));
            code
        }
    }
}

/// The exit code of what went well; `doctor` has one of its own.
fn execute(cli: Cli) -> anyhow::Result<u8> {
    let env = Env::from_process();
    let cwd = std::env::current_dir().unwrap_or_default();
    let embedded = cli.codex.embedded;
    let loaded = config::load(cli.codex.into_flags(), env, cwd);
    if let Some(Command::Doctor(args)) = &cli.command {
        let mut code = 0;
        wait_for(async {
            let (text, found) = args.run(&loaded).await;
            code = found;
            say(&text)
        })?;
        return Ok(code);
    }
    perform(cli.command, loaded?, embedded).map(|()| 0)
}

fn perform(command: Option<Command>, loaded: Loaded, embedded: bool) -> anyhow::Result<()> {
    match command {
        None => host(loaded, embedded, false),
        Some(Command::McpServer) => host(loaded, embedded, true),
        #[cfg(unix)]
        Some(Command::Daemon { command: None }) => wait_for(app::run_daemon(loaded)),
        #[cfg(unix)]
        Some(Command::Daemon { command: Some(command) }) => command.run(&loaded),
        Some(Command::Serve(args)) => wait_for(app::run_serve(args.over(loaded))),
        Some(Command::Approve(args)) => {
            wait_for(async { Ok(app::run_errand(&loaded, args.into_errand()).await?) })
        }
        Some(Command::Cancel { thread }) => {
            wait_for(async { Ok(app::run_errand(&loaded, app::Errand::Cancel { thread }).await?) })
        }
        Some(Command::Login(args)) => wait_for(async { Ok(args.run(&loaded).await?) }),
        Some(Command::Logout) => wait_for(async { Ok(app::logout(&loaded).await?) }),
        Some(Command::Demo) => wait_for(async { Ok(demo::run(&loaded).await?) }),
        Some(Command::Rules(RulesCommand::Test(trial))) => {
            say(&app::test_rules(&loaded, trial.into_trial())?)
        }
        Some(Command::Events(args)) => {
            wait_for(async { Ok(app::show_events(&loaded, args.into_query()).await?) })
        }
        Some(Command::Sessions(args)) => {
            wait_for(async { Ok(app::show_sessions(&loaded, args.into_query()).await?) })
        }
        // It looks at settings that cannot be used too, and was run before this.
        Some(Command::Doctor(_)) => Ok(()),
        Some(Command::Settings { json: true }) => say(&format!("{:#}\n", loaded.settings_as_json()?)),
        Some(Command::Settings { json: false }) => {
            let warnings: String = loaded
                .warnings
                .iter()
                .map(|warning| format!("# warning: {}\n", warning.replace('\n', " ")))
                .collect();
            say(&format!("{warnings}{}", loaded.settings_as_toml()?))
        }
        Some(Command::Schema(SchemaCommand::Event)) => say(&format!("{:#}\n", event::schema())),
    }
}

/// Serves a host: by the bridge in the background, or in this process.
fn host(loaded: Loaded, embedded: bool, drop_in: bool) -> anyhow::Result<()> {
    #[cfg(unix)]
    if super::daemon::serve_by_daemon(&loaded, embedded, drop_in)?.is_some() {
        return Ok(());
    }
    #[cfg(not(unix))]
    let _ = embedded;
    wait_for(app::run_stdio(loaded, drop_in))
}

fn wait_for(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(work);
    // tokio reads stdin on a thread that only the next input would end.
    runtime.shutdown_background();
    outcome
}

/// A reader that has seen enough closes the pipe.
fn say(text: &str) -> anyhow::Result<()> {
    Screen::print(text).map(|_| ()).context("stdout cannot be written")
}

#[expect(clippy::print_stderr, reason = "the last words of the program; there may be no log")]
fn complain(words: String) {
    eprintln!("{words}");
}
