//! The layers, their errors and the flags, case by case.

mod flags;
mod rules;
mod servers;
mod shown;
mod variables;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::keys::KEYS;
use super::*;

/// A home with a settings file, and a variable or two.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn settings(self, text: &str) -> Self {
        self.file("config/codex-bridge/codex-bridge.toml", text);
        self
    }

    fn env(&self, more: &[(&str, &str)]) -> Env {
        let at = |name: &str| self.path().join(name).into_os_string();
        let folders = if cfg!(windows) {
            [("USERPROFILE", at("")), ("APPDATA", at("config")), ("LOCALAPPDATA", at("state"))]
        } else {
            [("HOME", at("")), ("XDG_CONFIG_HOME", at("config")), ("XDG_STATE_HOME", at("state"))]
        };
        let more = more.iter().map(|(name, value)| (*name, (*value).into()));
        Env::from_pairs(folders.into_iter().chain(more))
    }

    fn load(&self, flags: Flags, vars: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        load(flags, self.env(vars), self.path().join("work"))
    }

    /// The error of a load, its folder called HOME.
    fn error(&self, flags: Flags, vars: &[(&str, &str)]) -> String {
        let error = self.load(flags, vars).unwrap_err().to_string();
        error.replace(self.path().to_str().unwrap(), "HOME")
    }
}

fn config(given: &[&str]) -> Flags {
    Flags { config: given.iter().map(ToString::to_string).collect(), ..Flags::default() }
}

#[test]
fn nothing_set_is_the_defaults() {
    let home = Home::new();
    let loaded = home.load(Flags::default(), &[]).unwrap();
    assert_eq!(loaded.settings, Settings::default());
    assert_eq!(loaded.settings.approvals.deadline, Duration::from_secs(900));
    assert_eq!(loaded.settings.limits.result_bytes, 24_576);
    assert_eq!(loaded.defaults.cwd, home.path().join("work"));
    assert_eq!(loaded.paths.codex_home, home.path().join(".codex"));
    assert_eq!(loaded.journal(), home.path().join("state/codex-bridge/journal.db"));
    assert_eq!(loaded.origin("codex.bin"), Origin::Default);
    assert!(loaded.warnings.is_empty());
}

#[test]
fn a_variable_wins_over_the_file() {
    let home = Home::new().settings("[codex]\nbin = \"/file/codex\"\n[limits]\nresult_bytes = 3000\n");
    let loaded = home.load(Flags::default(), &[("CODEX_BRIDGE_CODEX_BIN", "/env/codex")]).unwrap();
    assert_eq!(loaded.settings.codex.bin.as_deref(), Some(Path::new("/env/codex")));
    assert_eq!(loaded.settings.limits.result_bytes, 3000);
    assert_eq!(loaded.origin("codex.bin").to_string(), "$CODEX_BRIDGE_CODEX_BIN");
    assert!(
        matches!(loaded.origin("limits.result_bytes"), Origin::File(path) if path.ends_with("codex-bridge.toml"))
    );
}

#[test]
fn every_setting_can_stand_in_the_file() {
    let home = Home::new().settings(
        r#"
        [codex]
        bin = "~/bin/codex"
        home = "codex-home"
        args = ["-c", "a=1"]
        release_after = "5m"
        [approvals]
        deadline = "2m 30s"
        [wait]
        default = 40
        hosts = { "claude-code" = "1h", cursor = 240 }
        [limits]
        result_bytes = 4096
        running = 4
        queue = 0
        sessions = 9
        sandbox = "workspace-write"
        roots = ["~/src", "work"]
        models = ["gpt-6"]
        approval_policies = ["untrusted", "on-request"]
        config = ["model_verbosity"]
        mcp_add = "named"
        [mcp]
        inherit = ["docs"]
        file = "servers.json"
        depth = 2
        [journal]
        path = "/var/j.db"
        required = false
        [log]
        level = "debug"
        file = "bridge.log"
        "#,
    );
    let Loaded { settings, paths, warnings, .. } = home.load(Flags::default(), &[]).unwrap();
    let beside = home.path().join("config/codex-bridge");
    assert_eq!(settings.codex.bin, Some(home.path().join("bin/codex")));
    assert_eq!(paths.codex_home, beside.join("codex-home"));
    assert_eq!(settings.codex.args, ["-c", "a=1"]);
    assert_eq!(settings.codex.release_after, Duration::from_mins(5));
    assert_eq!(settings.approvals.deadline, Duration::from_secs(150));
    assert_eq!(settings.wait.default, Some(Duration::from_secs(40)));
    assert_eq!(settings.wait.hosts["claude-code"], Duration::from_secs(3600));
    assert_eq!(settings.wait.hosts["cursor"], Duration::from_secs(240));
    let limits = &settings.limits;
    assert_eq!((limits.result_bytes, limits.running, limits.queue, limits.sessions), (4096, 4, 0, 9));
    assert_eq!(limits.sandbox, Some(SandboxSetting::WorkspaceWrite));
    assert_eq!(limits.roots, [home.path().join("src"), beside.join("work")]);
    assert_eq!(limits.models, ["gpt-6"]);
    assert_eq!(limits.approval_policies, [PolicySetting::Untrusted, PolicySetting::OnRequest]);
    assert_eq!(limits.config, Some(ConfigSetting::Keys(vec!["model_verbosity".into()])));
    assert_eq!(limits.mcp_add, Some(AddSetting::Named));
    assert_eq!(settings.mcp.inherit, InheritSetting::Named(vec!["docs".into()]));
    assert_eq!((&settings.mcp.file, settings.mcp.depth), (&Some(beside.join("servers.json")), 2));
    assert!(!settings.journal.required);
    assert_eq!(settings.log.level, LogLevel::Debug);
    assert_eq!(settings.log.file, Some(beside.join("bridge.log")));
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn the_table_of_keys_has_each_member_and_no_other() {
    let Value::Object(sections) = serde_json::to_value(Settings::default()).unwrap() else { panic!() };
    let mut members: Vec<String> = sections
        .iter()
        .flat_map(|(section, keys)| {
            keys.as_object().unwrap().keys().map(move |key| format!("{section}.{key}"))
        })
        .collect();
    let mut table: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    members.sort();
    table.sort_unstable();
    assert_eq!(members, table);
}

#[test]
fn the_settings_that_the_readme_shows_are_all_of_them() {
    let shown = include_str!("../../README.md").split("```toml\n").find(|block| block.starts_with("[codex]"));
    let shown = shown.unwrap().split("```").next().unwrap();
    let loaded = Home::new().settings(shown).load(Flags::default(), &[]).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    for key in KEYS {
        assert_ne!(loaded.origin(key.name), Origin::Default, "{}", key.name);
    }
}

#[test]
fn an_unknown_key_warns_with_the_nearest() {
    let home = Home::new().settings("[codex]\nbim = 1\n[limits]\nzzz = 1\n[approval]\ndeadline = 3\n");
    let vars = [("CODEX_BRIDGE_LOG_LEVLE", "info"), ("CODEX_BRIDGE_QQ", "1"), ("CODEX_HOME", "/c")];
    let loaded = home.load(Flags::default(), &vars).unwrap();
    let warnings = loaded.warnings.join("\n").replace(home.path().to_str().unwrap(), "HOME");
    insta::assert_snapshot!(warnings, @r#"
    HOME/config/codex-bridge/codex-bridge.toml: approval is not a setting. Did you mean approvals?
    HOME/config/codex-bridge/codex-bridge.toml: codex.bim is not a setting. Did you mean codex.bin?
    HOME/config/codex-bridge/codex-bridge.toml: limits.zzz is not a setting.
    $CODEX_BRIDGE_LOG_LEVLE is not a setting. Did you mean $CODEX_BRIDGE_LOG_LEVEL?
    $CODEX_BRIDGE_QQ is not a setting.
    "#);
    assert_eq!(loaded.paths.codex_home, Path::new("/c"));
}

#[test]
fn a_value_that_does_not_fit_is_named() {
    let cases = [
        ("[codex]\nbin = 3\n", &[][..]),
        ("[approvals]\ndeadline = \"soon\"\n", &[]),
        ("[approvals]\ndeadline = 0\n", &[]),
        ("[wait]\ndefault = true\n", &[]),
        ("[wait.hosts]\nx = \"5 parsecs\"\n", &[]),
        ("[limits]\nresult_bytes = 100\n", &[]),
        ("[log]\nlevel = \"loud\"\n", &[]),
        ("[codex\n", &[]),
        ("", &[("CODEX_BRIDGE_CODEX_ARGS", "--a b")]),
        ("", &[("CODEX_BRIDGE_APPROVALS_DEADLINE", "3 years")]),
        ("", &[("CODEX_BRIDGE_LIMITS_RESULT_BYTES", "9999999")]),
        ("", &[("CODEX_BRIDGE_LOG_LEVEL", "loud")]),
        ("", &[("CODEX_BRIDGE_WAIT_HOSTS", "50")]),
    ];
    let errors: Vec<String> = cases
        .into_iter()
        .map(|(file, vars)| Home::new().settings(file).error(Flags::default(), vars))
        .collect();
    insta::assert_snapshot!(errors.join("\n---\n"), @r#"
    HOME/config/codex-bridge/codex-bridge.toml cannot be used; mend the line shown, or take it out.
    TOML parse error at line 2, column 7
      |
    2 | bin = 3
      |       ^
    invalid type: integer `3`, expected path string
    ---
    HOME/config/codex-bridge/codex-bridge.toml cannot be used; mend the line shown, or take it out.
    TOML parse error at line 2, column 12
      |
    2 | deadline = "soon"
      |            ^^^^^^
    "soon" does not fit: expected seconds (900) or a time with its unit ("15m"), at most a year
    ---
    HOME/config/codex-bridge/codex-bridge.toml cannot be used; mend the line shown, or take it out.
    TOML parse error at line 2, column 12
      |
    2 | deadline = 0
      |            ^
    0 does not fit: expected a time above zero, in seconds or as "15m"
    ---
    HOME/config/codex-bridge/codex-bridge.toml cannot be used; mend the line shown, or take it out.
    TOML parse error at line 2, column 11
      |
    2 | default = true
      |           ^^^^
    true does not fit: expected seconds (900) or a time with its unit ("15m"), at most a year
    ---
    HOME/config/codex-bridge/codex-bridge.toml cannot be used; mend the line shown, or take it out.
    TOML parse error at line 1, column 1
      |
    1 | [wait.hosts]
      | ^^^^^^^^^^^^
    x: "5 parsecs" does not fit: expected seconds (900) or a time with its unit ("15m"), at most a year
    ---
    HOME/config/codex-bridge/codex-bridge.toml cannot be used; mend the line shown, or take it out.
    TOML parse error at line 2, column 16
      |
    2 | result_bytes = 100
      |                ^^^
    100 does not fit: expected a number of bytes from 2048 to 1048576
    ---
    HOME/config/codex-bridge/codex-bridge.toml cannot be used; mend the line shown, or take it out.
    TOML parse error at line 2, column 9
      |
    2 | level = "loud"
      |         ^^^^^^
    unknown variant `loud`, expected one of `off`, `error`, `warn`, `info`, `debug`, `trace`
    ---
    HOME/config/codex-bridge/codex-bridge.toml cannot be used; mend the line shown, or take it out.
    TOML parse error at line 1, column 7
      |
    1 | [codex
      |       ^
    unclosed table, expected `]`
    ---
    $CODEX_BRIDGE_CODEX_ARGS is "--a b", which does not fit. Set it to a list as in TOML: ["--first", "--second"], or unset it.
    ---
    $CODEX_BRIDGE_APPROVALS_DEADLINE is "3 years", which does not fit. Set it to seconds (900) or a time with its unit ("15m"), at most a year, or unset it.
    ---
    $CODEX_BRIDGE_LIMITS_RESULT_BYTES is "9999999", which does not fit. Set it to a number of bytes from 2048 to 1048576, or unset it.
    ---
    $CODEX_BRIDGE_LOG_LEVEL is "loud", which does not fit. Set it to one of off, error, warn, info, debug, trace, or unset it.
    ---
    $CODEX_BRIDGE_WAIT_HOSTS is "50", which does not fit. Set it to a table as in TOML: { "host-name" = 50 }, or unset it.
    "#);
}

#[test]
fn the_file_of_the_flag_must_be_there() {
    let home = Home::new().settings("[limits]\nresult_bytes = 3000\n");
    let flags = Flags { settings: Some("my.toml".into()), ..Flags::default() };
    insta::assert_snapshot!(home.error(flags.clone(), &[]), @r#"
    --settings HOME/work/my.toml: there is no such file. Name one that exists, or leave the flag out.
    "#);

    home.file("work/my.toml", "[limits]\nresult_bytes = 4000\n");
    assert_eq!(home.load(flags, &[]).unwrap().settings.limits.result_bytes, 4000);
}

#[test]
fn without_a_home_the_message_says_what_to_set() {
    let error = load(Flags::default(), Env::default(), PathBuf::from("/repo")).unwrap_err();
    let named = error.to_string().replace("APPDATA", "XDG_CONFIG_HOME");
    insta::assert_snapshot!(named, @r#"
    The home folder of this user is not known. Set HOME, or XDG_CONFIG_HOME, to a folder.
    "#);
}

#[test]
fn override_values_are_read_as_codex_reads_them() {
    let cases = [
        ("model=\"gpt-5.5\"", "model", json!("gpt-5.5")),
        ("model=gpt-5.5", "model", json!("gpt-5.5")),
        ("model='half", "model", json!("half")),
        ("a.b.c = 3", "a.b.c", json!(3)),
        ("a=1.5", "a", json!(1.5)),
        ("a=true", "a", json!(true)),
        ("a=", "a", json!("")),
        ("a=[1, \"x\"]", "a", json!([1, "x"])),
        ("a={ b = [{ c = 1979-05-27 }] }", "a", json!({"b": [{"c": "1979-05-27"}]})),
        ("url=http://x/?a=b", "url", json!("http://x/?a=b")),
    ];
    for (given, key, value) in cases {
        assert_eq!(overrides::parse(given).unwrap(), (key.to_owned(), value), "{given}");
    }
}

#[test]
fn no_two_keys_of_the_defaults_overlap() {
    let cases = [
        (&["a.b=1", "a.c=2"][..], json!({"a.b": 1, "a.c": 2})),
        (&["a.b=1", "a={ c = 2 }"], json!({"a": {"c": 2}})),
        (&["a={ c = 2 }", "a.b.d=1"], json!({"a": {"c": 2, "b": {"d": 1}}})),
        (&["a.b=1", "a.b.c=2"], json!({"a.b": {"c": 2}})),
        (&["a.b=1", "ab=2"], json!({"a.b": 1, "ab": 2})),
        (&["a.b=1", "a.b=2"], json!({"a.b": 2})),
    ];
    for (given, expected) in cases {
        let loaded = Home::new().load(config(given), &[]).unwrap();
        assert_eq!(Value::Object(loaded.defaults.config), expected, "{given:?}");
    }
}

#[test]
fn flags_lie_over_the_profile() {
    let home = Home::new();
    home.file(
        ".codex/work.config.toml",
        "model = \"gpt-5.5\"\n[features]\nold = true\n[model_providers.x]\nname = \"X\"\n",
    );
    let flags = Flags {
        profile: Some("work".into()),
        model: Some("other".into()),
        config: vec!["model_providers.x.base_url=http://h".into(), "features.new=1".into()],
        enable: vec!["new".into()],
        disable: vec!["old".into()],
        sandbox: Some("read-only".into()),
        approval: Some("never".into()),
        cd: Some("sub".into()),
        strict_config: true,
        legacy_events: true,
        ..Flags::default()
    };
    let Loaded { defaults, settings, .. } = home.load(flags, &[]).unwrap();
    assert_eq!(
        Value::Object(defaults.config),
        json!({
            "model": "gpt-5.5",
            "features": {"old": false, "new": true},
            "model_providers": {"x": {"name": "X", "base_url": "http://h"}},
        })
    );
    assert_eq!(defaults.model.as_deref(), Some("other"));
    assert_eq!(defaults.sandbox.as_deref(), Some("read-only"));
    assert_eq!(defaults.approval_policy.as_deref(), Some("never"));
    assert_eq!(defaults.cwd, home.path().join("work/sub"));
    assert_eq!(settings.codex.args, ["--strict-config"]);
}

#[test]
fn features_stay_dotted_without_a_profile() {
    let flags = Flags { enable: vec!["a".into()], disable: vec!["b".into()], ..Flags::default() };
    let loaded = Home::new().load(flags, &[]).unwrap();
    assert_eq!(Value::Object(loaded.defaults.config), json!({"features.a": true, "features.b": false}));
}

#[test]
fn a_bad_flag_is_named_with_what_it_takes() {
    let home = Home::new();
    home.file(".codex/work.config.toml", "");
    home.file(".codex/broken.config.toml", "a = = 1\n");
    let profile = |name: &str| Flags { profile: Some(name.into()), ..Flags::default() };
    let cases = [
        Flags { sandbox: Some("workspace-writ".into()), ..Flags::default() },
        Flags { approval: Some("on-failure".into()), ..Flags::default() },
        Flags { approval: Some("".into()), ..Flags::default() },
        config(&["model"]),
        config(&["=3"]),
        profile("../etc"),
        profile("wrok"),
        profile("broken"),
    ];
    let errors = cases.map(|flags| home.error(flags, &[]));
    insta::assert_snapshot!(errors.join("\n---\n"), @r#"
    -s "workspace-writ": there is no such sandbox (did you mean workspace-write?). Give one of: read-only, workspace-write, danger-full-access.
    ---
    -a "on-failure": there is no such approval policy. Give one of: untrusted, on-request, never.
    ---
    -a "": there is no such approval policy. Give one of: untrusted, on-request, never.
    ---
    -c "model": there is no =. Give key=value, as in -c model_reasoning_effort=high.
    ---
    -c "=3": there is no key before the =. Give key=value, as in -c model_reasoning_effort=high.
    ---
    -p "../etc": a profile's name is a file name without folders. Give NAME, where NAME.config.toml lies in HOME/.codex.
    ---
    -p "wrok": looked at HOME/.codex/wrok.config.toml, and there is no such file. The profiles there: broken, work.
    ---
    -p "broken": HOME/.codex/broken.config.toml cannot be used; mend line 1, column 5: extra `=`, expected nothing.
    "#);
}

#[test]
fn the_environment_does_not_show_its_values() {
    let env = Env::from_pairs([("OPENAI_API_KEY", "sk-secret")]);
    assert!(!format!("{env:?}").contains("secret"));
    assert_eq!(env.get("OPENAI_API_KEY").unwrap(), "sk-secret");
    assert_eq!(Env::from_pairs([("A", "")]).get("A"), None);
}
