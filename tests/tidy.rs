//! The rules of ARCHITECTURE.md that a program can check: who imports whom, headers, sizes.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of the crate a module may name. `demo` stands beside the top.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("event", &["ids"]),
    ("rpc", &["ids", "event"]),
    ("supervise", &["ids", "event"]),
    ("journal", &["ids", "event"]),
    ("approval", &["ids", "event"]),
    ("config", &["ids", "event"]),
    ("session", &["ids", "event", "journal", "approval"]),
    ("codex", &["ids", "event", "rpc", "supervise", "session"]),
    ("mcp", &["ids", "event", "session", "approval", "journal"]),
    ("demo", &["ids", "event", "config", "supervise", "codex"]),
    (
        "app",
        &["ids", "event", "rpc", "supervise", "journal", "approval", "config", "session", "codex", "mcp"],
    ),
    ("cli", &["config", "app", "demo"]),
];

/// Crates that only some modules may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rmcp", &["mcp", "demo"]),
    ("axum", &["mcp", "demo"]),
    ("rusqlite", &["journal"]),
    ("process_wrap", &["supervise"]),
];

/// The longest file.
const LINES: usize = 500;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "node_modules") {
                out.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            out.push(path);
        }
    }
    out
}

fn all() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = sources(&root.join("src"));
    files.extend(sources(&root.join("tests")));
    files
}

fn module(file: &Path) -> Option<String> {
    let below = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

/// The modules that a file names as `crate::module` or in `crate::{…}`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let group = group.split('}').next().unwrap_or_default();
                out.extend(group.split(',').map(|name| word(name.trim())));
            }
            None => {
                out.insert(word(rest));
            }
        }
    }
    out.remove("");
    out
}

#[test]
fn modules_import_only_what_the_table_allows() {
    for file in all() {
        let Some(own) = module(&file).filter(|_| !is_test(&file)) else { continue };
        if matches!(own.as_str(), "lib" | "main") {
            continue;
        }
        let allowed = MAY_IMPORT.iter().find(|(name, _)| *name == own);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{own} is not in the table"));
        let text = fs::read_to_string(&file).unwrap();
        for name in imports(&text) {
            let fine = name == own || allowed.contains(&name.as_str());
            assert!(fine, "{}: {own} may not import {name}", file.display());
        }
        for (name, modules) in ONLY_IN {
            let named = text.contains(&format!("use {name}::")) || text.contains(&format!(" {name}::"));
            assert!(
                !named || modules.contains(&own.as_str()),
                "{}: {own} may not name {name}",
                file.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    for file in all() {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{}: the first line must say what it is for", file.display());
        let lines = text.lines().count();
        assert!(lines <= LINES, "{}: {lines} lines, more than {LINES}", file.display());
        if file.ends_with("mod.rs") && !is_test(&file) {
            let code = text.lines().any(|line| line.starts_with("impl") || line.starts_with("struct"));
            assert!(!code, "{}: a mod.rs holds docs, `mod` and `pub use`", file.display());
        }
    }
}
