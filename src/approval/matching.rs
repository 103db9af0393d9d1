//! Whether a rule matches a request, and in words why not. Pure but for [`Resolve`].
//!
//! A rule that approves matches only what is known to be what it says; one that declines or asks also
//! matches a place that may be. Not so for commands: a line that is not one simple command has no first
//! words, so no rule for those matches it, and a later one decides.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::rules::{Rule, RuleAction, needs_answer};
use super::words::simple_command;
use crate::event::{Decision, PermissionRequest, RequestKind, Subject};

/// Where a path leads with its links followed; `None` where that cannot be said. It looks at the file
/// system, so whoever makes a policy brings it.
pub type Resolve = fn(&Path) -> Option<PathBuf>;

/// Whether a rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// It does.
    Yes,
    /// It does not, and why.
    No(String),
}

impl Rule {
    /// Whether it matches.
    #[must_use]
    pub fn matches(&self, request: &PermissionRequest, resolve: Resolve) -> Match {
        match self.holds(request, resolve) {
            Ok(()) => Match::Yes,
            Err(why) => Match::No(why),
        }
    }

    fn holds(&self, request: &PermissionRequest, resolve: Resolve) -> Result<(), String> {
        let subject = &request.subject;
        if !self.is_for(request.kind) {
            return Err(format!("it is not for `{}`", request.kind.name()));
        }
        if !self.command.is_empty() {
            begins(subject.command.as_deref().unwrap_or_default(), &self.command)?;
        }
        same("server", self.server.as_ref(), subject.server.as_ref())?;
        same("tool", self.tool.as_ref(), subject.tool.as_ref())?;
        if let Some(root) = &self.path {
            self.lies_under(root, request, resolve)?;
        }
        if self.action == RuleAction::Approve { approvable(request) } else { Ok(()) }
    }

    fn lies_under(&self, root: &Path, request: &PermissionRequest, resolve: Resolve) -> Result<(), String> {
        let real = resolve(root);
        let (places, whole) = places(request);
        let inside = |place: &&str| {
            let place = Path::new(place);
            // A relative one starts who knows where.
            let place = place.is_absolute().then(|| resolve(place))??;
            Some(place.starts_with(real.as_ref()?))
        };
        let shown = root.display();
        if self.action != RuleAction::Approve {
            let may_be = !whole || places.iter().any(|place| inside(place) != Some(false));
            return if may_be { Ok(()) } else { Err(format!("nothing of it is under `{shown}`")) };
        }
        if !whole {
            return Err("it is not known what it concerns".into());
        }
        match places.iter().find(|place| inside(place) != Some(true)) {
            None => Ok(()),
            Some(place) if inside(place).is_none() => Err(format!("it is not known where `{place}` leads")),
            Some(place) => Err(format!("`{place}` is not under `{shown}`")),
        }
    }
}

fn same(what: &str, wanted: Option<&String>, given: Option<&String>) -> Result<(), String> {
    match (wanted, given) {
        (None, _) => Ok(()),
        (Some(wanted), Some(given)) if wanted == given => Ok(()),
        (Some(_), Some(given)) => Err(format!("the {what} is `{given}`")),
        (Some(_), None) => Err(format!("there is no {what} in it")),
    }
}

fn begins(line: &str, prefix: &[String]) -> Result<(), String> {
    let words = simple_command(line).map_err(|why| format!("not one simple command: {why}"))?;
    if words.starts_with(prefix) { Ok(()) } else { Err("the command begins otherwise".into()) }
}

/// What a request concerns, and whether that is all of it.
fn places(request: &PermissionRequest) -> (Vec<&str>, bool) {
    let Subject { cwd, changes, grant_root, .. } = &request.subject;
    if request.kind != RequestKind::FileChange {
        return (cwd.iter().map(String::as_str).collect(), cwd.is_some());
    }
    let files = changes.iter().flat_map(|change| [Some(&change.path), change.moved_to.as_ref()]);
    let places = files.chain([grant_root.as_ref()]).flatten().map(String::as_str);
    (places.collect(), !changes.is_empty())
}

/// What no rule may approve, however it is written.
fn approvable(request: &PermissionRequest) -> Result<(), String> {
    let subject = &request.subject;
    let network = |permissions: &Value| {
        permissions.get("network").is_some_and(|wanted| !wanted.is_null() && wanted["enabled"] != false)
    };
    if subject.network.is_some() || subject.permissions.as_ref().is_some_and(network) {
        return Err("it wants network access, which a rule cannot approve".into());
    }
    if subject.stdin {
        return Err("it types into a running command, which a rule cannot approve".into());
    }
    if subject.grant_root.is_some() {
        return Err("it wants a folder for the rest of the session, which a rule cannot approve".into());
    }
    if request.kind == RequestKind::Command && subject.permissions.is_some() {
        return Err("it wants more than the sandbox allows, which a rule cannot approve".into());
    }
    if needs_answer(request.kind) {
        return Err("it needs an answer, which a rule does not have".into());
    }
    if !request.options.contains(&Decision::Approve) {
        return Err("it cannot be approved just once".into());
    }
    Ok(())
}
