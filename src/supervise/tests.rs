//! Tests with real processes: scripts of `sh`. They wait for things, never for a time.

mod ends;
mod output;
mod pure;

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio_util::task::TaskTracker;

use super::{Child, Spec};

/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(30);

fn sh(script: &str) -> Spec {
    Spec { program: "sh".into(), args: vec!["-c".into(), script.into()], ..Spec::default() }
}

/// A started script, with its first line (a process id, or a word to say that it is ready).
struct Script {
    child: Child,
    stdin: ChildStdin,
    first: String,
    _stdout: BufReader<ChildStdout>,
    tasks: TaskTracker,
}

async fn start(script: &str) -> Script {
    let tasks = TaskTracker::new();
    let (child, stdin, stdout) = Child::spawn(&sh(script), &tasks).expect("sh starts");
    let mut stdout = BufReader::new(stdout);
    let mut first = String::new();
    stdout.read_line(&mut first).await.expect("a script writes a line");
    Script { child, stdin, first: first.trim().to_owned(), _stdout: stdout, tasks }
}

/// Whether a process runs. One that nobody has collected yet (`Z`) does not.
fn runs(pid: &str) -> bool {
    assert!(pid.parse::<u32>().is_ok(), "{pid:?} is no process id");
    let Ok(stat) = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")) else { return false };
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// Waits until a process is gone. The system tells nobody but its parent, hence the polling.
async fn gone(pid: &str) {
    let poll = async {
        while runs(pid) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, poll).await.expect("the process is still there");
}
