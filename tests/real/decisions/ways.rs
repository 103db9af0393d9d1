//! The ways to answer, each from the side of who answers.

use serde_json::{Map, Value, json};

use super::{Kind, Outcome};
use crate::common::{Host, PATIENCE};
use crate::real::Stage;

/// A way to a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Rules,
    Dialog,
    Retry,
    Task,
    Tool,
    Terminal,
}

/// A question that codex has asked.
pub struct Asked {
    thread: Value,
    id: String,
    /// What the way needs to answer it.
    rest: Value,
}

impl Way {
    /// Who is recorded, and by which way.
    pub fn record(self) -> (&'static str, &'static str) {
        match self {
            Self::Rules => ("rule", "approvals.rules"),
            Self::Dialog => ("person", "elicitation"),
            Self::Retry => ("person", "retry"),
            Self::Task => ("person", "task"),
            Self::Tool => ("agent", "codex-approve"),
            Self::Terminal => ("person", "terminal"),
        }
    }

    /// Whether it answers by forms.
    pub fn by_form(self) -> bool {
        matches!(self, Self::Dialog | Self::Retry | Self::Task)
    }

    /// A host of this way. Where nobody is to answer the deadline is short.
    pub fn host(self, stage: &Stage, outcome: Outcome) -> Host {
        let mut setup = stage.host();
        if outcome == Outcome::NoAnswer {
            setup = setup.env("CODEX_BRIDGE_APPROVALS_DEADLINE", "2");
        }
        let forms = json!({ "form": {}, "url": {} });
        match self {
            Self::Dialog => {
                setup.version = "2025-11-25";
                setup.capabilities = json!({ "elicitation": forms });
                setup.start()
            }
            Self::Retry => setup.modern(json!({ "elicitation": forms })),
            Self::Task => setup.modern(
                json!({ "elicitation": forms, "extensions": { "io.modelcontextprotocol/tasks": {} } }),
            ),
            Self::Rules => setup.env("CODEX_BRIDGE_APPROVALS_RULES", &rules(outcome)).start(),
            Self::Tool | Self::Terminal => setup.start(),
        }
    }

    /// Starts a run, and waits until codex asks.
    pub fn ask(self, host: &mut Host, kind: &Kind, outcome: Outcome) -> Asked {
        let mut arguments = kind.arguments(outcome);
        if matches!(self, Self::Tool | Self::Terminal | Self::Rules) {
            arguments["wait"] = json!(0);
        }
        let call = json!({ "name": "codex", "arguments": arguments });
        match self {
            Self::Dialog => {
                let call = host.post("tools/call", call);
                let dialog = host.asked("elicitation/create");
                let meta = &dialog["params"]["_meta"];
                let id = meta["approvalId"].as_str().unwrap().to_owned();
                Asked {
                    thread: meta["threadId"].clone(),
                    id,
                    rest: json!({ "dialog": dialog["id"], "call": call }),
                }
            }
            Self::Retry => {
                let round = host.request("tools/call", call.clone())["result"].clone();
                let (id, request) = first(&round["inputRequests"]);
                let thread = request["params"]["_meta"]["threadId"].clone();
                Asked { thread, id, rest: json!({ "call": call, "state": round["requestState"] }) }
            }
            Self::Task => {
                let made = host.request("tools/call", call)["result"].clone();
                let task = made["taskId"].clone();
                let open = standing(host, &task, "input_required");
                let (id, request) = first(&open["inputRequests"]);
                Asked { thread: request["params"]["_meta"]["threadId"].clone(), id, rest: task }
            }
            Self::Tool | Self::Terminal | Self::Rules => {
                let run = host.request("tools/call", call)["result"]["structuredContent"].clone();
                let page =
                    json!({ "threadId": run["threadId"], "types": ["permission_request"], "wait": 60 });
                let page = host.structured("codex-events", page);
                let id = page["events"][0]["approvalId"].as_str().unwrap().to_owned();
                Asked { thread: run["threadId"].clone(), id, rest: Value::Null }
            }
        }
    }

    /// Brings about the outcome; returns the session.
    pub fn answer(
        self,
        host: &mut Host,
        stage: &Stage,
        kind: &Kind,
        outcome: Outcome,
        asked: Asked,
    ) -> Value {
        let Asked { thread, id, rest } = asked;
        let dialog = match outcome {
            Outcome::Approve => kind.accept(),
            Outcome::Decline => json!({ "action": "decline" }),
            Outcome::Cancel => json!({ "action": "accept", "content": { "decision": "cancel" } }),
            Outcome::NoAnswer => return thread,
        };
        let decision = match outcome {
            Outcome::Approve => kind.yes,
            Outcome::Decline => "decline",
            Outcome::Cancel | Outcome::NoAnswer => "cancel",
        };
        let answers = kind.answers().filter(|_| outcome == Outcome::Approve);
        match self {
            Self::Dialog => {
                host.send(&json!({ "jsonrpc": "2.0", "id": rest["dialog"], "result": dialog }));
                let result = host.answer(rest["call"].as_u64().unwrap());
                assert!(result["result"]["structuredContent"].is_object(), "{result}");
            }
            Self::Retry => {
                let mut call = rest["call"].clone();
                call["inputResponses"] = json!({ id: dialog });
                call["requestState"] = rest["state"].clone();
                let result = host.request("tools/call", call);
                assert!(result["result"]["structuredContent"].is_object(), "{result}");
            }
            Self::Task => {
                let update = json!({ "taskId": rest, "inputResponses": { id: dialog } });
                host.request("tasks/update", update);
                let done = standing(host, &rest, "completed");
                assert_eq!(done["result"]["structuredContent"]["threadId"], thread, "{done}");
            }
            Self::Tool => {
                let mut arguments = Map::from_iter([
                    ("approvalId".to_owned(), json!(id)),
                    ("decision".to_owned(), json!(decision)),
                ]);
                arguments.extend(answers.map(|answers| ("answers".to_owned(), answers)));
                host.structured("codex-approve", Value::Object(arguments));
            }
            Self::Terminal => terminal(stage, &id, decision, answers),
            Self::Rules => {}
        }
        thread
    }
}

/// The rules that bring about an outcome; where nobody is to answer, a rule that asks.
fn rules(outcome: Outcome) -> String {
    let action = match outcome {
        Outcome::Approve => "approve",
        Outcome::Decline | Outcome::Cancel => "decline",
        Outcome::NoAnswer => "ask",
    };
    let mut kinds = vec!["command", "file_change", "permissions", "mcp_tool"];
    if action != "approve" {
        kinds.extend(["mcp_form", "mcp_url", "user_input"]);
    }
    let rules = kinds.iter().map(|kind| format!("{{ kind = \"{kind}\", action = \"{action}\" }}"));
    format!("[{}]", rules.collect::<Vec<_>>().join(", "))
}

/// `codex-bridge approve`, by a person in another window.
fn terminal(stage: &Stage, id: &str, decision: &str, answers: Option<Value>) {
    let mut args = vec!["approve".to_owned(), id.to_owned(), decision.to_owned()];
    if let Some(answers) = answers {
        args.extend(["--answers".to_owned(), answers.to_string()]);
    }
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let output = stage.host().args(&args).command().output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn first(requests: &Value) -> (String, Value) {
    let (id, request) =
        requests.as_object().and_then(|all| all.iter().next()).unwrap_or_else(|| panic!("{requests}"));
    (id.clone(), request.clone())
}

fn standing(host: &mut Host, task: &Value, wanted: &str) -> Value {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let answer = host.request("tasks/get", json!({ "taskId": task }));
        if answer["result"]["status"] == wanted {
            return answer["result"].clone();
        }
        assert!(std::time::Instant::now() < until, "{answer}");
        std::thread::yield_now();
    }
}
