//! A turn of a session as the work of a task.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use rmcp::model::{InputRequest, InputRequests, InputResponses, JsonObject};
use serde_json::Value;

use super::dialog::{self, Answer as Filled, Forms};
use super::doing::doing;
use super::elsewhere::send;
use super::faults::call_error;
use super::reach::Reach;
use super::result::{self, Note};
use super::runs::{Answered, answer};
use super::tasks::{Standing, Work};
use crate::approval::Verdict;
use crate::control::{Answer, By, Request};
use crate::event::{DecidedBy, Decision};
use crate::ids::ApprovalId;
use crate::journal::TaskRecord;
use crate::session::{AgentError, Handle, Named, OpenError, Sessions, View};

/// Turns of these sessions.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    pub sessions: Sessions,
    /// Which of them a caller may know of.
    pub reach: Reach,
    /// The most bytes of a result.
    pub budget: usize,
}

impl Turns {
    /// The session of a task, where its turn is the one that it runs.
    async fn live(&self, task: &TaskRecord) -> Option<Handle> {
        let handle = self.sessions.live(&task.thread).await?;
        let view = handle.view().borrow().clone();
        let mine = task.turn.is_none() || view.turn == task.turn;
        mine.then_some(handle)
    }

    async fn view(&self, task: &TaskRecord) -> Result<View, OpenError> {
        if let Some(handle) = self.live(task).await {
            let view = handle.view().borrow().clone();
            // Whatever waits behind its turn is none of it.
            return Ok(if task.turn.is_some() { view.of_latest() } else { view.as_ref().clone() });
        }
        let view = self.sessions.stored(&task.thread, task.turn.as_ref(), Duration::ZERO).await?;
        Ok(view.as_ref().clone())
    }

    /// The task with its turn in the place of its run's name, or where that run stands.
    async fn begun(&self, task: &TaskRecord) -> Result<Result<TaskRecord, Named>, OpenError> {
        let Some(name) = &task.turn else { return Ok(Ok(task.clone())) };
        match self.sessions.named(&task.thread, name.as_str()).await? {
            Named::Unknown => Ok(Ok(task.clone())),
            Named::Turn(turn) => {
                let begun = TaskRecord { turn: Some(turn), ..task.clone() };
                // Not fatal: then it is looked up again.
                if let Err(error) = self.sessions.journal().put_task(begun.clone()).await {
                    tracing::debug!(%error, "the journal did not take the turn of a task");
                }
                Ok(Ok(begun))
            }
            waits => Ok(Err(waits)),
        }
    }

    async fn standing(&self, task: &TaskRecord, forms: Option<Forms>) -> Standing {
        match self.begun(task).await {
            Ok(Ok(task)) => self.standing_of(&task, forms).await,
            Ok(Err(Named::Over(why))) => {
                let refused = call_error(&AgentError(why).into(), &task.thread);
                Standing::Completed(members(&refused))
            }
            Ok(Err(Named::Waits(ahead))) => {
                Standing::Working(doing(&View::new(task.thread.clone()).to_begin(ahead)))
            }
            Ok(Err(other)) => Standing::Unavailable(format!("its run stands unexpectedly: {other:?}")),
            Err(error) => Standing::Unavailable(error.to_string()),
        }
    }

    async fn standing_of(&self, task: &TaskRecord, forms: Option<Forms>) -> Standing {
        let view = match self.view(task).await {
            Ok(view) => view,
            // What is not there will not come; anything else may pass.
            Err(error @ (OpenError::Unknown(_) | OpenError::NoTurn(..))) => {
                return Standing::Completed(members(&super::faults::open_error(&error)));
            }
            Err(error) => return Standing::Unavailable(error.to_string()),
        };
        if !view.busy() {
            return self.completed(&view);
        }
        if view.decisions.is_empty() {
            return Standing::Working(doing(&view));
        }
        let asks = requests(&view, &task.id, forms);
        if asks.is_empty() {
            // Nobody can be asked here: the agent hears of it, and can decide or fetch somebody.
            return self.completed(&view);
        }
        Standing::InputRequired(doing(&view), asks)
    }

    fn completed(&self, view: &View) -> Standing {
        Standing::Completed(members(&result::of_view(view, &Note::default(), self.budget)))
    }
}

impl Work for Turns {
    fn is_known<'a>(&'a self, task: &'a TaskRecord) -> BoxFuture<'a, bool> {
        async move { self.reach.touches(&self.sessions, &task.thread).await.is_ok() }.boxed()
    }

    fn look<'a>(&'a self, task: &'a TaskRecord, forms: Option<Forms>) -> BoxFuture<'a, Standing> {
        self.standing(task, forms).boxed()
    }

    fn answer<'a>(&'a self, task: &'a TaskRecord, answers: InputResponses) -> BoxFuture<'a, ()> {
        async move {
            // One that has not begun has asked nothing.
            let Ok(Ok(task)) = self.begun(task).await else { return };
            let task = &task;
            let live = self.live(task).await;
            for (id, response) in &answers {
                let id = ApprovalId::from(id.as_str());
                match &live {
                    Some(handle) => take(handle, &id, response).await,
                    None => self.answer_elsewhere(task, &id, response).await,
                }
            }
        }
        .boxed()
    }

    fn cancel<'a>(&'a self, task: &'a TaskRecord) -> BoxFuture<'a, bool> {
        async move {
            let begun = match self.begun(task).await {
                Ok(Ok(task)) => Some(task),
                Ok(Err(Named::Waits(_))) => None,
                Ok(Err(_)) | Err(_) => return false,
            };
            let live = match &begun {
                Some(task) => self.live(task).await,
                None => self.sessions.live(&task.thread).await,
            };
            let name = task.turn.as_ref().map(ToString::to_string);
            let Some(handle) = live else {
                let (thread, by, way) = (task.thread.clone(), By::Agent, "tasks/cancel".to_owned());
                let request = Request::Cancel { thread, turn: name, by, way };
                return match send(&self.sessions, &task.thread, &request).await {
                    // What waited is out, and has no turn.
                    Some(Ok(Answer::Cancelled { turn })) => turn.is_some() || begun.is_none(),
                    _ => false,
                };
            };
            let verdict = Verdict {
                reason: Some("the task was cancelled".into()),
                ..Verdict::of(Decision::Cancel, DecidedBy::Agent, "tasks/cancel")
            };
            match (begun, name) {
                // None: it has ended meanwhile, and its result stands.
                (Some(task), _) => matches!(handle.cancel(task.turn, verdict).await, Ok(Some(_))),
                (None, Some(name)) => handle.cancel_run(&name, verdict).await.is_ok(),
                (None, None) => false,
            }
        }
        .boxed()
    }
}

impl Turns {
    /// The answer of a person at this host, for a session that another bridge runs.
    async fn answer_elsewhere(&self, task: &TaskRecord, id: &ApprovalId, response: &Value) {
        let Ok(view) = self.view(task).await else { return };
        let Some(request) = view.decisions.iter().find(|request| request.approval_id == *id) else { return };
        let Filled::Decided(decision, answers) = dialog::answer(response, request) else { return };
        let (approval_id, by, way) = (id.clone(), By::Person, "task".to_owned());
        let decide = Request::Decide { approval_id, decision, by, way, reason: None, answers };
        if let Some(Err(error)) = send(&self.sessions, &task.thread, &decide).await {
            tracing::warn!(%error, "an answer did not reach the bridge that has the session");
        }
    }
}

/// Takes an answer. One that fits nothing closes the dialog: its key may not be offered again, so the
/// question goes out with the task's result.
async fn take(handle: &Handle, id: &ApprovalId, response: &Value) {
    match answer(handle, id, response, "task").await {
        Answered::Counts | Answered::Dismissed | Answered::Gone => {}
        Answered::Not(why) => {
            tracing::debug!(%why, "an answer to a task's question does not fit");
            handle.dismiss(id.clone()).await;
        }
    }
}

/// What the host's person is to be asked: all open requests that it can show, but those of which its
/// dialog was closed without a decision.
fn requests(view: &View, task: &str, forms: Option<Forms>) -> InputRequests {
    let Some(forms) = forms else { return InputRequests::new() };
    let open = view.decisions.iter().filter(|request| !view.dismissed.contains(&request.approval_id));
    let each = open.filter_map(|request| {
        let dialog = dialog::request(request, view, task, forms)?;
        Some((request.approval_id.to_string(), InputRequest::Elicitation(dialog)))
    });
    each.collect()
}

fn members(result: &rmcp::model::CallToolResult) -> JsonObject {
    match serde_json::to_value(result) {
        Ok(Value::Object(members)) => members,
        _ => JsonObject::new(),
    }
}
