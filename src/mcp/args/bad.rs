//! What is wrong with the arguments of a call, in sentences for the agent that made it.

use std::fmt;

use crate::servers::BadWanted;

/// Why a call was refused. Its text names the parameter, the value and the remedy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadArguments {
    /// A parameter that the tool does not have.
    #[error("unknown parameter `{name}`: {near}`{tool}` takes {known}")]
    Unknown {
        /// As it came, cut.
        name: String,
        /// The nearest that it has.
        near: Near,
        /// The tool.
        tool: &'static str,
        /// All that it has.
        known: String,
    },
    /// A parameter that the tool cannot do without.
    #[error("`{name}` is missing: give {wanted}")]
    Missing {
        /// The parameter.
        name: &'static str,
        /// What it holds.
        wanted: &'static str,
    },
    /// A text of nothing, or of white space only.
    #[error("`{name}` is empty: give {wanted}")]
    Empty {
        /// The parameter.
        name: &'static str,
        /// What it holds, and whether it can be left out.
        wanted: &'static str,
    },
    /// A value that the parameter does not take.
    #[error("`{name}` is `{value}`; it takes {wanted}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// As it came, cut.
        value: String,
        /// All that it takes.
        wanted: String,
    },
    /// A text that is too long.
    #[error(
        "`{name}` has {bytes} bytes; it takes {most} at most: put the rest into a file in `cwd` and name that"
    )]
    TooLong {
        /// The parameter.
        name: &'static str,
        /// How many came.
        bytes: usize,
        /// How many may.
        most: usize,
    },
    /// A name that is too long.
    #[error("`{name}` has {bytes} bytes; it takes {most} at most")]
    Long {
        /// The parameter.
        name: &'static str,
        /// How many came.
        bytes: usize,
        /// How many may.
        most: usize,
    },
    /// An argument of another kind of review.
    #[error(
        "`{name}` is not for a review of target `{target}`: leave it out, or say all in `instructions` with \
         target `custom`"
    )]
    NotOfTarget {
        /// The parameter.
        name: &'static str,
        /// What is to be reviewed.
        target: &'static str,
    },
    /// `mcp`, or the servers in `config`. No value is in it: it may be a secret.
    #[error(transparent)]
    Servers(#[from] BadWanted),
    /// What cannot be given to a turn that runs.
    #[error(
        "`{name}` cannot be given with `when-busy`: `steer`, since the turn that runs keeps its own; use `queue`"
    )]
    NotSteered {
        /// The parameter.
        name: &'static str,
    },
    /// What only one turn is meant by.
    #[error("`{name}` cannot be given with `archive`, which ends the whole session: leave one of them out")]
    NotArchived {
        /// The parameter.
        name: &'static str,
    },
    /// Two names for one thing that differ.
    #[error(
        "`threadId` is `{thread_id}` and `conversationId` is `{conversation_id}`: give `threadId` alone, \
         the other is its old name"
    )]
    TwoThreads {
        /// As it came, cut.
        thread_id: String,
        /// As it came, cut.
        conversation_id: String,
    },
}

/// A hint at the parameter that was meant, where one is near.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Near(pub Option<&'static str>);

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(f, "did you mean `{name}`? "))
    }
}

/// `text` in at most 80 characters, on one line.
pub(super) fn cut(text: &str) -> String {
    const MOST: usize = 80;
    let line = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().nth(MOST).is_none() {
        return text.chars().map(line).collect();
    }
    text.chars().map(line).take(MOST - 1).chain(['…']).collect()
}
