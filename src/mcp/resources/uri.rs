//! The addresses of resources. Pure.

use std::fmt;

use thiserror::Error;

use crate::ids::{Seq, ThreadId};

/// The scheme of all of them.
const SCHEME: &str = "codex://";

/// Events of one page where the address does not say.
const LIMIT: usize = 100;

/// The most events of one page.
pub const MAX_LIMIT: usize = 1000;

/// What a resource shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uri {
    /// All sessions.
    Sessions,
    /// One session and its latest turn.
    Session(ThreadId),
    /// Its events behind one, at most so many.
    Events(ThreadId, Seq, usize),
    /// One of its events, whole; or what of its text begins at a byte.
    Event(ThreadId, Seq, Option<usize>),
    /// All changes of its latest turn, as codex last reported them.
    Diff(ThreadId),
    /// Its course, for a person.
    Transcript(ThreadId),
    /// The open decisions of all sessions.
    Decisions,
    /// The JSON Schema of events.
    EventSchema,
    /// The MCP servers that codex has, and their state.
    Mcp,
}

/// An address of nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "there is no resource `{0}`; there are codex://sessions, codex://sessions/{{threadId}} with /events, /events/{{seq}}, \
     /diff and /transcript, codex://decisions, codex://mcp and codex://schemas/event"
)]
pub struct NoSuchResource(pub String);

impl Uri {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none of ours.
    pub fn parse(text: &str) -> Result<Self, NoSuchResource> {
        Self::known(text).ok_or_else(|| NoSuchResource(text.chars().take(200).collect()))
    }

    /// Whether an address has our scheme.
    #[must_use]
    pub fn is_ours(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    fn known(text: &str) -> Option<Self> {
        let (path, query) = text.strip_prefix(SCHEME)?.split_once('?').map_or_else(
            || (text.strip_prefix(SCHEME).unwrap_or_default(), ""),
            |(path, query)| (path, query),
        );
        let parts: Vec<&str> = path.split('/').collect();
        let thread = |id: &str| (!id.is_empty()).then(|| ThreadId::from(id));
        let found = match parts[..] {
            ["sessions"] => Self::Sessions,
            ["sessions", id] => Self::Session(thread(id)?),
            ["sessions", id, "events"] => return Self::events(thread(id)?, query),
            ["sessions", id, "events", seq] => return Self::event(thread(id)?, seq, query),
            ["sessions", id, "diff"] => Self::Diff(thread(id)?),
            ["sessions", id, "transcript"] => Self::Transcript(thread(id)?),
            ["decisions"] => Self::Decisions,
            ["schemas", "event"] => Self::EventSchema,
            ["mcp"] => Self::Mcp,
            _ => return None,
        };
        query.is_empty().then_some(found)
    }

    fn events(thread: ThreadId, query: &str) -> Option<Self> {
        let (mut after, mut limit) = (Seq::ZERO, LIMIT);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=')? {
                ("after", number) => after = Seq(number.parse().ok()?),
                ("limit", number) => {
                    limit = number.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))?;
                }
                _ => return None,
            }
        }
        Some(Self::Events(thread, after, limit))
    }

    fn event(thread: ThreadId, seq: &str, query: &str) -> Option<Self> {
        let from = match query {
            "" => None,
            query => Some(query.strip_prefix("from=")?.parse().ok()?),
        };
        Some(Self::Event(thread, Seq(seq.parse().ok()?), from))
    }

    /// The session that it is about, if it is about one.
    #[must_use]
    pub fn thread(&self) -> Option<&ThreadId> {
        match self {
            Self::Session(thread)
            | Self::Events(thread, ..)
            | Self::Event(thread, ..)
            | Self::Diff(thread)
            | Self::Transcript(thread) => Some(thread),
            Self::Sessions | Self::Decisions | Self::EventSchema | Self::Mcp => None,
        }
    }

    /// What its contents are.
    #[must_use]
    pub fn mime(&self) -> &'static str {
        match self {
            Self::Diff(_) => "text/x-diff",
            Self::Transcript(_) => "text/markdown",
            Self::EventSchema => "application/schema+json",
            // A piece of JSON is none.
            Self::Event(_, _, Some(_)) => "text/plain",
            _ => "application/json",
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        match self {
            Self::Sessions => f.write_str("sessions"),
            Self::Session(thread) => write!(f, "sessions/{thread}"),
            Self::Events(thread, Seq::ZERO, LIMIT) => write!(f, "sessions/{thread}/events"),
            Self::Events(thread, after, limit) => {
                write!(f, "sessions/{thread}/events?after={after}&limit={limit}")
            }
            Self::Event(thread, seq, None) => write!(f, "sessions/{thread}/events/{seq}"),
            Self::Event(thread, seq, Some(from)) => write!(f, "sessions/{thread}/events/{seq}?from={from}"),
            Self::Diff(thread) => write!(f, "sessions/{thread}/diff"),
            Self::Transcript(thread) => write!(f, "sessions/{thread}/transcript"),
            Self::Decisions => f.write_str("decisions"),
            Self::EventSchema => f.write_str("schemas/event"),
            Self::Mcp => f.write_str("mcp"),
        }
    }
}
