//! The script, step by step.

use serde_json::{Value, json};

use super::script::{Reply, reply, reply_to};
use super::sse::frames;

fn conversation(prompt: &str, outputs: usize) -> Vec<Value> {
    let user =
        json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": prompt }] });
    let output = json!({ "type": "function_call_output", "call_id": "c", "output": "" });
    std::iter::once(user).chain(std::iter::repeat_n(output, outputs)).collect()
}

#[test]
fn steps_follow_each_other() {
    let prompt = "RUN ls\nWRITE a.txt hi there\nSAY bye";
    let Reply::Call(run) = reply(&conversation(prompt, 0)) else { panic!() };
    assert_eq!(
        (run["name"].as_str(), run["arguments"].as_str()),
        (Some("exec_command"), Some(r#"{"cmd":"ls"}"#))
    );
    let Reply::Call(write) = reply(&conversation(prompt, 1)) else { panic!() };
    assert_eq!(write["input"], "*** Begin Patch\n*** Add File: a.txt\n+hi there\n*** End Patch\n");
    assert_eq!(reply(&conversation(prompt, 2)), Reply::Say(vec!["bye".into()]));
    assert_eq!(reply(&conversation("RUN ls", 1)), Reply::Say(vec!["done".into()]));
    assert_eq!(reply(&conversation("hello", 0)), Reply::Say(vec!["ok: hello".into()]));
    assert_eq!(reply(&conversation("HANG", 0)), Reply::Hang);
}

#[test]
fn a_member_of_the_request_is_said() {
    let said = |path: &str| {
        let request = json!({
            "input": conversation(&format!("REQUEST {path}"), 0), "model": "m",
            "reasoning": { "effort": "low" }, "tools": [{ "type": "function", "name": "a" }, { "type": "b", "c": true }],
        });
        match reply_to(&request) {
            Reply::Say(pieces) => pieces.concat(),
            other => panic!("{other:?}"),
        }
    };
    let paths = ["model", "reasoning.effort", "tools.a.type", "tools.1.c", "tools.d", "model.x"];
    assert_eq!(paths.map(said), ["m", "low", "function", "true", "none", "none"]);
}

#[test]
fn a_reviewer_hears_its_own_word() {
    let transcript = "user: ESCALATE ls\nuser: REVIEW deny\n>>> APPROVAL REQUEST START";
    assert_eq!(reply(&conversation(transcript, 0)), Reply::Say(vec![r#"{"outcome":"deny"}"#.into()]));
    let Reply::Call(_) = reply(&conversation("ESCALATE ls\nREVIEW deny", 0)) else { panic!() };
}

#[test]
fn only_the_last_prompt_counts() {
    let mut all = conversation("RUN ls", 1);
    all.extend(conversation("SAY two", 0));
    assert_eq!(reply(&all), Reply::Say(vec!["two".into()]));
}

#[test]
fn frames_are_what_codex_reads() {
    let text = frames(&Reply::Say(vec!["a".into(), "b".into()]), 7).unwrap();
    let kinds: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(
        kinds,
        [
            "response.created",
            "response.output_item.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_item.done",
            "response.completed"
        ]
    );
    assert_eq!(frames(&Reply::Hang, 0), None);
}
