//! Against the real codex, pinned in `tests/node`, and the scripted model.

#[cfg(unix)]
mod account;
mod approvals;
mod decisions;
#[cfg(unix)]
mod doctor;
mod inputs;
#[cfg(target_os = "linux")]
mod interrupt;
mod limits;
mod memory;
mod model;
mod models;
mod python;
mod review;
mod schema;
mod servers;
mod sessions;
mod tasks;
mod trust;
mod typescript;
mod usage;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use codex_bridge::demo::model::{ModelServer, codex_config};
use serde_json::Value;

use crate::common::{Place, Setup};

/// The pinned codex, by its npm launcher: the bridge follows it to the native binary.
pub fn codex() -> PathBuf {
    let launcher = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/node_modules/.bin/codex");
    assert!(launcher.exists(), "the real codex is not installed: run scripts/test.sh once");
    launcher
}

/// The codex that is too old.
#[cfg(unix)]
pub fn old_codex() -> PathBuf {
    let launcher = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/old/node_modules/.bin/codex");
    assert!(launcher.exists(), "the old codex is not installed: run scripts/test.sh once");
    launcher
}

/// A scripted model, and a place whose CODEX_HOME uses it.
pub struct Stage {
    pub place: Place,
    _model: ModelServer,
    _runtime: tokio::runtime::Runtime,
}

impl Stage {
    pub fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let model = runtime.block_on(ModelServer::start()).unwrap();
        let place = Place::new();
        std::fs::write(place.root.join("codex-home/config.toml"), codex_config(&model.url())).unwrap();
        Self { place, _model: model, _runtime: runtime }
    }

    /// A session that codex's own CLI has made in a folder; its id.
    pub fn of_the_cli(&self, folder: &Path, args: &[&str]) -> Value {
        let out = Command::new(codex())
            .args(["exec", "--skip-git-repo-check", "--json"])
            .args(args)
            .current_dir(folder)
            .env("CODEX_HOME", self.place.root.join("codex-home"))
            .env("HOME", &self.place.root)
            .env("SCRIPTED_KEY", "scripted")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let lines = String::from_utf8_lossy(&out.stdout);
        let mut said = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let began = said.find(|event| event["type"] == "thread.started");
        began.unwrap_or_else(|| panic!("{out:?}"))["thread_id"].clone()
    }

    /// What codex's own CLI does with a session that exists.
    pub fn cli_resumes(&self, thread: &Value, prompt: &str) -> Result<String, String> {
        let out = Command::new(codex())
            .args(["exec", "--skip-git-repo-check", "resume", thread.as_str().unwrap(), prompt])
            .current_dir(self.place.work())
            .env("CODEX_HOME", self.place.root.join("codex-home"))
            .env("HOME", &self.place.root)
            .env("SCRIPTED_KEY", "scripted")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if out.status.success() { Ok(said(&out.stdout)) } else { Err(said(&out.stderr)) }
    }

    pub fn host(&self) -> Setup<'_> {
        Setup::with(&self.place, codex())
    }
}
