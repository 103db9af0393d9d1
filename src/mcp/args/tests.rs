//! Arguments as agents send them, and the sentence that each wrong one gets.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::ids::Seq;

fn of<T: Args>(arguments: Value) -> Result<T, BadArguments> {
    let Value::Object(map) = arguments else { panic!("not an object: {arguments}") };
    parse(Some(map))
}

fn refusal<T: Args + std::fmt::Debug>(arguments: Value) -> String {
    of::<T>(arguments).unwrap_err().to_string()
}

#[test]
fn all_that_codex_takes() {
    let args: CodexArgs = of(json!({
        "prompt": " fix it ", "cwd": "/src", "model": "m", "effort": "high", "sandbox": "workspace-write",
        "approval-policy": "on-request", "config": {"a": 1, "mcp_servers.y.command": "c"}, "base-instructions": "", "wait": 1.5,
        "developer-instructions": "d", "compact-prompt": "c", "mcp": {"add": {"x": {"command": "c"}}},
    }))
    .unwrap();
    assert_eq!(args.prompt, " fix it ", "a prompt is left as it is");
    assert_eq!(args.cwd.as_deref(), Some(std::path::Path::new("/src")));
    assert_eq!(args.sandbox, Some(Sandbox::WorkspaceWrite));
    assert_eq!(args.approval_policy, Some(ApprovalPolicy::OnRequest));
    assert_eq!(Value::Object(args.config.unwrap()), json!({"a": 1}), "servers are kept apart");
    assert_eq!(args.mcp.names().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(args.base_instructions.as_deref(), Some(""), "no instructions at all can be meant");
    assert_eq!(args.wait, Some(Duration::from_millis(1500)));
}

#[test]
fn null_is_as_if_left_out() {
    let args: CodexArgs = of(json!({"prompt": "p", "cwd": null, "sandbox": null, "wait": null})).unwrap();
    assert_eq!((args.cwd, args.sandbox, args.wait), (None, None, None));
    assert_eq!(
        refusal::<CodexArgs>(json!({"prompt": null})),
        "`prompt` is missing: give what codex should do, as text"
    );
}

#[test]
fn no_arguments_are_an_empty_object() {
    assert_eq!(parse::<CancelArgs>(None).unwrap_err(), of::<CancelArgs>(json!({})).unwrap_err());
}

#[test]
fn numbers_come_in_text_too() {
    for (wait, wanted) in
        [(json!("30"), 30_000), (json!(" 0.5 "), 500), (json!(0), 0), (json!(86400), 86_400_000)]
    {
        let args: WaitArgs = of(json!({"threadId": "t", "wait": wait})).unwrap();
        assert_eq!(args.wait, Some(Duration::from_millis(wanted)), "{wait}");
    }
    for number in [json!(7), json!("7"), json!(7.0)] {
        let args: EventsArgs = of(json!({"threadId": "t", "after": number, "limit": number})).unwrap();
        assert_eq!((args.after, args.limit), (Seq(7), 7), "{number}");
    }
}

#[test]
fn events_without_more_are_a_hundred_brief_ones_of_all_types() {
    let args: EventsArgs = of(json!({"threadId": "t"})).unwrap();
    assert_eq!((args.after, args.limit, args.detail), (Seq::ZERO, 100, Detail::Brief));
    assert_eq!((args.types.len(), args.wait), (0, None));
    let args: EventsArgs = of(json!({"threadId": "t", "types": ["diff", "raw"], "detail": "full"})).unwrap();
    assert_eq!((args.types, args.detail), (vec!["diff", "raw"], Detail::Full));
    let args: EventsArgs = of(json!({"threadId": "t", "types": "diff"})).unwrap();
    assert_eq!(args.types, ["diff"]);
}

#[test]
fn a_thread_goes_by_its_old_name_too() {
    for arguments in [
        json!({"prompt": "p", "threadId": "t"}),
        json!({"prompt": "p", "conversationId": "t"}),
        json!({"prompt": "p", "threadId": "t", "conversationId": "t"}),
    ] {
        assert_eq!(of::<ReplyArgs>(arguments).unwrap().thread_id.as_str(), "t");
    }
}

#[test]
fn every_decision_by_its_name() {
    for name in ["approve", "approve-for-session", "approve-always", "decline", "cancel", "answer"] {
        let args: ApproveArgs = of(json!({"approvalId": "apr_1", "decision": name})).unwrap();
        assert_eq!(args.decision.name(), name);
    }
    let answers = json!({"approvalId": "a", "decision": "answer", "answers": {"q1": "A"}});
    assert_eq!(of::<ApproveArgs>(answers).unwrap().answers.unwrap()["q1"], "A");
    assert!(of::<ApproveArgs>(json!({"approvalId": "a", "decision": "answer", "answers": "A"})).is_err());
}

#[test]
fn refusals_name_the_parameter_the_value_and_the_remedy() {
    let codex = "`codex` takes prompt, cwd, model, effort, sandbox, approval-policy, config, \
                 base-instructions, developer-instructions, compact-prompt, mcp, images, output-schema, name, key, wait";
    let table = [
        (json!({"promt": "p"}), format!("unknown parameter `promt`: did you mean `prompt`? {codex}")),
        (
            json!({"prompt": "p", "approvalPolicy": "never"}),
            format!("unknown parameter `approvalPolicy`: did you mean `approval-policy`? {codex}"),
        ),
        (json!({"prompt": "p", "zzz": 1}), format!("unknown parameter `zzz`: {codex}")),
        (json!({}), "`prompt` is missing: give what codex should do, as text".into()),
        (json!({"prompt": " \n"}), "`prompt` is empty: give what codex should do, as text".into()),
        (json!({"prompt": 7}), "`prompt` is `7`; it takes a text".into()),
        (
            json!({"prompt": "p", "cwd": ""}),
            "`cwd` is empty: give a folder, or leave it out for the host's own".into(),
        ),
        (
            json!({"prompt": "p", "sandbox": "bogus"}),
            "`sandbox` is `bogus`; it takes read-only, workspace-write, danger-full-access".into(),
        ),
        (
            json!({"prompt": "p", "approval-policy": ["never"]}),
            "`approval-policy` is `[\"never\"]`; it takes untrusted, on-request, never".into(),
        ),
        (
            json!({"prompt": "p", "config": "a=1"}),
            "`config` is `a=1`; it takes an object, such as {\"model_reasoning_effort\": \"high\"}".into(),
        ),
        (
            json!({"prompt": "x".repeat(MAX_TEXT + 1)}),
            "`prompt` has 1048577 bytes; it takes 1048576 at most: put the rest into a file in `cwd` and \
             name that"
                .into(),
        ),
    ];
    for (arguments, wanted) in table {
        assert_eq!(refusal::<CodexArgs>(arguments), wanted);
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for wait in [json!(-1), json!(86400.5), json!("NaN"), json!("inf"), json!("soon"), json!(true), json!([])]
    {
        let shown = wait.as_str().map_or_else(|| wait.to_string(), str::to_owned);
        assert_eq!(
            refusal::<WaitArgs>(json!({"threadId": "t", "wait": wait})),
            format!("`wait` is `{shown}`; it takes seconds, a number from 0 to 86400")
        );
    }
    for limit in [json!(0), json!(1001), json!(1.5), json!(-1), json!("many"), json!(1e300)] {
        let message = refusal::<EventsArgs>(json!({"threadId": "t", "limit": limit}));
        assert!(message.ends_with("; it takes a whole number from 1 to 1000"), "{message}");
    }
    for after in [json!(-1), json!(0.5), json!(u64::MAX), json!({})] {
        let message = refusal::<EventsArgs>(json!({"threadId": "t", "after": after}));
        assert!(message.ends_with("a whole number: 0, or the `next` of an earlier answer"), "{message}");
    }
}

#[test]
fn refusals_of_the_other_tools() {
    assert_eq!(
        refusal::<ReplyArgs>(json!({"prompt": "p"})),
        "`threadId` is missing: give the `threadId` of an earlier result"
    );
    assert_eq!(
        refusal::<ReplyArgs>(json!({"prompt": "p", "threadId": "a", "conversationId": "b"})),
        "`threadId` is `a` and `conversationId` is `b`: give `threadId` alone, the other is its old name"
    );
    assert_eq!(
        refusal::<CancelArgs>(json!({"threadId": "t", "turnId": "u", "archive": true})),
        "`turnId` cannot be given with `archive`, which ends the whole session: leave one of them out"
    );
    assert_eq!(
        refusal::<CancelArgs>(json!({"thread_id": "t"})),
        "unknown parameter `thread_id`: did you mean `threadId`? `codex-cancel` takes threadId, turnId, archive"
    );
    assert_eq!(
        refusal::<ApproveArgs>(json!({"approvalId": "a"})),
        "`decision` is missing: give one of the `options` of the open decision"
    );
    assert_eq!(
        refusal::<ApproveArgs>(json!({"approvalId": "a", "decision": "yes"})),
        "`decision` is `yes`; it takes approve, approve-for-session, approve-always, decline, cancel, answer"
    );
    let message = refusal::<EventsArgs>(json!({"threadId": "t", "types": ["diff", "difff"]}));
    assert!(message.starts_with("`types` is `difff`; it takes session_started, turn_started,"), "{message}");
    let message = refusal::<EventsArgs>(json!({"threadId": "t", "types": {"diff": true}}));
    assert_eq!(message, "`types` is `{\"diff\":true}`; it takes a list, such as [\"assistant_message\"]");
}

#[test]
fn a_long_value_is_cut_to_one_short_line() {
    let message = refusal::<CodexArgs>(json!({"prompt": "p", "sandbox": "ä\n".repeat(500)}));
    let value = message.split('`').nth(3).unwrap();
    assert_eq!(value.chars().count(), 80);
    assert!(value.ends_with('…') && !message.contains('\n'), "{message}");
    let message = refusal::<CodexArgs>(json!({"x".repeat(5000): 1}));
    assert!(message.len() < 350, "{message}");
}
