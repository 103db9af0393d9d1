//! One call of a host: what the host can, how long it waits, and whether it still does.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::service::RequestContext;
use tokio::time::Instant;

use super::hosts;

/// What a session and its turn are given to begin, where the call's `wait` is shorter: a warm codex
/// takes 0.1 s, one that starts up to a few, and a handle needs the session's id.
const BEGIN: Duration = Duration::from_secs(15);

/// What a host can, as far as a call must know.
#[derive(Clone, Debug)]
pub(super) struct Host {
    /// How long its calls may take.
    pub policy: hosts::WaitPolicy,
    /// Whether a dialog can be opened by a request of ours.
    pub dialogs: bool,
    /// Whether its dialogs know titled choices.
    pub titled: bool,
}

/// A call on its way.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub host: Host,
    pub context: &'a RequestContext<RoleServer>,
    /// How long it may block once its turn runs; `None`: to the end.
    pub wait: Option<Duration>,
    /// Whether that is less than was asked for.
    pub was_cut: bool,
    begun: Instant,
}

/// Why a call did not get what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// Its time is over.
    TooLong,
    /// The host has given it up.
    Cancelled,
}

impl<'a> Call<'a> {
    /// A call that begins now and asked to wait this long.
    pub fn new(host: Host, context: &'a RequestContext<RoleServer>, asked: Option<Duration>) -> Self {
        let (wait, was_cut) = hosts::cut(asked, host.policy);
        Self { host, context, wait, was_cut, begun: Instant::now() }
    }

    /// When a turn that begins now must be handed back; never after the host's own limit.
    pub fn until(&self) -> Option<Instant> {
        let by_wait = self.wait.map(|wait| Instant::now() + wait);
        by_wait.into_iter().chain(self.limit()).min()
    }

    /// The host's own limit.
    fn limit(&self) -> Option<Instant> {
        self.host.policy.max.map(|max| self.begun + max)
    }

    /// Does what comes before the turn, as long as the host waits for it.
    pub async fn before<T>(&self, work: impl Future<Output = T>) -> Result<T, Late> {
        let by_wait = self.wait.map(|wait| self.begun + wait.max(BEGIN));
        self.race(work, by_wait.into_iter().chain(self.limit()).min()).await
    }

    /// Does a piece of work until a point in time, or until the host gives the call up.
    pub async fn race<T>(&self, work: impl Future<Output = T>, until: Option<Instant>) -> Result<T, Late> {
        tokio::select! {
            biased;
            () = self.context.ct.cancelled() => Err(Late::Cancelled),
            done = work => Ok(done),
            () = over(until) => Err(Late::TooLong),
        }
    }
}

/// Returns at a point in time; never where there is none.
pub(super) async fn over(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
