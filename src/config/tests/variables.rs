//! Every setting by its variable.

use super::*;

#[test]
fn every_setting_can_come_from_a_variable() {
    let vars = [
        ("CODEX_BRIDGE_CODEX_BIN", "bin/codex"),
        ("CODEX_BRIDGE_CODEX_HOME", "/h"),
        ("CODEX_BRIDGE_CODEX_ARGS", r#"["--x", "y z"]"#),
        ("CODEX_BRIDGE_CODEX_RELEASE_AFTER", "10"),
        ("CODEX_BRIDGE_CODEX_HEALTH", "6"),
        ("CODEX_BRIDGE_CODEX_STALL", "7"),
        ("CODEX_BRIDGE_DAEMON_ENABLED", "true"),
        ("CODEX_BRIDGE_DAEMON_IDLE", "8"),
        ("CODEX_BRIDGE_DAEMON_ON_DISCONNECT", "interrupt"),
        ("CODEX_BRIDGE_APPROVALS_DEADLINE", "30"),
        ("CODEX_BRIDGE_APPROVALS_ROUTE", "agent"),
        ("CODEX_BRIDGE_APPROVALS_AGENT", r#"["decline"]"#),
        ("CODEX_BRIDGE_APPROVALS_RULES", r#"[{ command = "ls", action = "ask" }]"#),
        ("CODEX_BRIDGE_WAIT_DEFAULT", "0"),
        ("CODEX_BRIDGE_WAIT_HOSTS", r#"{ "some host" = "5m" }"#),
        ("CODEX_BRIDGE_LIMITS_RESULT_BYTES", "2048"),
        ("CODEX_BRIDGE_LIMITS_RUNNING", "4"),
        ("CODEX_BRIDGE_LIMITS_QUEUE", "0"),
        ("CODEX_BRIDGE_LIMITS_SESSIONS", "9"),
        ("CODEX_BRIDGE_LIMITS_SANDBOX", "read-only"),
        ("CODEX_BRIDGE_LIMITS_ROOTS", r#"["/src"]"#),
        ("CODEX_BRIDGE_LIMITS_MODELS", r#"["gpt-6"]"#),
        ("CODEX_BRIDGE_LIMITS_APPROVAL_POLICIES", r#"["never"]"#),
        ("CODEX_BRIDGE_LIMITS_CONFIG", "safe"),
        ("CODEX_BRIDGE_LIMITS_MCP_ADD", "none"),
        ("CODEX_BRIDGE_MCP_INHERIT", "false"),
        ("CODEX_BRIDGE_MCP_FILE", "/servers.json"),
        ("CODEX_BRIDGE_MCP_DEPTH", "3"),
        ("CODEX_BRIDGE_HTTP_LISTEN", "8080"),
        ("CODEX_BRIDGE_HTTP_URL", "https://Bridge.example.com/"),
        ("CODEX_BRIDGE_HTTP_HOSTS", r#"["bridge.lan"]"#),
        ("CODEX_BRIDGE_HTTP_INSECURE", "true"),
        ("CODEX_BRIDGE_HTTP_TOKENS", "/tokens.toml"),
        ("CODEX_BRIDGE_HTTP_AUTHORIZATION_SERVERS", r#"["https://login.example.com/x"]"#),
        ("CODEX_BRIDGE_HTTP_CONNECTIONS", "10"),
        ("CODEX_BRIDGE_HTTP_SESSIONS", "11"),
        ("CODEX_BRIDGE_HTTP_IDLE", "12"),
        ("CODEX_BRIDGE_HTTP_REQUESTS", "13"),
        ("CODEX_BRIDGE_HTTP_DRAIN", "0"),
        ("CODEX_BRIDGE_JOURNAL_PATH", "/j.db"),
        ("CODEX_BRIDGE_JOURNAL_KEEP", "2 days"),
        ("CODEX_BRIDGE_JOURNAL_SIZE", "64"),
        ("CODEX_BRIDGE_JOURNAL_REQUIRED", "false"),
        ("CODEX_BRIDGE_LOG_LEVEL", "TRACE"),
        ("CODEX_BRIDGE_LOG_FILE", "/l.log"),
    ];
    assert_eq!(vars.len(), KEYS.len());
    let home = Home::new();
    let loaded = home.load(Flags::default(), &vars).unwrap();
    let settings = &loaded.settings;
    assert_eq!(settings.codex.bin, Some(home.path().join("work/bin/codex")));
    assert_eq!(settings.codex.args, ["--x", "y z"]);
    let spans =
        [settings.codex.release_after, settings.codex.health, settings.codex.stall, settings.daemon.idle];
    assert_eq!(spans, [10, 6, 7, 8].map(Duration::from_secs));
    assert_eq!(
        (settings.daemon.enabled, settings.daemon.on_disconnect),
        (true, DisconnectSetting::Interrupt)
    );
    assert_eq!(settings.approvals.deadline, Duration::from_secs(30));
    assert_eq!(settings.wait.default, Some(Duration::ZERO));
    assert_eq!(settings.wait.hosts["some host"], Duration::from_secs(300));
    let limits = &settings.limits;
    assert_eq!((limits.result_bytes, limits.running, limits.queue, limits.sessions), (2048, 4, 0, 9));
    assert_eq!(limits.sandbox, Some(SandboxSetting::ReadOnly));
    assert_eq!((&limits.roots[..], &limits.models[..]), (&["/src".into()][..], &["gpt-6".into()][..]));
    assert_eq!(limits.approval_policies, [PolicySetting::Never]);
    assert_eq!(limits.config, Some(ConfigSetting::Set(ConfigKeys::Safe)));
    assert_eq!(
        (limits.mcp_add, &settings.mcp.inherit),
        (Some(AddSetting::None), &InheritSetting::All(false))
    );
    assert_eq!((settings.mcp.file.as_deref(), settings.mcp.depth), (Some(Path::new("/servers.json")), 3));
    assert_eq!(settings.log.level, LogLevel::Trace);
    assert_eq!((settings.journal.keep, settings.journal.size), (Duration::from_hours(48), 64));
    assert!(!settings.journal.required);
    assert_eq!(loaded.journal(), Path::new("/j.db"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let http = HttpSettings {
        listen: ([127, 0, 0, 1], 8080).into(),
        url: Some("https://bridge.example.com".into()),
        hosts: vec!["bridge.lan".into()],
        insecure: true,
        tokens: Some("/tokens.toml".into()),
        authorization_servers: vec!["https://login.example.com/x".into()],
        connections: 10,
        sessions: 11,
        idle: Duration::from_secs(12),
        requests: 13,
        drain: Duration::ZERO,
    };
    assert_eq!(settings.http, http);
}

#[test]
fn addresses_that_do_not_fit_are_refused() {
    let home = Home::new();
    let table = [
        ("CODEX_BRIDGE_HTTP_LISTEN", "localhost"),
        ("CODEX_BRIDGE_HTTP_LISTEN", "70000"),
        ("CODEX_BRIDGE_HTTP_URL", "bridge.example.com"),
        ("CODEX_BRIDGE_HTTP_URL", "https://"),
        ("CODEX_BRIDGE_HTTP_URL", "https://bridge.example.com/path"),
        ("CODEX_BRIDGE_HTTP_URL", "https://user@bridge.example.com"),
        ("CODEX_BRIDGE_HTTP_AUTHORIZATION_SERVERS", r#"["http://login.example.com"]"#),
    ];
    for (name, value) in table {
        let error = home.load(Flags::default(), &[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("Set it to"), "{error}");
        let key = name.trim_start_matches("CODEX_BRIDGE_HTTP_").to_ascii_lowercase();
        let value = if value.starts_with('[') { value.to_owned() } else { format!("{value:?}") };
        let file = Home::new().settings(&format!("[http]\n{key} = {value}\n"));
        let error = file.load(Flags::default(), &[]).unwrap_err().to_string();
        assert!(error.contains("expected"), "{error}");
    }
}
