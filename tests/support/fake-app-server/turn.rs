//! A turn, directive by directive, on a thread of its own. A turn that says nothing says `done`.
//!
//! | Directive | What it does |
//! |---|---|
//! | `say TEXT` | a message |
//! | `deltas N` | a message that comes in N pieces |
//! | `flood N` | a command with N pieces of output |
//! | `stream N` | a command whose output of N bytes comes in pieces of 8 KiB, and not with its end |
//! | `output N` | a command whose output of N bytes comes with its end |
//! | `answer N` | a message of N bytes, in pieces of 64 KiB and then as a whole |
//! | `diff N` | a diff of N bytes |
//! | `ask-command CMD`, `ask-file PATH` | asks, and does what the answer says |
//! | `ask-permissions`, `ask-user-input`, `ask-mcp-tool` | asks, and goes on |
//! | `ask-unknown` | asks what no client knows, and says what came back |
//! | `resolve-itself` | asks, and closes the question itself |
//! | `limits PERCENT` | what the account may still use; a second window is told of once, at 100 |
//! | `out-of-usage` | ends the turn as failed, since nothing of that is left |
//! | `immortal-command` | a command that codex cannot end |
//! | `run CMD` | a real command in a shell, to its end (`command.rs`) |
//! | `background CMD` | a real command that is left running |
//! | `sleep-command` | leaves a real `sleep 300` running |
//! | `fail MESSAGE` | ends the turn as failed |
//! | `needs-sign-in` | ends the turn as failed unless somebody is signed in |
//! | `stall` | never ends the turn |
//! | `die`, `die-mid-line` | ends the process with 3, the second inside a message |
//! | `die-asking CMD` | asks whether a command may run, and ends the process with 3 |
//! | `garbage` | lines and messages that no protocol knows |
//! | `say-trace` | says the trace that the turn was begun in |
//! | `raw TEXT` | the text as a line of its own; `$T` and `$U` in it are the thread and the turn |
//! | `bytes HEX` | bytes as they are, and the end of the line |
//! | `long N` | a line of N bytes that begins as a notice of this turn does |
//! | `stderr N` | N bytes on stderr |
//! | `duplicate-completed` | says the end of the turn twice |

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::account;
use crate::command;
use crate::server::{Over, Server};
use crate::shapes;

/// Begins a turn, or steers the one that runs, as the real one does.
pub fn start(server: &Server, thread: &str, message: &Value) -> Result<(), String> {
    let Some(turn) = server.begin(thread, message)? else { return Ok(()) };
    let parts = message["params"]["input"].as_array().into_iter().flatten();
    let text = parts.filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n");
    let turn = Turn {
        server: server.clone(),
        cwd: shapes::cwd(&server.params(thread).unwrap_or_default()),
        thread: thread.into(),
        turn,
        said: false,
        trace: message["trace"].clone(),
    };
    std::thread::spawn(move || turn.run(&text));
    Ok(())
}

struct Turn {
    server: Server,
    thread: String,
    turn: String,
    cwd: String,
    said: bool,
    trace: Value,
}

/// What follows a directive.
enum Then {
    Next,
    /// The turn ends so, with this error.
    End(&'static str, Value),
    /// The turn never ends.
    Stall,
}

impl Turn {
    fn run(mut self, text: &str) {
        // Over: somebody has interrupted the turn, which says its end.
        let Ok(then) = self.steps(text) else { return };
        match then {
            Then::Next => self.server.end_turn(&self.thread, "completed", &Value::Null),
            Then::End(how, error) => self.server.end_turn(&self.thread, how, &error),
            Then::Stall => {}
        }
    }

    fn steps(&mut self, text: &str) -> Result<Then, Over> {
        let mut message = shapes::user_message(&shapes::new_id(), text);
        self.started(&mut message)?;
        self.completed(&mut message)?;
        for line in text.lines() {
            let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            let then = self.step(word, rest)?;
            if !matches!(then, Then::Next) {
                return Ok(then);
            }
        }
        if !self.said {
            self.say("done")?;
        }
        Ok(Then::Next)
    }

    fn step(&mut self, word: &str, rest: &str) -> Result<Then, Over> {
        match word {
            "say" => self.say(rest)?,
            "say-trace" => self.say(&self.trace.to_string())?,
            "answer" => {
                let piece = "an answer of many".repeat(64 * 1024 / 17);
                let count = rest.parse::<usize>().unwrap().div_ceil(piece.len());
                self.message(&vec![piece; count])?;
            }
            "deltas" => self.deltas(rest.parse().unwrap_or(1))?,
            "flood" => self.flood(rest.parse().unwrap_or(1))?,
            "stream" => self.stream(rest.parse().unwrap_or(1))?,
            "output" => self.output(rest.parse().unwrap_or(1))?,
            "diff" => {
                let diff = "+a line that was added\n".repeat(rest.parse::<usize>().unwrap_or(1) / 23 + 1);
                self.tell("turn/diff/updated", json!({ "diff": diff }))?;
            }
            "ask-command" => return self.ask_command(rest),
            "ask-file" => return self.ask_file(rest),
            "ask-permissions" => {
                let question = shapes::permissions_question(&call_id(), &self.cwd);
                self.ask("item/permissions/requestApproval", question)?;
            }
            "ask-user-input" => {
                self.ask("item/tool/requestUserInput", shapes::user_question(&call_id()))?;
            }
            "ask-mcp-tool" => self.ask_mcp_tool()?,
            "ask-unknown" => {
                let answer = self.ask("some/newRequest", json!({}))?;
                self.say(&answer["error"]["message"].to_string())?;
            }
            "resolve-itself" => {
                let question = shapes::command_question(&call_id(), "true", &self.cwd);
                let method = "item/commandExecution/requestApproval";
                let (id, _answer) = self.server.ask(&self.thread, &self.turn, method, question)?;
                self.server.withdraw(id);
            }
            "run" => self.run_command(rest, true)?,
            "background" => self.run_command(rest, false)?,
            "sleep-command" => self.sleep_command()?,
            "limits" => {
                let used: u32 = rest.parse().unwrap_or(1);
                let mut limits = json!({ "limitId": "codex", "secondary": null });
                limits["primary"] =
                    json!({ "usedPercent": used, "windowDurationMins": 300, "resetsAt": 4000 });
                if used == 100 {
                    limits["secondary"] =
                        json!({ "usedPercent": 100, "windowDurationMins": 10080, "resetsAt": 8000 });
                }
                self.server.tell("account/rateLimits/updated", json!({ "rateLimits": limits }));
            }
            "out-of-usage" => {
                let error = json!({ "message": "You have hit your usage limit.", "codexErrorInfo": "usageLimitExceeded" });
                return Ok(Then::End("failed", error));
            }
            "immortal-command" => {
                self.server.immortal();
            }
            "needs-sign-in" if !account::is_signed_in() => {
                return Ok(Then::End("failed", account::refused()));
            }
            "needs-sign-in" => {}
            "fail" => {
                let error = json!({ "message": rest, "codexErrorInfo": "other", "additionalDetails": null });
                return Ok(Then::End("failed", error));
            }
            // As codex does without a network, until somebody ends it. The pause is what is played: its tries have
            // one between them, and nothing is waited for.
            "retry-for-ever" => loop {
                let error = json!({ "message": rest, "codexErrorInfo": "other", "additionalDetails": null });
                self.tell("error", json!({ "willRetry": true, "error": error }))?;
                std::thread::sleep(std::time::Duration::from_millis(20));
            },
            "stall" => return Ok(Then::Stall),
            "die" => {
                eprintln!("fake: told to die");
                std::process::exit(3);
            }
            "die-mid-line" => {
                self.server.raw(b"{\"method\":\"item/agentMess");
                std::process::exit(3);
            }
            "die-asking" => {
                let question = shapes::command_question(&call_id(), rest, &self.cwd);
                let method = "item/commandExecution/requestApproval";
                self.server.ask(&self.thread, &self.turn, method, question)?;
                std::process::exit(3);
            }
            "garbage" => self.garbage()?,
            "raw" => self
                .server
                .raw(format!("{}\n", rest.replace("$T", &self.thread).replace("$U", &self.turn)).as_bytes()),
            "bytes" => {
                let bytes = rest.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap());
                self.server.raw(&bytes.chain([b'\n']).collect::<Vec<_>>());
            }
            "long" => self.long(rest.parse().unwrap()),
            "stderr" => {
                let line = "w".repeat(1023);
                for _ in 0..rest.parse::<usize>().unwrap() / 1024 {
                    eprintln!("{line}");
                }
            }
            "duplicate-completed" => self.server.end_twice(&self.thread, &self.turn)?,
            "" => {}
            _ => self.say(&format!("no such directive: {word}"))?,
        }
        Ok(Then::Next)
    }

    fn tell(&self, method: &str, params: Value) -> Result<(), Over> {
        self.server.tell_of(&self.thread, &self.turn, method, params)
    }

    /// Asks and waits; the whole answer, a result or an error.
    fn ask(&self, method: &str, params: Value) -> Result<Value, Over> {
        let (_, answer) = self.server.ask(&self.thread, &self.turn, method, params)?;
        answer.recv().map_err(|_| Over)
    }

    fn started(&self, item: &mut Value) -> Result<(), Over> {
        item["startedAtMs"] = json!(shapes::now());
        item["completedAtMs"] = Value::Null;
        self.tell("item/started", json!({ "item": item, "startedAtMs": item["startedAtMs"] }))
    }

    fn completed(&self, item: &mut Value) -> Result<(), Over> {
        item["completedAtMs"] = json!(shapes::now());
        let end = item["completedAtMs"].clone();
        self.tell("item/completed", json!({ "item": item, "contentTokenCount": null, "completedAtMs": end }))
    }

    fn say(&mut self, text: &str) -> Result<(), Over> {
        self.message(&[text.to_owned()])
    }

    fn deltas(&mut self, count: u32) -> Result<(), Over> {
        self.message(&(0..count).map(|n| format!("d{n} ")).collect::<Vec<_>>())
    }

    fn message(&mut self, pieces: &[String]) -> Result<(), Over> {
        self.said = true;
        let id = format!("msg_{}", uuid::Uuid::new_v4().simple());
        let mut item = shapes::agent_message(&id, "");
        self.started(&mut item)?;
        for piece in pieces {
            self.tell("item/agentMessage/delta", json!({ "itemId": id, "delta": piece }))?;
        }
        item["text"] = json!(pieces.concat());
        self.completed(&mut item)
    }

    fn flood(&self, count: u32) -> Result<(), Over> {
        let id = call_id();
        let mut item = shapes::command(&id, "yes", &self.cwd);
        self.started(&mut item)?;
        for n in 0..count {
            let delta = json!({ "itemId": id, "delta": format!("{n}\n") });
            self.tell("item/commandExecution/outputDelta", delta)?;
        }
        ran(&mut item);
        self.completed(&mut item)
    }

    fn stream(&self, bytes: usize) -> Result<(), Over> {
        let id = call_id();
        let mut item = shapes::command(&id, "yes", &self.cwd);
        self.started(&mut item)?;
        let piece = "a line of the output, 32 bytes.\n".repeat(8 * 1024 / 32);
        for _ in 0..bytes.div_ceil(piece.len()) {
            let delta = json!({ "itemId": id, "delta": piece });
            self.tell("item/commandExecution/outputDelta", delta)?;
        }
        ran(&mut item);
        self.completed(&mut item)
    }

    fn output(&self, bytes: usize) -> Result<(), Over> {
        let mut item = shapes::command(&call_id(), "cat big", &self.cwd);
        self.started(&mut item)?;
        ran(&mut item);
        item["aggregatedOutput"] = json!("a line of the output\n".repeat(bytes / 21 + 1));
        self.completed(&mut item)
    }

    fn ask_command(&self, command: &str) -> Result<Then, Over> {
        let id = call_id();
        let mut item = shapes::command(&id, command, &self.cwd);
        self.started(&mut item)?;
        let question = shapes::command_question(&id, command, &self.cwd);
        let answer = self.ask("item/commandExecution/requestApproval", question)?;
        self.decided(item, &answer)
    }

    fn ask_file(&self, path: &str) -> Result<Then, Over> {
        let id = call_id();
        let mut item = shapes::file_change(&id, &format!("{}/{path}", self.cwd));
        self.started(&mut item)?;
        let question =
            json!({ "itemId": id, "startedAtMs": shapes::now(), "reason": null, "grantRoot": null });
        let answer = self.ask("item/fileChange/requestApproval", question)?;
        self.decided(item, &answer)
    }

    /// Does what an answer says: an error or an unknown word counts as no.
    fn decided(&self, mut item: Value, answer: &Value) -> Result<Then, Over> {
        let decision = &answer["result"]["decision"];
        let yes = matches!(decision.as_str(), Some("accept" | "acceptForSession")) || decision.is_object();
        if !yes {
            item["status"] = json!("declined");
        } else if item["type"] == "commandExecution" {
            ran(&mut item);
        } else {
            item["status"] = json!("completed");
        }
        self.completed(&mut item)?;
        if decision == "cancel" {
            return Ok(Then::End("interrupted", Value::Null));
        }
        Ok(Then::Next)
    }

    fn ask_mcp_tool(&self) -> Result<(), Over> {
        let mut item = shapes::mcp_call(&call_id());
        self.started(&mut item)?;
        let answer = self.ask("mcpServer/elicitation/request", shapes::mcp_question())?;
        item["durationMs"] = json!(1);
        if answer["result"]["action"] == "accept" {
            item["status"] = json!("completed");
            let content = json!([{ "type": "text", "text": "echoed" }]);
            item["result"] = json!({ "content": content, "structuredContent": null, "_meta": null });
        } else {
            item["status"] = json!("failed");
            item["error"] = json!({ "message": "user rejected MCP tool call" });
        }
        self.completed(&mut item)
    }

    fn sleep_command(&self) -> Result<(), Over> {
        let child =
            Command::new("sleep").arg("300").stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let mut item = shapes::command(&call_id(), "sleep 300", &self.cwd);
        item["processId"] = json!(child.id().to_string());
        item["source"] = json!("unifiedExecStartup");
        self.server.keep_command(&self.thread, &self.turn, child)?;
        self.started(&mut item)
    }

    fn long(&self, bytes: usize) {
        let (thread, turn) = (&self.thread, &self.turn);
        let begin = format!(
            r#"{{"method":"item/completed","params":{{"threadId":"{thread}","turnId":"{turn}","item":{{"type":"agentMessage","id":"m","text":""#
        );
        let piece = "a long text ".repeat(8 * 1024);
        let pieces = std::iter::repeat_n(piece.as_bytes(), bytes / piece.len());
        self.server.raws([begin.as_bytes()].into_iter().chain(pieces).chain([&b"\"}}}\n"[..]]));
    }

    fn run_command(&self, command: &str, to_its_end: bool) -> Result<(), Over> {
        let mut item = shapes::command(&call_id(), command, &self.cwd);
        let mut child = command::start(&self.thread, &self.cwd, command).unwrap();
        let pid = child.id();
        item["processId"] = json!(pid.to_string());
        item["source"] = json!("unifiedExecStartup");
        let told =
            self.server.keep_group(&self.thread, &self.turn, pid).and_then(|()| self.started(&mut item));
        if told.is_err() {
            let _ = child.wait();
            return told;
        }
        let (server, thread) = (self.server.clone(), self.thread.clone());
        let mut wait = move || {
            let status = child.wait().unwrap();
            server.group_over(&thread, pid);
            status.code()
        };
        if !to_its_end {
            std::thread::spawn(wait);
            return Ok(());
        }
        item["exitCode"] = json!(wait());
        item["status"] = json!("completed");
        item["aggregatedOutput"] = json!("");
        item["durationMs"] = json!(1);
        self.completed(&mut item)
    }

    fn garbage(&self) -> Result<(), Over> {
        self.server.raw(b"this is no json\n\xff\xfe\n[1,2]\n{\"id\":999999,\"result\":1}\n{\"id\":\"x\"}\n");
        self.tell("some/newNotice", json!({ "what": 1 }))?;
        self.tell("item/completed", json!({ "item": 7 }))?;
        self.tell("item/agentMessage/delta", json!({ "itemId": 5, "delta": [] }))?;
        self.tell("thread/tokenUsage/updated", json!({ "tokenUsage": "none" }))
    }
}

fn call_id() -> String {
    format!("call_{}", &uuid::Uuid::new_v4().simple().to_string()[..8])
}

/// A command that ran, and went well.
fn ran(item: &mut Value) {
    item["status"] = json!("completed");
    item["source"] = json!("unifiedExecStartup");
    item["processId"] = json!("1");
    item["aggregatedOutput"] = json!("");
    item["exitCode"] = json!(0);
    item["durationMs"] = json!(1);
}
