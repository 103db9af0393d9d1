//! Progress of a call that blocks: what codex does now, for a host that gave a token.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::RequestContext;
use tokio::time::Instant;

use super::doing::doing;
use crate::event::Timestamp;
use crate::session::View;

/// The least time between two notices: a person reads no faster.
const SPACING: Duration = Duration::from_millis(300);

/// The most, while nothing changes: hosts that hear nothing for minutes give a call up.
const STEADY: Duration = Duration::from_secs(5);

/// The notices of one call. Strictly increasing, the first at once.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    context: &'a RequestContext<RoleServer>,
    token: Option<ProgressToken>,
    count: u32,
    begun: Instant,
    last: Option<Instant>,
    words: String,
}

impl<'a> Progress<'a> {
    /// Of a call that begins; silent where its host gave no token.
    pub fn of(context: &'a RequestContext<RoleServer>) -> Self {
        let token = context.meta.get_progress_token();
        Self { context, token, count: 0, begun: Instant::now(), last: None, words: String::new() }
    }

    /// Says what is waited for while a piece of work is done.
    pub async fn during<T>(&mut self, words: &str, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            self.say(words, self.begun.elapsed()).await;
            let due = self.pause(words);
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = super::call::over(due) => {}
            }
        }
    }

    /// Says what codex does, if that is due.
    pub async fn tell(&mut self, view: &View) {
        let since =
            if view.turn.is_some() { Timestamp::now().since(view.begun) } else { self.begun.elapsed() };
        self.say(&doing(view), since).await;
    }

    /// When there may be something to say again.
    pub fn due(&self, view: &View) -> Option<Instant> {
        self.pause(&doing(view))
    }

    async fn say(&mut self, words: &str, spent: Duration) {
        let Some(token) = self.token.clone() else { return };
        if self.pause(words).is_some_and(|due| due > Instant::now()) {
            return;
        }
        self.count += 1;
        let spent = spent.as_secs();
        let message = if spent > 0 { format!("{words} · {spent} s") } else { words.to_owned() };
        let notice = ProgressNotificationParam::new(token, f64::from(self.count)).with_message(message);
        if let Err(error) = self.context.peer.notify_progress(notice).await {
            tracing::debug!(%error, "the host takes no progress");
            self.token = None;
        }
        (self.last, self.words) = (Some(Instant::now()), words.to_owned());
    }

    /// When these words may be said.
    fn pause(&self, words: &str) -> Option<Instant> {
        self.token.as_ref()?;
        let pause = if words == self.words { STEADY } else { SPACING };
        self.last.map(|last| last + pause)
    }
}
