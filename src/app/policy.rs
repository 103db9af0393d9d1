//! The policy of approvals, from the settings; and where a path leads, which the policy asks.

#[cfg(all(test, unix))]
mod tests;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::approval::{NotSimple, Policy, Route, Rule, RuleAction, RuleError, simple_command};
use crate::config::{ActionSetting, CommandSetting, Loaded, Origin, RouteSetting, RuleSettings};

/// A rule of the settings that is none.
#[derive(Debug, Error)]
#[error("approvals.rules in {origin}, rule {number}: {why}.")]
pub struct PolicyError {
    origin: Origin,
    number: usize,
    // Not a source: the message has it already.
    why: RuleError,
}

/// The policy that the settings say.
///
/// # Errors
/// When a rule contradicts itself, or would match everything or nothing.
pub fn policy(loaded: &Loaded) -> Result<Policy, PolicyError> {
    let settings = &loaded.settings.approvals;
    let mut rules = Vec::new();
    for (number, settings) in (1..).zip(&settings.rules) {
        let origin = || loaded.origin("approvals.rules");
        rules.push(rule(settings).map_err(|why| PolicyError { origin: origin(), number, why })?);
    }
    let route = match settings.route {
        RouteSetting::Auto => Route::Auto,
        RouteSetting::Human => Route::Human,
        RouteSetting::Agent => Route::Agent,
        RouteSetting::Rules => Route::Rules,
    };
    Ok(Policy { rules, route, agent: settings.agent.clone(), resolve: real_path })
}

fn rule(settings: &RuleSettings) -> Result<Rule, RuleError> {
    let settings = settings.clone();
    let command = match settings.command {
        None => Vec::new(),
        // Not the same as no command: that would match any.
        Some(CommandSetting::Words(words)) if words.is_empty() => return Err(RuleError::EmptyCommand),
        Some(CommandSetting::Words(words)) => words,
        Some(CommandSetting::Line(line)) => match simple_command(&line) {
            Ok(words) => words,
            Err(NotSimple::Empty) => return Err(RuleError::EmptyCommand),
            Err(why) => return Err(RuleError::NotACommand { command: format!("{line:?}"), why }),
        },
    };
    let action = match settings.action {
        ActionSetting::Approve => RuleAction::Approve,
        ActionSetting::Decline => RuleAction::Decline,
        ActionSetting::Ask => RuleAction::Ask,
    };
    let RuleSettings { name, kind, path, server, tool, .. } = settings;
    Rule { name, kind, command, path, server, tool, action }.checked()
}

/// Where an absolute path leads, its links followed. Its end may not exist yet; then no link can stand
/// in that part, and no `..`. Codex acts later, so a link that is made in between is not seen: what
/// keeps codex in its folders is its sandbox, and a rule only saves a question.
fn real_path(path: &Path) -> Option<PathBuf> {
    let (mut there, mut missing) = (path, Vec::new());
    loop {
        match there.canonicalize() {
            Ok(real) => return Some(missing.iter().rev().fold(real, |real, part| real.join(part))),
            Err(error) if error.kind() != ErrorKind::NotFound => return None,
            // A link to nothing: writing through it would make a file where it points.
            Err(_) if there.symlink_metadata().is_ok() => return None,
            Err(_) => {}
        }
        // `..` is no name.
        missing.push(there.file_name()?);
        there = there.parent()?;
    }
}
