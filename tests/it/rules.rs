//! Approval rules: what becomes of codex's questions under them, and what `rules test` says of it.

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// Writes the settings of a place, and returns the flags that name them.
fn settings(place: &Place, text: &str) -> [String; 2] {
    let file = place.root.join("bridge.toml");
    std::fs::write(&file, text).unwrap();
    ["--settings".into(), file.display().to_string()]
}

fn start(place: &Place, text: &str) -> Host {
    let flags = settings(place, text);
    Setup::fake(place).args(&flags.each_ref().map(String::as_str)).start()
}

/// Runs a task to its end, or to a question that no rule decides: its result and its decisions.
fn run(host: &mut Host, prompt: &str) -> (Value, Vec<Value>) {
    let result = host.structured("codex", json!({ "prompt": prompt }));
    let events = host.events(&result["threadId"]);
    (result, events.into_iter().filter(|event| event["type"] == "permission_decision").collect())
}

const RULES: &str = r#"
[[approvals.rules]]
command = "git status"
action = "approve"

[[approvals.rules]]
name = "no pushes"
command = ["git", "push"]
action = "decline"

[[approvals.rules]]
command = "git commit"
action = "ask"

[[approvals.rules]]
command = "git"
action = "approve"

[[approvals.rules]]
path = "work"
action = "approve"

[[approvals.rules]]
server = "s"
tool = "echo"
action = "approve"

[[approvals.rules]]
kind = "permissions"
action = "decline"
"#;

#[test]
fn rules_decide_before_anybody_is_asked() {
    let place = Place::new();
    let mut host = start(&place, RULES);
    let cases = [
        ("ask-command git status --short", "approve", "command \"git status\" → approve"),
        ("ask-command git push origin", "decline", "no pushes"),
        ("ask-command git log", "approve", "command \"git\" → approve"),
        ("ask-file hello.txt", "approve", "under"),
        ("ask-file new/../../out.txt", "none", ""),
        ("ask-file ../out.txt", "none", ""),
        ("ask-mcp-tool", "approve", "server \"s\" tool \"echo\" → approve"),
        ("ask-permissions", "decline", "permissions → decline"),
        ("ask-command git commit", "none", ""),
        ("ask-command git status && rm -rf x", "none", ""),
        ("ask-command GIT_DIR=x git status", "none", ""),
        ("ask-command git status > x", "none", ""),
        ("ask-user-input", "none", ""),
    ];
    for (prompt, decision, rule) in cases {
        let (result, decisions) = run(&mut host, &format!("{prompt}\nsay after"));
        if decision == "none" {
            assert_eq!(result["status"], "needs_decision", "{prompt}: {result}");
            assert_eq!(decisions, Vec::<Value>::new(), "{prompt}");
            host.structured("codex-cancel", json!({ "threadId": result["threadId"] }));
            continue;
        }
        assert_eq!(
            (&result["status"], &result["content"]),
            (&json!("completed"), &json!("after")),
            "{prompt}"
        );
        let [decided] = decisions.as_slice() else { panic!("{prompt}: {decisions:?}") };
        assert_eq!((&decided["decision"], &decided["by"]), (&json!(decision), &json!("rule")), "{prompt}");
        assert_eq!(decided["way"], "approvals.rules", "{prompt}");
        assert!(decided["rule"].as_str().unwrap().contains(rule), "{prompt}: {decided}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_outside() {
    let place = Place::new();
    std::os::unix::fs::symlink(&place.root, place.work().join("up")).unwrap();
    let mut host = start(&place, "[[approvals.rules]]\npath = \"work\"\naction = \"approve\"\n");
    let (result, _) = run(&mut host, "ask-file up/out.txt");
    assert_eq!(result["status"], "needs_decision", "{result}");
}

#[test]
fn the_route_of_rules_declines_the_rest() {
    let place = Place::new();
    let mut host = start(&place, &format!("approvals.route = \"rules\"\n{RULES}"));
    for prompt in ["ask-command ls", "ask-command git commit", "ask-user-input"] {
        let (result, decisions) = run(&mut host, prompt);
        assert_eq!(result["status"], "completed", "{prompt}: {result}");
        let decided = &decisions[0];
        assert_eq!((&decided["decision"], &decided["by"]), (&json!("decline"), &json!("rule")), "{prompt}");
        assert_eq!(decided["way"], "approvals.route", "{prompt}");
        assert!(decided["reason"].as_str().unwrap().contains("`approvals.route` is `rules`"), "{decided}");
    }
    let (_, decisions) = run(&mut host, "ask-command git status");
    assert_eq!(
        (&decisions[0]["decision"], &decisions[0]["way"]),
        (&json!("approve"), &json!("approvals.rules"))
    );
}

#[test]
fn an_agent_decides_what_it_may() {
    for (text, decision, refused) in [
        ("[approvals]\nroute = \"human\"\n", "approve", Some("`approvals.route` is `human`")),
        ("[approvals]\nagent = [\"decline\"]\n", "approve", Some("`approvals.agent` lists `decline`")),
        ("[approvals]\nagent = []\n", "decline", Some("`approvals.agent` lists nothing")),
        ("[approvals]\nagent = [\"decline\"]\n", "decline", None),
        ("", "approve-always", Some("`approvals.agent` lists `approve`")),
        ("[approvals]\nagent = [\"approve-always\"]\n", "approve-always", None),
    ] {
        let place = Place::new();
        let mut host = start(&place, text);
        let (asked, _) = run(&mut host, "ask-command touch x");
        let answer = json!({ "approvalId": asked["decisions"][0]["approvalId"], "decision": decision });
        let result = host.call("codex-approve", answer);
        let words = result["content"][0]["text"].as_str().unwrap();
        match refused {
            None => assert_ne!(result["isError"], true, "{text}: {words}"),
            Some(why) => assert!(result["isError"] == true && words.contains(why), "{text}: {words}"),
        }
    }
}

/// What the program prints for arguments, and its exit code; the place is called HERE.
fn printed(place: &Place, text: &str, args: &[&str]) -> String {
    let flags = settings(place, text);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_codex-bridge"))
        .args(args)
        .args(flags)
        .current_dir(place.work())
        .env("HOME", &place.root)
        .output()
        .unwrap();
    let mut shown = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    if !output.status.success() {
        shown += &format!("exit code {}\n", output.status.code().unwrap());
    }
    let root = place.work().parent().unwrap().display().to_string();
    shown.replace(&place.root.display().to_string(), "HERE").replace(&root, "HERE")
}

#[test]
fn rules_test_says_which_rule_decides_and_why() {
    let place = Place::new();
    let test = |args: &[&str]| printed(&place, RULES, &[&["rules", "test"], args].concat());
    insta::assert_snapshot!(test(&["git status --short"]), @r#"
    Request: command `git status --short` in `HERE/work`

    Rules of HERE/bridge.toml:
      1. command "git status" → approve
         matches
      2. no pushes: command "git push" → decline
         not looked at
      3. command "git commit" → ask
         not looked at
      4. command "git" → approve
         not looked at
      5. under "HERE/work" → approve
         not looked at
      6. server "s" tool "echo" → approve
         not looked at
      7. permissions → decline
         not looked at

    Approved, this once, by rule 1.
    "#);
    insta::assert_snapshot!(test(&["/bin/bash -lc 'git status && rm -rf x'", "--cwd", "sub"]), @r#"
    Request: command `git status && rm -rf x` in `HERE/work/sub`

    Rules of HERE/bridge.toml:
      1. command "git status" → approve
         no: not one simple command: it has `&` outside of quotes
      2. no pushes: command "git push" → decline
         no: not one simple command: it has `&` outside of quotes
      3. command "git commit" → ask
         no: not one simple command: it has `&` outside of quotes
      4. command "git" → approve
         no: not one simple command: it has `&` outside of quotes
      5. under "HERE/work" → approve
         no: it is not for `command`
      6. server "s" tool "echo" → approve
         no: it is not for `command`
      7. permissions → decline
         no: it is not for `command`

    Asked: no rule matches. Who is asked: the person at the host, or else the agent; declined after 15m without an answer.
    "#);
    insta::assert_snapshot!(test(&["git push"]), @r#"
    Request: command `git push` in `HERE/work`

    Rules of HERE/bridge.toml:
      1. command "git status" → approve
         no: the command begins otherwise
      2. no pushes: command "git push" → decline
         matches
      3. command "git commit" → ask
         not looked at
      4. command "git" → approve
         not looked at
      5. under "HERE/work" → approve
         not looked at
      6. server "s" tool "echo" → approve
         not looked at
      7. permissions → decline
         not looked at

    Declined by rule 2; codex goes on without.
    "#);
    insta::assert_snapshot!(test(&["git commit"]), @r#"
    Request: command `git commit` in `HERE/work`

    Rules of HERE/bridge.toml:
      1. command "git status" → approve
         no: the command begins otherwise
      2. no pushes: command "git push" → decline
         no: the command begins otherwise
      3. command "git commit" → ask
         matches
      4. command "git" → approve
         not looked at
      5. under "HERE/work" → approve
         not looked at
      6. server "s" tool "echo" → approve
         not looked at
      7. permissions → decline
         not looked at

    Asked: rule 3 says so. Who is asked: the person at the host, or else the agent; declined after 15m without an answer.
    "#);
    insta::assert_snapshot!(test(&["--path", "a", "--path", "../b"]), @r#"
    Request: file_change of `HERE/work/a`, `HERE/work/../b`

    Rules of HERE/bridge.toml:
      1. command "git status" → approve
         no: it is not for `file_change`
      2. no pushes: command "git push" → decline
         no: it is not for `file_change`
      3. command "git commit" → ask
         no: it is not for `file_change`
      4. command "git" → approve
         no: it is not for `file_change`
      5. under "HERE/work" → approve
         no: `HERE/work/../b` is not under `HERE/work`
      6. server "s" tool "echo" → approve
         no: it is not for `file_change`
      7. permissions → decline
         no: it is not for `file_change`

    Asked: no rule matches. Who is asked: the person at the host, or else the agent; declined after 15m without an answer.
    "#);
    insta::assert_snapshot!(test(&["--server", "s", "--tool", "echo"]), @r#"
    Request: mcp_tool of server `s`, tool `echo`

    Rules of HERE/bridge.toml:
      1. command "git status" → approve
         no: it is not for `mcp_tool`
      2. no pushes: command "git push" → decline
         no: it is not for `mcp_tool`
      3. command "git commit" → ask
         no: it is not for `mcp_tool`
      4. command "git" → approve
         no: it is not for `mcp_tool`
      5. under "HERE/work" → approve
         no: it is not for `mcp_tool`
      6. server "s" tool "echo" → approve
         matches
      7. permissions → decline
         not looked at

    Approved, this once, by rule 6.
    "#);
}

#[test]
fn rules_test_without_rules() {
    let place = Place::new();
    insta::assert_snapshot!(printed(&place, "", &["rules", "test", "ls"]), @r#"
    Request: command `ls` in `HERE/work`

    There are no rules. One in HERE/bridge.toml:

      [[approvals.rules]]
      command = "git status"
      action = "approve"

    Asked: no rule matches. Who is asked: the person at the host, or else the agent; declined after 15m without an answer.
    "#);
    insta::assert_snapshot!(printed(&place, "approvals.route = \"rules\"", &["rules", "test", "ls"]), @r#"
    Request: command `ls` in `HERE/work`

    There are no rules. One in HERE/bridge.toml:

      [[approvals.rules]]
      command = "git status"
      action = "approve"

    Declined: no rule approves it, and `approvals.route` is `rules`: nobody is asked.
    "#);
}

#[test]
fn rules_that_cannot_be_used_stop_the_start() {
    let place = Place::new();
    let rules = [
        "action = \"approve\"",
        "kind = \"file_change\"\ncommand = \"git\"\naction = \"approve\"",
        "kind = \"mcp_form\"\naction = \"approve\"",
        "command = \"git status && ls\"\naction = \"approve\"",
        "command = []\naction = \"approve\"",
        "command = [\"A=b\", \"git\"]\naction = \"approve\"",
        "server = \"s\"\npath = \"/x\"\naction = \"ask\"",
    ];
    let fine = "[[approvals.rules]]\ncommand = \"ls\"\naction = \"ask\"\n";
    let shown = rules.map(|rule| printed(&place, &format!("{fine}[[approvals.rules]]\n{rule}\n"), &[]));
    insta::assert_snapshot!(shown.join("---\n"), @r#"
    codex-bridge: approvals.rules in HERE/bridge.toml, rule 2: it does not say what it is for: add `command`, `path`, `server`, `tool` or `kind`.
    exit code 2
    ---
    codex-bridge: approvals.rules in HERE/bridge.toml, rule 2: `command` does not go with `kind = "file_change"`: take one of the two out.
    exit code 2
    ---
    codex-bridge: approvals.rules in HERE/bridge.toml, rule 2: a rule cannot approve `mcp_form`, which needs an answer: write `action = "ask"` or `"decline"`.
    exit code 2
    ---
    codex-bridge: approvals.rules in HERE/bridge.toml, rule 2: `command` is "git status && ls", which is not the beginning of one simple command: it has `&` outside of quotes; write its words, as in ["git", "status"].
    exit code 2
    ---
    codex-bridge: approvals.rules in HERE/bridge.toml, rule 2: `command` is empty: write the words that a command begins with, or take it out.
    exit code 2
    ---
    codex-bridge: approvals.rules in HERE/bridge.toml, rule 2: `command` is ["A=b", "git"], which is not the beginning of one simple command: it sets a variable first; write its words, as in ["git", "status"].
    exit code 2
    ---
    codex-bridge: approvals.rules in HERE/bridge.toml, rule 2: no request has both `path` and `server`: make two rules of it.
    exit code 2
    "#);
}
