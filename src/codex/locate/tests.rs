//! Every kind of installation, as a tree of small files.

use std::path::{Path, PathBuf};

use super::*;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        // Canonical, since links are followed and the folder of temporary files may be one.
        std::fs::canonicalize(self.0.path()).unwrap().join(name)
    }

    fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        set_executable(&path, true);
        path
    }

    /// The package `@openai/codex` in the `node_modules` at `modules`.
    fn package(&self, modules: &str) -> PathBuf {
        self.program(&format!("{modules}/@openai/codex/package.json"), r#"{"name": "@openai/codex"}"#);
        self.program(&format!("{modules}/@openai/codex/bin/codex.js"), "#!/usr/bin/env node\n")
    }

    /// The package of a platform in `scope`, with its binary.
    fn native(&self, scope: &str, platform: &str) -> PathBuf {
        let exe = if cfg!(windows) { "codex.exe" } else { "codex" };
        self.program(&format!("{scope}/codex-{platform}/vendor/some-triple/bin/{exe}"), "\u{7f}ELF")
    }

    fn on_path(&self, folders: &[&str]) -> Lookup {
        let path = std::env::join_paths(folders.iter().map(|folder| self.at(folder))).unwrap();
        Lookup { path_var: Some(path), ..Lookup::default() }
    }

    fn error(&self, lookup: &Lookup) -> String {
        let text = locate(lookup).unwrap_err().to_string();
        let text =
            text.replace(self.at("").to_str().unwrap(), "/").replace(&launcher::platform(), "PLATFORM");
        text.replace('\\', "/")
    }
}

#[cfg(unix)]
fn set_executable(path: &Path, yes: bool) {
    use std::os::unix::fs::PermissionsExt;

    let mode = if yes { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_executable(_: &Path, _: bool) {}

fn found(binary: &Path, via: Option<&Path>) -> Located {
    Located { binary: binary.to_owned(), via: via.map(Path::to_owned), passed_over: None }
}

fn here() -> String {
    launcher::platform()
}

#[test]
fn a_named_binary_is_used_before_path() {
    let tree = Tree::new();
    let named = tree.program("opt/codex", "\u{7f}ELF");
    tree.program("bin/codex", "\u{7f}ELF");
    let lookup = Lookup { setting: Some(named.clone()), ..tree.on_path(&["bin"]) };
    assert_eq!(locate(&lookup).unwrap(), found(&named, None));
}

#[test]
fn a_launcher_is_followed_to_the_package_inside_or_beside_it() {
    let native = [
        "lib/node_modules/@openai",
        "lib/node_modules/@openai/codex/node_modules/@openai",
        "node_modules/@openai",
    ];
    for scope in native {
        let tree = Tree::new();
        let script = tree.package("lib/node_modules");
        let binary = tree.native(scope, &here());
        let lookup = Lookup { setting: Some(script.clone()), ..Lookup::default() };
        assert_eq!(locate(&lookup).unwrap(), found(&binary, Some(&script)), "{scope}");
    }
}

#[test]
fn a_package_of_another_architecture_is_second_choice() {
    let tree = Tree::new();
    let script = tree.package("node_modules");
    let system = here().split('-').next().unwrap().to_owned();
    let other = tree.native("node_modules/@openai", &format!("{system}-aaa"));
    tree.native("node_modules/@openai", "plan9-x64");
    let lookup = Lookup { setting: Some(script), ..Lookup::default() };
    assert_eq!(locate(&lookup).unwrap().binary, other);

    let ours = tree.native("node_modules/@openai", &here());
    assert_eq!(locate(&lookup).unwrap().binary, ours);
}

#[test]
fn an_old_package_carries_its_binary_itself() {
    let tree = Tree::new();
    let script = tree.package("node_modules");
    let exe = if cfg!(windows) { "codex.exe" } else { "codex" };
    let binary = tree.program(&format!("node_modules/@openai/codex/vendor/some-triple/bin/{exe}"), "");
    let lookup = Lookup { setting: Some(script), ..Lookup::default() };
    assert_eq!(locate(&lookup).unwrap().binary, binary);
}

#[cfg(unix)]
#[test]
fn a_link_on_path_is_followed() {
    let tree = Tree::new();
    tree.package("lib/node_modules");
    let binary = tree.native("lib/node_modules/@openai", &here());
    std::fs::create_dir_all(tree.at("bin")).unwrap();
    std::os::unix::fs::symlink("../lib/node_modules/@openai/codex/bin/codex.js", tree.at("bin/codex"))
        .unwrap();
    assert_eq!(locate(&tree.on_path(&["bin"])).unwrap(), found(&binary, Some(&tree.at("bin/codex"))));
}

// npm's and pnpm's scripts, with the lines that matter.
#[test]
fn a_script_of_a_package_manager_is_followed() {
    let scripts = [
        "@ECHO off\r\n\"%_prog%\"  \"%dp0%\\node_modules\\@openai\\codex\\bin\\codex.js\" %*\r\n",
        "@SET X=1\r\n@node \"%~dp0\\node_modules\\@openai\\codex\\bin\\codex.js\" %*\r\n",
        "#!/bin/sh\nexec node  \"$basedir/node_modules/@openai/codex/bin/codex.js\" \"$@\"\n",
    ];
    for text in scripts {
        let tree = Tree::new();
        tree.package("bin/node_modules");
        let binary = tree.native("bin/node_modules/@openai", &here());
        let shim = tree.program("bin/codex.cmd", text);
        let lookup = Lookup { setting: Some(shim.clone()), ..Lookup::default() };
        assert_eq!(locate(&lookup).unwrap(), found(&binary, Some(&shim)), "{text}");
    }
}

#[test]
fn a_wrapper_of_the_user_is_used_as_it_is() {
    let wrappers = [
        "#!/bin/sh\nexec /opt/codex \"$@\"\n",
        "#!/bin/sh\nexport A=1\nexec node /lib/node_modules/@openai/codex/bin/codex.js \"$@\"\n",
        "#!/usr/bin/env node\nrequire('child_process')\n",
    ];
    for text in wrappers {
        let tree = Tree::new();
        let wrapper = tree.program("a/b/codex", text);
        let lookup = Lookup { setting: Some(wrapper.clone()), ..Lookup::default() };
        assert_eq!(locate(&lookup).unwrap(), found(&wrapper, None), "{text}");
    }
}

#[test]
fn what_cannot_be_used_is_passed_over_and_said() {
    let tree = Tree::new();
    let name = if cfg!(windows) { "codex.exe" } else { "codex" };
    let second = tree.program(&format!("second/{name}"), "");
    std::fs::create_dir_all(tree.at(&format!("first/{name}"))).unwrap();
    let missing = tree.at("nowhere/codex");
    let lookup = Lookup { setting: Some(missing.clone()), ..tree.on_path(&["first", "second"]) };
    let expected = Located { passed_over: Some(missing), ..found(&second, None) };
    assert_eq!(locate(&lookup).unwrap(), expected);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_run_is_passed_over() {
    let tree = Tree::new();
    set_executable(&tree.program("first/codex", ""), false);
    let second = tree.program("second/codex", "");
    assert_eq!(locate(&tree.on_path(&["first", "second"])).unwrap().binary, second);
}

#[test]
fn a_relative_entry_of_path_does_not_count() {
    let lookup = Lookup { path_var: Some(std::env::join_paths([".", ""]).unwrap()), ..Lookup::default() };
    assert!(matches!(locate(&lookup), Err(LocateError::NotFound { .. })));
}

#[test]
fn the_cache_comes_last_and_only_when_asked() {
    let tree = Tree::new();
    let script = tree.package("cache/node_modules");
    let binary = tree.native("cache/node_modules/@openai", &here());
    let asked = Lookup { cache: Some(tree.at("cache")), ..tree.on_path(&["bin"]) };
    assert_eq!(locate(&asked).unwrap(), found(&binary, Some(&script)));
    assert!(locate(&Lookup { cache: None, ..asked }).is_err());
}

#[test]
fn the_errors_name_the_places_and_the_remedy() {
    let tree = Tree::new();
    let path = tree.on_path(&["bin"]);
    let named = Lookup {
        setting: Some(tree.at("opt/codex")),
        setting_origin: "$CODEX_BRIDGE_CODEX_BIN".into(),
        ..path.clone()
    };
    let cached = Lookup { cache: Some(tree.at("cache")), ..path.clone() };
    let script = Lookup { setting: Some(tree.package("node_modules")), ..path.clone() };
    let errors = [path, named, cached, script].map(|lookup| tree.error(&lookup));
    insta::assert_snapshot!(errors.join("\n---\n"), @r#"
    codex was not found: looked at PATH. Install it with npm i -g @openai/codex, or set codex.bin.
    ---
    codex was not found: looked at /opt/codex ($CODEX_BRIDGE_CODEX_BIN), then PATH. Install it with npm i -g @openai/codex, or set codex.bin.
    ---
    codex was not found: looked at PATH, then /cache. Install it with npm i -g @openai/codex, or set codex.bin.
    ---
    the native codex for PLATFORM was not found beside npm's launcher /node_modules/@openai/codex/bin/codex.js: optional packages may have been left out. Install it again with npm i -g @openai/codex, or set codex.bin to the native binary.
    "#);
}
