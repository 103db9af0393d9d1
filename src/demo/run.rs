//! The demo's course: set the stage, hand codex a task, show what happens, look at what is left.

use std::path::{Path, PathBuf};

use rmcp::ServiceExt;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::client::{Connection, Host, call};
use super::error::DemoError;
use super::install;
use super::model::{ModelServer, codex_config};
use super::print::Printer;
use crate::config::Loaded;
use crate::supervise::{Child, Grace, Spec};

/// What codex is told; the scripted model does it line by line.
const PROMPT: &str = "RUN echo made by codex > made-by-codex.txt\nWRITE hello.txt Hello from codex.\nSAY Both files are there.";

/// What must have been seen at the end.
const SEEN: [&str; 9] = [
    "session_started",
    "user_message",
    "tool_call",
    "permission_request",
    "permission_decision",
    "tool_result",
    "assistant_message",
    "usage",
    "turn_finished",
];

/// The folders of one demo.
struct Stage {
    workspace: PathBuf,
    codex_home: PathBuf,
    journal: PathBuf,
}

/// Runs the demo.
///
/// # Errors
/// When codex cannot be had, or the task does not end as it should.
pub async fn run(loaded: &Loaded) -> Result<(), DemoError> {
    let printer = Printer::of_process();
    let codex = install::codex(loaded, &printer).await?;
    let model = ModelServer::start().await;
    let model = model.map_err(|source| file("cannot listen for", Path::new("the scripted model"), source))?;
    let stage = Stage::set(&loaded.paths.cache.join("demo"), &model.url())?;
    printer.say(&format!("codex       {}", codex.display()));
    printer.say(&format!("model       scripted, {}", model.url()));
    printer.say(&format!("workspace   {}", stage.workspace.display()));

    let tasks = TaskTracker::new();
    let (child, stdin, stdout) = stage.bridge(&codex, &tasks)?;
    let outcome = play(printer, stdin, stdout).await;
    let end = child.end(Grace::default()).await;
    tasks.close();
    tasks.wait().await;
    model.stop().await;
    outcome?;
    if end.code != Some(0) {
        return Err(DemoError::Bridge(end.to_string()));
    }
    let written = stage.workspace.join("hello.txt");
    let text =
        std::fs::read_to_string(&written).map_err(|source| file("codex did not write", &written, source))?;
    printer.say(&format!("hello.txt   {}", text.trim()));
    printer.say("done: the task is completed, and the bridge ended with its host");
    Ok(())
}

async fn play(
    printer: Printer,
    stdin: tokio::process::ChildStdin,
    stdout: tokio::process::ChildStdout,
) -> Result<(), DemoError> {
    let connection = Host { printer }.serve((stdout, stdin)).await;
    let connection = connection.map_err(|error| DemoError::Bridge(error.to_string()))?;
    let outcome = task(printer, &connection).await;
    // Closing is the client's end of input; what it could not say any more is of no use.
    let _ = connection.cancel().await;
    outcome
}

async fn task(printer: Printer, connection: &Connection) -> Result<(), DemoError> {
    printer.say("calling the tool `codex`; you are its host, and are asked before anything runs");
    let arguments = json!({
        "prompt": PROMPT, "sandbox": "workspace-write", "approval-policy": "untrusted", "wait": 0,
    });
    let started = call(connection, "codex", arguments).await?;
    let thread = started["threadId"].clone();
    let wait = call(connection, "codex-wait", json!({ "threadId": thread, "wait": 120 }));
    let (result, seen) = tokio::join!(wait, show(printer, connection, &thread));
    let (result, seen) = (result?, seen?);
    if result["status"] != "completed" {
        return Err(DemoError::Turn(result.to_string()));
    }
    let missing: Vec<_> = SEEN.iter().filter(|kind| !seen.contains(&(**kind).to_owned())).collect();
    if !missing.is_empty() {
        return Err(DemoError::Turn(format!("these events were not seen: {missing:?}")));
    }
    Ok(())
}

/// Follows the session's events to the turn's end; returns the types that were seen.
async fn show(printer: Printer, connection: &Connection, thread: &Value) -> Result<Vec<String>, DemoError> {
    let mut seen = Vec::new();
    let mut after = json!(0);
    loop {
        let arguments = json!({ "threadId": thread, "after": after, "wait": 30 });
        let page = call(connection, "codex-events", arguments).await?;
        let events = page["events"].as_array().cloned().unwrap_or_default();
        if events.is_empty() {
            return Err(DemoError::Turn("codex said nothing for 30 s".into()));
        }
        for event in &events {
            printer.event(thread, event);
            seen.extend(event["type"].as_str().map(str::to_owned));
        }
        after = page["next"].clone();
        if seen.iter().any(|kind| kind == "turn_finished") {
            return Ok(seen);
        }
    }
}

impl Stage {
    /// Makes the folders anew.
    fn set(root: &Path, model: &str) -> Result<Self, DemoError> {
        if root.exists() {
            std::fs::remove_dir_all(root).map_err(|source| file("cannot clear", root, source))?;
        }
        let stage = Self {
            workspace: root.join("workspace"),
            codex_home: root.join("codex-home"),
            journal: root.join("state").join("journal.db"),
        };
        for folder in [&stage.workspace, &stage.codex_home] {
            std::fs::create_dir_all(folder).map_err(|source| file("cannot make", folder, source))?;
        }
        let config = stage.codex_home.join("config.toml");
        std::fs::write(&config, codex_config(model))
            .map_err(|source| file("cannot write", &config, source))?;
        Ok(stage)
    }

    /// Starts this program again, as a host would.
    fn bridge(
        &self,
        codex: &Path,
        tasks: &TaskTracker,
    ) -> Result<(Child, tokio::process::ChildStdin, tokio::process::ChildStdout), DemoError> {
        let program = std::env::current_exe().map_err(|error| DemoError::Bridge(error.to_string()))?;
        let set = |name: &str, value: &Path| (name.into(), Some(value.as_os_str().to_owned()));
        let spec = Spec {
            program,
            args: vec!["--embedded".into()],
            env: vec![
                set("CODEX_HOME", &self.codex_home),
                set("CODEX_BRIDGE_CODEX_HOME", &self.codex_home),
                set("CODEX_BRIDGE_CODEX_BIN", codex),
                set("CODEX_BRIDGE_JOURNAL_PATH", &self.journal),
                ("SCRIPTED_KEY".into(), Some("scripted".into())),
            ],
            cwd: Some(self.workspace.clone()),
        };
        Child::spawn(&spec, tasks).map_err(|error| DemoError::Bridge(error.to_string()))
    }
}

fn file(what: &'static str, path: &Path, source: std::io::Error) -> DemoError {
    DemoError::File { what, path: path.display().to_string(), source }
}
