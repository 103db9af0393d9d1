//! The arguments of `codex-review`.

use std::path::PathBuf;
use std::time::Duration;

use super::bad::BadArguments;
use super::calls::Args;
use super::fields::Fields;
use crate::session::ReviewTarget;

/// Which of its arguments says what is reviewed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Uncommitted,
    Base,
    Commit,
    Custom,
}

const KINDS: [(&str, Kind); 4] = [
    ("uncommitted", Kind::Uncommitted),
    ("base", Kind::Base),
    ("commit", Kind::Commit),
    ("custom", Kind::Custom),
];

const BASE: &str = "the branch that the changes are compared to, such as main";
const COMMIT: &str = "the commit whose changes are reviewed";
const INSTRUCTIONS: &str = "what to review, as text";
const FOLDER: &str = "a folder of the repository, or leave it out for the host's own";
const MODEL: &str = "the name of a model, or leave it out for codex's own choice";

/// Of `codex-review`.
#[derive(Clone, PartialEq, Debug)]
pub struct ReviewArgs {
    /// What is reviewed.
    pub target: ReviewTarget,
    /// The working folder.
    pub cwd: Option<PathBuf>,
    /// The model.
    pub model: Option<String>,
    /// How long to block.
    pub wait: Option<Duration>,
}

impl Args for ReviewArgs {
    const TOOL: &'static str = "codex-review";
    const KNOWN: &'static [&'static str] =
        &["target", "base", "commit", "instructions", "cwd", "model", "wait"];

    fn take(fields: &mut Fields) -> Result<Self, BadArguments> {
        let kind = fields.choice("target", &KINDS)?;
        let base = fields.filled("base", BASE)?;
        let commit = fields.filled("commit", COMMIT)?;
        let instructions = fields.filled("instructions", INSTRUCTIONS)?;
        Ok(Self {
            target: target(kind, base, commit, instructions)?,
            cwd: fields.filled("cwd", FOLDER)?.map(PathBuf::from),
            model: fields.filled("model", MODEL)?,
            wait: fields.wait()?,
        })
    }
}

/// Without a `target` the one argument that is there says which is meant.
fn target(
    kind: Option<Kind>,
    base: Option<String>,
    commit: Option<String>,
    instructions: Option<String>,
) -> Result<ReviewTarget, BadArguments> {
    let given = [
        base.as_ref().map(|_| ("base", Kind::Base)),
        commit.as_ref().map(|_| ("commit", Kind::Commit)),
        instructions.as_ref().map(|_| ("instructions", Kind::Custom)),
    ];
    let given: Vec<_> = given.into_iter().flatten().collect();
    let kind = kind.or(given.first().map(|(_, kind)| *kind)).unwrap_or(Kind::Uncommitted);
    if let Some((name, _)) = given.iter().find(|(_, other)| *other != kind) {
        let target = KINDS.iter().find(|(_, one)| *one == kind).map_or("", |(name, _)| *name);
        return Err(BadArguments::NotOfTarget { name, target });
    }
    let missing = |name, wanted| BadArguments::Missing { name, wanted };
    Ok(match kind {
        Kind::Uncommitted => ReviewTarget::Uncommitted,
        Kind::Base => ReviewTarget::Base(base.ok_or(missing("base", BASE))?),
        Kind::Commit => ReviewTarget::Commit(commit.ok_or(missing("commit", COMMIT))?),
        Kind::Custom => ReviewTarget::Custom(instructions.ok_or(missing("instructions", INSTRUCTIONS))?),
    })
}

#[cfg(test)]
mod tests;
