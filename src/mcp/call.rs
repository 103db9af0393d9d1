//! One call of a host: what the host can, how long it waits, and whether it still does.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::service::RequestContext;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::dialog::Forms;
use super::hosts;
use super::rounds::Binding;
use crate::ids::TraceContext;

/// What a session and its turn are given to begin, where the call's `wait` is shorter: a warm codex
/// takes 0.1 s, one that starts up to a few, and a handle needs the session's id.
const BEGIN: Duration = Duration::from_secs(15);

/// How a host's person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// Not at all: the question goes out with the result.
    Nobody,
    /// By a request of ours (revisions up to 2025-11-25).
    Dialog(Forms),
    /// By a result that the host answers with a retry (2026-07-28 on).
    Retry(Forms),
}

/// What a host can, as far as a call must know.
#[derive(Clone, Debug)]
pub(super) struct Host {
    /// How long its calls may take.
    pub policy: hosts::WaitPolicy,
    /// How its person is asked.
    pub asking: Asking,
    /// Whether it shook hands (up to 2025-11-25).
    pub legacy: bool,
    /// Whether a run is a task to it.
    pub tasks: bool,
}

impl Host {
    /// As the context of a request has it. `dialogs`: whether the settings let a person be asked.
    pub fn of(context: &RequestContext<RoleServer>, policy: hosts::WaitPolicy, dialogs: bool) -> Self {
        let version = context.protocol_version();
        let modern = version.as_ref().is_some_and(|version| version.as_str() >= "2026-07-28");
        let titled = version.is_some_and(|version| version.as_str() >= "2025-11-25");
        let forms = forms(context, titled).filter(|_| dialogs);
        let asking = match forms {
            Some(forms) if modern => Asking::Retry(forms),
            Some(forms) => Asking::Dialog(forms),
            None => Asking::Nobody,
        };
        let tasks = context.client_capabilities().is_some_and(|can| can.supports_tasks());
        Self { policy, asking, legacy: !modern, tasks: modern && tasks }
    }
}

/// The dialogs that a host declares. One that names neither kind shows forms, as the first revisions
/// had it.
fn forms(context: &RequestContext<RoleServer>, titled: bool) -> Option<Forms> {
    let elicitation = context.client_capabilities()?.elicitation?;
    let url = elicitation.url.is_some();
    Some(Forms { form: elicitation.form.is_some() || !url, url, titled })
}

/// A call on its way.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub host: Host,
    pub context: &'a RequestContext<RoleServer>,
    /// What binds a retry to it.
    pub binding: &'a Binding,
    /// How long it may block once its turn runs; `None`: to the end.
    pub wait: Option<Duration>,
    /// Whether that is less than was asked for.
    pub was_cut: bool,
    /// Whether it said how long, so that it wants a handle and no task.
    pub asked: bool,
    begun: Instant,
    /// Fires when no call waits any more.
    closing: CancellationToken,
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
    pub fn new(
        host: Host,
        context: &'a RequestContext<RoleServer>,
        binding: &'a Binding,
        asked: Option<Duration>,
        closing: CancellationToken,
    ) -> Self {
        let (wait, was_cut) = hosts::cut(asked, host.policy);
        Self { host, context, binding, wait, was_cut, asked: asked.is_some(), begun: Instant::now(), closing }
    }

    /// The trace that it is part of, where its `_meta` says so (MCP, `traceparent` and `tracestate`).
    pub fn trace(&self) -> Option<TraceContext> {
        let text = |name: &str| self.context.meta.get(name).and_then(Value::as_str);
        TraceContext::parse(text("traceparent")?, text("tracestate"))
    }

    /// Returns at a point in time, or where the bridge is about to end.
    pub async fn over(&self, until: Option<Instant>) {
        tokio::select! {
            () = self.closing.cancelled() => {}
            () = over(until) => {}
        }
    }

    /// Whether a point in time has passed, or the bridge is about to end.
    pub fn is_over(&self, until: Option<Instant>) -> bool {
        self.closing.is_cancelled() || until.is_some_and(|until| until <= Instant::now())
    }

    /// Whether its run is to be a task.
    pub fn wants_task(&self) -> bool {
        self.host.tasks && !self.asked
    }

    /// When a turn that begins now must be handed back; never after the host's own limit.
    pub fn until(&self) -> Option<Instant> {
        self.waits_until().into_iter().chain(self.limit()).min()
    }

    /// When the caller no longer wants to wait for a turn that begins now.
    pub fn waits_until(&self) -> Option<Instant> {
        self.wait.map(|wait| Instant::now() + wait)
    }

    /// The host's own limit.
    pub fn limit(&self) -> Option<Instant> {
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
            () = self.over(until) => Err(Late::TooLong),
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
