//! What codex's answers mean to somebody who wants to give it work. Pure.

use super::report::Check;
use crate::codex::account::ACCESS_TOKEN;
use crate::codex::inspect::{
    Account, MEASURED, McpServer, Missing, OLDEST, ServerState, Talk, lacking, version_parts,
};
use crate::codex::locate::{LocateError, Located};
use crate::config::Loaded;
use crate::terminal::one_line;

/// What others say in an error is cut to this; the whole is in their own logs.
const WORDS: usize = 300;

fn install() -> String {
    format!("Install it with npm i -g @openai/codex@{MEASURED}, or set codex.bin to a newer one.")
}

pub(super) fn not_found(error: &LocateError) -> Check {
    // The message ends with its remedy: that belongs to the line below.
    let error = error.to_string();
    let (found, remedy) = error.split_once(". ").unwrap_or((&error, "Install it again, or set codex.bin."));
    Check::fail("codex", found, remedy).of_codex()
}

pub(super) fn does_not_run(found: &Located, error: &str) -> Check {
    let binary = found.binary.display();
    let remedy = "Run `codex --version` in a terminal; install codex again, or set codex.bin.";
    Check::fail("codex", format!("{binary} cannot be used: {}", one_line(error, WORDS)), remedy).of_codex()
}

pub(super) fn version(found: &Located, version: &str) -> Check {
    let mut place = found.binary.display().to_string();
    if let Some(via) = &found.via {
        place = format!("{place}, by {}", via.display());
    }
    if version_parts(version) < version_parts(OLDEST) {
        let lacks: String = lacking(version).map(|what| format!("; it {what}")).collect();
        let found = format!(
            "{version} is older than {OLDEST}, the oldest that the bridge is tested with{lacks} ({place})"
        );
        return Check::warn("codex", found, install());
    }
    match &found.passed_over {
        Some(path) => {
            let found =
                format!("{version}, {place}; codex.bin names {}, which is no program", path.display());
            Check::warn("codex", found, "Set codex.bin to a program, or take it out.")
        }
        None => Check::ok("codex", format!("{version}, {place}")),
    }
}

pub(super) fn methods(missing: &Result<Vec<Missing>, String>, version: &str) -> Check {
    let name = "methods";
    match missing {
        Ok(missing) if missing.is_empty() => Check::ok(name, "codex has all that the bridge uses"),
        Ok(missing) => {
            let names: Vec<_> = missing.iter().map(|one| format!("{} ({})", one.method, one.kind)).collect();
            let newer = version_parts(version) > version_parts(MEASURED);
            let found = format!("codex {version} does not have {}", names.join(", "));
            if newer {
                let remedy = format!("codex dropped them: use {MEASURED}, or a newer codex-bridge.");
                return Check::fail(name, found, remedy);
            }
            Check::fail(name, format!("{found}: it is too old"), install()).of_codex()
        }
        Err(error) => {
            let remedy =
                "Run `codex app-server generate-json-schema --experimental --out DIR` in a terminal.";
            Check::warn(name, format!("not known: {}", one_line(error, WORDS)), remedy)
        }
    }
}

pub(super) fn start(talk: &Talk) -> Check {
    let took = talk.took.as_millis();
    Check::ok("start", format!("codex app-server answered after {took} ms; its home is {}", talk.home))
}

pub(super) fn no_start(error: &str) -> Check {
    let remedy =
        "Run `codex app-server` in a terminal and see what it says; if it is only slow, give --timeout.";
    Check::fail("start", one_line(error, WORDS), remedy)
}

pub(super) fn configuration(read: &Result<(), String>, complaints: &[String]) -> Check {
    let name = "configuration";
    let found: Vec<_> = complaints.iter().map(|words| one_line(words, WORDS)).collect();
    match read {
        Ok(()) if found.is_empty() => Check::ok(name, "codex has nothing to complain of"),
        Ok(()) => Check::warn(name, found.join("\n"), "Mend that file, or take the lines out."),
        Err(error) => Check::fail(name, one_line(error, WORDS), "Mend that file: no session starts with it."),
    }
}

pub(in crate::app) fn account(account: &Result<Account, String>, loaded: &Loaded) -> Check {
    judge_account(account, |variable| loaded.env.get(variable).is_some())
}

/// Of a variable only whether it is set is asked, never its value.
pub(super) fn judge_account(account: &Result<Account, String>, is_set: impl Fn(&str) -> bool) -> Check {
    let name = "account";
    let account = match account {
        Ok(account) => account,
        Err(error) => {
            let remedy = if is_set(ACCESS_TOKEN) {
                "codex signs in with $CODEX_ACCESS_TOKEN: see that it is valid, or take it out; then `codex-bridge login status`."
            } else {
                "Run `codex-bridge login status`; if that fails too, `codex-bridge logout` and `codex-bridge login`."
            };
            return Check::warn(name, format!("not known: {}", one_line(error, WORDS)), remedy);
        }
    };
    if let (Some(provider), false) = (&account.provider, account.needed) {
        let whose = format!("the provider `{}` of config.toml needs no account at OpenAI", provider.name);
        return match &provider.env_key {
            None => Check::ok(name, whose),
            Some(variable) if is_set(variable) => Check::ok(name, format!("{whose}; its ${variable} is set")),
            Some(variable) => Check::fail(
                name,
                format!("{whose}, but a key in ${variable}, which is not set"),
                format!(
                    "Set ${variable} where the host starts codex-bridge: in its `env`, or before the host starts."
                ),
            ),
        };
    }
    match &account.signed_in {
        // Measured: it outranks what somebody signed in with, and nothing else counts where it is no good.
        Some(how) if is_set(ACCESS_TOKEN) => Check::ok(name, format!("signed in {how}, by ${ACCESS_TOKEN}")),
        Some(how) => Check::ok(name, format!("signed in {how}")),
        None if !account.needed => Check::ok(name, "none is needed"),
        None if is_set(ACCESS_TOKEN) => Check::fail(
            name,
            format!("nobody is signed in: ${ACCESS_TOKEN} is set, and codex could not sign in with it"),
            format!(
                "Set ${ACCESS_TOKEN} to a valid token where the host starts codex-bridge, or take it out there and run \
                 `codex-bridge login`."
            ),
        ),
        None => {
            // Measured: codex app-server takes neither of these from the environment.
            let unused = ["OPENAI_API_KEY", "CODEX_API_KEY"].into_iter().find(|variable| is_set(variable));
            let found = match unused {
                Some(variable) => {
                    format!("nobody is signed in; ${variable} is set, which codex app-server does not count")
                }
                None => "nobody is signed in".to_owned(),
            };
            let variable = unused.unwrap_or("OPENAI_API_KEY");
            let remedy = format!(
                "Run `codex-bridge login`, or `codex-bridge login --device` on a machine without a browser; with an API \
                 key, `printenv {variable} | codex-bridge login --with-api-key`."
            );
            Check::fail(name, found, remedy)
        }
    }
}

pub(super) fn sandbox(sandboxed: &Result<(), String>) -> Check {
    let name = "sandbox";
    let Err(error) = sandboxed else { return Check::ok(name, "a command ran in it") };
    let remedy = if cfg!(target_os = "linux") {
        "codex runs its commands in it. It needs user namespaces (sysctl user.max_user_namespaces, \
         kernel.apparmor_restrict_unprivileged_userns) and, in a container, the right to make them; where bubblewrap \
         is installed codex uses that. `codex sandbox -- true` in a terminal shows the rest."
    } else {
        "codex runs its commands in it. `codex sandbox -- true` in a terminal shows the rest."
    };
    Check::fail(name, format!("no command runs in it: {}", one_line(error, WORDS)), remedy)
}

pub(super) fn servers(servers: &Result<Vec<McpServer>, String>) -> Vec<Check> {
    match servers {
        Ok(servers) if servers.is_empty() => {
            vec![Check::ok("MCP servers", "codex's configuration has none")]
        }
        Ok(servers) => servers.iter().map(server).collect(),
        Err(error) => {
            let remedy = "A server may take long to start: give --timeout, or see `codex mcp list`.";
            vec![Check::warn("MCP servers", format!("not known: {}", one_line(error, WORDS)), remedy)]
        }
    }
}

fn server(server: &McpServer) -> Check {
    let name = format!("MCP server {}", server.name);
    let key = format!("mcp_servers.{}", server.name);
    match &server.state {
        ServerState::Ready { tools } => Check::ok(&name, format!("it answers; tools: {tools}")),
        ServerState::Off => Check::skip(&name, "switched off in codex's configuration"),
        ServerState::SignedOut => {
            let remedy = format!("Run `codex mcp login {}`.", server.name);
            Check::warn(&name, "nobody is signed in there", remedy)
        }
        ServerState::Failed { error } => {
            let why = error.as_deref().map_or("codex does not say why".to_owned(), |e| one_line(e, WORDS));
            let found = format!("it did not start: {why}");
            if server.required {
                let remedy = format!("It is required, so no session starts: mend {key} in config.toml.");
                return Check::fail(&name, found, remedy);
            }
            Check::warn(&name, found, format!("codex goes on without it: mend {key} in config.toml."))
        }
    }
}
