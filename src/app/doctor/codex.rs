//! Asks codex: finds it, runs it, talks to it. What is made of that is in `judge`.

use std::time::Duration;

use super::judge;
use super::report::Check;
use crate::app::bridge::launch;
use crate::codex::inspect::{Missing, Program, talk};
use crate::codex::locate::locate;
use crate::config::Loaded;

/// What is asked of a codex once there is one.
const ASKED: [&str; 6] = ["methods", "start", "configuration", "account", "sandbox", "MCP servers"];

/// All checks of codex.
pub(super) async fn checks(loaded: &Loaded, deadline: Duration) -> Vec<Check> {
    let launch = launch(loaded);
    let skip = |first: Check| {
        [first].into_iter().chain(ASKED.map(|name| Check::skip(name, "it needs a codex that runs"))).collect()
    };
    let found = match locate(&launch.lookup) {
        Ok(found) => found,
        Err(error) => return skip(judge::not_found(&error)),
    };
    let program = Program::new(found.binary.clone(), &launch, deadline);
    let version = match program.version().await {
        Ok(version) => version,
        Err(error) => return skip(judge::does_not_run(&found, &error)),
    };
    let cwd = &loaded.defaults.cwd;
    let (missing, talk, sandboxed) =
        tokio::join!(missing(&program, loaded), talk(&launch, cwd, deadline), program.sandboxed());
    let mut checks = vec![judge::version(&found, &version), judge::methods(&missing, &version)];
    match talk {
        Ok(talk) if talk.config.is_err() => {
            checks.push(judge::start(&talk));
            checks.push(judge::configuration(&talk.config, &talk.complaints));
            let unread = |name| Check::skip(name, "codex cannot read its configuration");
            checks.extend(["account", "sandbox", "MCP servers"].map(unread));
        }
        Ok(talk) => {
            checks.push(judge::start(&talk));
            checks.push(judge::configuration(&talk.config, &talk.complaints));
            checks.push(judge::account(&talk.account, loaded));
            checks.push(judge::sandbox(&sandboxed));
            checks.extend(judge::servers(&talk.servers));
        }
        Err(error) => {
            let silent = |name| Check::skip(name, "codex does not answer");
            checks.push(judge::no_start(&error));
            checks.extend(["configuration", "account"].map(silent));
            checks.push(judge::sandbox(&sandboxed));
            checks.push(silent("MCP servers"));
        }
    }
    checks
}

async fn missing(program: &Program, loaded: &Loaded) -> Result<Vec<Missing>, String> {
    let folder = tempfile::Builder::new().prefix("codex-bridge-").tempdir_in(&loaded.paths.temp);
    let folder = folder.map_err(|error| format!("no folder can be made for its schema: {error}"))?;
    program.missing(folder.path()).await
}
