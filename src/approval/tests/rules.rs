//! Which rule matches which request, what it decides, and what none may approve.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::request;
use crate::approval::{Match, Policy, Route, Rule, RuleAction, RuleError};
use crate::event::{DecidedBy, Decision, FileChange, PermissionRequest, RequestKind, Subject};

fn rule(action: RuleAction) -> Rule {
    Rule { name: None, kind: None, command: vec![], path: None, server: None, tool: None, action }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn command_rule(line: &str, action: RuleAction) -> Rule {
    Rule { command: words(line), ..rule(action) }
}

fn of(kind: RequestKind, subject: Subject) -> PermissionRequest {
    PermissionRequest { kind, subject, ..request(1) }
}

fn command(line: &str) -> PermissionRequest {
    let subject = Subject { command: Some(line.into()), cwd: Some("/repo".into()), ..Subject::default() };
    of(RequestKind::Command, subject)
}

fn files(paths: &[&str]) -> PermissionRequest {
    let change =
        |path: &&str| FileChange { path: (*path).into(), kind: "add".into(), ..FileChange::default() };
    let changes = paths.iter().map(change).collect();
    of(RequestKind::FileChange, Subject { changes, ..Subject::default() })
}

/// By the words of the path alone; `gone` leads nowhere, and `link` to `/etc`.
fn lexical(path: &Path) -> Option<PathBuf> {
    let path = path.to_str()?;
    (!path.contains("gone")).then(|| PathBuf::from(path.replace("/repo/link", "/etc")))
}

fn policy(rules: Vec<Rule>) -> Policy {
    Policy { rules, resolve: lexical, ..Policy::default() }
}

/// What one rule makes of a request: nothing, or why it does not match.
fn why_not(rule: &Rule, request: &PermissionRequest) -> Option<String> {
    match rule.matches(request, lexical) {
        Match::Yes => None,
        Match::No(why) => Some(why),
    }
}

#[test]
fn a_prefix_is_words_and_not_letters() {
    let rule = command_rule("git status", RuleAction::Approve);
    for line in ["git status", "git status --short", "git 'status'", "  git status"] {
        assert_eq!(why_not(&rule, &command(line)), None, "{line}");
    }
    for line in ["git statusx", "git", "git push", "/tmp/git status", "'git status'", "sudo git status"] {
        assert_eq!(why_not(&rule, &command(line)).unwrap(), "the command begins otherwise", "{line}");
    }
    let chained = why_not(&rule, &command("git status && rm -rf x")).unwrap();
    assert_eq!(chained, "not one simple command: it has `&` outside of quotes");
    assert_eq!(why_not(&rule, &files(&["/repo/a"])).unwrap(), "it is not for `file_change`");
    let none = of(RequestKind::Command, Subject::default());
    assert!(why_not(&rule, &none).is_some(), "a command that is not known");
}

#[test]
fn the_first_match_decides() {
    let rules = vec![
        command_rule("git push", RuleAction::Decline),
        command_rule("git commit", RuleAction::Ask),
        Rule { name: Some("all of git".into()), ..command_rule("git", RuleAction::Approve) },
        Rule { kind: Some(RequestKind::Command), ..rule(RuleAction::Decline) },
    ];
    let policy = policy(rules);
    let decided = |line: &str| policy.decide(&command(line)).map(|verdict| verdict.decision);
    assert_eq!(decided("git push"), Some(Decision::Decline));
    assert_eq!(decided("git commit"), None);
    assert_eq!(decided("git log"), Some(Decision::Approve));
    assert_eq!(decided("git log; ls"), Some(Decision::Decline));
    assert_eq!(policy.decide(&files(&["/repo/a"])), None);

    let verdict = policy.decide(&command("git log")).unwrap();
    assert_eq!((verdict.by, verdict.way.as_deref()), (DecidedBy::Rule, Some("approvals.rules")));
    assert_eq!(verdict.rule.as_deref(), Some("all of git"));
    assert_eq!(verdict.reason.as_deref(), Some("rule 3 of the settings, command \"git\" → approve"));
    let explained = policy.explain(&command("git commit"));
    assert_eq!(explained.tried.len(), 2, "later rules are not looked at");
    assert_eq!((explained.tried.last(), explained.verdict), (Some(&Match::Yes), None));
}

#[test]
fn with_the_route_of_rules_nobody_is_asked() {
    let rules = vec![command_rule("git push", RuleAction::Ask), command_rule("git", RuleAction::Approve)];
    let policy = Policy { route: Route::Rules, ..policy(rules) };
    assert_eq!(policy.decide(&command("git log")).unwrap().decision, Decision::Approve);
    for (line, reason) in [
        ("ls", "no rule approves it, and `approvals.route` is `rules`: nobody is asked"),
        (
            "git push",
            "rule 1 (command \"git push\" → ask) would have somebody asked, and `approvals.route` is `rules`: nobody is asked",
        ),
    ] {
        let verdict = policy.decide(&command(line)).unwrap();
        assert_eq!((verdict.decision, verdict.by), (Decision::Decline, DecidedBy::Rule));
        assert_eq!(verdict.way.as_deref(), Some("approvals.route"));
        assert_eq!((verdict.rule, verdict.reason.as_deref()), (None, Some(reason)));
    }
}

/// The same rule with each action: to approve, it must be sure; otherwise it may be.
#[test]
fn under_a_path() {
    let cases = [
        (files(&["/repo/a", "/repo/b/c"]), None, true),
        (files(&["/repo"]), None, true),
        (files(&["/repo/a", "/etc/b"]), Some("`/etc/b` is not under `/repo`"), true),
        (files(&["/etc/b"]), Some("`/etc/b` is not under `/repo`"), false),
        (files(&["/workshop/b"]), Some("`/workshop/b` is not under `/repo`"), false),
        (files(&["/repo/link/b"]), Some("`/repo/link/b` is not under `/repo`"), false),
        (files(&["/repo/gone/../b"]), Some("it is not known where `/repo/gone/../b` leads"), true),
        (files(&["b"]), Some("it is not known where `b` leads"), true),
        (files(&[]), Some("it is not known what it concerns"), true),
        (command("ls"), Some("it is not for `command`"), false),
    ];
    for (request, approve, others) in cases {
        let with = |action| Rule { path: Some("/repo".into()), ..rule(action) };
        let paths: Vec<_> = request.subject.changes.iter().map(|change| &change.path).collect();
        assert_eq!(why_not(&with(RuleAction::Approve), &request).as_deref(), approve, "{paths:?}");
        for action in [RuleAction::Decline, RuleAction::Ask] {
            assert_eq!(why_not(&with(action), &request).is_none(), others, "{action:?} {paths:?}");
        }
    }
    let below = Rule { path: Some("/repo/sub".into()), ..command_rule("ls", RuleAction::Approve) };
    assert_eq!(why_not(&below, &command("ls")).unwrap(), "`/repo` is not under `/repo/sub`");
    let here = Rule { path: Some("/repo".into()), ..command_rule("ls", RuleAction::Approve) };
    assert_eq!(why_not(&here, &command("ls")), None);
}

#[test]
fn a_file_that_is_moved_is_in_two_places() {
    let update = |moved_to: Option<&str>, grant_root: Option<&str>| {
        let (path, moved_to) = ("/repo/a".into(), moved_to.map(Into::into));
        let change = FileChange { path, moved_to, kind: "update".into(), ..FileChange::default() };
        let grant_root = grant_root.map(Into::into);
        of(RequestKind::FileChange, Subject { changes: vec![change], grant_root, ..Subject::default() })
    };
    let approve = Rule { path: Some("/repo".into()), ..rule(RuleAction::Approve) };
    let decline = Rule { path: Some("/etc".into()), ..rule(RuleAction::Decline) };
    assert_eq!(why_not(&approve, &update(Some("/repo/b"), None)), None);
    assert!(why_not(&decline, &update(None, None)).is_some());
    let out = update(Some("/etc/a"), None);
    assert_eq!(why_not(&approve, &out).unwrap(), "`/etc/a` is not under `/repo`");
    assert_eq!(why_not(&decline, &out), None);
    let root = why_not(&approve, &update(None, Some("/repo/sub"))).unwrap();
    assert!(root.contains("for the rest of the session"), "{root}");
}

#[test]
fn servers_and_tools_by_their_exact_names() {
    let call = |kind, server: &str, tool: Option<&str>| {
        let (server, tool) = (Some(server.to_owned()), tool.map(str::to_owned));
        of(kind, Subject { server, tool, ..Subject::default() })
    };
    let echo = call(RequestKind::McpTool, "s", Some("echo"));
    let form = call(RequestKind::McpForm, "s", None);
    let server = |action| Rule { server: Some("s".into()), ..rule(action) };
    let tool = |action| Rule { tool: Some("echo".into()), ..server(action) };
    assert_eq!(why_not(&tool(RuleAction::Approve), &echo), None);
    assert_eq!(why_not(&server(RuleAction::Approve), &echo), None);
    assert_eq!(why_not(&server(RuleAction::Decline), &form), None);
    let cases = [
        (tool(RuleAction::Approve), call(RequestKind::McpTool, "S", Some("echo")), "the server is `S`"),
        (tool(RuleAction::Approve), call(RequestKind::McpTool, "s", Some("echo2")), "the tool is `echo2`"),
        (tool(RuleAction::Ask), call(RequestKind::McpTool, "s", None), "there is no tool in it"),
        (tool(RuleAction::Ask), form.clone(), "it is not for `mcp_form`"),
        (server(RuleAction::Approve), form, "it needs an answer, which a rule does not have"),
    ];
    for (rule, request, why) in cases {
        assert_eq!(why_not(&rule, &request).unwrap(), why, "{rule}");
    }
}

#[test]
fn what_no_rule_approves() {
    let base = command("curl x").subject;
    let network = Some(json!({ "host": "x", "protocol": "https" }));
    let wider = Some(json!({ "network": null, "fileSystem": { "write": ["/"] } }));
    let cases = [
        (of(RequestKind::Command, Subject { network, ..base.clone() }), "network access"),
        (of(RequestKind::Command, Subject { stdin: true, ..base.clone() }), "types into"),
        (
            of(RequestKind::Command, Subject { permissions: wider.clone(), ..base.clone() }),
            "more than the sandbox",
        ),
        (PermissionRequest { options: vec![Decision::Decline], ..command("curl x") }, "just once"),
    ];
    for (request, why) in cases {
        let no = why_not(&command_rule("curl", RuleAction::Approve), &request).unwrap();
        assert!(no.contains(why), "{no}");
        for action in [RuleAction::Decline, RuleAction::Ask] {
            assert_eq!(why_not(&command_rule("curl", action), &request), None);
        }
    }
    let permissions =
        |permissions| of(RequestKind::Permissions, Subject { permissions, ..Subject::default() });
    let approve = Rule { kind: Some(RequestKind::Permissions), ..rule(RuleAction::Approve) };
    assert_eq!(why_not(&approve, &permissions(wider)), None);
    let online = permissions(Some(json!({ "network": { "enabled": true } })));
    assert!(why_not(&approve, &online).unwrap().contains("network access"));
}

#[test]
fn rules_that_are_none() {
    let approve = || rule(RuleAction::Approve);
    let with_kind = |kind, rule| Rule { kind: Some(kind), ..rule };
    let git = || command_rule("git", RuleAction::Ask);
    let cases: [(Rule, RuleError); 8] = [
        (approve(), RuleError::NoCriterion),
        (
            with_kind(RequestKind::FileChange, git()),
            RuleError::NotOfKind { part: "command", kind: RequestKind::FileChange },
        ),
        (
            with_kind(RequestKind::McpForm, Rule { tool: Some("t".into()), ..rule(RuleAction::Ask) }),
            RuleError::NotOfKind { part: "tool", kind: RequestKind::McpForm },
        ),
        (
            with_kind(RequestKind::Permissions, Rule { path: Some("/".into()), ..approve() }),
            RuleError::NotOfKind { part: "path", kind: RequestKind::Permissions },
        ),
        (Rule { server: Some("s".into()), ..git() }, RuleError::Apart("command", "server")),
        (
            Rule { path: Some("/".into()), tool: Some("t".into()), ..approve() },
            RuleError::Apart("path", "tool"),
        ),
        (with_kind(RequestKind::McpUrl, approve()), RuleError::NeedsAnswer(RequestKind::McpUrl)),
        (with_kind(RequestKind::UserInput, approve()), RuleError::NeedsAnswer(RequestKind::UserInput)),
    ];
    for (rule, error) in cases {
        assert_eq!(rule.clone().checked(), Err(error), "{rule}");
        assert!(!rule.is_for(RequestKind::Command) || rule.kind.is_some(), "{rule}");
    }
    for line in ["A=b git", "if x", " git", "git a\nb"] {
        let refused = command_rule(line, RuleAction::Approve).checked();
        assert!(matches!(refused, Err(RuleError::NotACommand { .. })), "{line}: {refused:?}");
    }
    let fine = [
        git(),
        with_kind(RequestKind::UserInput, rule(RuleAction::Decline)),
        Rule { path: Some("/".into()), ..git() },
        Rule { command: vec!["git".into(), "it's \"$x\"".into()], ..approve() },
    ];
    for rule in fine {
        assert!(rule.clone().checked().is_ok(), "{rule}");
    }
}
