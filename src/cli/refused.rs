//! Flags of codex that this program does not take: each is refused with what to do instead. The tables of
//! `docs/flags.md` have the same, and a test compares them.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::args::{Cli, Command};

const PER_TURN: &str = "it belongs to one prompt: give the tool's parameter";
const SCREEN: &str = "it is about codex's own screen, and here is none";

/// The flag, and why it is not here.
const REFUSED: &[(&str, &str)] = &[
    ("--remote", "the bridge starts a codex of its own"),
    ("--remote-auth-token-env", "the bridge starts a codex of its own"),
    ("--image", PER_TURN),
    ("-i", PER_TURN),
    ("--output-schema", PER_TURN),
    ("--worktree", "codex's app-server makes none: use `git worktree add`, and give its folder as cwd"),
    ("--no-alt-screen", SCREEN),
    ("--no-daemon", "the bridge starts a codex of its own, which is no shared one"),
    ("--color", "results are no screen; in `codex-bridge events` NO_COLOR and CLICOLOR_FORCE decide"),
    ("--cyber-access-program", "it needs OpenAI's own provider, and is experimental: use `codex exec`"),
    ("--skip-git-repo-check", "leave it out: here no folder has to be a repository"),
    (
        "--trust",
        "the bridge never saves trust: `codex exec --trust` does; for one session give the key `projects`",
    ),
    ("--ephemeral", "a session must outlive its process: archive it, or set journal.keep"),
    ("--ignore-user-config", "codex's app-server always reads it: set codex.home to another folder"),
    ("--ignore-rules", "codex's app-server always reads them: set codex.home to another folder"),
    ("--output-last-message", "the result's `content` is the last message"),
    ("-o", "the result's `content` is the last message"),
    ("--full-auto", "codex has dropped it: give -s workspace-write"),
];

/// A usage error with the reason beside it, where the flag is one of codex's.
pub(super) fn explain(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(flag)) =
        error.get(ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument)
    else {
        return None;
    };
    let (flag, why) = REFUSED.iter().find(|(refused, _)| refused == flag)?;
    Some(format!("error: codex's flag `{flag}` is not taken: {why}. docs/flags.md has every flag of codex."))
}

/// Why a command about the account cannot take a flag that would say what it is about.
pub(super) fn of_account(cli: &Cli) -> Option<String> {
    let verb = match cli.command {
        Some(Command::Login(_)) => "login",
        Some(Command::Logout) => "logout",
        _ => return None,
    };
    let codex = &cli.codex;
    let (flag, why) = if codex.profile.is_some() {
        ("-p", "its keys would stand on codex's command line, for every process to read")
    } else if codex.oss || codex.local_provider.is_some() {
        ("--oss", "a model of this machine needs no account")
    } else {
        return None;
    };
    Some(format!(
        "error: `codex-bridge {verb}` does not take `{flag}`: {why}. Leave it out; what of codex's configuration is to \
         count here is given with `-c`."
    ))
}
