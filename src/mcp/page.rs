//! What the page asks of a server: it reads what hosts read, and its decisions are a person's.

use rmcp::ErrorData;
use rmcp::model::{ErrorCode, ResourceContents};
use thiserror::Error;
use tokio::sync::watch;

use super::elsewhere::{Decided, send};
use super::resources::seen_now;
use super::server::Server;
use crate::access::Right;
use crate::approval::{DecideError, Verdict};
use crate::control::{Answer, By, Request};
use crate::event::{DecidedBy, PermissionDecision};
use crate::ids::ApprovalId;
use crate::session::CallError;

/// What is recorded as the way of a decision.
const WAY: &str = "page";

/// Why the page does not get what it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PageError {
    /// There is no such thing, or it is another's.
    #[error("{0}")]
    Missing(String),
    /// It may not be had, or not so.
    #[error("{0}")]
    Refused(String),
    /// It is decided already: by whom.
    #[error("{0}")]
    Decided(String),
    /// It could not be found out.
    #[error("{0}")]
    Broken(String),
}

impl From<ErrorData> for PageError {
    fn from(error: ErrorData) -> Self {
        let words = error.message.into_owned();
        match error.code {
            ErrorCode::RESOURCE_NOT_FOUND => Self::Missing(words),
            ErrorCode::INTERNAL_ERROR => Self::Broken(words),
            _ => Self::Refused(words),
        }
    }
}

/// What there is to look at, as it changes: of what another does, who may not see it hears nothing.
#[derive(Debug)]
pub struct News {
    server: Server,
    changes: watch::Receiver<u64>,
    /// Something was recorded, and has not been looked at.
    recorded: bool,
    seen: [Option<String>; 2],
}

/// What it is made of: each session's last event, and the open questions.
const LOOKED_AT: [&str; 2] = ["codex://sessions", "codex://decisions"];

impl News {
    pub(super) async fn of(server: Server) -> Result<Self, PageError> {
        server.may("to look", Right::Read)?;
        let changes = server.sessions.journal().watch_all().await;
        let changes = changes.map_err(|error| PageError::Broken(error.to_string()))?;
        let mut news = Self { server, changes, recorded: false, seen: [None, None] };
        news.seen = news.look().await;
        Ok(news)
    }

    /// Returns when something looks another way; `None` where nothing ever will. Nothing is lost where the wait is given
    /// up and taken up again.
    pub async fn next(&mut self) -> Option<()> {
        loop {
            if !self.recorded {
                self.changes.changed().await.ok()?;
                self.recorded = true;
            }
            let now = self.look().await;
            self.recorded = false;
            if now != self.seen {
                self.seen = now;
                return Some(());
            }
        }
    }

    async fn look(&self) -> [Option<String>; 2] {
        let journal = self.server.sessions.journal().as_ref();
        let [first, second] = LOOKED_AT.map(|address| seen_now(journal, &self.server.options.reach, address));
        [first.await, second.await]
    }
}

impl Server {
    /// A resource, by its address: its type, and what it says now.
    pub(super) async fn shown(&self, uri: &str) -> Result<(String, String), PageError> {
        self.may("to look", Right::Read)?;
        let read = self.read_one(uri).await?;
        match read.contents.into_iter().next() {
            Some(ResourceContents::TextResourceContents { text, mime_type, .. }) => {
                Ok((mime_type.unwrap_or_else(|| "text/plain".to_owned()), text))
            }
            _ => Err(PageError::Broken("the resource is no text".to_owned())),
        }
    }

    /// Decides what codex asks, as a person.
    pub(super) async fn decide(
        &self,
        id: ApprovalId,
        decided: Decided,
    ) -> Result<PermissionDecision, PageError> {
        self.may("to decide", Right::Decide)?;
        let broken = |error: &dyn std::fmt::Display| PageError::Broken(error.to_string());
        let thread = self.sessions.of_approval(&id).await.map_err(|error| broken(&error))?;
        let thread = match thread {
            Some(thread) if self.within(&thread).await.is_ok() => thread,
            _ => return Err(PageError::Missing(DecideError::Unknown(id).to_string())),
        };
        self.may_decide(decided.decision).map_err(PageError::Refused)?;
        let Decided { decision, reason, answers } = decided;
        if let Some(handle) = self.sessions.live(&thread).await {
            let verdict = Verdict { reason, answers, ..Verdict::of(decision, DecidedBy::Person, WAY) };
            return self.sessions.decide(&handle, id, verdict).await.map_err(|error| match &error {
                CallError::Decide(DecideError::Gone(_)) => PageError::Decided(error.to_string()),
                CallError::Decide(_) => PageError::Refused(error.to_string()),
                _ => PageError::Broken(error.to_string()),
            });
        }
        let (approval_id, by, way) = (id.clone(), By::Person, WAY.to_owned());
        let request = Request::Decide { approval_id, decision, by, way, reason, answers };
        match send(&self.sessions, &thread, &request).await {
            Some(Ok(Answer::Decided(decision))) => Ok(decision),
            Some(Ok(Answer::Refused { code, message })) if code == "approval_gone" => {
                Err(PageError::Decided(message))
            }
            Some(Ok(Answer::Refused { message, .. })) => Err(PageError::Refused(message)),
            Some(Ok(Answer::Cancelled { .. })) => {
                Err(PageError::Broken("the bridge that has the session answered something else".to_owned()))
            }
            Some(Err(error)) => Err(broken(&error)),
            None => Err(PageError::Decided(self.sessions.why_not_here(&thread, &id).await)),
        }
    }
}
