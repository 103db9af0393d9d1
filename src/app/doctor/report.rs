//! What the checks found, for a person and for a program.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::event::visible;

/// Below a check's status: where its remedy begins.
const INDENT: &str = "      ";

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The exit code of a failure.
    #[serde(skip)]
    code: u8,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Something to look at, and a task can be run.
    Warn,
    /// No task can be run, or not all that a task may need.
    Fail,
    /// Not looked at.
    Skip,
}

/// The exit code where nothing more is known of a failure.
const SOMETHING: u8 = 1;
/// The settings, or a file that they name.
const SETTINGS: u8 = 2;
/// codex is missing or too old.
const CODEX: u8 = 3;

impl Check {
    fn new(name: &str, status: Status, found: impl Into<String>, remedy: Option<String>) -> Self {
        Self { name: name.to_owned(), status, found: found.into(), remedy, code: SOMETHING }
    }

    pub(super) fn ok(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, found, None)
    }

    pub(super) fn warn(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(name, Status::Warn, found, Some(remedy.into()))
    }

    pub(super) fn fail(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(name, Status::Fail, found, Some(remedy.into()))
    }

    pub(super) fn skip(name: &str, why: &str) -> Self {
        Self::new(name, Status::Skip, why, None)
    }

    /// As a fault of the settings.
    pub(super) fn of_settings(self) -> Self {
        Self { code: SETTINGS, ..self }
    }

    /// As a codex that cannot be used.
    pub(super) fn of_codex(self) -> Self {
        Self { code: CODEX, ..self }
    }
}

/// All that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The checks, in the order in which they are shown.
    pub checks: Vec<Check>,
    /// Whether nothing failed.
    pub ok: bool,
}

impl Report {
    pub(super) fn of(checks: impl IntoIterator<Item = Check>) -> Self {
        let checks: Vec<Check> = checks.into_iter().collect();
        let ok = checks.iter().all(|check| check.status != Status::Fail);
        Self { checks, ok }
    }

    /// 0 where nothing failed; else 2 for settings, 3 for codex, 1 for the rest, the first of these that is.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let failed: Vec<u8> =
            self.checks.iter().filter(|check| check.status == Status::Fail).map(|check| check.code).collect();
        [SETTINGS, CODEX, SOMETHING].into_iter().find(|code| failed.contains(code)).unwrap_or(0)
    }

    /// For a person: a line a check, its remedy below it, and how it is in all.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for Check { name, status, found, remedy, .. } in &self.checks {
            let (word, style) = status.shown();
            let _ = writeln!(out, "{style}{word:<4}{style:#}  {}: {}", visible(name), lines(found));
            if let Some(remedy) = remedy {
                let _ = writeln!(out, "{INDENT}{}", lines(remedy));
            }
        }
        let count = |status| self.checks.iter().filter(|check| check.status == status).count();
        let words = match (count(Status::Fail), count(Status::Warn)) {
            (0, 0) => "Nothing is wrong.".to_owned(),
            (0, warned) => format!("Nothing failed; {warned} to look at."),
            (failed, 0) => format!("{failed} failed."),
            (failed, warned) => format!("{failed} failed, {warned} to look at."),
        };
        let _ = writeln!(out, "\n{words}");
        out
    }

    /// For a program: one object.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text and a truth value: that has a form in JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Status {
    fn shown(self) -> (&'static str, Style) {
        match self {
            Self::Ok => ("ok", AnsiColor::Green.on_default()),
            Self::Warn => ("warn", AnsiColor::Yellow.on_default().bold()),
            Self::Fail => ("fail", AnsiColor::Red.on_default().bold()),
            Self::Skip => ("skip", Style::new().dimmed()),
        }
    }
}

/// A text whose further lines stand below its first.
fn lines(text: &str) -> String {
    visible(text.trim_end()).replace('\n', &format!("\n{INDENT}"))
}
