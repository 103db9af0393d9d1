//! The tasks extension (`io.modelcontextprotocol/tasks`, SEP-2663) over the journal: a task is durable
//! before the host hears of it, outlives the connection and the process, and its result is stored once.
//!
//! What a task is about is absent here: [`Work`] looks at it. In the bridge that is a turn of a session.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use rmcp::ErrorData;
use rmcp::model::{
    CreateTaskResult, DetailedTask, GetTaskResult, InputRequests, InputResponses, JsonObject, Task,
    TaskPayload,
};
use serde_json::{Value, json};

use super::dialog::Forms;
use crate::event::Timestamp;
use crate::ids::{ThreadId, TurnId};
use crate::journal::{Journal, JournalError, TaskRecord, TaskState};

/// How often a host should look while a person is asked: they wait for what follows.
const SOON: u64 = 500;

/// How often otherwise.
const LATER: u64 = 2000;

/// Where the work of a task stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It goes on; what it does now.
    Working(String),
    /// A person is to be asked; why, and what.
    InputRequired(String, InputRequests),
    /// It has ended with the result of its call, which may be an error of the tool.
    Completed(JsonObject),
    /// The call itself failed: a JSON-RPC error.
    Failed(JsonObject),
    /// It cannot be looked at now; why.
    Unavailable(String),
}

/// What tasks are about.
pub trait Work: Send + Sync + 'static {
    /// Whether those who ask here may know of a task at all; all, unless it says otherwise.
    fn is_known<'a>(&'a self, _task: &'a TaskRecord) -> BoxFuture<'a, bool> {
        std::future::ready(true).boxed()
    }
    /// Looks at the work of a task, for a host that can show these dialogs.
    fn look<'a>(&'a self, task: &'a TaskRecord, forms: Option<Forms>) -> BoxFuture<'a, Standing>;
    /// Takes answers of the host's person. What nobody asked, or what is answered, is passed over.
    fn answer<'a>(&'a self, task: &'a TaskRecord, answers: InputResponses) -> BoxFuture<'a, ()>;
    /// Ends it; whether there was something to end.
    fn cancel<'a>(&'a self, task: &'a TaskRecord) -> BoxFuture<'a, bool>;
}

/// The tasks of a journal.
#[derive(Debug)]
pub struct Tasks<W> {
    journal: Arc<dyn Journal>,
    work: W,
    /// How long a finished task can be asked for.
    keep: Duration,
}

impl<W: Work> Tasks<W> {
    /// Tasks that are kept in `journal`, for `keep` after their end.
    pub fn new(journal: Arc<dyn Journal>, work: W, keep: Duration) -> Self {
        Self { journal, work, keep }
    }

    /// Makes a task of work that has begun, or is to; `turn` is then the name of its run. It is in the journal when this returns.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn create(
        &self,
        thread: ThreadId,
        turn: TurnId,
        message: String,
    ) -> Result<CreateTaskResult, JournalError> {
        let now = Timestamp::now();
        let record = TaskRecord {
            // 122 random bits: whoever knows the id may ask for it.
            id: format!("task_{}", uuid::Uuid::new_v4().simple()),
            thread,
            turn: Some(turn),
            created: now,
            updated: now,
            status: TaskState::Working,
            result: None,
        };
        self.journal.put_task(record.clone()).await?;
        Ok(CreateTaskResult::new(self.shown(&record, TaskPayload::Working, Some(message)).task))
    }

    /// `tasks/get`.
    ///
    /// # Errors
    /// −32602 for a task that nobody knows; an internal error when the journal fails.
    pub async fn get(&self, id: &str, forms: Option<Forms>) -> Result<GetTaskResult, ErrorData> {
        let mut record = self.find(id).await?;
        if let Some(over) = self.stored(&record) {
            return Ok(over);
        }
        let (payload, message) = match self.work.look(&record, forms).await {
            Standing::Working(message) => (TaskPayload::Working, message),
            Standing::InputRequired(message, input_requests) => {
                (TaskPayload::InputRequired { input_requests }, message)
            }
            Standing::Completed(result) => return self.finish(record, TaskState::Completed, result).await,
            Standing::Failed(error) => return self.finish(record, TaskState::Failed, error).await,
            Standing::Unavailable(why) => return Err(ErrorData::internal_error(why, None)),
        };
        record.updated = Timestamp::now();
        Ok(GetTaskResult::new(self.shown(&record, payload, Some(message))))
    }

    /// `tasks/update`.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub async fn update(&self, id: &str, answers: InputResponses) -> Result<(), ErrorData> {
        let record = self.find(id).await?;
        if record.status == TaskState::Working {
            self.work.answer(&record, answers).await;
        }
        Ok(())
    }

    /// `tasks/cancel`.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub async fn cancel(&self, id: &str) -> Result<(), ErrorData> {
        let mut record = self.find(id).await?;
        if record.status == TaskState::Working && self.work.cancel(&record).await {
            record.status = TaskState::Cancelled;
            record.updated = Timestamp::now();
            self.journal.put_task(record).await.map_err(|error| broken(&error))?;
        }
        Ok(())
    }

    async fn find(&self, id: &str) -> Result<TaskRecord, ErrorData> {
        let found = self.journal.task(id.to_owned()).await.map_err(|error| broken(&error))?;
        let known = match found {
            Some(task) if self.work.is_known(&task).await => Some(task),
            _ => None,
        };
        known.ok_or_else(|| {
            let keep = humantime::format_duration(self.keep);
            let message =
                format!("there is no such task: it was never made here, or ended more than {keep} ago");
            ErrorData::invalid_params(message, None)
        })
    }

    /// Keeps the end of a task, and shows the end that is kept: another one may have come first, such
    /// as a cancel while its work was looked at.
    async fn finish(
        &self,
        mut record: TaskRecord,
        status: TaskState,
        result: JsonObject,
    ) -> Result<GetTaskResult, ErrorData> {
        record.status = status;
        record.updated = Timestamp::now();
        record.result = Some(Value::Object(result));
        let id = record.id.clone();
        self.journal.put_task(record).await.map_err(|error| broken(&error))?;
        let kept = self.find(&id).await?;
        self.stored(&kept)
            .ok_or_else(|| ErrorData::internal_error("the journal did not keep the result", None))
    }

    /// What a task that has ended shows, as it was stored.
    fn stored(&self, record: &TaskRecord) -> Option<GetTaskResult> {
        let result = || record.result.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let payload = match record.status {
            TaskState::Working => return None,
            TaskState::Cancelled => TaskPayload::Cancelled,
            TaskState::Completed => TaskPayload::Completed { result: result() },
            TaskState::Failed => TaskPayload::Failed { error: result() },
        };
        Some(GetTaskResult::new(self.shown(record, payload, None)))
    }

    fn shown(&self, record: &TaskRecord, payload: TaskPayload, message: Option<String>) -> DetailedTask {
        let asked = matches!(payload, TaskPayload::InputRequired { .. });
        let (created, updated) = (record.created, record.updated);
        let mut task =
            Task::new(record.id.clone(), payload.status(), created.to_string(), updated.to_string())
                .with_poll_interval_ms(if asked { SOON } else { LATER });
        if payload.status().is_terminal() {
            // Counted from its creation: what it took, and as long again as it is kept.
            let span = updated.since(created) + self.keep;
            task = task.with_ttl_ms(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        }
        if let Some(message) = message {
            task = task.with_status_message(message);
        }
        DetailedTask::new(task, payload)
    }
}

fn broken(error: &JournalError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), Some(json!({ "code": "journal" })))
}
