//! Against the real codex, pinned in `tests/node`, and the scripted model.

#[cfg(unix)]
mod account;
mod approvals;
#[cfg(unix)]
mod daemon;
mod decisions;
#[cfg(unix)]
mod doctor;
#[cfg(target_os = "linux")]
mod faults;
mod flags;
mod http;
mod inputs;
#[cfg(target_os = "linux")]
mod interrupt;
#[cfg(target_os = "linux")]
mod kills;
mod limits;
mod memory;
mod model;
mod models;
mod python;
mod queued;
mod review;
mod schema;
mod servers;
mod sessions;
mod stall;
mod tasks;
mod trust;
mod typescript;
mod usage;
mod versions;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use codex_bridge::demo::model::{ModelServer, codex_config};
use serde_json::Value;

use crate::common::{Place, Setup};

/// The newest codex that the bridge is tested with, and the one without `TEST_CODEX`.
pub const NEWEST: &str = "0.169.0";

/// A codex that is older than those that the bridge is tested with.
pub const OLD: &str = "0.153.4";

/// Which codex is tested: `TEST_CODEX=0.160.0` makes it an older one.
pub fn version() -> String {
    std::env::var("TEST_CODEX")
        .ok()
        .filter(|version| !version.is_empty())
        .unwrap_or_else(|| NEWEST.to_owned())
}

/// Where the packages of a pinned codex are: the newest has the folder of all, others have one of their own.
pub fn packages(version: &str) -> PathBuf {
    let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    let folder = match version {
        NEWEST => node,
        OLD => node.join("old"),
        older => node.join(older.trim_end_matches(".0")),
    };
    folder.join("node_modules")
}

/// A pinned codex, by its npm launcher: the bridge follows it to the native binary.
pub fn codex_of(version: &str) -> PathBuf {
    let launcher = packages(version).join(".bin/codex");
    assert!(launcher.exists(), "codex {version} is not installed: run scripts/test.sh once");
    launcher
}

/// The codex that is tested.
pub fn codex() -> PathBuf {
    codex_of(&version())
}

/// A scripted model, and a place whose CODEX_HOME uses it.
pub struct Stage {
    pub place: Place,
    pub model: ModelServer,
    _runtime: tokio::runtime::Runtime,
}

impl Stage {
    pub fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let model = runtime.block_on(ModelServer::start()).unwrap();
        let place = Place::new();
        std::fs::write(place.root.join("codex-home/config.toml"), codex_config(&model.url())).unwrap();
        Self { place, model, _runtime: runtime }
    }

    /// `codex exec` in a folder, to its end.
    fn cli(&self, folder: &Path, args: &[&str]) -> Output {
        Command::new(codex())
            .args(["exec", "--skip-git-repo-check"])
            .args(args)
            .current_dir(folder)
            .env("CODEX_HOME", self.place.root.join("codex-home"))
            .env("HOME", &self.place.root)
            .env("SCRIPTED_KEY", "scripted")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// A session that codex's own CLI has made in a folder; its id.
    pub fn of_the_cli(&self, folder: &Path, args: &[&str]) -> Value {
        let out = self.cli(folder, &[&["--json"], args].concat());
        let lines = String::from_utf8_lossy(&out.stdout);
        let mut said = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let began = said.find(|event| event["type"] == "thread.started");
        began.unwrap_or_else(|| panic!("{out:?}"))["thread_id"].clone()
    }

    /// What codex's own CLI does with a session that exists.
    pub fn cli_resumes(&self, thread: &Value, prompt: &str) -> Result<String, String> {
        let out = self.cli(&self.place.work(), &["resume", thread.as_str().unwrap(), prompt]);
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if out.status.success() { Ok(said(&out.stdout)) } else { Err(said(&out.stderr)) }
    }

    pub fn host(&self) -> Setup<'_> {
        Setup::with(&self.place, codex())
    }
}
