//! `docs/flags.md` against the codex and the SDK that are installed, both ways, and against the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::{NEWEST, Stage, codex_of, packages};

/// One row: what it is about, where it is here, and the test.
struct Row {
    name: String,
    here: String,
    test: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the table below each heading.
fn tables() -> BTreeMap<String, Vec<Row>> {
    let text = std::fs::read_to_string(root().join("docs/flags.md")).unwrap();
    let (mut all, mut heading) = (BTreeMap::<_, Vec<Row>>::new(), String::new());
    for line in text.lines() {
        if let Some(title) = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
        {
            heading = title.replace('`', "");
        } else if line.starts_with("| `") {
            let cells: Vec<_> = line.trim_matches('|').split(" |").map(str::trim).collect();
            let [name, here, test] = cells[..] else { panic!("three cells: {line}") };
            let bare = |cell: &str| cell.replace('`', "");
            let row = Row { name: bare(name), here: here.to_owned(), test: bare(test) };
            all.entry(heading.clone()).or_default().push(row);
        }
    }
    all
}

fn names(heading: &str) -> BTreeSet<String> {
    let rows = tables().remove(heading).unwrap_or_default();
    let names: BTreeSet<_> = rows.iter().map(|row| row.name.clone()).collect();
    assert_eq!(names.len(), rows.len(), "a name stands twice below {heading}");
    names
}

/// What the newest codex says of itself.
fn help(command: &[&str]) -> String {
    let stage = Stage::new();
    let home = stage.place.root.join("codex-home");
    let out =
        Command::new(codex_of(NEWEST)).args(command).arg("--help").env("CODEX_HOME", home).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

/// Lines such as `  -c, --config <key=value>` or `      --enable <FEATURE>`.
fn flags(help: &str) -> BTreeSet<String> {
    let flag = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<_> = line.split_whitespace().take(2).collect();
        match words[..] {
            [short, long] if indent == 2 && short.starts_with('-') && long.starts_with("--") => {
                Some(format!("{short} {}", long.trim_end_matches('.')))
            }
            [long, ..] if indent == 6 && long.starts_with("--") => Some(long.to_owned()),
            _ => None,
        }
    };
    help.lines().filter_map(flag).collect()
}

fn commands(help: &str) -> BTreeSet<String> {
    let lines =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_flag_and_command_of_codex_is_in_the_table() {
    let codex = flags(&help(&[]));
    assert!(codex.contains("-c, --config") && codex.contains("--add-dir"), "{codex:?}");
    assert_eq!(names("codex"), codex, "docs/flags.md (left) and codex --help");
    assert_eq!(names("Commands of codex"), commands(&help(&[])));

    let exec = flags(&help(&["exec"]));
    assert_eq!(names("codex exec"), &exec - &codex);
    assert_eq!(names("Commands of codex exec"), commands(&help(&["exec"])));
    let known = &codex | &exec;
    for command in ["resume", "fork", "review"] {
        let more = &flags(&help(&["exec", command])) - &known;
        assert_eq!(names(&format!("codex exec {command}")), more, "codex exec {command} --help");
    }
    // These stand outside of `exec`, with flags of screens that `codex` has too, and no other.
    let reviews = &known | &names("codex exec review");
    assert_eq!(&flags(&help(&["review"])) - &reviews, BTreeSet::new());
    for command in ["resume", "fork"] {
        let more = &(&flags(&help(&[command])) - &known) - &names("codex exec resume");
        assert_eq!(names(&format!("codex {command}")), more, "codex {command} --help");
    }
}

/// The body of `type NAME = { … };`, or of a class.
fn body<'t>(types: &'t str, head: &str) -> &'t str {
    let at = types.find(head).unwrap_or_else(|| panic!("the SDK has no {head}")) + head.len();
    &types[at..at + types[at..].find("\n}").unwrap()]
}

/// Its members, at the first level.
fn members(body: &str) -> Vec<String> {
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let own = lines.filter(|line| !line.starts_with([' ', '*', '/', '}']) && !line.starts_with("private"));
    let word =
        |line: &str| line.trim_start_matches("get ").split(['?', ':', '(', ';']).next().map(str::to_owned);
    own.filter_map(word).filter(|name| name != "constructor").collect()
}

/// The values of `type` in the types of a union.
fn kinds(types: &str, union: &str) -> Vec<String> {
    let head = format!("type {union} = ");
    let at = types.find(&head).unwrap() + head.len();
    let list = &types[at..at + types[at..].find(';').unwrap()];
    let kind = |name: &str| {
        let body = body(types, &format!("type {name} = {{"));
        let at = body.find("type: \"").unwrap() + 7;
        body[at..].split('"').next().unwrap().to_owned()
    };
    list.split('|').map(|name| kind(name.trim())).collect()
}

#[test]
fn every_option_of_the_sdk_is_in_the_table() {
    let path = packages(NEWEST).join("@openai/codex-sdk/dist/index.d.ts");
    let types = std::fs::read_to_string(path).expect("the SDK is not installed: run scripts/test.sh once");
    let mut all = BTreeSet::new();
    for name in ["CodexOptions", "ThreadOptions", "TurnOptions", "Turn", "StreamedTurn", "Usage"] {
        let found = members(body(&types, &format!("type {name} = {{")));
        assert!(!found.is_empty(), "{name}");
        all.extend(found.iter().map(|member| format!("{name}.{member}")));
    }
    for name in ["Codex", "Thread"] {
        all.extend(
            members(body(&types, &format!("declare class {name} {{"))).iter().map(|m| format!("{name}.{m}")),
        );
    }
    for union in ["ThreadEvent", "ThreadItem"] {
        all.extend(kinds(&types, union).iter().map(|kind| format!("{union}.{kind}")));
    }
    let inputs = &types[types.find("type UserInput = {").unwrap()..types.find("type Input = ").unwrap()];
    let inputs = inputs.split("type: \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    all.extend(inputs.map(|kind| format!("UserInput.{kind}")));
    assert_eq!(names("The TypeScript SDK"), all, "docs/flags.md (left) and the SDK's types");
}

/// The sources of the tests, by the module that each is.
fn test_sources() -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("tests/real"), root().join("tests/it")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push((module(&path), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

fn module(path: &Path) -> String {
    let parts: PathBuf = path.strip_prefix(root().join("tests")).unwrap().with_extension("");
    let parts = parts.iter().map(|part| part.to_str().unwrap());
    parts.collect::<Vec<_>>().join("::")
}

#[test]
fn each_row_that_is_here_has_its_test() {
    let sources = test_sources();
    for row in tables().into_values().flatten() {
        let Row { name, here, test } = row;
        if here.starts_with("*not here*: ") {
            assert_eq!(test, "", "{name} is not here, and has a test");
        } else {
            let (module, function) = test.rsplit_once("::").unwrap_or_else(|| panic!("{name} names no test"));
            let source = sources.iter().find(|(name, _)| name == module);
            let (_, source) = source.unwrap_or_else(|| panic!("{name}: there is no {module}"));
            assert!(
                source.contains(&format!("#[test]\nfn {function}()")),
                "{name}: {module} has no {function}"
            );
        }
    }
}

fn ours(args: &[&str]) -> (i32, String) {
    let stage = Stage::new();
    let out = stage.host().args(args).command().output().unwrap();
    let said = [out.stdout, out.stderr].concat();
    (out.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn long(name: &str) -> &str {
    name.split(", ").last().unwrap()
}

#[test]
fn the_flags_that_are_here_are_taken() {
    let rows: Vec<_> =
        ["codex", "codex exec"].into_iter().flat_map(|table| tables().remove(table).unwrap()).collect();
    let (code, help) = ours(&["--help"]);
    assert_eq!(code, 0);
    assert_eq!(ours(&["help"]), (0, help.clone()), "and by the command");
    let known = flags(&help);
    for row in rows.iter().filter(|row| row.here.starts_with("flag")) {
        assert!(known.iter().any(|flag| long(flag) == long(&row.name)), "{} is not in --help", row.name);
    }
    assert!(ours(&["--version"]).1.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_flags_that_are_not_here_are_refused_with_the_reason() {
    let all = tables();
    let mut seen = 0;
    for table in ["codex", "codex exec"] {
        for row in
            all[table].iter().filter(|row| !row.here.starts_with("flag") && !row.here.starts_with("tool"))
        {
            let flag = long(&row.name);
            let (code, said) = ours(&[flag, "x"]);
            assert_eq!(code, 2, "{flag}: {said}");
            assert!(said.contains(&format!("codex's flag `{flag}` is not taken: ")), "{said}");
            if let Some(why) = row.here.strip_prefix("*not here*: ") {
                let beginning = why.split(['.', ':', ';', ',']).next().unwrap().replace('`', "");
                assert!(
                    said.replace('`', "").contains(&beginning),
                    "{flag}: the table says {beginning}, but {said}"
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}
