//! Of codex's task: turns that fail for want of sign-in, and signing somebody in while it runs.
//!
//! codex reads what it is signed in with once, at its start: of a sign-in by another process (a terminal) a
//! running one never hears. One whose threads all failed for want of it is therefore started anew.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{Agent, Done};
use crate::codex::account::{self, Begun, UNAUTHORIZED, Way, missing_variable};
use crate::codex::connection::fault;
use crate::codex::limits::Limits;
use crate::codex::protocol_account::LoginCompleted;
use crate::codex::stop;
use crate::event::Body;
use crate::ids::{Generation, ThreadId};
use crate::session::{AgentCommand, AgentError, AgentEvent, SignIn};

/// How long it may take to see whether commands go on: codex lists them at once.
const LOOK: Duration = Duration::from_secs(5);

/// What a sign-in at a terminal does not mend, and what does. It ends the remedy.
const OTHERS: &str = ". codex hears of a sign-in at a terminal only at its start, and is not started anew while sessions are \
                      open that did not fail: it is once they are let go (`codex.release_after`); to have it at \
                      once, restart the host";
const COMMANDS: &str = ". codex hears of a sign-in at a terminal only at its start, and is not started anew while commands of \
                        sessions go on in the background: it is once they have ended; to have it at once, restart \
                        the host";

/// Who waits for a sign-in to begin.
type Reply = oneshot::Sender<Result<SignIn, AgentError>>;

/// What a call about a sign-in came to.
pub(super) enum Step {
    Begun {
        generation: Generation,
        result: Result<Begun, AgentError>,
    },
    /// Nobody waits for it any more.
    Left {
        id: String,
    },
    GivenUp {
        result: Result<(), AgentError>,
    },
    /// What was looked for before another codex is started.
    Looked {
        generation: Generation,
        /// Whether commands go on that would end with this one.
        commands: bool,
    },
    Renewed,
}

/// The sign-ins of one codex: there is one at a time, a second would end the first.
#[derive(Default)]
pub(super) struct SignIns {
    /// Who waits for it to begin; `None` while none is about to.
    waiting: Option<Vec<Reply>>,
    current: Option<Current>,
    /// One that was over before its beginning was answered.
    early: Option<LoginCompleted>,
    /// Threads whose latest turn failed for want of sign-in, and whether to sign in at codex would mend it.
    failed: HashMap<ThreadId, bool>,
    /// Whether codex refused to load a thread for want of it.
    refused: bool,
    /// Commands that wait until it is known whether another codex may be started for them.
    looking: Option<Vec<AgentCommand>>,
    /// Whether another one could not be started, since commands went on.
    kept: bool,
    /// Those of codex's task's calls that only watch a sign-in: they are not work.
    watchers: usize,
}

struct Current {
    id: String,
    begun: Begun,
    ended: watch::Sender<Option<Result<(), String>>>,
    /// It is over: nobody need be watched any more.
    over: CancellationToken,
}

impl Drop for Current {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

impl Current {
    fn offer(&self) -> Option<SignIn> {
        let address = self.begun.address.clone()?;
        Some(SignIn { address, code: self.begun.code.clone(), ended: self.ended.subscribe() })
    }
}

impl SignIns {
    /// codex is gone, and its sign-in with it.
    pub fn lost(&mut self) {
        if let Some(current) = self.current.take() {
            current.ended.send_replace(Some(Err("codex ended in the middle of the sign-in".to_owned())));
        }
        *self = Self {
            waiting: self.waiting.take(),
            looking: self.looking.take(),
            watchers: self.watchers,
            ..Self::default()
        };
    }

    /// Whether a call waits for the person now. One that is only held between two calls is not waited for.
    fn is_waited_for(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.ended.receiver_count() > 1)
    }
}

impl Agent {
    /// Begins a sign-in, or hands out the one that is under way.
    pub(super) fn sign_in(&mut self, thread: &ThreadId, reply: Reply) {
        let mends = self.sign_ins.failed.get(thread).copied().unwrap_or_default();
        let Some((peer, generation)) = self.connected().filter(|_| mends) else {
            let message = "the turn did not fail for want of a sign-in at codex, or codex has ended since";
            let _ = reply.send(Err(fault("no_sign_in", message.to_owned(), None)));
            return;
        };
        if let Some(offer) = self.sign_ins.current.as_ref().and_then(Current::offer) {
            let _ = reply.send(Ok(offer));
            return;
        }
        if let Some(waiting) = &mut self.sign_ins.waiting {
            waiting.push(reply);
            return;
        }
        self.sign_ins.waiting = Some(vec![reply]);
        self.calls.spawn(async move {
            // A code works wherever the person's browser is; where codex may not use one, this machine's does.
            let result = match account::start(&peer, Way::Device).await {
                Err(error) if error.0.message.contains("not enabled") => {
                    account::start(&peer, Way::Browser).await
                }
                result => result,
            };
            Done::SignIn(Step::Begun { generation, result })
        });
    }

    pub(super) fn sign_in_step(&mut self, step: Step) {
        match step {
            Step::Begun { generation, result } => {
                let waiting = self.sign_ins.waiting.take().unwrap_or_default();
                let gone = self.peer(generation).is_none();
                let begun = if gone { Err(super::gone()) } else { self.sign_in_begun(result) };
                for reply in waiting {
                    let _ = reply.send(begun.clone());
                }
            }
            Step::Left { id } => {
                self.sign_ins.watchers = self.sign_ins.watchers.saturating_sub(1);
                let left = |current: &Current| current.id == id && current.ended.receiver_count() == 0;
                if !self.sign_ins.current.as_ref().is_some_and(left) {
                    // It is over, or somebody has joined in meanwhile.
                    self.watch_sign_in(&id);
                    return;
                }
                self.sign_ins.current = None;
                let Some((peer, _)) = self.connected() else { return };
                self.calls.spawn(async move {
                    Done::SignIn(Step::GivenUp { result: account::cancel(&peer, &id).await })
                });
            }
            Step::GivenUp { result } => {
                if let Err(error) = result {
                    tracing::debug!(%error, "codex did not give a sign-in up");
                }
            }
            Step::Looked { generation, commands } => self.looked(generation, commands),
            Step::Renewed => {
                let waiting = self.waiting.take().unwrap_or_default();
                waiting.into_iter().for_each(|command| self.command(command));
            }
        }
    }

    fn sign_in_begun(&mut self, result: Result<Begun, AgentError>) -> Result<SignIn, AgentError> {
        let begun = result?;
        let (Some(id), Some(_)) = (begun.id.clone(), &begun.address) else {
            return Err(account::login_failed("codex names no address to sign in at"));
        };
        let (ended, _) = watch::channel(None);
        let current = Current { id: id.clone(), begun, ended, over: CancellationToken::new() };
        let Some(offer) = current.offer() else {
            return Err(account::login_failed("codex names no address to sign in at"));
        };
        self.sign_ins.current = Some(current);
        self.watch_sign_in(&id);
        if let Some(early) = self.sign_ins.early.take() {
            self.sign_in_ended(&early);
        }
        Ok(offer)
    }

    /// Hears when nobody waits for a sign-in any more.
    fn watch_sign_in(&mut self, id: &str) {
        let Some(current) = self.sign_ins.current.as_ref().filter(|current| current.id == id) else { return };
        let (id, ended, over) = (id.to_owned(), current.ended.clone(), current.over.clone());
        self.sign_ins.watchers += 1;
        self.calls.spawn(async move {
            tokio::select! { () = ended.closed() => {}, () = over.cancelled() => {} }
            Done::SignIn(Step::Left { id })
        });
    }

    /// `account/login/completed`.
    pub(super) fn sign_in_over(&mut self, params: &str) {
        let ended: LoginCompleted = serde_json::from_str(params).unwrap_or_default();
        if self.sign_ins.waiting.is_some() {
            self.sign_ins.early = Some(ended);
            return;
        }
        self.sign_in_ended(&ended);
    }

    fn sign_in_ended(&mut self, ended: &LoginCompleted) {
        let mine = |current: &mut Current| Some(&current.id) == ended.login_id.as_ref();
        let Some(current) = self.sign_ins.current.take_if(mine) else { return };
        let error = || ended.error.as_deref().unwrap_or("codex does not say why");
        let outcome = if ended.success {
            // This codex knows it by itself, and need not be started anew.
            self.sign_ins.failed.clear();
            self.sign_ins.refused = false;
            // It may be another account, and its limits others.
            self.limits = Limits::default();
            Ok(())
        } else {
            Err(account::login_failed(error()).0.message)
        };
        current.ended.send_replace(Some(outcome));
    }

    /// Says what to do about a fault for want of sign-in, and remembers whose turn had it.
    pub(super) fn look_for_sign_out(&mut self, thread: &ThreadId, event: &mut AgentEvent) {
        let (error, is_end) = match event {
            AgentEvent::TurnStarted(_) => {
                self.sign_ins.failed.remove(thread);
                return;
            }
            AgentEvent::TurnEnded { error: Some(error), .. } => (error, true),
            AgentEvent::Said { body: Body::Error(error), .. } => (error, false),
            _ => return,
        };
        if error.code != UNAUTHORIZED {
            return;
        }
        let mut mends = false;
        // Where a variable is not set, codex's own words name it.
        if missing_variable(&error.message).is_none()
            && let Some(route) = self.routes.get(thread)
        {
            mends = route.remedy.sign_in;
            let more = if mends { self.not_anew(thread) } else { "" };
            error.remedy = Some(format!("{}{more}", route.remedy.words));
        }
        if is_end {
            self.sign_ins.failed.insert(thread.clone(), mends);
        }
    }

    /// Remembers that codex would not load a thread for want of sign-in.
    pub(super) fn note_refusal(&mut self, error: &AgentError) {
        self.sign_ins.refused |= error.0.code == UNAUTHORIZED;
    }

    /// Why codex is not started anew for the call that comes after a sign-in at a terminal.
    fn not_anew(&self, thread: &ThreadId) -> &'static str {
        let failed = &self.sign_ins.failed;
        if self.routes.keys().any(|other| other != thread && !failed.contains_key(other)) {
            OTHERS
        } else if self.sign_ins.kept {
            COMMANDS
        } else {
            ""
        }
    }

    /// Whether all that this codex has loaded failed for want of sign-in, and nothing is under way: then
    /// nothing is lost with it, but for commands that go on by themselves.
    fn signed_out(&self) -> bool {
        let failed = &self.sign_ins.failed;
        self.connection.is_some()
            && (self.sign_ins.refused || !failed.is_empty())
            && self.routes.keys().all(|thread| failed.contains_key(thread))
            && !self.sign_ins.is_waited_for()
            && self.calls.len() <= self.sign_ins.watchers
            && self.deliveries.is_empty()
    }

    /// Does what needs codex; by another one, where this one has nobody signed in. A query gets an answer from
    /// any, and starts none anew.
    pub(super) fn with_codex(&mut self, command: AgentCommand) {
        let begins = matches!(
            command,
            AgentCommand::Start { .. } | AgentCommand::Resume { .. } | AgentCommand::Run { .. }
        );
        if !begins {
            return self.with_this_codex(command);
        }
        if let Some(waiting) = &mut self.sign_ins.looking {
            return waiting.push(command);
        }
        match self.signed_out() {
            true => self.look_for_commands(command),
            false => self.with_this_codex(command),
        }
    }

    /// Before codex is ended: a command that it runs in the background would end with it. The command waits.
    fn look_for_commands(&mut self, command: AgentCommand) {
        let Some((peer, generation)) = self.connected() else { return self.with_this_codex(command) };
        self.sign_ins.looking = Some(vec![command]);
        let threads: Vec<_> = self.routes.keys().cloned().collect();
        self.calls.spawn(async move {
            let look = async {
                for thread in &threads {
                    if !stop::listed(&peer, thread).await.is_empty() {
                        return true;
                    }
                }
                false
            };
            // Of one that does not answer it is not known: it is left alone.
            let commands = tokio::time::timeout(LOOK, look).await.unwrap_or(true);
            Done::SignIn(Step::Looked { generation, commands })
        });
    }

    fn looked(&mut self, generation: Generation, commands: bool) {
        let waiting = self.sign_ins.looking.take().unwrap_or_default();
        if self.peer(generation).is_some() {
            self.sign_ins.kept = commands;
            if !commands && self.signed_out() {
                return self.renew(waiting);
            }
        }
        waiting.into_iter().for_each(|command| self.with_this_codex(command));
    }

    /// Ends codex for another one; the commands wait for it.
    fn renew(&mut self, commands: Vec<AgentCommand>) {
        let Some(connection) = self.connection.take() else { return };
        tracing::info!("codex is started anew: it had nobody signed in, and hears of that only at its start");
        self.sign_ins.lost();
        self.limits = Limits::default();
        self.routes.clear();
        self.owed.clear();
        self.early.clear();
        self.started = None;
        self.waiting = Some(commands);
        self.calls.spawn(async move {
            connection.end().await;
            Done::SignIn(Step::Renewed)
        });
    }
}
