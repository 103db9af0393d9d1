//! `rules test`: which rule decides a request, and why, without asking codex for one.

use std::fmt::Write;
use std::path::PathBuf;

use super::policy::{PolicyError, policy};
use crate::approval::{Explanation, Match, Policy, Route, Verdict};
use crate::codex::items::unwrap_shell;
use crate::config::{Loaded, Origin};
use crate::event::{Decision, FileChange, PermissionRequest, RequestKind, Subject, Timestamp};
use crate::ids::ApprovalId;

/// What to try the rules on.
#[derive(Debug, Default)]
pub struct Trial {
    /// A command, with or without codex's shell wrapper.
    pub command: Option<String>,
    /// Its folder; without one, that of sessions.
    pub cwd: Option<PathBuf>,
    /// The kind, where the rest does not say it.
    pub kind: Option<RequestKind>,
    /// An MCP server of codex.
    pub server: Option<String>,
    /// Its tool.
    pub tool: Option<String>,
    /// Files that would change.
    pub paths: Vec<PathBuf>,
}

/// What becomes of it, in words.
///
/// # Errors
/// When the rules themselves cannot be used.
pub fn test_rules(loaded: &Loaded, trial: Trial) -> Result<String, PolicyError> {
    let policy = policy(loaded)?;
    let request = request(loaded, trial);
    let mut out = String::new();
    // A String takes whatever is written.
    let _ = report(&mut out, loaded, &policy, &request);
    Ok(out)
}

/// The request as codex would make it.
fn request(loaded: &Loaded, trial: Trial) -> PermissionRequest {
    let Trial { command, cwd, kind, server, tool, paths } = trial;
    let cwd = cwd.map_or_else(|| loaded.defaults.cwd.clone(), |cwd| loaded.defaults.cwd.join(cwd));
    let kind = kind.unwrap_or(if command.is_some() {
        RequestKind::Command
    } else if paths.is_empty() {
        RequestKind::McpTool
    } else {
        RequestKind::FileChange
    });
    let change = |path: PathBuf| FileChange {
        path: cwd.join(path).display().to_string(),
        kind: "add".into(),
        ..FileChange::default()
    };
    PermissionRequest {
        approval_id: ApprovalId::from("test"),
        kind,
        summary: String::new(),
        options: vec![Decision::Approve, Decision::Decline, Decision::Cancel],
        expires_at: Timestamp(0),
        item_id: None,
        subject: Subject {
            command: command.as_deref().map(unwrap_shell),
            changes: paths.into_iter().map(change).collect(),
            cwd: (kind != RequestKind::FileChange).then(|| cwd.display().to_string()),
            server,
            tool,
            ..Subject::default()
        },
    }
}

fn report(
    out: &mut String,
    loaded: &Loaded,
    policy: &Policy,
    request: &PermissionRequest,
) -> std::fmt::Result {
    for warning in &loaded.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    let Subject { command, cwd, server, tool, changes, .. } = &request.subject;
    write!(out, "Request: {}", request.kind.name())?;
    for (before, part) in [(" ", command), (" of server ", server), (", tool ", tool), (" in ", cwd)] {
        let shown = part.as_ref().filter(|_| before != " in " || request.kind == RequestKind::Command);
        shown.map_or(Ok(()), |part| write!(out, "{before}`{part}`"))?;
    }
    let files: Vec<_> = changes.iter().map(|change| format!("`{}`", change.path)).collect();
    writeln!(out, "{}{}", if files.is_empty() { "" } else { " of " }, files.join(", "))?;
    let explanation = policy.explain(request);
    match loaded.origin("approvals.rules") {
        _ if policy.rules.is_empty() => no_rules(out, loaded)?,
        origin => tried(out, &origin, policy, &explanation)?,
    }
    outcome(out, loaded, policy, &explanation)
}

fn no_rules(out: &mut String, loaded: &Loaded) -> std::fmt::Result {
    let file = loaded.file.display();
    writeln!(out, "\nThere are no rules. One in {file}:\n")?;
    writeln!(out, "  [[approvals.rules]]\n  command = \"git status\"\n  action = \"approve\"")
}

fn tried(out: &mut String, origin: &Origin, policy: &Policy, explained: &Explanation) -> std::fmt::Result {
    writeln!(out, "\nRules of {origin}:")?;
    let tried = explained.tried.iter().map(Some).chain(std::iter::repeat(None));
    for ((number, rule), tried) in (1..).zip(&policy.rules).zip(tried) {
        let name = rule.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let words = match tried {
            Some(Match::Yes) => "matches",
            Some(Match::No(why)) => &format!("no: {why}"),
            None => "not looked at",
        };
        writeln!(out, "  {number}. {name}{rule}\n     {words}")?;
    }
    Ok(())
}

fn outcome(out: &mut String, loaded: &Loaded, policy: &Policy, explained: &Explanation) -> std::fmt::Result {
    let number = explained.tried.len();
    match &explained.verdict {
        Some(Verdict { decision: Decision::Approve, .. }) => {
            writeln!(out, "\nApproved, this once, by rule {number}.")
        }
        Some(Verdict { rule: Some(_), .. }) => {
            writeln!(out, "\nDeclined by rule {number}; codex goes on without.")
        }
        Some(Verdict { reason, .. }) => {
            writeln!(out, "\nDeclined: {}.", reason.as_deref().unwrap_or_default())
        }
        None => {
            let by = match explained.tried.last() {
                Some(Match::Yes) => format!("rule {number} says so"),
                _ => "no rule matches".to_owned(),
            };
            let who = match policy.route {
                Route::Auto => "the person at the host, or else the agent",
                Route::Human => "the person at the host, and not the agent",
                Route::Agent => "the agent, and not the person at the host",
                Route::Rules => "nobody",
            };
            let deadline = humantime::format_duration(loaded.settings.approvals.deadline);
            writeln!(out, "\nAsked: {by}. Who is asked: {who}; declined after {deadline} without an answer.")
        }
    }
}
