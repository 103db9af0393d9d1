//! Flags of codex that become configuration, or more than one thing.

use serde_json::{Value, json};

use super::*;

#[test]
fn each_flag_becomes_what_codex_makes_of_it() {
    let flags = |change: &dyn Fn(&mut Flags)| {
        let mut flags = Flags::default();
        change(&mut flags);
        let Loaded { defaults, .. } = Home::new().load(flags, &[]).unwrap();
        json!([defaults.model, defaults.sandbox, defaults.approval_policy, defaults.config])
    };
    assert_eq!(flags(&|f| f.search = true), json!([null, null, null, { "web_search": "live" }]));
    assert_eq!(
        flags(&|f| f.approve_for_me = true),
        json!([null, "workspace-write", "on-request", { "approvals_reviewer": "auto_review" }])
    );
    // As in codex, it wins over a sandbox that is named besides.
    assert_eq!(
        flags(&|f| (f.bypass_approvals_and_sandbox, f.sandbox) = (true, Some("read-only".into()))),
        json!([null, "danger-full-access", "never", {}])
    );
    assert_eq!(
        flags(&|f| f.bypass_hook_trust = true),
        json!([null, null, null, { "bypass_hook_trust": true }])
    );
    // They win over `-c`, as in codex.
    let both = flags(&|f| (f.search, f.config) = (true, vec!["web_search=cached".into()]));
    assert_eq!(both[3], json!({ "web_search": "live" }));
}

#[test]
fn a_local_model_needs_somebody_who_serves_it() {
    let home = Home::new();
    let flags = |provider: Option<&str>, model: Option<&str>, config: &[&str]| Flags {
        oss: true,
        local_provider: provider.map(Into::into),
        model: model.map(Into::into),
        config: config.iter().map(|key| (*key).to_owned()).collect(),
        ..Flags::default()
    };
    let error = home.error(flags(None, None, &[]), &[]);
    insta::assert_snapshot!(error, @"--oss: nobody says who serves the model. Give --local-provider ollama or lmstudio, or set oss_provider in HOME/.codex/config.toml.");
    home.file(".codex/config.toml", "oss_provider = \"lmstudio\"\n");
    for (flags, provider, model) in [
        (flags(None, None, &[]), "lmstudio", Some("openai/gpt-oss-20b")),
        (flags(None, None, &["oss_provider=ollama"]), "ollama", Some("gpt-oss:20b")),
        (flags(Some("ollama"), Some("mine"), &["oss_provider=x"]), "ollama", Some("mine")),
        (flags(Some("other"), None, &[]), "other", None),
    ] {
        let Loaded { defaults, .. } = home.load(flags, &[]).unwrap();
        assert_eq!(defaults.config["model_provider"], provider);
        assert_eq!(defaults.model.as_deref(), model, "{provider}");
    }
}

#[test]
fn folders_are_those_of_the_start() {
    let home = Home::new();
    let flags = Flags { add_dirs: vec!["../beside".into(), "/there".into()], ..Flags::default() };
    let loaded = home.load(Flags { thread_source: Some("mine".into()), ..flags }, &[]).unwrap();
    let shown = loaded.settings_as_json().unwrap();
    let beside = home.path().join("work/../beside");
    assert_eq!(shown["sessions"]["addDirs"], json!([beside, "/there"]));
    assert_eq!(shown["sessions"]["threadSource"], "mine");
    let text = loaded.settings_as_toml().unwrap();
    assert!(text.contains("# --add-dir /there\n") && text.contains("# --thread-source mine\n"), "{text}");
    let _: Value = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let bypass = || Flags { bypass_approvals_and_sandbox: true, ..Flags::default() };
    let reviewed = || Flags { approve_for_me: true, ..Flags::default() };
    let (never, read_only) = (Some("never".to_owned()), Some("read-only".to_owned()));
    let cases = [
        Flags { approval: never.clone(), ..bypass() },
        Flags { approve_for_me: true, ..bypass() },
        Flags { sandbox: read_only, ..reviewed() },
        Flags { approval: never, ..reviewed() },
        Flags { local_provider: Some("ollama".into()), ..Flags::default() },
    ];
    let home = Home::new();
    let bypass = "--dangerously-bypass-approvals-and-sandbox";
    let named = [
        [bypass, "-a"],
        [bypass, "--approve-for-me"],
        ["--approve-for-me", "-s"],
        ["--approve-for-me", "-a"],
    ];
    for (flags, named) in cases.into_iter().zip(named.into_iter().chain([["--local-provider", "--oss"]])) {
        let error = home.error(flags, &[]);
        assert!(named.iter().all(|flag| error.contains(flag)), "{named:?} in {error}");
    }
}
