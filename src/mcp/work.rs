//! A turn of a session as the work of a task.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use rmcp::model::{InputRequest, InputRequests, InputResponses, JsonObject};
use serde_json::Value;

use super::dialog::{self, Forms};
use super::doing::doing;
use super::result::{self, Note};
use super::runs::answer;
use super::tasks::{Standing, Work};
use crate::approval::Verdict;
use crate::event::{DecidedBy, Decision};
use crate::ids::ApprovalId;
use crate::journal::TaskRecord;
use crate::session::{Handle, OpenError, Sessions, View};

/// Turns of these sessions.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    pub sessions: Sessions,
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
            return Ok(view.as_ref().clone());
        }
        let view = self.sessions.stored(&task.thread, task.turn.as_ref(), Duration::ZERO).await?;
        Ok(view.as_ref().clone())
    }

    async fn standing(&self, task: &TaskRecord, forms: Option<Forms>) -> Standing {
        let view = match self.view(task).await {
            Ok(view) => view,
            Err(error) => return Standing::Completed(members(&super::tools::open_error(&error))),
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
    fn look<'a>(&'a self, task: &'a TaskRecord, forms: Option<Forms>) -> BoxFuture<'a, Standing> {
        self.standing(task, forms).boxed()
    }

    fn answer<'a>(&'a self, task: &'a TaskRecord, answers: InputResponses) -> BoxFuture<'a, ()> {
        async move {
            let Some(handle) = self.live(task).await else { return };
            for (id, response) in &answers {
                // One that is unknown or decided is passed over, as the extension wants it.
                let _ = answer(&handle, &ApprovalId::from(id.as_str()), response, "task").await;
            }
        }
        .boxed()
    }

    fn cancel<'a>(&'a self, task: &'a TaskRecord) -> BoxFuture<'a, bool> {
        async move {
            let Some(handle) = self.live(task).await else { return false };
            if !handle.view().borrow().busy() {
                return false;
            }
            let verdict = Verdict {
                reason: Some("the task was cancelled".into()),
                ..Verdict::of(Decision::Cancel, DecidedBy::Person, "tasks/cancel")
            };
            handle.cancel(task.turn.clone(), verdict).await.is_ok()
        }
        .boxed()
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
