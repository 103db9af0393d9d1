//! The settings as they are in effect, each with where it came from: as a settings file that loads to the
//! same, and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::keys::KEYS;
use super::{Loaded, Settings};

/// Why the settings cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error(
    "the settings cannot be shown: {0}. A path that is not UTF-8 works, and cannot be written in a settings file."
)]
pub struct ShowError(toml::ser::Error);

/// Where a value of codex's configuration may be a secret: below these tables, and under keys with these words.
const SECRET_TABLES: [&str; 3] = ["mcp_servers", "model_providers", "shell_environment_policy"];
const SECRET_WORDS: [&str; 6] = ["token", "key", "secret", "password", "header", "auth"];

/// Stands for a value that may be a secret.
const HIDDEN: &str = "…";

impl Loaded {
    /// All settings as a `codex-bridge.toml` that says the same, the origins as comments; what is not set is
    /// a comment too, with what holds instead.
    ///
    /// # Errors
    /// Where a value has no form in TOML.
    pub fn settings_as_toml(&self) -> Result<String, ShowError> {
        let table = table(&self.settings)?;
        let mut out = String::new();
        for (section, names) in sections() {
            let _ = writeln!(out, "{}[{section}]", if out.is_empty() { "" } else { "\n" });
            for name in names {
                let key = format!("{section}.{name}");
                let line = match table.get(section).and_then(|section| section.get(name)) {
                    Some(value) => {
                        let origin = self.origin(&key).to_string();
                        format!("{name} = {}  {}", text(&key, value), comment(&origin))
                    }
                    None => match self.instead(&key) {
                        Some(value) => comment(&format!("{name} = {value}  # not set")),
                        None => comment(&format!("{name} =  # not set")),
                    },
                };
                out.push_str(&line);
                out.push('\n');
            }
        }
        out.push_str(&self.flags_as_comments());
        Ok(out)
    }

    /// The same for programs: `{file, settings: {section: {key: {value, origin}}}, sessions, warnings}`.
    ///
    /// # Errors
    /// Where a value has no form in TOML, and so none in a file.
    pub fn settings_as_json(&self) -> Result<Value, ShowError> {
        let table = table(&self.settings)?;
        let mut all = Map::new();
        for (section, names) in sections() {
            let keys = names.into_iter().map(|name| {
                let value = table.get(section).and_then(|section| section.get(name));
                let origin = self.origin(&format!("{section}.{name}")).to_string();
                (name.to_owned(), json!({ "value": value, "origin": origin }))
            });
            all.insert(section.to_owned(), Value::Object(keys.collect()));
        }
        Ok(json!({
            "file": self.file,
            "settings": all,
            "sessions": {
                "cwd": self.defaults.cwd,
                "model": self.defaults.model,
                "sandbox": self.defaults.sandbox,
                "approvalPolicy": self.defaults.approval_policy,
                "config": without_secrets(&self.defaults.config, false),
                "addDirs": self.defaults.add_dirs,
                "threadSource": self.defaults.thread_source,
            },
            "warnings": self.warnings,
        }))
    }

    /// What holds where nobody has set `key`, as far as it can be said as a value.
    fn instead(&self, key: &str) -> Option<String> {
        let path = |path: &std::path::Path| path.to_str().map(|path| toml::Value::from(path).to_string());
        match key {
            "codex.home" => path(&self.paths.codex_home),
            "journal.path" => path(&self.journal()),
            "mcp.file" => path(&self.mcp_file.0),
            "http.tokens" => path(&self.tokens()),
            "limits.config" => {
                let value = toml::Value::try_from(self.settings.limits.config_or_default()).ok()?;
                Some(value.to_string())
            }
            "limits.mcp_add" => {
                Some(toml::Value::from(self.settings.limits.mcp_add_or_default().name()).to_string())
            }
            _ => None,
        }
    }

    /// What the flags give to sessions that say nothing. No settings of a file, so they are comments.
    fn flags_as_comments(&self) -> String {
        let defaults = &self.defaults;
        let mut all = vec![
            "What a session gets where its call says nothing (flags; codex's own configuration else):"
                .to_owned(),
            format!("-C {}", defaults.cwd.display()),
        ];
        let flags = [("-m", &defaults.model), ("-s", &defaults.sandbox), ("-a", &defaults.approval_policy)];
        all.extend(
            flags.map(|(flag, value)| format!("{flag} {}", value.as_deref().unwrap_or("(not given)"))),
        );
        all.extend(defaults.add_dirs.iter().map(|folder| format!("--add-dir {}", folder.display())));
        all.extend(defaults.thread_source.iter().map(|source| format!("--thread-source {source}")));
        let config = without_secrets(&defaults.config, false);
        if config.is_empty() {
            all.push("-c, -p, --enable, --disable (not given)".to_owned());
        }
        all.extend(config.iter().map(|(key, value)| format!("-c {key}={value}")));
        let lines: Vec<_> = all.iter().map(|line| comment(line)).collect();
        format!("\n{}\n", lines.join("\n"))
    }
}

fn table(settings: &Settings) -> Result<toml::Table, ShowError> {
    toml::Table::try_from(settings).map_err(ShowError)
}

/// Words as a comment. What TOML takes in none is spelled out: a line's end would end it.
fn comment(words: &str) -> String {
    let mut out = "# ".to_owned();
    for letter in words.chars() {
        match letter {
            '\t' => out.push(letter),
            _ if letter.is_control() => out.extend(letter.escape_unicode()),
            _ => out.push(letter),
        }
    }
    out
}

/// The sections and the names of their keys, in the order of the table of keys.
fn sections() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for (section, name) in KEYS.iter().filter_map(|key| key.name.split_once('.')) {
        match all.iter_mut().find(|(known, _)| *known == section) {
            Some((_, names)) => names.push(name),
            None => all.push((section, vec![name])),
        }
    }
    all
}

/// A value in a line; rules one a line, since each is long.
fn text(key: &str, value: &toml::Value) -> String {
    match value.as_array() {
        Some(rules) if key == "approvals.rules" && !rules.is_empty() => {
            let lines: String = rules.iter().map(|rule| format!("    {rule},\n")).collect();
            format!("[\n{lines}]")
        }
        _ => value.to_string(),
    }
}

/// codex's configuration with what may be a secret left out: a key says what is set without it.
fn without_secrets(config: &Map<String, Value>, secret: bool) -> Map<String, Value> {
    let shown = config.iter().map(|(key, value)| {
        let secret = secret || may_be_secret(key);
        let value = match value {
            Value::Object(inner) => Value::Object(without_secrets(inner, secret)),
            Value::Bool(_) | Value::Number(_) | Value::Null => value.clone(),
            _ if secret => Value::from(HIDDEN),
            value => value.clone(),
        };
        (key.clone(), value)
    });
    shown.collect()
}

fn may_be_secret(key: &str) -> bool {
    key.split('.').any(|part| {
        let part = part.to_ascii_lowercase();
        SECRET_TABLES.contains(&part.as_str()) || SECRET_WORDS.iter().any(|word| part.contains(word))
    })
}
