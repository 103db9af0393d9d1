//! What the fixture's tasks are about: jobs that take their time, ask, or fail. They live in this
//! process only, as turns of codex do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use codex_bridge::ids::ThreadId;
use codex_bridge::journal::TaskRecord;
use codex_bridge::mcp::dialog::Forms;
use codex_bridge::mcp::tasks::{Standing, Work};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use rmcp::model::{CallToolResult, ContentBlock, InputResponses, JsonObject};
use serde_json::{Value, json};

use super::forms;

/// The work of one task.
pub struct Job {
    begun: Instant,
    takes: Duration,
    /// What a person is asked, all at once; without those that are answered.
    asks: BTreeSet<&'static str>,
    end: Standing,
}

impl Job {
    /// A job that ends so after a while.
    pub fn new(takes: Duration, end: Standing) -> Self {
        Self { begun: Instant::now(), takes, asks: BTreeSet::new(), end }
    }

    /// The same once these are answered.
    pub fn asking(mut self, asks: &[&'static str]) -> Self {
        self.asks.extend(asks);
        self
    }

    fn standing(&self, forms: Option<Forms>) -> Standing {
        if !self.asks.is_empty() {
            if !forms.is_some_and(|forms| forms.form) {
                return failed("there is nobody to ask");
            }
            let asks =
                self.asks.iter().map(|key| ((*key).to_owned(), forms::form("confirm", "boolean", key)));
            return Standing::InputRequired("waits for answers".into(), asks.collect());
        }
        match self.begun.elapsed() < self.takes {
            true => Standing::Working("works".into()),
            false => self.end.clone(),
        }
    }
}

/// The jobs of this process. A lock and no task: nothing waits while it is held.
#[derive(Clone, Default)]
pub struct Jobs(Arc<Mutex<BTreeMap<ThreadId, Job>>>);

impl Jobs {
    /// Begins a job; its name.
    pub fn begin(&self, job: Job) -> ThreadId {
        let mut jobs = self.0.lock().unwrap();
        let name = ThreadId::from(format!("job-{}", jobs.len()));
        jobs.insert(name.clone(), job);
        name
    }
}

impl Work for Jobs {
    fn look<'a>(&'a self, task: &'a TaskRecord, forms: Option<Forms>) -> BoxFuture<'a, Standing> {
        let jobs = self.0.lock().unwrap();
        let job = jobs.get(&task.thread);
        ready(job.map_or_else(|| failed("its process has ended"), |job| job.standing(forms))).boxed()
    }

    fn answer<'a>(&'a self, task: &'a TaskRecord, answers: InputResponses) -> BoxFuture<'a, ()> {
        if let Some(job) = self.0.lock().unwrap().get_mut(&task.thread) {
            job.asks.retain(|key| !answers.contains_key(*key));
        }
        ready(()).boxed()
    }

    fn cancel<'a>(&'a self, task: &'a TaskRecord) -> BoxFuture<'a, bool> {
        ready(self.0.lock().unwrap().remove(&task.thread).is_some()).boxed()
    }
}

/// A job's end with a text.
pub fn text(words: impl Into<String>) -> Standing {
    Standing::Completed(members(&CallToolResult::success(vec![ContentBlock::text(words)])))
}

/// With an error of the tool.
pub fn failed(words: &str) -> Standing {
    Standing::Completed(members(&CallToolResult::error(vec![ContentBlock::text(words)])))
}

/// With an error of the protocol.
pub fn broken(words: &str) -> Standing {
    let Value::Object(error) = json!({ "code": -32603, "message": words }) else { unreachable!() };
    Standing::Failed(error)
}

fn members(result: &CallToolResult) -> JsonObject {
    let Ok(Value::Object(members)) = serde_json::to_value(result) else { unreachable!() };
    members
}
