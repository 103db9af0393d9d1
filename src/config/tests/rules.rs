//! `[approvals]` as it is written: rules from the file and from a variable, and what does not fit.

use super::Home;
use crate::config::{ActionSetting, CommandSetting, Flags, RouteSetting};
use crate::event::{Decision, RequestKind};

#[test]
fn rules_of_the_file() {
    let home = Home::new().settings(
        r#"
        [approvals]
        route = "human"
        agent = []
        [[approvals.rules]]
        name = "look around"
        command = "git status"
        path = "~/work"
        action = "approve"
        [[approvals.rules]]
        command = ["git", "push"]
        path = "below"
        action = "decline"
        [[approvals.rules]]
        kind = "mcp_tool"
        server = "s"
        tool = "t"
        action = "ask"
        "#,
    );
    let loaded = home.load(Flags::default(), &[]).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let approvals = loaded.settings.approvals;
    assert_eq!((approvals.route, approvals.agent), (RouteSetting::Human, vec![]));
    let [look, push, tool] = approvals.rules.as_slice() else { panic!("{:?}", approvals.rules) };
    assert_eq!(look.name.as_deref(), Some("look around"));
    assert_eq!(look.command, Some(CommandSetting::Line("git status".into())));
    assert_eq!(look.path, Some(home.path().join("work")));
    assert_eq!(push.command, Some(CommandSetting::Words(vec!["git".into(), "push".into()])));
    assert_eq!(push.path, Some(home.path().join("config/codex-bridge/below")));
    assert_eq!((tool.kind, tool.action), (Some(RequestKind::McpTool), ActionSetting::Ask));
    assert_eq!((tool.server.as_deref(), tool.tool.as_deref()), (Some("s"), Some("t")));
}

#[test]
fn rules_of_a_variable_take_the_place_of_the_files() {
    let home = Home::new().settings("[[approvals.rules]]\ncommand = \"a\"\naction = \"ask\"\n");
    let vars = [
        ("CODEX_BRIDGE_APPROVALS_RULES", r#"[{ path = "sub", action = "approve" }]"#),
        ("CODEX_BRIDGE_APPROVALS_ROUTE", "Rules"),
        ("CODEX_BRIDGE_APPROVALS_AGENT", r#"["approve-always"]"#),
    ];
    let loaded = home.load(Flags::default(), &vars).unwrap();
    let approvals = &loaded.settings.approvals;
    let [rule] = approvals.rules.as_slice() else { panic!("{:?}", approvals.rules) };
    assert_eq!(rule.path.as_deref(), Some(home.path().join("work/sub").as_path()));
    assert_eq!(
        (approvals.route, approvals.agent.as_slice()),
        (RouteSetting::Rules, &[Decision::ApproveAlways][..])
    );
    assert_eq!(loaded.origin("approvals.rules").to_string(), "$CODEX_BRIDGE_APPROVALS_RULES");
}

#[test]
fn an_unknown_key_warns_unless_the_rule_would_approve_more() {
    let rule = |action: &str| {
        format!("[[approvals.rules]]\nkind = \"command\"\ncomand = \"git\"\naction = \"{action}\"\n")
    };
    let home = Home::new().settings(&rule("ask"));
    let warnings = home.load(Flags::default(), &[]).unwrap().warnings.join("\n");
    let approve = Home::new().settings(&rule("approve")).error(Flags::default(), &[]);
    let variable =
        [("CODEX_BRIDGE_APPROVALS_RULES", r#"[{ kind = "command", zzz = 1, action = "approve" }]"#)];
    let set = Home::new().error(Flags::default(), &variable);
    let shown = [warnings.replace(home.path().to_str().unwrap(), "HOME"), approve, set].join("\n");
    insta::assert_snapshot!(shown, @r"
    HOME/config/codex-bridge/codex-bridge.toml: comand in rule 1 of approvals.rules is not a key of a rule. Did you mean command?
    approvals.rules in HOME/config/codex-bridge/codex-bridge.toml, rule 1: comand is not a key of a rule (did you mean command?). Mend it, or take it out: a rule that approves is used as a whole or not at all.
    approvals.rules in $CODEX_BRIDGE_APPROVALS_RULES, rule 1: zzz is not a key of a rule. Mend it, or take it out: a rule that approves is used as a whole or not at all.
    ");
}

#[test]
fn a_value_of_a_rule_that_does_not_fit_is_named() {
    let rule = |line: &str| format!("[[approvals.rules]]\naction = \"ask\"\n{line}\n");
    let files = [
        "[approvals]\nroute = \"me\"\n".to_owned(),
        "[approvals]\nagent = [\"yes\"]\n".to_owned(),
        "[[approvals.rules]]\ncommand = \"git\"\n".to_owned(),
        "[[approvals.rules]]\ncommand = \"git\"\naction = \"allow\"\n".to_owned(),
        rule("command = 3"),
        rule("path = \"\""),
        rule("server = \"\""),
        rule("kind = \"other\""),
    ];
    let in_file = files.map(|file| {
        let error = Home::new().settings(&file).error(Flags::default(), &[]);
        error.split_once('\n').unwrap().1.to_owned()
    });
    insta::assert_snapshot!(in_file.join("\n---\n"), @r#"
    TOML parse error at line 2, column 9
      |
    2 | route = "me"
      |         ^^^^
    unknown variant `me`, expected one of `auto`, `human`, `agent`, `rules`
    ---
    TOML parse error at line 2, column 10
      |
    2 | agent = ["yes"]
      |          ^^^^^
    unknown variant `yes`, expected one of `approve`, `approve-for-session`, `approve-always`, `decline`, `cancel`, `answer`
    ---
    TOML parse error at line 1, column 1
      |
    1 | [[approvals.rules]]
      | ^^^^^^^^^^^^^^^^^^^
    missing field `action`
    ---
    TOML parse error at line 3, column 10
      |
    3 | action = "allow"
      |          ^^^^^^^
    unknown variant `allow`, expected one of `approve`, `decline`, `ask`
    ---
    TOML parse error at line 3, column 11
      |
    3 | command = 3
      |           ^
    expected words ("git status") or a list of them (["git", "status"])
    ---
    TOML parse error at line 3, column 8
      |
    3 | path = ""
      |        ^^
    is empty: fill it in, or take the line out
    ---
    TOML parse error at line 3, column 10
      |
    3 | server = ""
      |          ^^
    is empty: fill it in, or take the line out
    ---
    TOML parse error at line 3, column 8
      |
    3 | kind = "other"
      |        ^^^^^^^
    "other" does not fit: expected one of command, file_change, permissions, mcp_tool, mcp_form, mcp_url, user_input
    "#);
    let in_variable = [
        ("CODEX_BRIDGE_APPROVALS_ROUTE", "me"),
        ("CODEX_BRIDGE_APPROVALS_AGENT", "approve"),
        ("CODEX_BRIDGE_APPROVALS_RULES", "git status"),
        ("CODEX_BRIDGE_APPROVALS_RULES", r#"[{ command = "git" }]"#),
    ]
    .map(|variable| Home::new().error(Flags::default(), &[variable]));
    insta::assert_snapshot!(in_variable.join("\n---\n"), @r#"
    $CODEX_BRIDGE_APPROVALS_ROUTE is "me", which does not fit. Set it to one of auto, human, agent, rules, or unset it.
    ---
    $CODEX_BRIDGE_APPROVALS_AGENT is "approve", which does not fit. Set it to a list as in TOML, ["approve", "decline"], of approve, approve-for-session, approve-always, decline, cancel, answer, or unset it.
    ---
    $CODEX_BRIDGE_APPROVALS_RULES is "git status", which does not fit. Set it to a list of rules as in TOML, [{ command = "git status", action = "approve" }] (string values must be quoted, expected literal string), or unset it.
    ---
    $CODEX_BRIDGE_APPROVALS_RULES is "[{ command = \"git\" }]", which does not fit. Set it to a list of rules as in TOML, [{ command = "git status", action = "approve" }] (missing field `action`), or unset it.
    "#);
}
