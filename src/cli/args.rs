//! What the command line takes. codex's own flags stand before or after `mcp-server`, as in
//! configurations that were written for `codex mcp-server`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::approve::ApproveArgs;
#[cfg(unix)]
use super::daemon::DaemonCommand;
use super::doctor::DoctorArgs;
use super::events::EventsArgs;
use super::login::LoginArgs;
use super::serve::ServeArgs;
use super::sessions::SessionsArgs;
use crate::app::Trial;
use crate::config::{Flags, request_kind};
use crate::event::RequestKind;

/// An MCP server that bridges OpenAI's codex to other agents.
#[derive(Debug, Parser)]
#[command(name = "codex-bridge", version, about, long_about = None)]
pub struct Cli {
    /// codex's flags, for every session that says nothing else.
    #[command(flatten)]
    pub codex: CodexFlags,
    /// What to do; without one, serve MCP on stdio.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve MCP on stdio, as `codex mcp-server` did: calls of unknown hosts wait to the end.
    McpServer,
    /// The bridge in the background that hosts share; without a word more, this process becomes it.
    #[cfg(unix)]
    Daemon {
        /// What to do with those that run.
        #[command(subcommand)]
        command: Option<DaemonCommand>,
    },
    /// Serve MCP over the network (Streamable HTTP), for all who have a token.
    Serve(ServeArgs),
    /// The events of a session, a line each, whichever process runs it.
    Events(EventsArgs),
    /// The sessions, those that wait for a decision first.
    Sessions(SessionsArgs),
    /// Answer what codex asks in any session, or list what is open.
    Approve(ApproveArgs),
    /// End the turn that a session runs, and its commands.
    Cancel {
        /// The session.
        thread: String,
    },
    /// The whole path with no account: a scripted model, the real codex, a task with approvals.
    Demo,
    /// Look for what is wrong: codex, its account and its sandbox, its MCP servers, the journal.
    Doctor(DoctorArgs),
    /// Sign in at codex, with ChatGPT or with a key; without a flag, by a browser on this machine.
    Login(LoginArgs),
    /// Have codex forget who is signed in.
    Logout,
    /// All settings as they are in effect, and where each came from.
    Settings {
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The approval rules of the settings.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// What programs that read this one's output can rely on.
    #[command(subcommand)]
    Schema(SchemaCommand),
}

/// Of what.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// The JSON Schema of an event.
    Event,
}

/// What to do with the rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Show which rule decides a request of codex, and why. Nothing is run.
    Test(TrialArgs),
}

/// The request to try the rules on.
#[derive(Debug, Args)]
pub struct TrialArgs {
    /// A command, as one argument: 'git status'. codex's shell wrapper around it is taken off.
    #[arg(
        conflicts_with_all = ["paths", "server", "tool", "kind"],
        required_unless_present_any = ["paths", "server", "tool", "kind"],
    )]
    pub command: Option<String>,
    /// The folder that the command would run in, and that relative paths start at.
    #[arg(long, value_name = "DIR")]
    pub cwd: Option<PathBuf>,
    /// A file that would be changed; may be given more than once.
    #[arg(long = "path", value_name = "FILE", conflicts_with_all = ["server", "tool"])]
    pub paths: Vec<PathBuf>,
    /// An MCP server of codex.
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// Its tool.
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
    /// The kind of request, where the rest does not say it: permissions, mcp_form, mcp_url, user_input.
    #[arg(long, value_parser = request_kind)]
    pub kind: Option<RequestKind>,
}

impl TrialArgs {
    /// As the trial takes them.
    #[must_use]
    pub fn into_trial(self) -> Trial {
        let Self { command, cwd, kind, server, tool, paths } = self;
        Trial { command, cwd, kind, server, tool, paths }
    }
}

/// codex's flags, and ours.
#[derive(Debug, Args)]
pub struct CodexFlags {
    /// The model.
    #[arg(short, long, global = true)]
    pub model: Option<String>,
    /// A profile: `$CODEX_HOME/NAME.config.toml`.
    #[arg(short, long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// A key of codex's config.toml; may be given more than once.
    #[arg(short, long, global = true, value_name = "KEY=VALUE")]
    pub config: Vec<String>,
    /// Switch a feature of codex on.
    #[arg(long, global = true, value_name = "FEATURE")]
    pub enable: Vec<String>,
    /// Switch a feature of codex off.
    #[arg(long, global = true, value_name = "FEATURE")]
    pub disable: Vec<String>,
    /// read-only, workspace-write or danger-full-access.
    #[arg(short, long, global = true, value_name = "MODE")]
    pub sandbox: Option<String>,
    /// untrusted, on-request or never.
    #[arg(short, long, global = true, value_name = "POLICY")]
    pub ask_for_approval: Option<String>,
    /// The folder of sessions that name none.
    #[arg(short = 'C', long = "cd", global = true, value_name = "DIR")]
    pub cd: Option<PathBuf>,
    /// A folder that may be written too, wherever the workspace may; may be given more than once.
    #[arg(long, global = true, value_name = "DIR")]
    pub add_dir: Vec<PathBuf>,
    /// Let the model search the web as it is now.
    #[arg(long, global = true)]
    pub search: bool,
    /// Use a model that a program on this machine serves.
    #[arg(long, global = true)]
    pub oss: bool,
    /// Who serves it: ollama, lmstudio, or another provider of codex's configuration.
    #[arg(long, global = true, value_name = "NAME")]
    pub local_provider: Option<String>,
    /// Let codex's own reviewer answer what codex asks, in a writable workspace.
    #[arg(long, global = true)]
    pub approve_for_me: bool,
    /// No sandbox and no questions. EXTREMELY DANGEROUS: only where something else holds codex in.
    #[arg(long, global = true, alias = "yolo")]
    pub dangerously_bypass_approvals_and_sandbox: bool,
    /// Run hooks that nobody has trusted. DANGEROUS.
    #[arg(long, global = true)]
    pub dangerously_bypass_hook_trust: bool,
    /// What codex notes down of where new threads come from.
    #[arg(long, global = true, value_name = "SOURCE")]
    pub thread_source: Option<String>,
    /// Fail on keys of codex's config.toml that codex does not know.
    #[arg(long, global = true)]
    pub strict_config: bool,
    /// Send the `codex/event` notifications of the removed `codex mcp-server` too.
    #[arg(long, global = true)]
    pub legacy_events: bool,
    /// The settings file of the bridge.
    #[arg(long, global = true, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// The MCP servers for codex beside its own, in the format of hosts.
    #[arg(long, global = true, value_name = "FILE")]
    pub mcp_config: Option<PathBuf>,
    /// Keep everything in this process, without the bridge in the background.
    #[arg(long, global = true)]
    pub embedded: bool,
}

impl CodexFlags {
    /// As the settings take them.
    #[must_use]
    pub fn into_flags(self) -> Flags {
        Flags {
            model: self.model,
            profile: self.profile,
            config: self.config,
            enable: self.enable,
            disable: self.disable,
            sandbox: self.sandbox,
            approval: self.ask_for_approval,
            cd: self.cd,
            add_dirs: self.add_dir,
            search: self.search,
            oss: self.oss,
            local_provider: self.local_provider,
            approve_for_me: self.approve_for_me,
            bypass_approvals_and_sandbox: self.dangerously_bypass_approvals_and_sandbox,
            bypass_hook_trust: self.dangerously_bypass_hook_trust,
            thread_source: self.thread_source,
            strict_config: self.strict_config,
            legacy_events: self.legacy_events,
            settings: self.settings,
            mcp_config: self.mcp_config,
        }
    }
}
