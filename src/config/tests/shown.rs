//! The settings as they are shown: every key, its origin, and the same settings when they are loaded again.

use super::*;

const SOME: &str = r#"
[codex]
bin = "~/bin/codex"
args = ["-c", "a=\"1\""]
[approvals]
deadline = "2m 30s"
[[approvals.rules]]
name = "look"
command = "git status"
action = "approve"
[[approvals.rules]]
kind = "mcp_tool"
server = "s"
command = ["a", "b # c"]
path = "below"
action = "ask"
[wait]
default = 40
hosts = { "claude code" = "1h" }
[limits]
roots = ["~/src"]
sandbox = "workspace-write"
approval_policies = ["on-request"]
[mcp]
inherit = ["docs"]
[journal]
required = false
"#;

fn shown(loaded: &Loaded, home: &Home) -> String {
    loaded.settings_as_toml().unwrap().replace(home.path().to_str().unwrap(), "HOME")
}

#[test]
fn with_nothing_set_all_are_defaults() {
    let home = Home::new();
    let loaded = home.load(Flags::default(), &[]).unwrap();
    insta::assert_snapshot!(shown(&loaded, &home));
}

#[test]
fn each_origin_is_named() {
    let home = Home::new().settings(SOME);
    let flags = Flags {
        model: Some("gpt-6".into()),
        sandbox: Some("read-only".into()),
        enable: vec!["x".into()],
        strict_config: true,
        ..config(&["model_verbosity=high", "mcp_servers.a.env.T=sk-secret", "api_token=\"sk-secret\""])
    };
    let loaded = home.load(flags, &[("CODEX_BRIDGE_LIMITS_RUNNING", "3")]).unwrap();
    let shown = shown(&loaded, &home);
    let json = loaded.settings_as_json().unwrap();
    assert!(!shown.contains("sk-secret") && !json.to_string().contains("sk-secret"), "{shown}");
    insta::assert_snapshot!(shown);
    assert_eq!(
        json["settings"]["limits"]["running"],
        json!({ "value": 3, "origin": "$CODEX_BRIDGE_LIMITS_RUNNING" })
    );
    assert_eq!(json["settings"]["log"]["file"], json!({ "value": null, "origin": "default" }));
    assert_eq!(json["sessions"]["model"], "gpt-6");
}

#[test]
fn what_is_shown_loads_to_the_same() {
    for text in [SOME, ""] {
        let home = Home::new().settings(text);
        let first = home.load(Flags::default(), &[("CODEX_BRIDGE_LIMITS_QUEUE", "7")]).unwrap();
        let printed = first.settings_as_toml().unwrap();
        let again = Home::new().settings(&printed);
        let second = again.load(Flags::default(), &[]).unwrap();
        assert_eq!(second.settings, first.settings, "{printed}");
        assert!(second.warnings.is_empty(), "{:?}", second.warnings);
    }
}

#[test]
fn every_key_is_there() {
    let home = Home::new();
    let shown = shown(&home.load(Flags::default(), &[]).unwrap(), &home);
    for key in KEYS {
        let (section, name) = key.name.split_once('.').unwrap();
        let section = shown.split(&format!("[{section}]\n")).nth(1).unwrap();
        let mut lines = section.lines().take_while(|line| !line.is_empty());
        assert!(
            lines.any(|line| line.trim_start_matches("# ").starts_with(&format!("{name} ="))),
            "{}",
            key.name
        );
    }
}

/// A name or a flag may have what TOML takes in no comment: a line's end would make a setting of what follows.
#[cfg(unix)]
#[test]
fn what_a_flag_holds_stays_in_its_comment() {
    let home = Home::new();
    let bad = "a\u{b}b\r\n[codex]\nbin = \"/other\"\u{7f}";
    let flags = Flags {
        model: Some(bad.to_owned()),
        add_dirs: vec![PathBuf::from(bad)],
        thread_source: Some(bad.to_owned()),
        cd: Some(PathBuf::from(bad)),
        ..config(&[&format!("{bad}.x=1")])
    };
    let file = home.file("odd\nname/codex-bridge.toml", "[log]\nlevel = \"info\"\n");
    let odd = [("CODEX_HOME", "home\nof codex"), ("XDG_STATE_HOME", "/state\n[log]")];
    let loaded = home.load(Flags { settings: Some(file), ..flags }, &odd).unwrap();
    let again = home.file("again.toml", &loaded.settings_as_toml().unwrap());
    let again = home.load(Flags { settings: Some(again), ..Flags::default() }, &[]).unwrap();
    assert_eq!((again.settings, again.warnings), (loaded.settings, Vec::new()));
}
