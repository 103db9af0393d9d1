//! What is made of codex's answers, and how a report looks.

use std::path::PathBuf;

use super::judge;
use super::report::{Check, Report};
use crate::codex::inspect::{Account, McpServer, Missing, Provider, ServerState};
use crate::codex::locate::Located;

fn shown(checks: impl IntoIterator<Item = Check>) -> String {
    anstream::adapter::strip_str(&Report::of(checks).to_text()).to_string()
}

#[test]
fn a_version_is_judged_by_what_is_known_of_it() {
    let found = Located { binary: "/bin/codex".into(), via: None, passed_over: None };
    let npm = Located { via: Some("/npm/codex".into()), ..found.clone() };
    let other = Located { passed_over: Some(PathBuf::from("/gone")), ..found.clone() };
    let old = ["0.99.0", "0.153.4", "0.160.0", "0.168.9"].map(|version| judge::version(&found, version));
    let new = [
        judge::version(&npm, "0.169.0"),
        judge::version(&other, "0.170.0-alpha.1"),
        judge::version(&found, "1.0.0"),
    ];
    let report = Report::of(old.into_iter().chain(new));
    assert_eq!(report.exit_code(), 0, "what it lacks of methods is another check");
    insta::assert_snapshot!(shown(report.checks));
}

#[test]
fn missing_methods_are_named() {
    let missing = || Ok(vec![Missing { kind: "ClientRequest", method: "turn/steer" }]);
    let checks = [
        judge::methods(&missing(), "0.160.0"),
        judge::methods(&missing(), "0.170.0"),
        judge::methods(&Err("it ended with code 1".into()), "0.170.0"),
    ];
    insta::assert_snapshot!(shown(checks));
}

#[test]
fn a_configuration_that_is_read_may_still_have_faults() {
    let said = ["Some lines were passed over. /c/config.toml:3".to_owned()];
    let checks = [
        judge::configuration(&Ok(()), &[]),
        judge::configuration(&Ok(()), &said),
        judge::configuration(&Err("invalid transport".into()), &said),
    ];
    insta::assert_snapshot!(shown(checks), @"
    ok    configuration: codex has nothing to complain of
    warn  configuration: Some lines were passed over. /c/config.toml:3
          Mend that file, or take the lines out.
    fail  configuration: invalid transport
          Mend that file: no session starts with it.

    1 failed, 1 to look at.
    ");
}

#[test]
fn each_account_has_its_remedy() {
    let provider = |env_key: Option<&str>| {
        let env_key = env_key.map(str::to_owned);
        Some(Provider { name: "mine".into(), env_key })
    };
    let of = |signed_in: Option<&str>, needed, provider| {
        Ok(Account { signed_in: signed_in.map(str::to_owned), needed, provider })
    };
    let set = |name: &str| name == "SET" || name == "CODEX_API_KEY";
    let token = |name: &str| name == "CODEX_ACCESS_TOKEN";
    let none = |_: &str| false;
    let checks = [
        judge::judge_account(&of(Some("with ChatGPT, plan plus"), true, None), none),
        judge::judge_account(&of(None, true, None), none),
        judge::judge_account(&of(None, true, None), set),
        judge::judge_account(&of(None, false, None), none),
        judge::judge_account(&of(Some("with ChatGPT, plan enterprise"), true, None), token),
        judge::judge_account(&of(None, true, None), token),
        judge::judge_account(&Err("no answer".into()), token),
        judge::judge_account(&of(None, false, provider(None)), none),
        judge::judge_account(&of(None, false, provider(Some("SET"))), set),
        judge::judge_account(&of(None, false, provider(Some("UNSET"))), set),
        judge::judge_account(&of(None, true, provider(None)), none),
        judge::judge_account(&Err("no answer".into()), none),
    ];
    insta::assert_snapshot!(shown(checks));
}

#[test]
fn each_server_has_its_remedy() {
    let server = |name: &str, state, required| McpServer { name: name.into(), state, required };
    let failed = |error: Option<&str>| ServerState::Failed { error: error.map(str::to_owned) };
    let servers = vec![
        server("good", ServerState::Ready { tools: 1 }, false),
        server("off", ServerState::Off, true),
        server("out", ServerState::SignedOut, false),
        server("odd\u{1b}[2J", failed(Some("a\nb")), false),
        server("silent", failed(None), true),
    ];
    let checks = judge::servers(&Ok(servers));
    let rest = [judge::servers(&Ok(Vec::new())), judge::servers(&Err("no answer".into()))].concat();
    insta::assert_snapshot!(shown(checks.into_iter().chain(rest)));
}

#[test]
fn the_exit_code_is_that_of_the_first_thing_to_mend() {
    let ok = || Check::ok("a", "b");
    let fail = || Check::fail("a", "b", "c");
    let code = |checks: Vec<Check>| Report::of(checks).exit_code();
    assert_eq!(code(vec![ok(), Check::warn("a", "b", "c"), Check::skip("a", "b")]), 0);
    assert_eq!(code(vec![ok(), fail()]), 1);
    assert_eq!(code(vec![fail(), fail().of_codex()]), 3);
    assert_eq!(code(vec![fail(), fail().of_codex(), fail().of_settings()]), 2);
}

#[test]
fn colours_are_only_in_the_text() {
    let report = Report::of([Check::fail("a", "b\nc", "d\ne"), Check::ok("f", "g")]);
    assert!(report.to_text().contains('\u{1b}'));
    insta::assert_snapshot!(report.to_json(), @r#"
    {
      "checks": [
        {
          "name": "a",
          "status": "fail",
          "found": "b\nc",
          "remedy": "d\ne"
        },
        {
          "name": "f",
          "status": "ok",
          "found": "g"
        }
      ],
      "ok": false
    }
    "#);
    insta::assert_snapshot!(shown(report.checks), @"
    fail  a: b
          c
          d
          e
    ok    f: g

    1 failed.
    ");
}
