//! Of codex's task: what is asked of codex beside the turns themselves, and what is not to be had.

use super::{Agent, AnswerTo, Done};
use crate::codex::{calls, queries};
use crate::ids::{ThreadId, TurnId};
use crate::rpc::Peer;
use crate::session::{AgentCommand, AgentError, AgentEvent, CallId, Inbox, Query, SteerError, TurnParams};

impl Agent {
    /// Asks codex; the answer goes to whoever wants it.
    pub(super) fn ask(&mut self, peer: Peer, query: Query, reply: AnswerTo) {
        self.calls.spawn(async move {
            let result = queries::ask(&peer, query).await;
            Done::Answered { reply, result }
        });
    }

    /// Says to whoever gave a command that codex cannot do it.
    pub(super) fn refuse(&mut self, command: AgentCommand, error: AgentError) {
        match command {
            AgentCommand::Start { reply, .. } | AgentCommand::Resume { reply, .. } => {
                let _ = reply.send(Err(error));
            }
            AgentCommand::Run { start, thread, inbox, .. } => {
                self.say(thread, inbox, AgentEvent::TurnRefused { start, error });
            }
            AgentCommand::Query { reply, .. } => drop(reply.send(Err(error))),
            AgentCommand::Interrupt { .. }
            | AgentCommand::Steer { .. }
            | AgentCommand::Answer { .. }
            | AgentCommand::SignIn { .. }
            | AgentCommand::Release { .. } => {}
        }
    }

    /// Adds to a turn. With no codex there is none: the session hears of that too.
    pub(super) fn steer(
        &mut self,
        call: CallId,
        thread: ThreadId,
        turn: TurnId,
        more: TurnParams,
        inbox: Inbox,
    ) {
        let Some((peer, _)) = self.connected() else {
            return self.say(
                thread,
                inbox,
                AgentEvent::Steered { call, turn, result: Err(SteerError::Over) },
            );
        };
        self.calls.spawn(async move {
            let result = calls::steer(&peer, &thread, &turn, more, calls::TURN).await;
            let result = result.map_err(calls::steer_error);
            Done::Steered { call, thread, turn, inbox, result }
        });
    }
}
