//! What codex says, and what callers want meanwhile: each line is read, translated and given to the state machine of a
//! session. Whatever codex says, each of its questions ends once and gets the answer to itself, turns begin and end once,
//! callers get one answer each, and every event can be written, read back and shown.
//!
//! An input is lines as codex writes them; one that begins with `!` is an act of somebody else: see [`Session::act`].

#![no_main]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use codex_bridge::approval::{Policy, Rule, RuleAction, Verdict};
use codex_bridge::codex::answers::Shape;
use codex_bridge::codex::asks::{self, Question};
use codex_bridge::codex::inbound::{Notice, notice, unknown_request};
use codex_bridge::codex::protocol::{ThreadOpened, TurnOpened};
use codex_bridge::event::{Body, DecidedBy, Decision, ErrorInfo, Event, SessionInfo, Timestamp};
use codex_bridge::ids::{ApprovalId, Generation, Seq, ThreadId, TurnId};
use codex_bridge::mcp::dialog::{self, Forms};
use codex_bridge::mcp::result::{Note, of_view};
use codex_bridge::rpc::{Message, RequestId};
use codex_bridge::session::{
    Act, AgentError, AgentEvent, CallId, Effects, Input, Meant, Missed, Opened, QuestionOptions, RequestKey,
    State, SteerError, TurnParams, View, WhenBusy,
};
use codex_bridge::terminal::Screen;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

/// The most bytes of a result, as the settings have it.
const BUDGET: usize = 24 << 10;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

fn mint() -> ApprovalId {
    let n = NEXT.replace(NEXT.get() + 1);
    ApprovalId::from(format!("apr_{n}"))
}

fuzz_target!(|data: &[u8]| {
    let mut session = Session::new();
    for line in data.split(|byte| *byte == b'\n') {
        session.now += 700;
        match line.strip_prefix(b"!") {
            Some(act) => session.act(&String::from_utf8_lossy(act)),
            None => session.line(&Bytes::copy_from_slice(line)),
        }
    }
    session.end();
});

/// A question that codex has put and that is owed an answer.
struct Owed {
    shape: Shape,
    always: Option<Value>,
    approval: ApprovalId,
}

struct Session {
    state: State,
    view: View,
    now: u64,
    seq: Seq,
    generation: u64,
    calls: u64,
    replied: BTreeSet<u64>,
    /// What codex waits for.
    owed: BTreeMap<RequestKey, Owed>,
    /// Whose question each request is.
    senders: BTreeMap<ApprovalId, RequestKey>,
    open: BTreeSet<ApprovalId>,
    running: Option<TurnId>,
    /// Starts that codex has been told of, and prompts that it is to add.
    starts: Vec<CallId>,
    steers: Vec<(CallId, TurnId)>,
}

impl Session {
    fn new() -> Self {
        NEXT.set(0);
        let rule = |command: &[&str], action| Rule {
            name: None,
            kind: None,
            command: command.iter().map(ToString::to_string).collect(),
            path: None,
            server: None,
            tool: None,
            action,
        };
        let rules = vec![rule(&["git", "status"], RuleAction::Approve), rule(&["rm"], RuleAction::Decline)];
        let policy = Arc::new(Policy { rules, ..Policy::default() });
        let questions = QuestionOptions { deadline: Duration::from_secs(900), policy, mint };
        let mut new = Self {
            state: State::new(opened(1), Seq::ZERO, questions, Duration::from_secs(60)),
            view: View::new(ThreadId::from("t")),
            now: 1_795_000_000_000,
            seq: Seq::ZERO,
            generation: 1,
            calls: 0,
            replied: BTreeSet::new(),
            owed: BTreeMap::new(),
            senders: BTreeMap::new(),
            open: BTreeSet::new(),
            running: None,
            starts: Vec::new(),
            steers: Vec::new(),
        };
        let effects = new.state.open(Timestamp(new.now));
        new.effects(effects);
        new
    }

    /// A line of codex.
    fn line(&mut self, line: &Bytes) {
        let message = Message::decode(line);
        let again = Message::decode(line);
        assert_eq!(format!("{message:?}"), format!("{again:?}"));
        let is_json = serde_json::from_slice::<IgnoredAny>(line).is_ok();
        assert_eq!(message.is_ok(), is_json, "what is JSON is taken, whatever it says");
        match message {
            Ok(Message::Notification { method, params }) => self.notification(&method, params.get()),
            Ok(Message::Request { id, method, params }) => self.request(&id, &method, params.get()),
            Ok(Message::Response { result: Ok(result), .. }) => {
                let _ = serde_json::from_str::<ThreadOpened>(result.get());
                let _ = serde_json::from_str::<TurnOpened>(result.get());
            }
            Ok(Message::Response { .. } | Message::Unknown) | Err(_) => {}
        }
    }

    fn notification(&mut self, method: &str, params: &str) {
        let told = notice(method, params);
        assert_eq!(told, notice(method, params), "the same words mean the same");
        is_kept(method, params, &told);
        match told {
            Notice::Session(_, event) => self.apply(Input::Agent(*event)),
            Notice::Resolved(_, id) => {
                let key = RequestKey { generation: Generation(self.generation), id };
                if self.owed.remove(&key).is_some() {
                    self.apply(Input::Agent(AgentEvent::Resolved(key)));
                }
            }
            Notice::Everyone(body) => self.apply(Input::Agent(AgentEvent::Said { turn: None, body })),
            Notice::Limits(_) | Notice::Nothing => {}
        }
    }

    fn request(&mut self, id: &RequestId, method: &str, params: &str) {
        let Some(shape) = Shape::of(method) else {
            if let Notice::Session(_, event) = unknown_request(method, params) {
                self.apply(Input::Agent(*event));
            }
            return;
        };
        is_answer(shape, &shape.safe());
        let question = asks::question(shape, params);
        assert_eq!(question, asks::question(shape, params));
        assert!(question.is_some() || !is_of_session(params), "each question of a session is put to it");
        // One that concerns no session is declined by its ticket.
        let Some(Question { turn, ask, always, .. }) = question.filter(|_| !self.state.is_over()) else {
            return;
        };
        let key = RequestKey { generation: Generation(self.generation), id: id.to_string() };
        let approval = ApprovalId::from(format!("apr_{}", NEXT.get()));
        self.senders.insert(approval.clone(), key.clone());
        // Its ticket answers the one of the same id, which codex has given up so.
        self.owed.insert(key.clone(), Owed { shape, always, approval });
        self.apply(Input::Agent(AgentEvent::Asked { key, turn, ask: Box::new(ask) }));
    }

    /// What somebody else does: `WORD ARGUMENT …`.
    fn act(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (word, more) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let number = more.parse::<u64>().unwrap_or(0);
        let approval = ApprovalId::from(format!("apr_{number}"));
        let generation = Generation(self.generation);
        let input = match word {
            "run" | "steer" | "queue" => {
                let when = match word {
                    "run" => WhenBusy::Reject,
                    "steer" => WhenBusy::Steer,
                    _ => WhenBusy::Queue,
                };
                let turn = TurnParams { prompt: more.to_owned(), ..TurnParams::default() };
                Input::Run(self.call(), turn, when)
            }
            "accept" => {
                let Some(start) = self.starts.pop() else { return };
                let turn = TurnId::from(more);
                Input::Agent(AgentEvent::TurnAccepted { start, generation, turn })
            }
            "taken" => {
                let Some(start) = self.starts.pop() else { return };
                Input::Agent(AgentEvent::TurnTaken { start, generation })
            }
            "refuse" => {
                let Some(start) = self.starts.pop() else { return };
                Input::Agent(AgentEvent::TurnRefused { start, error: error() })
            }
            "steered" | "over" | "unsteered" => {
                let Some((call, turn)) = self.steers.pop() else { return };
                let result = match word {
                    "steered" => Ok(()),
                    "over" => Err(SteerError::Over),
                    _ => Err(SteerError::Other(error())),
                };
                Input::Agent(AgentEvent::Steered { call, turn, result })
            }
            "approve" => self.decide(approval, Decision::Approve),
            "session" => self.decide(approval, Decision::ApproveForSession),
            "always" => self.decide(approval, Decision::ApproveAlways),
            "decline" => self.decide(approval, Decision::Decline),
            "cancel" => self.decide(approval, Decision::Cancel),
            "answer" => self.decide(approval, Decision::Answer),
            "dismiss" => Input::Dismiss(self.call(), approval),
            "stop" => {
                let verdict = Verdict::of(Decision::Cancel, DecidedBy::Agent, "codex-cancel");
                let meant = if more.is_empty() { Meant::Any } else { Meant::Turn(TurnId::from(more)) };
                Input::Cancel(self.call(), meant, verdict)
            }
            "tick" => {
                self.now += number.min(10_000_000);
                Input::Tick
            }
            "lost" => {
                // What it asked went with it.
                self.owed.clear();
                Input::Agent(AgentEvent::Lost { generation, error: error().0 })
            }
            "loaded" => {
                self.owed.clear();
                self.generation += 1;
                Input::Agent(AgentEvent::Loaded(opened(self.generation)))
            }
            "release" => Input::Release(self.call()),
            _ => return,
        };
        self.apply(input);
    }

    fn call(&mut self) -> CallId {
        self.calls += 1;
        CallId(self.calls)
    }

    fn decide(&mut self, approval: ApprovalId, decision: Decision) -> Input {
        Input::Decide(self.call(), approval, Verdict::of(decision, DecidedBy::Person, "elicitation"))
    }

    fn apply(&mut self, input: Input) {
        let was_over = self.state.is_over();
        let of_caller = match &input {
            Input::Run(call, ..)
            | Input::Decide(call, ..)
            | Input::Dismiss(call, _)
            | Input::Cancel(call, ..)
            | Input::Release(call) => Some(call.0),
            _ => None,
        };
        let effects = self.state.apply(input, Timestamp(self.now));
        if was_over {
            assert_eq!(effects, Effects::default(), "nothing comes after the end");
            // Its task has ended too, and tells the caller so.
            self.replied.extend(of_caller);
            return;
        }
        self.effects(effects);
        assert_eq!(self.view.open(), self.state.running().is_some(), "the view says what the state says");
        assert_eq!(self.running.as_ref(), self.state.running());
    }

    fn effects(&mut self, effects: Effects) {
        let mut decided = Vec::new();
        for event in &effects.events {
            self.seq = self.seq.next();
            assert_eq!(event.seq, self.seq, "numbers have no gap");
            self.event(event, &mut decided);
            self.view.apply(event);
        }
        let mut decided = decided.into_iter();
        for act in effects.acts {
            match act {
                Act::Answer(key, answer) => {
                    let approval = decided.next().expect("what is answered was decided");
                    assert_eq!(self.senders.get(&approval), Some(&key));
                    if let Some(Owed { shape, always, approval: of }) = self.owed.remove(&key) {
                        assert_eq!(of, approval, "an answer is to the question that it was given for");
                        is_answer(shape, &shape.answer(answer, always));
                    }
                }
                Act::Run(call, _) => self.starts.push(call),
                Act::Steer(call, turn, _) => self.steers.push((call, turn)),
                Act::Interrupt(_) | Act::Release => {}
            }
        }
        for (call, reply) in effects.replies {
            assert!(self.replied.insert(call.0), "a caller is answered once: {reply:?}");
        }
        let result = serde_json::to_string(&of_view(&self.view, &Note::default(), BUDGET)).expect("JSON");
        assert!(result.len() <= BUDGET, "{} bytes: {result}", result.len());
    }

    /// `decided`: what codex is to be told of.
    fn event(&mut self, event: &Event, decided: &mut Vec<ApprovalId>) {
        match &event.body {
            Body::PermissionRequest(request) => {
                assert!(self.open.insert(request.approval_id.clone()), "a question is put once");
                for titled in [true, false] {
                    let forms = Forms { form: true, url: true, titled };
                    if let Some(dialog) = dialog::request(request, &self.view, "call", forms) {
                        serde_json::to_string(&dialog).expect("JSON");
                    }
                }
            }
            Body::PermissionDecision(decision) => {
                assert!(self.open.remove(&decision.approval_id), "a question ends once");
                if decision.by != DecidedBy::Codex {
                    decided.push(decision.approval_id.clone());
                } else if let Some(key) = self.senders.get(&decision.approval_id) {
                    // With its turn: codex says itself that it is resolved.
                    if self.owed.get(key).is_some_and(|owed| owed.approval == decision.approval_id) {
                        self.owed.remove(key);
                    }
                }
            }
            Body::TurnStarted { .. } => {
                assert!(self.running.is_none(), "a turn ends before the next begins");
                self.running.clone_from(&event.turn_id);
            }
            Body::TurnFinished { .. } => {
                assert_eq!(self.running, event.turn_id, "what ends is what runs");
                self.running = None;
            }
            _ => {}
        }
        let text = serde_json::to_string(event).expect("an event can be written");
        let read: Event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(read.body.kind(), event.body.kind());
        let again = serde_json::to_string(&read).expect("and again");
        // A number with a fraction may be read as its neighbour.
        assert!(again == text || text.contains(['.', 'e', 'E']), "{text}\n{again}");
        is_shown(&Screen::of_process().event(event));
    }

    fn end(mut self) {
        if !self.state.is_over() {
            self.apply(Input::Shutdown);
        }
        assert!(self.state.is_over() && self.open.is_empty(), "no question stays open");
        assert!(self.owed.is_empty(), "each question of codex has been answered");
        assert!(self.running.is_none(), "no turn stays running");
        assert_eq!(self.replied.len() as u64, self.calls, "every caller is answered");
    }
}

/// What is not known, or cannot be read, is in the record all the same.
fn is_kept(method: &str, params: &str, told: &Notice) {
    if is_of_session(params) {
        let unknown = unknown_request(method, params);
        assert!(matches!(unknown, Notice::Session(..)), "{params} is lost");
    }
    let Notice::Session(thread, event) = told else { return };
    let Ok(value) = serde_json::from_str::<Value>(params) else {
        let AgentEvent::Said { body: Body::Raw { params: kept, .. }, .. } = &**event else { return };
        assert!(kept.is_string(), "what no parser takes is kept as it came");
        return;
    };
    assert_eq!(value["threadId"], thread.as_str());
    if let AgentEvent::Said { body: Body::Raw { method: kept, params }, .. } = &**event {
        let item = kept.strip_prefix("item/completed:");
        match item.filter(|_| method == "item/completed") {
            Some(_) => assert!(params.is_string() || *params == value["item"]),
            None => assert!(kept == method && (params.is_string() || *params == value)),
        }
    }
}

/// Whether parameters name a session, once.
fn is_of_session(params: &str) -> bool {
    let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(params);
    let once = [r#""threadId""#, r#""turnId""#].iter().all(|name| params.matches(name).count() <= 1);
    let escaped = params.contains(r"\u");
    once && !escaped
        && members.is_ok_and(|all| {
            all.get("threadId").is_some_and(|raw| serde_json::from_str::<String>(raw.get()).is_ok())
        })
}

/// An answer has the members that its method wants, and allows nothing that was not said.
fn is_answer(shape: Shape, answer: &Value) {
    let fits = match shape {
        Shape::Command | Shape::FileChange => {
            answer["decision"].is_string() || answer["decision"].is_object()
        }
        Shape::Permissions => answer["permissions"].is_object() && answer["scope"].is_string(),
        Shape::UserInput => answer["answers"].is_object(),
        Shape::Elicitation => {
            matches!(answer["action"].as_str(), Some("accept" | "decline" | "cancel"))
                && answer.get("content").is_some()
                && answer.get("_meta").is_some()
        }
    };
    assert!(fits, "{shape:?}: {answer}");
}

/// Nothing in it is acted on by a terminal, but for its colours.
fn is_shown(text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        is_plain(&rest[..at]);
        let colour = rest[at + 1..].strip_prefix('[').and_then(|colour| colour.split_once('m'));
        let (codes, after) = colour.unwrap_or_else(|| panic!("{text:?}"));
        assert!(codes.chars().all(|c| c.is_ascii_digit() || c == ';'), "{text:?}");
        rest = after;
    }
    is_plain(rest);
    assert!(text.ends_with('\n'), "{text:?}");
}

fn is_plain(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

fn opened(generation: u64) -> Opened {
    Opened {
        thread: ThreadId::from("t"),
        info: SessionInfo::default(),
        generation: Generation(generation),
        sandbox_policy: None,
        missed: Missed::default(),
    }
}

fn error() -> AgentError {
    let (code, message) = ("codex_lost".to_owned(), "codex ended".to_owned());
    AgentError(ErrorInfo { code, message, remedy: None, retryable: true })
}
