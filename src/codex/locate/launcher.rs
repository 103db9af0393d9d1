//! What npm and its like install: from a launcher to the package `@openai/codex`, and from there to the
//! native binary of this platform.
//!
//! The launcher is `bin/codex.js` of the package, a link to it, or a small script beside `node_modules`
//! that names it (`codex.cmd` on Windows, pnpm's shell script elsewhere).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::is_program;

const PACKAGE: &str = "@openai/codex";
const SCRIPT: &str = "@openai/codex/bin/codex.js";

/// A script of a package manager is far below this; what is above is a program.
const SHIM_BYTES: u64 = 8 * 1024;

/// The folder of the package that `found` launches; `None` where `found` is no launcher of it.
pub(super) fn package_of(found: &Path) -> Option<PathBuf> {
    let real = std::fs::canonicalize(found).ok()?;
    let script =
        if is_node_script(&real) { real } else { std::fs::canonicalize(named_in_shim(&real)?).ok()? };
    let package = script.parent()?.parent()?;
    (package_name(package)? == PACKAGE).then(|| package.to_owned())
}

/// The native binary that the launcher of `package` would start.
pub(super) fn native_of(package: &Path) -> Option<PathBuf> {
    // Node's way of finding a package: the `node_modules` of each folder upwards. npm puts the platform's
    // package inside `package` or beside it, pnpm and bun beside it.
    let scopes = package.ancestors().map(|folder| folder.join("node_modules/@openai"));
    let installed = scopes.flat_map(|scope| platform_packages(&scope));
    // Old packages carried the binaries themselves.
    installed.chain([package.to_owned()]).find_map(|holder| native_in(&holder.join("vendor")))
}

/// This platform, as npm names it: `linux-x64`.
pub(super) fn platform() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{}-{arch}", system())
}

fn system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        "android" => "linux",
        other => other,
    }
}

// Our own architecture first; a Node of another one (Rosetta, x64 on ARM) brings another, which runs too.
fn platform_packages(scope: &Path) -> Vec<PathBuf> {
    let (ours, any) = (format!("codex-{}", platform()), format!("codex-{}-", system()));
    let mut found: Vec<PathBuf> = entries(scope)
        .filter(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&any))
        })
        .collect();
    found.sort_by_key(|path| (!path.ends_with(&ours), path.clone()));
    found
}

// `vendor/<triple>/bin/codex`: the triple is the package's own business, and there is one.
fn native_in(vendor: &Path) -> Option<PathBuf> {
    let name = if cfg!(windows) { "bin/codex.exe" } else { "bin/codex" };
    entries(vendor).map(|triple| triple.join(name)).find(|binary| is_program(binary))
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn is_node_script(real: &Path) -> bool {
    if real.extension().is_some_and(|extension| extension == "js") {
        return true;
    }
    let head = head_of(real).unwrap_or_default();
    let first = head.lines().next().unwrap_or_default();
    first.starts_with("#!") && first.contains("node")
}

// `"$basedir/../@openai/codex/bin/codex.js"` or `"%dp0%\node_modules\@openai\codex\bin\codex.js"`. Only a
// path from the script's own folder counts: a wrapper of a user may name codex too, and does more.
fn named_in_shim(shim: &Path) -> Option<PathBuf> {
    let text = head_of(shim)?.replace('\\', "/");
    let end = text.find(SCRIPT)? + SCRIPT.len();
    let start = text[..end].rfind(['"', '\'', ' ', '\n'])? + 1;
    let from_folder = ["$basedir/", "%dp0%/", "%~dp0/", "%~dp0"];
    let below = from_folder.iter().find_map(|folder| text[start..end].strip_prefix(folder))?;
    Some(shim.parent()?.join(below))
}

fn head_of(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let mut head = Vec::new();
    file.take(SHIM_BYTES).read_to_end(&mut head).ok()?;
    Some(String::from_utf8_lossy(&head).into_owned())
}

fn package_name(package: &Path) -> Option<String> {
    let about: serde_json::Value =
        serde_json::from_slice(&std::fs::read(package.join("package.json")).ok()?).ok()?;
    Some(about.get("name")?.as_str()?.to_owned())
}
