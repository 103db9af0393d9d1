//! The settings: a settings file, variables, flags, a file of MCP servers and a profile of codex. What is refused is
//! refused with its place and the key, and no secret; what is taken can be written out as a settings file and read back.
//!
//! An input is these as text, parted by lines of `====`: see [`Parts`].

#![no_main]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use codex_bridge::app::policy;
use codex_bridge::approval::{Policy, simple_command};
use codex_bridge::config::{Env, Flags, Loaded, Origin, load, overlay, profile};
use codex_bridge::event::{Decision, PermissionRequest, RequestKind, Subject, Timestamp};
use codex_bridge::ids::ApprovalId;
use codex_bridge::limits::{AddLimit, ConfigLimit, Limits, SAFE, Sandbox, Wanted as Asked};
use codex_bridge::servers::{Guard, Inherit, Sources, Variables, Wanted, gather};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::{Map, Value};

/// Stands in places that may hold a secret. No input has it.
const SECRET: &str = "pAs5w0rd-of-nobody";

/// What an input writes for it.
const MARK: &str = "SECRET";

/// The files of this process.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/settings").join(std::process::id().to_string());
    std::fs::create_dir_all(folder.join("home")).expect("a folder of our own");
    folder
});

/// In this order.
#[derive(Default)]
struct Parts<'a> {
    /// `codex-bridge.toml`.
    settings: &'a str,
    /// `NAME=VALUE`, one a line.
    variables: &'a str,
    /// One a line: its letter, then its value.
    flags: &'a str,
    /// `mcp.json`.
    servers: &'a str,
    /// A profile of codex.
    profile: &'a str,
    /// What a call asks for, one a line: a command, a folder, a model, a sandbox, a policy.
    asked: &'a str,
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else { return Corpus::Reject };
    if text.contains(SECRET) {
        return Corpus::Reject;
    }
    let mut all = text.split("\n====\n");
    let mut next = || all.next().unwrap_or_default();
    let parts = Parts {
        settings: next(),
        variables: next(),
        flags: next(),
        servers: next(),
        profile: next(),
        asked: next(),
    };
    parts.servers();
    parts.profile();
    if let Some(loaded) = parts.settings()
        && let Some(policy) = parts.rules(&loaded)
    {
        parts.asked(&policy, &loaded);
    }
    Corpus::Keep
});

/// A new file: some file systems write one that is written over to the disk at once.
fn file(name: &str, text: &str) -> PathBuf {
    let path = FOLDER.join(name);
    let _ = std::fs::remove_file(&path);
    std::fs::write(&path, text).expect("a file of our own");
    path
}

fn is_silent(what: &str, text: &str) {
    assert!(!text.contains(SECRET), "{what}: {text}");
}

impl Parts<'_> {
    fn env(&self, with_settings: bool) -> Env {
        let home = FOLDER.join("home").to_string_lossy().into_owned();
        let own = [("HOME", home.as_str()), ("OPENAI_API_KEY", SECRET), ("TOKEN", SECRET)];
        let given = self.variables.lines().filter_map(|line| line.split_once('='));
        // The system takes no such name and no such value.
        let given =
            given.filter(|(name, value)| !name.is_empty() && !name.contains('\0') && !value.contains('\0'));
        let given = given.filter(|(name, _)| with_settings || !name.starts_with("CODEX_BRIDGE_"));
        // The folder of the journal and the like: nothing is made, but a test looks there.
        let given = given.filter(|(name, _)| *name != "HOME");
        Env::from_pairs(own.into_iter().chain(given))
    }

    fn flags(&self) -> Flags {
        let mut flags = Flags { mcp_config: None, ..Flags::default() };
        // As a person gives a secret.
        flags.config.push(format!("model_providers.fuzz.api_key=\"{SECRET}\""));
        flags.config.push(format!("mcp_servers.fuzz.env={{ A = \"{SECRET}\" }}"));
        for line in self.flags.lines().filter(|line| line.is_char_boundary(1)) {
            let (letter, value) = line.split_at(line.len().min(1));
            let value = value.trim_start().to_owned();
            match letter {
                "m" => flags.model = Some(value),
                "p" => flags.profile = Some(value),
                "c" => flags.config.push(value),
                "e" => flags.enable.push(value),
                "d" => flags.disable.push(value),
                "s" => flags.sandbox = Some(value),
                "a" => flags.approval = Some(value),
                "C" => flags.cd = Some(PathBuf::from(value)),
                "A" => flags.add_dirs.push(PathBuf::from(value)),
                "S" => flags.search = true,
                "o" => flags.oss = true,
                "l" => flags.local_provider = Some(value),
                "f" => flags.approve_for_me = true,
                "b" => flags.bypass_approvals_and_sandbox = true,
                "t" => flags.thread_source = Some(value),
                "x" => flags.strict_config = true,
                "L" => flags.legacy_events = true,
                _ => {}
            }
        }
        flags
    }

    fn settings(&self) -> Option<Loaded> {
        let path = file("codex-bridge.toml", self.settings);
        let mut flags = self.flags();
        flags.settings = Some(path.clone());
        let cwd = FOLDER.join("home");
        let loaded = match load(flags.clone(), self.env(true), cwd.clone()) {
            Ok(loaded) => loaded,
            Err(error) => {
                let error = error.to_string();
                is_silent("an error", &error);
                names_its_place(&error);
                return None;
            }
        };
        loaded.warnings.iter().for_each(|warning| is_silent("a warning", warning));
        is_silent("the environment", &format!("{:?}", loaded.env));
        let shown = loaded.settings_as_toml().expect("what is text can be shown");
        is_silent("as TOML", &shown);
        is_silent("as JSON", &loaded.settings_as_json().expect("and as JSON").to_string());
        apart(&loaded.defaults.config);

        let mut settings = loaded.settings.clone();
        if flags.strict_config {
            // It stands in the file now.
            flags.strict_config = false;
        }
        flags.settings = Some(file("shown.toml", &shown));
        let again = load(flags, self.env(false), cwd).unwrap_or_else(|error| panic!("{error}\n{shown}"));
        // A key that is not known is warned of, and not shown.
        settings.approvals.rules.iter_mut().for_each(|rule| rule.unknown.clear());
        // What holds where nothing is set depends on what is.
        settings.limits.config = again.settings.limits.config.clone();
        settings.limits.mcp_add = again.settings.limits.mcp_add.clone();
        assert_eq!(again.settings, settings, "{shown}");
        assert_eq!(again.warnings, Vec::<String>::new(), "{shown}");
        assert!(matches!(again.origin("codex.health"), Origin::File(_)), "{shown}");
        Some(loaded)
    }

    fn rules(&self, loaded: &Loaded) -> Option<Policy> {
        match policy(loaded) {
            Ok(policy) => Some(policy),
            Err(error) => {
                let error = error.to_string();
                assert!(error.starts_with("approvals.rules in ") && error.contains(", rule "), "{error}");
                None
            }
        }
    }

    /// Rules and limits, against what a call may ask for.
    fn asked(&self, policy: &Policy, loaded: &Loaded) {
        let mut lines = self.asked.lines();
        let mut next = || lines.next().unwrap_or_default();
        let (command, folder, model, sandbox, approval) = (next(), next(), next(), next(), next());
        for kind in [RequestKind::Command, RequestKind::FileChange, RequestKind::McpTool] {
            let (server, tool) = (Some(model.to_owned()), Some(sandbox.to_owned()));
            let (command, cwd) = (Some(command.to_owned()), Some(folder.to_owned()));
            let subject = Subject { command, cwd, server, tool, ..Subject::default() };
            let request = PermissionRequest {
                approval_id: ApprovalId::from("apr_1"),
                kind,
                summary: String::new(),
                options: vec![Decision::Approve, Decision::Decline, Decision::Cancel],
                expires_at: Timestamp(0),
                item_id: None,
                subject,
            };
            let explained = policy.explain(&request);
            assert_eq!(explained, policy.explain(&request));
            let approves = explained.verdict.is_some_and(|verdict| verdict.decision == Decision::Approve);
            if approves && kind == RequestKind::Command {
                let words = request.subject.command.as_deref().map(simple_command);
                let by_command = policy.rules.iter().any(|rule| !rule.command.is_empty());
                assert!(
                    !by_command || words.is_some_and(|words| words.is_ok()) || named_by_kind(policy),
                    "{request:?}"
                );
            }
        }
        self.limits(loaded, folder, model, sandbox, approval);
    }

    fn limits(&self, loaded: &Loaded, folder: &str, model: &str, sandbox: &str, approval: &str) {
        let set = &loaded.settings.limits;
        let limits = Limits {
            roots: set.roots.clone(),
            sandbox: set.sandbox.and_then(|sandbox| Sandbox::of(sandbox.name())),
            models: set.models.clone(),
            approval_policies: set.approval_policies.iter().map(|policy| policy.name().to_owned()).collect(),
            config: ConfigLimit::Keys(SAFE.map(str::to_owned).to_vec()),
            mcp_add: AddLimit::Named,
        };
        let given: Map<String, Value> = serde_json::from_str(self.servers).unwrap_or_default();
        let asked = Asked {
            cwd: Path::new(folder),
            sandbox: Some(sandbox),
            approval_policy: Some(approval),
            model: Some(model),
            config: &given,
        };
        if limits.check(&asked).is_ok() {
            assert!(
                limits.roots.is_empty()
                    || limits.roots.iter().any(|root| Path::new(folder).starts_with(root))
            );
            assert!(limits.models.is_empty() || limits.models.iter().any(|one| one == model));
            assert!(limits.sandbox.is_none() || Sandbox::of(sandbox).is_some());
            let safe =
                |key: &String| SAFE.iter().any(|safe| key == safe || key.starts_with(&format!("{safe}.")));
            assert!(given.keys().all(safe), "{given:?}");
        }
        if limits.add("mcp.add", &given).is_ok() {
            assert!(given.values().all(|server| server.as_object().is_some_and(Map::is_empty)));
        }
    }

    /// The file of servers: each text of an entry may be a secret, and so may what a variable stands for.
    fn servers(&self) {
        // A name is shown, and is no secret.
        let names_it = serde_json::from_str::<Value>(self.servers).is_ok_and(|value| names(&value, MARK));
        let with_secrets =
            if names_it { self.servers.to_owned() } else { self.servers.replace(MARK, SECRET) };
        let path = file("mcp.json", &with_secrets);
        let variables = [("TOKEN", SECRET), ("HOME", "/home/user"), ("EMPTY", "")];
        let sources = Sources {
            file: path,
            named: true,
            inherit: Inherit::All(true),
            variables: Variables::from_iter(
                variables.map(|(name, value)| (name.to_owned(), value.to_owned())),
            ),
            guard: Guard::new(None, None),
            depth: ("CODEX_BRIDGE_DEPTH", 1),
        };
        let mut wanted = Wanted::default();
        let mut config = Map::new();
        if let Ok(Value::Object(given)) = serde_json::from_str::<Value>(&with_secrets) {
            given.into_iter().for_each(|(key, value)| overlay(&mut config, &key, value));
            apart(&config);
        }
        if let Err(error) = wanted.absorb(&mut config) {
            is_silent("what a call wants", &error.to_string());
        }
        match gather(&sources, &wanted, Path::new("/workspace"), true) {
            Ok(gathered) => {
                gathered.warnings.iter().for_each(|warning| is_silent("a warning", warning));
                for entry in gathered.entries.values() {
                    // The words of a command are a name too; all else of it is not shown.
                    let shown = entry.shown.target.contains(SECRET);
                    assert!(
                        !shown || entry.shown.transport == "stdio" || in_origin(&with_secrets),
                        "{:?}",
                        entry.shown
                    );
                    is_silent("debug", &format!("{:?}", entry.server));
                }
            }
            Err(error) => {
                is_silent("an error", &error.to_string());
                assert!(error.to_string().contains("mcp.json"), "{error}");
            }
        }
    }

    fn profile(&self) {
        let with_secrets = self.profile.replace(MARK, SECRET);
        file("home/p.config.toml", &with_secrets);
        match profile("-p", "p", &FOLDER.join("home")) {
            Ok(keys) => {
                let mut all = Map::new();
                keys.into_iter().for_each(|(key, value)| overlay(&mut all, &key, value));
                apart(&all);
            }
            Err(error) => {
                let error = error.to_string();
                is_silent("a profile", &error);
                assert!(error.contains("p.config.toml"), "{error}");
            }
        }
    }
}

/// An error says which file, variable or flag is to be mended.
fn names_its_place(error: &str) {
    let places =
        ["codex-bridge.toml", "config.toml", "$", "-c", "-s", "-a", "-p", "--", "approvals.rules", "HOME"];
    assert!(places.iter().any(|place| error.contains(place)), "{error}");
}

/// A rule for all commands approves any.
fn named_by_kind(policy: &Policy) -> bool {
    policy.rules.iter().any(|rule| rule.command.is_empty())
}

/// codex applies keys in no certain order: so none may lie inside another.
fn apart(config: &Map<String, Value>) {
    let keys: BTreeSet<&String> = config.keys().collect();
    for key in &keys {
        let inside = format!("{key}.");
        assert!(!keys.iter().any(|other| other.starts_with(&inside)), "{keys:?}");
    }
}

fn names(value: &Value, word: &str) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains(word) || names(value, word))
        }
        Value::Array(values) => values.iter().any(|value| names(value, word)),
        _ => false,
    }
}

/// Of an address its host is shown, which is no place for a secret.
fn in_origin(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        rest[..rest.find(['/', '?', '#', '"']).unwrap_or(rest.len())].contains(SECRET)
    })
}
