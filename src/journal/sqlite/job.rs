//! What the threads of a journal are told.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{oneshot, watch};

use super::super::error::JournalError;
use super::super::record::{Batch, Claimed, GivenUp, RunRecord, TaskRecord};
use crate::event::Timestamp;
use crate::ids::{Seq, ThreadId};

/// Where the answer goes. A caller that went away does not need to know.
pub(super) type Reply<T> = oneshot::Sender<Result<T, JournalError>>;

/// Anything.
pub(super) enum Job {
    /// What needs a transaction.
    Write(Write),
    Watch(ThreadId, Reply<watch::Receiver<Seq>>),
    WatchAll(Reply<watch::Receiver<u64>>),
    Wake(ThreadId, Seq),
    Close(Reply<()>),
}

/// What needs a transaction.
pub(super) enum Write {
    Append(Box<Batch>, Reply<()>),
    Claim(ThreadId, Reply<Claimed>),
    Release(ThreadId, Reply<()>),
    Announce(PathBuf, Reply<()>),
    Task(Box<TaskRecord>, Reply<()>),
    ClaimRun(Box<RunRecord>, Reply<Option<RunRecord>>),
    PlaceRun(String, Option<(ThreadId, Seq)>, Reply<()>),
    Secrets(ThreadId, Value, Reply<()>),
    Retain(Timestamp, Duration, u64, Reply<GivenUp>),
}

impl Write {
    /// Answers that it is not done.
    pub fn refuse(self, error: JournalError) {
        let _ = match self {
            Self::Append(_, reply)
            | Self::Release(_, reply)
            | Self::Announce(_, reply)
            | Self::PlaceRun(_, _, reply)
            | Self::Secrets(_, _, reply)
            | Self::Task(_, reply) => reply.send(Err(error)).is_ok(),
            Self::ClaimRun(_, reply) => reply.send(Err(error)).is_ok(),
            Self::Claim(_, reply) => reply.send(Err(error)).is_ok(),
            Self::Retain(.., reply) => reply.send(Err(error)).is_ok(),
        };
    }
}
