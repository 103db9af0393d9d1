//! All ways to this program that can be seen, and what only looks like one.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::servers::{Guard, Invocation, read};

/// A machine: our program under `bin`, links and copies of it, and scripts.
struct Machine {
    dir: tempfile::TempDir,
    guard: Guard,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["bin", "empty", "elsewhere", "node_modules/codex-bridge/bin", "codex-bridge"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        let program = root.join("bin/codex-bridge");
        std::fs::write(&program, b"\0machine code").unwrap();
        std::fs::write(root.join("elsewhere/tool"), b"\0other code that says codex-bridge").unwrap();
        let scripts = [
            ("wrapper", "#!/bin/sh\n# a comment\nexec codex-bridge \"$@\"\n".to_owned()),
            ("by-path", format!("#!/bin/sh\n{} mcp-server\n", program.display())),
            ("wrapper.py", "import os\nos.execvp('codex-bridge', ['codex-bridge'])\n".to_owned()),
            ("comment", "#!/bin/sh\n# unlike codex-bridge, this one is harmless\nexec docs\n".to_owned()),
            ("near", "#!/bin/sh\nexec codex-bridge-docs\nopen https://codex-bridge.dev\n".to_owned()),
            ("node_modules/codex-bridge/bin/run.js", "require('./native')\n".to_owned()),
            ("late", format!("#!/bin/sh\n{}exec codex-bridge\n", "true\n".repeat(20_000))),
        ];
        for (name, text) in scripts {
            std::fs::write(root.join(name), text).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&program, root.join("link")).unwrap();
            std::os::unix::fs::symlink(root.join("link"), root.join("bin/link-to-link")).unwrap();
            std::os::unix::fs::symlink(root.join("wrapper"), root.join("bin/wrapped")).unwrap();
            std::fs::hard_link(&program, root.join("hard")).unwrap();
        }
        let guard = Guard::new(Some(&program), Some(root.join("bin").as_os_str())).keeping("DEPTH");
        Self { dir, guard }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    /// Why a line of words (`ROOT` is the machine's folder; ␣ is a space in a word) is ours.
    fn finds(&self, line: &str, env: &[(&str, &str)]) -> Option<String> {
        let root = self.root();
        let place = |text: &str| text.replace("ROOT", root.to_str().unwrap()).replace('␣', " ");
        let words: Vec<String> = line.split(' ').map(place).collect();
        let env: serde_json::Map<_, _> =
            env.iter().map(|(k, v)| ((*k).to_owned(), json!(place(v)))).collect();
        let server = read(&json!({ "command": words[0], "args": words[1..], "env": env })).unwrap().server;
        self.guard.finds(&Invocation::of(&server.transport, Path::new(&root)).unwrap())
    }
}

#[cfg(unix)]
#[test]
fn this_program_is_found_however_it_is_started() {
    let machine = Machine::new();
    for line in [
        // By path, by name, by link.
        "ROOT/bin/codex-bridge",
        "bin/codex-bridge mcp-server",
        "./bin/../bin/codex-bridge",
        "codex-bridge",
        "codex-bridge.exe",
        "/not/there/codex-bridge",
        "ROOT/link",
        "link-to-link",
        "ROOT/hard",
        // Runners of packages.
        "npx codex-bridge",
        "npx -y codex-bridge@latest mcp-server",
        "npx --yes --registry https://r codex-bridge",
        "npx -p codex-bridge some-bin",
        "npx --package=codex-bridge@1 -c x",
        "npx -c codex-bridge␣mcp-server",
        "npx @scope/codex-bridge",
        "npx github:someone/codex-bridge#main",
        "npm exec codex-bridge",
        "npm exec --yes -- codex-bridge",
        "npm x codex-bridge",
        "pnpm dlx codex-bridge",
        "pnpx codex-bridge",
        "yarn dlx codex-bridge",
        "bunx codex-bridge",
        "bun x codex-bridge",
        "uvx codex-bridge",
        "uvx --from codex-bridge==1.0 thing",
        "uvx codex_bridge",
        "uv tool run codex-bridge",
        "uv run codex-bridge",
        "uv run --directory /x codex-bridge",
        "pipx run codex-bridge",
        "deno run npm:codex-bridge",
        "cargo run --manifest-path /src/codex-bridge/Cargo.toml",
        // Programs that start others.
        "env codex-bridge",
        "env -u X A=b codex-bridge",
        "env PATH=ROOT/bin link-to-link",
        "env -S codex-bridge␣mcp-server",
        "/usr/bin/env npx codex-bridge",
        "nohup codex-bridge",
        "timeout 10 codex-bridge",
        "timeout -s KILL 10 npx codex-bridge",
        "nice -n 5 codex-bridge",
        "sudo -u me codex-bridge",
        "stdbuf -oL codex-bridge",
        // Shells.
        "sh -c codex-bridge",
        "bash -lc exec␣codex-bridge␣mcp-server",
        "sh -c cd␣/x␣&&␣codex-bridge",
        "sh -c cd␣/x;codex-bridge",
        "sh -c A=b␣codex-bridge|cat",
        "sh -c exec␣env␣B=c␣npx␣-y␣codex-bridge",
        "sh -c if␣true;␣then␣codex-bridge;␣fi",
        "sh -c echo␣$(codex-bridge)",
        "sh -c sh␣-c␣'codex-bridge'",
        "sh -c ROOT/link",
        "sh -ce exec␣codex-bridge",
        "bash -euxco pipefail exec␣codex-bridge",
        "bash -o pipefail -ec codex-bridge",
        "bash --norc --rcfile docs -c codex-bridge",
        "sh -c -e exec␣codex-bridge",
        "sh -c -- codex-bridge",
        "fish --command codex-bridge",
        // The variable that ends it where nothing else does.
        "env -u DEPTH ROOT/elsewhere/tool",
        "env -uDEPTH sh -ce docs",
        "env --unset=DEPTH docs",
        "env -i docs",
        "env -vi A=b docs",
        "env - docs",
        "env DEPTH=0 docs",
        "cmd /c codex-bridge mcp-server",
        "powershell -Command codex-bridge",
        // Scripts.
        "ROOT/wrapper",
        "ROOT/by-path",
        "wrapped",
        "sh wrapper",
        "bash -x ROOT/wrapper",
        "env sh ROOT/wrapper",
        "python3 wrapper.py",
        "python3 -u ROOT/wrapper.py",
        "python -m codex_bridge.cli",
        "node ROOT/node_modules/codex-bridge/bin/run.js",
        "node --require x node_modules/codex-bridge/bin/run.js",
        "npx ./wrapper",
    ] {
        assert!(machine.finds(line, &[]).is_some(), "{line}");
    }
    assert!(machine.finds("link-to-link", &[("PATH", "ROOT/empty:ROOT/bin")]).is_some());
    let why = machine.finds("npx codex-bridge", &[]).unwrap();
    assert_eq!(
        why,
        "it starts codex-bridge through npx; codex would call the bridge that runs it, without end"
    );
    assert_eq!(
        machine.finds("wrapped", &[]).unwrap().split(';').next(),
        Some("the script wrapped names codex-bridge")
    );
}

#[cfg(unix)]
#[test]
fn what_only_looks_like_it_stays() {
    let machine = Machine::new();
    for line in [
        "codex-bridge-docs",
        "ROOT/codex-bridge/server",
        "my-codex-bridge",
        "ROOT/elsewhere/tool",
        "docs --about=codex-bridge",
        "docs codex-bridge",
        "git-server --repository ROOT/codex-bridge",
        "npx docs-server codex-bridge",
        "npx -y docs-server --about codex-bridge",
        "npx codex-bridge-docs",
        "npx @codex-bridge/docs",
        "npx -p docs-server codex-helper",
        "uvx docs --from-project codex-bridge",
        "uv run --directory ROOT/codex-bridge docs",
        "env NAME=codex-bridge docs",
        "env -u OTHER docs DEPTH=0",
        "env -C ROOT docs -i",
        "sh -e docs -c codex-bridge",
        "powershell -NonInteractive docs",
        "timeout 10 docs codex-bridge",
        "sh -c echo␣codex-bridge",
        "sh -c docs␣--about␣'codex-bridge'",
        "sh -c docs codex-bridge",
        "node server.js codex-bridge",
        "node ROOT/codex-bridge/server.js",
        "python3 -m docs codex_bridge",
        "ROOT/comment",
        "ROOT/near",
        // Behind what is read of a script: the depth stops it.
        "ROOT/late",
        "docker run -i codex-bridge",
    ] {
        assert_eq!(machine.finds(line, &[]), None, "{line}");
    }
    // Its own PATH counts, and not ours.
    assert_eq!(machine.finds("link-to-link", &[("PATH", "ROOT/empty")]), None);
    assert_eq!(machine.finds("env PATH=ROOT/empty link-to-link", &[]), None);
}

/// A name alone is enough, where it is not known which program this is.
#[test]
fn the_name_counts_also_for_another_build() {
    let args = ["mcp-server".to_owned()];
    let call = Invocation { command: "/opt/other/codex-bridge", args: &args, path: None, cwd: "/".into() };
    assert!(Guard::default().finds(&call).is_some());
    let call = Invocation { command: "/opt/other/codex", ..call };
    assert_eq!(Guard::default().finds(&call), None);
}
