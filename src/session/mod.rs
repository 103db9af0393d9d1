//! A session: one codex thread, as a pure state machine and the task that owns it.
//!
//! [`State`] decides, without clock, I/O or async; the task appends to the journal, and only then
//! commands codex and answers callers. [`View`] is what a host sees of a session: a fold over its
//! events, so that a live session and a stored one look the same. codex's names are absent here;
//! [`AgentCommand`] and [`AgentEvent`] are data over two channels.

mod agent;
mod busy;
mod delta;
mod elsewhere;
mod ends;
mod fold;
mod gate;
mod handle;
mod host;
mod input;
mod line;
mod missed;
mod query;
mod questions;
mod recover;
mod registry;
mod repeat;
mod request;
mod row;
mod runs;
mod servers;
mod shares;
mod sign_in;
mod slots;
mod stall;
mod state;
mod task;
#[cfg(test)]
mod tests;
mod usage;
mod view;

pub use agent::{
    AgentAnswer, AgentCommand, AgentError, AgentEvent, Ask, CallId, Fork, Heard, Image, Inbox, Opened,
    RequestKey, ReviewTarget, SteerError, ThreadParams, TurnParams, Used,
};
pub use busy::Doing;
pub use elsewhere::{Elsewhere, elsewhere, open_decisions};
pub use fold::decision;
pub use gate::{Full, Load, Room};
pub use handle::{CallError, Handle};
pub use host::{Accepts, Around, HostOptions, Keeps, Observer};
pub use input::{Act, Effects, Input, Meant, Reply};
pub use line::{How, InLine, WhenBusy};
pub use missed::Missed;
pub use query::{
    Answer, Catalog, CatalogOf, Model, PastTurn, Query, ThreadEntry, ThreadPage, ThreadsQuery, TurnPage,
    TurnsQuery, Variables,
};
pub use questions::QuestionOptions;
pub use recover::recover;
pub use registry::{OpenError, Options, Sessions};
pub use runs::{Begun, Named, begun};
pub use shares::{Share, Shares};
pub use sign_in::SignIn;
pub use state::State;
pub use view::{Status, View};
