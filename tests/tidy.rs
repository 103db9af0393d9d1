//! The shape of the code: who imports whom, what a file starts with, how long it is. The table
//! is the one of `ARCHITECTURE.md`; change both together.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the code fails loudly")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// No file is longer; most are far shorter.
const MAX_LINES: usize = 500;

/// What a module may import beside itself.
const IMPORTS: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("event", &["ids"]),
    ("schemas", &[]),
    ("scan", &[]),
    ("pump", &["scan"]),
    ("rpc", &["ids", "event", "scan"]),
    ("supervise", &["ids", "event"]),
    ("journal", &["ids", "event"]),
    ("approval", &["ids", "event", "schemas"]),
    ("config", &["ids", "event"]),
    ("control", &["ids", "event"]),
    ("limits", &["ids", "event"]),
    ("servers", &["ids", "event"]),
    ("terminal", &["ids", "event"]),
    ("metrics", &["ids", "event"]),
    ("session", &["ids", "event", "journal", "approval", "servers"]),
    ("access", &["ids", "event", "limits"]),
    ("codex", &["ids", "event", "rpc", "supervise", "servers", "session"]),
    (
        "mcp",
        &[
            "ids", "event", "scan", "schemas", "servers", "session", "approval", "journal", "control",
            "limits", "access",
        ],
    ),
    ("web", &["ids", "event", "access", "metrics", "approval", "control", "journal", "session", "mcp"]),
];

/// Level 4, which stands above the table: what it may not import, so that it stays wiring.
const LEVEL_4: &[(&str, &[&str])] = &[
    ("app", &["cli", "demo"]),
    ("demo", &["ids", "rpc", "journal", "approval", "control", "servers", "session", "mcp", "app", "cli"]),
    ("cli", &["rpc", "supervise", "journal", "approval", "control", "servers", "session", "mcp", "pump"]),
    ("lib", &[]),
    ("main", &[]),
];

/// Crates that only these modules may name.
const CRATES: &[(&str, &[&str])] = &[
    ("rmcp", &["mcp", "demo"]),
    ("axum", &["mcp", "web", "demo"]),
    ("hyper", &["web"]),
    ("hyper_util", &["web"]),
    ("governor", &["web"]),
    ("hmac", &["web"]),
    ("prometheus_client", &["metrics"]),
    ("subtle", &["access"]),
    ("getrandom", &["access", "web"]),
    ("rusqlite", &["journal"]),
    ("rpassword", &["app"]),
    ("chrono", &["terminal"]),
    ("jsonschema", &["schemas"]),
    ("referencing", &["schemas"]),
    ("terminal_size", &["terminal"]),
    ("process_wrap", &["supervise"]),
];

struct Source {
    /// From the root of the repository, with `/` on every system.
    name: String,
    text: String,
}

impl Source {
    /// Its place below `src`, without `mod` and the extension: `["journal", "sqlite", "writer"]`.
    fn module(&self) -> Vec<&str> {
        let path = self.name.strip_prefix("src/").unwrap_or(&self.name).trim_end_matches(".rs");
        path.split('/').filter(|part| *part != "mod").collect()
    }

    fn is_test(&self) -> bool {
        self.module().contains(&"tests")
    }

    /// The text without lines that are only a comment: docs may name what code may not.
    fn code(&self) -> String {
        let lines = self.text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    assert!(!found.is_empty(), "no Rust files in {folder}");
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn all_sources() -> impl Iterator<Item = Source> {
    ["src", "tests", "fuzz"].into_iter().flat_map(sources)
}

/// The modules of the crate that a module's code names: `crate::x`, `crate::{x::y, z}`, and
/// `super::…::x` where the `super`s climb to the root.
fn imports(code: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        found.extend(heads(&code[at + "crate::".len()..]));
    }
    let climb = "super::".repeat(depth);
    for (at, _) in code.match_indices(&climb) {
        found.extend(heads(&code[at + climb.len()..]));
    }
    found.remove("super");
    found
}

/// The first words of a path, or of each path of a group.
fn heads(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else { return Vec::from([word(path)]) };
    let (mut open, mut heads, mut at_start) = (1, Vec::new(), true);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 1 => at_start = true,
            _ if at_start && open == 1 && !letter.is_whitespace() => {
                heads.push(word(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
        if open == 0 {
            break;
        }
    }
    heads
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Whether code names a crate: the word, with a path behind it or at the end of a `use`.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let starts = !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '"');
        starts && (after.starts_with("::") || after.starts_with(';'))
    })
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn modules_import_what_the_table_allows() {
    let mut faults = Vec::new();
    for source in sources("src").iter().filter(|source| !source.is_test()) {
        let module = source.module();
        let own = module[0];
        let row = |table: &'static [(&str, &[&str])]| table.iter().find(|(name, _)| *name == own);
        for import in imports(&source.code(), module.len()) {
            let fine = match (row(IMPORTS), row(LEVEL_4)) {
                (Some((_, allowed)), _) => allowed.contains(&import.as_str()),
                (None, Some((_, barred))) => !barred.contains(&import.as_str()),
                (None, None) => false,
            };
            if import != own && !fine {
                faults.push(format!("{}: `{own}` may not import `{import}`", source.name));
            }
        }
        if row(IMPORTS).is_none() && row(LEVEL_4).is_none() {
            faults.push(format!("{}: `{own}` has no row in the table of imports", source.name));
        }
    }
    none(&faults);
}

#[test]
fn a_wire_format_is_known_in_one_place() {
    let mut faults = Vec::new();
    for source in sources("src") {
        let code = source.code();
        for (name, allowed) in CRATES {
            if !allowed.contains(&source.module()[0]) && names_crate(&code, name) {
                faults.push(format!(
                    "{}: only {} may name the crate {name}",
                    source.name,
                    allowed.join(", ")
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_table_is_the_one_of_the_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let mut faults = Vec::new();
    for (module, allowed) in IMPORTS {
        let row = document.lines().filter_map(row).find(|(name, _)| name == &format!("`{module}`"));
        let Some((_, cell)) = row else {
            faults.push(format!("ARCHITECTURE.md: no row for `{module}`"));
            continue;
        };
        let cell = cell.replace("level 0", "`ids`, `event`");
        let documented: BTreeSet<&str> = cell.split('`').skip(1).step_by(2).collect();
        let tested: BTreeSet<&str> = allowed.iter().copied().collect();
        if documented != tested {
            faults.push(format!("`{module}`: the document says {documented:?}, this test {tested:?}"));
        }
    }
    none(&faults);
}

/// The module and the imports of a row of the table.
fn row(line: &str) -> Option<(String, String)> {
    let cells: Vec<_> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
    let [_level, module, _job, imports, ..] = cells.as_slice() else { return None };
    Some(((*module).to_owned(), (*imports).to_owned()))
}

#[test]
fn each_file_says_what_it_is_for() {
    let faults: Vec<_> = all_sources()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{}: the first line says what the file is for, as `//! …`", source.name))
        .collect();
    none(&faults);
}

/// What proves who is signed in is codex's alone: nothing here reads it, so nothing here names its file.
#[test]
fn the_file_with_codexs_credentials_is_not_known() {
    let faults: Vec<_> = sources("src")
        .iter()
        .filter(|source| !source.is_test() && source.code().contains("auth.json"))
        .map(|source| format!("{}: it names codex's file of credentials", source.name))
        .collect();
    none(&faults);
}

#[test]
fn files_stay_small() {
    let faults: Vec<_> = all_sources()
        .map(|source| (source.text.lines().count(), source))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, source)| format!("{}: {lines} lines, more than {MAX_LINES}: split it", source.name))
        .collect();
    none(&faults);
}

#[test]
fn a_mod_rs_is_a_table_of_contents() {
    let faults: Vec<_> = sources("src")
        .iter()
        .filter(|source| source.name.ends_with("/mod.rs"))
        .filter(|source| source.code().split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == "fn"))
        .map(|source| format!("{}: a function in mod.rs: move it to a file with a name", source.name))
        .collect();
    none(&faults);
}

#[test]
fn imports_are_found_in_each_form() {
    let code = "use crate::ids::Seq;\nuse crate::{\n    event::{Body, Event},\n    rpc,\n};\nfn f() { crate::app::run() }";
    assert_eq!(imports(code, 2).into_iter().collect::<Vec<_>>(), ["app", "event", "ids", "rpc"]);
    let code = "use super::neighbour::X;\nuse super::super::session::Y;";
    assert_eq!(imports(code, 2).into_iter().collect::<Vec<_>>(), ["session"]);
    assert!(names_crate("use rmcp::model::Tool;", "rmcp") && names_crate("use axum;", "axum"));
    assert!(!names_crate("let my_rmcp::x;", "rmcp"));
}
