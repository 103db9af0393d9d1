//! What happens in numbers, for Prometheus. Each number is counted from what is in the journal anyway, or from a word of
//! whoever did it; no name of a session, a person or a file is in any of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::event::{Body, Event, Timestamp};
use crate::ids::ApprovalId;

/// Limits of what takes milliseconds to minutes, in seconds.
const SHORT: [f64; 11] = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0, 60.0, 300.0];

/// Limits of what a person or a model does, in seconds.
const LONG: [f64; 11] = [1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 14400.0, 86400.0];

/// Questions of which it is remembered when they were asked: more than can be open.
const ASKED: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfType {
    r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecidedHow {
    decision: &'static str,
    by: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    tool: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CalledHow {
    tool: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    status: u16,
}

/// What there is now, where it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Turns that run.
    pub running: usize,
    /// Turns that wait for one of them to end.
    pub waiting: usize,
    /// Sessions at work.
    pub at_work: usize,
    /// Requests of HTTP that are being answered.
    pub requests: usize,
}

/// All numbers.
pub struct Metrics {
    registry: Registry,
    begun: Counter,
    ended: Family<Ended, Counter>,
    took: Histogram,
    events: Family<OfType, Counter>,
    decided: Family<DecidedHow, Counter>,
    waited: Histogram,
    starts: Counter,
    calls: Family<CalledHow, Counter>,
    call_took: Family<Called, Histogram>,
    answered: Family<Answered, Counter>,
    gauges: Gauges,
    asked: Mutex<BTreeMap<ApprovalId, Timestamp>>,
}

#[derive(Default)]
struct Gauges {
    running: Gauge,
    waiting: Gauge,
    at_work: Gauge,
    requests: Gauge,
    open: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("codex_bridge");
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        let info = prometheus_client::metrics::info::Info::new(version);
        registry.register("build", "The program", info);
        let metrics = Self {
            registry: Registry::default(),
            begun: Counter::default(),
            ended: Family::default(),
            took: Histogram::new(LONG),
            events: Family::default(),
            decided: Family::default(),
            waited: Histogram::new(LONG),
            starts: Counter::default(),
            calls: Family::default(),
            call_took: Family::new_with_constructor(|| Histogram::new(SHORT)),
            answered: Family::default(),
            gauges: Gauges::default(),
            asked: Mutex::default(),
        };
        registry.register("turns_started", "Turns that began", metrics.begun.clone());
        registry.register("turns_finished", "Turns that ended", metrics.ended.clone());
        registry.register("turn_seconds", "How long turns took", metrics.took.clone());
        registry.register("events", "Events of sessions", metrics.events.clone());
        registry.register("decisions", "Questions of codex that were decided", metrics.decided.clone());
        registry.register("decision_wait_seconds", "How long they waited for that", metrics.waited.clone());
        registry.register("codex_starts", "Starts of codex", metrics.starts.clone());
        registry.register("tool_calls", "Calls of tools that were answered", metrics.calls.clone());
        registry.register("tool_call_seconds", "How long calls of tools took", metrics.call_took.clone());
        registry.register("http_responses", "Answers to requests of HTTP", metrics.answered.clone());
        let gauges = &metrics.gauges;
        registry.register("turns_running", "Turns that run", gauges.running.clone());
        registry.register("turns_waiting", "Turns that wait for others to end", gauges.waiting.clone());
        registry.register(
            "sessions_at_work",
            "Sessions in which something runs or waits",
            gauges.at_work.clone(),
        );
        registry.register(
            "http_requests_open",
            "Requests of HTTP that are being answered",
            gauges.requests.clone(),
        );
        registry.register(
            "decisions_open",
            "Questions of codex that wait for a decision",
            gauges.open.clone(),
        );
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Events of a session of this bridge, as it records them.
    pub fn observe(&self, events: &[Event]) {
        for event in events {
            self.events.get_or_create(&OfType { r#type: event.body.kind() }).inc();
            match &event.body {
                Body::TurnStarted { .. } => {
                    self.begun.inc();
                }
                Body::TurnFinished { status, duration_ms, .. } => {
                    self.ended.get_or_create(&Ended { status: status.name() }).inc();
                    if let Some(ms) = duration_ms {
                        self.took.observe(Duration::from_millis(*ms).as_secs_f64());
                    }
                }
                Body::PermissionRequest(request) => {
                    let mut asked = self.asked();
                    if asked.len() < ASKED {
                        asked.insert(request.approval_id.clone(), event.time);
                    }
                }
                Body::PermissionDecision(decision) => {
                    let how = DecidedHow { decision: decision.decision.name(), by: decision.by.name() };
                    self.decided.get_or_create(&how).inc();
                    if let Some(since) = self.asked().remove(&decision.approval_id) {
                        self.waited.observe(event.time.since(since).as_secs_f64());
                    }
                }
                _ => {}
            }
        }
    }

    /// codex was started.
    pub fn codex_started(&self) {
        self.starts.inc();
    }

    /// A call of a tool was answered.
    pub fn called(&self, tool: &str, failed: bool, took: Duration) {
        let (tool, outcome) = (tool.to_owned(), if failed { "error" } else { "ok" });
        self.call_took.get_or_create(&Called { tool: tool.clone() }).observe(took.as_secs_f64());
        self.calls.get_or_create(&CalledHow { tool, outcome }).inc();
    }

    /// A request of HTTP was answered.
    pub fn answered(&self, status: u16) {
        self.answered.get_or_create(&Answered { status }).inc();
    }

    /// All numbers as OpenMetrics text.
    ///
    /// # Errors
    /// Never, as long as there is memory.
    pub fn text(&self, now: Now) -> Result<String, fmt::Error> {
        let set = |gauge: &Gauge, value: usize| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.gauges.running, now.running);
        set(&self.gauges.waiting, now.waiting);
        set(&self.gauges.at_work, now.at_work);
        set(&self.gauges.requests, now.requests);
        set(&self.gauges.open, self.asked().len());
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, BTreeMap<ApprovalId, Timestamp>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
