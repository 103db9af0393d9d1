//! What decisions do beyond a yes or no, with the real codex: what it remembers, what it is told, and
//! what is kept nowhere.

use serde_json::{Value, json};

use super::Stage;
use crate::common::Host;

fn run(prompt: &str) -> Value {
    let server = env!("CARGO_BIN_EXE_fake-mcp-server");
    json!({
        "prompt": prompt, "sandbox": "workspace-write", "approval-policy": "untrusted",
        "config": {
            "features": { "default_mode_request_user_input": true, "request_permissions_tool": true },
            "mcp_servers": { "asks": { "command": server } },
        },
    })
}

fn decide(host: &mut Host, open: &Value, decision: &str, more: Value) -> Value {
    assert_eq!(open["status"], "needs_decision", "{open}");
    let mut arguments = more;
    arguments["approvalId"] = open["decisions"][0]["approvalId"].clone();
    arguments["decision"] = json!(decision);
    host.structured("codex-approve", arguments)
}

#[test]
fn what_is_approved_for_the_session_is_asked_once() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    for (prompt, kind) in [
        ("RUN touch same\nRUN touch same\nSAY done", "command"),
        ("MCP asks echo {}\nMCP asks echo {}\nSAY done", "mcp_tool"),
    ] {
        let open = host.structured("codex", run(prompt));
        assert_eq!(open["decisions"][0]["kind"], kind, "{open}");
        let done = decide(&mut host, &open, "approve-for-session", json!({}));
        assert_eq!((&done["status"], &done["content"]), (&json!("completed"), &json!("done")), "{done}");
        let results = host.events(&done["threadId"]);
        let ran = results.iter().filter(|e| e["type"] == "tool_result" && e["status"] == "completed");
        assert_eq!(ran.count(), 2, "{results:#?}");
    }
}

/// A permanent rule is a person's: the agent is refused, a terminal is not, and codex keeps it.
#[test]
fn a_permanent_rule_is_made_by_a_person() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let open = host.structured("codex", run("RUN touch ruled\nSAY done"));
    let request = &open["decisions"][0];
    assert_eq!(request["proposedRule"], json!(["touch", "ruled"]), "{open}");
    let always = json!({ "approvalId": request["approvalId"], "decision": "approve-always" });
    let refused = host.call("codex-approve", always);
    assert_eq!(refused["structuredContent"]["error"]["code"], "decision_not_allowed", "{refused}");
    let id = request["approvalId"].as_str().unwrap();
    let output = stage.host().args(&["approve", id, "approve-always"]).command().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let done = host.structured("codex-wait", json!({ "threadId": open["threadId"] }));
    assert_eq!(done["status"], "completed", "{done}");
    let rules = std::fs::read_to_string(stage.place.root.join("codex-home/rules/default.rules")).unwrap();
    assert!(rules.contains("ruled"), "{rules}");
    let again = host.structured("codex", run("RUN touch ruled\nSAY again"));
    assert_eq!((&again["status"], &again["content"]), (&json!("completed"), &json!("again")), "{again}");
}

#[test]
fn a_part_of_the_permissions_is_granted() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let open = host.structured("codex", run("PERMIT /bridge-a /bridge-b\nECHO"));
    let asked = open["decisions"][0]["permissions"].clone();
    let entries = asked["fileSystem"]["entries"].as_array().unwrap_or_else(|| panic!("{open}"));
    let of = |path: &str| entries.iter().find(|entry| entry.to_string().contains(path)).unwrap().clone();
    let more = json!({ "path": { "type": "path", "path": "/" }, "access": "write" });
    let wider = json!({
        "approvalId": open["decisions"][0]["approvalId"], "decision": "approve",
        "answers": { "fileSystem": { "entries": [of("/bridge-a"), more] } },
    });
    let refused = host.call("codex-approve", wider);
    assert_eq!(refused["structuredContent"]["error"]["code"], "bad_answers", "{refused}");
    let part = json!({ "answers": { "fileSystem": { "entries": [of("/bridge-a")] } } });
    let done = decide(&mut host, &open, "approve-for-session", part);
    let told = done["content"].as_str().unwrap();
    assert!(told.contains("/bridge-a") && !told.contains("/bridge-b"), "{told}");
    assert!(told.contains("session"), "{told}");
}

#[test]
fn the_model_hears_why_it_is_declined() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let open = host.structured("codex", run("RUN touch nope\nSAY on"));
    let done = decide(&mut host, &open, "decline", json!({ "reason": "not on a Friday" }));
    assert_eq!((&done["status"], &done["content"]), (&json!("completed"), &json!("on")), "{done}");
    let events = host.events(&done["threadId"]);
    let at = |wanted: &str| events.iter().position(|e| e["type"] == wanted && e != &events[0]);
    let heard: Vec<_> = events.iter().filter(|e| e["type"] == "user_message").collect();
    let note = heard[1]["text"].as_str().unwrap();
    assert!(
        note.contains("touch nope") && note.ends_with("the agent that delegated this task: not on a Friday"),
        "{note}"
    );
    assert!(at("permission_decision") < at("assistant_message"), "{events:#?}");
}

/// The answer to a secret question is in no event, no file of the bridge, and no log of any level.
#[test]
fn a_secret_answer_is_kept_nowhere() {
    const SECRET: &str = "hunter2-hunter2-hunter2";
    let stage = Stage::new();
    let mut host = stage.host().alone().elicits().env("CODEX_BRIDGE_LOG_LEVEL", "trace").start();
    // No dialog opens for it, though the host has them.
    let open = host.structured("codex", run("ASKSECRET the key?\nSAY on"));
    assert_eq!(open["decisions"][0]["questions"][0]["secret"], true, "{open}");
    let done = decide(&mut host, &open, "answer", json!({ "answers": { "q1": SECRET } }));
    assert_eq!(done["status"], "completed", "{done}");
    let events = host.events(&done["threadId"]);
    let decided = events.iter().find(|e| e["type"] == "permission_decision").unwrap();
    assert_eq!(decided["answers"], json!({ "q1": "[secret]" }));
    host.close_stdin();
    assert_eq!(host.ended(), 0);
    let log = host.stderr().join("\n");
    assert!(log.contains("codex started"), "the log is at its finest: {log}");
    let told: Vec<_> = log.lines().filter(|line| line.contains(SECRET)).collect();
    assert!(told.is_empty(), "{told:#?}");
    assert!(!json!(events).to_string().contains(SECRET));
    let mut files = vec![stage.place.root.join("state")];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            seen += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "{}", path.display());
        }
    }
    assert!(seen > 0);
}

/// A rule for a folder sees both ends of a move, as the real codex tells it.
#[test]
fn a_move_out_of_a_folder_is_not_in_it() {
    let stage = Stage::new();
    let work = stage.place.work();
    std::fs::create_dir_all(work.join("in")).unwrap();
    let rules = format!("[{{ path = '{}', action = \"approve\" }}]", work.join("in").display());
    let mut host = stage.host().env("CODEX_BRIDGE_APPROVALS_RULES", &rules).start();
    for (to, status) in [("in/b.txt", "completed"), ("c.txt", "needs_decision")] {
        std::fs::write(work.join("in/a.txt"), "old\n").unwrap();
        let done = host.structured("codex", run(&format!("MOVE in/a.txt {to}\nSAY done")));
        assert_eq!(done["status"], status, "{to}: {done}");
        assert_eq!(work.join(to).exists(), status == "completed", "{to}");
        if status == "needs_decision" {
            let moved = done["decisions"][0]["changes"][0]["movedTo"].as_str().unwrap();
            assert!(moved.ends_with("/c.txt"), "{done}");
        }
    }
}

#[test]
fn a_command_outside_the_sandbox_says_why() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let mut arguments = run("ESCALATE touch outside\nSAY done");
    arguments["approval-policy"] = json!("on-request");
    let open = host.structured("codex", arguments);
    assert_eq!(open["decisions"][0]["reason"], "the script says so", "{open}");
    assert_eq!(decide(&mut host, &open, "approve", json!({}))["content"], "done");
    assert!(stage.place.work().join("outside").exists());
}

/// A command in codex's sandbox runs as the user, reads the journal, and reaches the socket once it has
/// network: it still cannot decide.
#[test]
#[cfg(target_os = "linux")]
fn a_command_in_the_sandbox_cannot_decide() {
    const STEAL: &str = r#"
import glob, json, socket, sys
path = glob.glob(sys.argv[1] + "/control/*.sock")[0]
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
try:
    s.connect(path)
    print("connected")
    request = {"type": "decide", "approvalId": sys.argv[2], "decision": "approve", "by": "person", "way": "terminal"}
    s.sendall(json.dumps(request).encode() + b"\n")
    try:
        first = s.recv(4096)
        open(json.loads(first)["proof"], "x").close()
        print("proved")
    except Exception as error:
        print("no proof", error)
    print(s.recv(4096))
except Exception as error:
    print("refused", error)
"#;
    let stage = Stage::new();
    let mut host = stage.host().start();
    let open = host.structured("codex", run("RUN touch guarded\nSAY done"));
    let id = open["decisions"][0]["approvalId"].as_str().unwrap().to_owned();
    std::fs::write(stage.place.work().join("steal.py"), STEAL).unwrap();
    let state = stage.place.root.join("state");
    let mut arguments = run(&format!("RUN python3 steal.py {} {id}\nECHO", state.display()));
    arguments["approval-policy"] = json!("never");
    arguments["config"]["sandbox_workspace_write"] = json!({ "network_access": true });
    let stolen = host.structured("codex", arguments);
    let told = stolen["content"].as_str().unwrap();
    assert!(told.contains("connected") || told.contains("refused"), "{told}");
    assert!(!told.contains("proved\n") && !told.contains("decided"), "{told}");
    let still = host.structured("codex-wait", json!({ "threadId": open["threadId"], "wait": 0 }));
    assert_eq!(still["status"], "needs_decision", "{told}");
}

/// `cancel` ends the turn with its commands, also those that it left in the background.
#[test]
#[cfg(target_os = "linux")]
fn a_cancel_leaves_no_command_running() {
    let stage = Stage::new();
    let mark = "mark-cancelled-decision-5521";
    let mut host = stage.host().env("CODEX_TEST_MARK", mark).start();
    let open = host.structured("codex", run("RUN sleep 30170\nRUN touch y\nSAY no"));
    let second = decide(&mut host, &open, "approve", json!({}));
    let done = decide(&mut host, &second, "cancel", json!({}));
    assert_eq!(done["status"], "interrupted", "{done}");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while crate::common::marked(mark).iter().any(|(_, words)| words.contains("sleep 30170")) {
        assert!(std::time::Instant::now() < until, "{:?}", crate::common::marked(mark));
        std::thread::yield_now();
    }
}
