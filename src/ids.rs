//! The identities of things, as newtypes, so that one cannot be taken for another.
//!
//! A thread and a turn are named by codex, an approval and a bridge by us. No behaviour here.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(#[schemars(with = "String")] Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A session: codex's thread id (a UUID in text), the same in `codex resume` and the IDE.
    ThreadId
}
text_id! {
    /// One turn of a thread, as codex names it.
    TurnId
}
text_id! {
    /// One open request for a decision. Ours, unguessable, never used twice.
    ApprovalId
}
text_id! {
    /// One running bridge process, as the owner of sessions.
    BridgeId
}
text_id! {
    /// Who a session belongs to, where several share a bridge over the network: the name of a token.
    Principal
}

/// The number of an event in its session: from 1, and never given twice; after a power cut some may be missing. 0 stands before the first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number before this one; there is none before zero.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which start of codex a thing belongs to. What an older one still says no longer counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Generation(pub u64);

impl Generation {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of a call in a distributed trace, as W3C Trace Context has it: who calls brings it, and codex is handed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceContext {
    /// `00-` and the ids of the trace and of the span of the caller.
    traceparent: String,
    /// What tracing systems say to each other beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tracestate: Option<String>,
}

impl TraceContext {
    /// From its two texts; nothing where the first is none of its form (W3C Trace Context, section 3.2). The second is left
    /// out where it is too long or holds what it may not.
    #[must_use]
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let parts: Vec<&str> = traceparent.split('-').collect();
        let hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let some = |text: &str| text.bytes().any(|byte| byte != b'0');
        let [version, trace, span, flags] = parts[..] else { return None };
        let fits = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
        if !fits || !some(trace) || !some(span) {
            return None;
        }
        let tracestate = tracestate.filter(|state| {
            !state.is_empty() && state.len() <= 512 && state.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        });
        Some(Self { traceparent: traceparent.to_owned(), tracestate: tracestate.map(str::to_owned) })
    }
}

impl ApprovalId {
    /// A new one: `apr_` and 122 random bits, so that it cannot be guessed.
    #[must_use]
    pub fn fresh() -> Self {
        Self::from(format!("apr_{}", uuid::Uuid::new_v4().simple()))
    }
}

impl BridgeId {
    /// A new one, ordered by time.
    #[must_use]
    pub fn fresh() -> Self {
        Self::from(uuid::Uuid::now_v7().to_string())
    }
}

#[cfg(test)]
mod tests;
