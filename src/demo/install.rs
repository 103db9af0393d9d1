//! codex for the demo: the one that is there, or the pinned version from npm in the cache folder.

use std::path::PathBuf;
use std::time::Duration;

use super::error::DemoError;
use super::print::Printer;
use crate::codex::locate::{Lookup, locate};
use crate::config::Loaded;
use crate::supervise::{Spec, output};

/// The version that the bridge is tested with.
const PACKAGE: &str = "@openai/codex@0.169.0";

/// npm may have to fetch 100 MB.
const INSTALL: Duration = Duration::from_secs(600);

/// The native codex binary.
pub(super) async fn codex(loaded: &Loaded, printer: &Printer) -> Result<PathBuf, DemoError> {
    let cache = loaded.paths.cache.join("codex");
    let lookup = Lookup {
        setting: loaded.settings.codex.bin.clone(),
        setting_origin: loaded.origin("codex.bin").to_string(),
        path_var: loaded.env.get("PATH").map(ToOwned::to_owned),
        cache: Some(cache.clone()),
    };
    if let Ok(found) = locate(&lookup) {
        return Ok(found.binary);
    }
    printer.say(&format!("codex was not found; installing {PACKAGE} with npm into {}", cache.display()));
    let file = |source| DemoError::File { what: "cannot make", path: cache.display().to_string(), source };
    std::fs::create_dir_all(&cache).map_err(file)?;
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let spec = Spec {
        program: npm.into(),
        args: ["install", "--no-fund", "--no-audit", "--prefix", ".", PACKAGE].map(Into::into).to_vec(),
        env: Vec::new(),
        cwd: Some(cache.clone()),
    };
    let done = output(&spec, 1 << 20, INSTALL).await;
    let done =
        done.map_err(|error| DemoError::NoCodex(format!("{error}. Install Node.js, or codex itself")))?;
    if done.code != Some(0) {
        let words = done.stderr.trim().to_owned();
        return Err(DemoError::NoCodex(format!("npm could not install {PACKAGE}: {words}")));
    }
    locate(&lookup).map(|found| found.binary).map_err(|error| DemoError::NoCodex(error.to_string()))
}
