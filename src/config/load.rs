//! Brings the layers together: the settings file, then the environment, then the flags.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::keys::{KEYS, Key, PREFIX};
use super::nearest::nearest;
use super::paths::absolute;
use super::{ActionSetting, ConfigError, Defaults, Env, Flags, Origin, Paths, RuleSettings, Settings};

/// The settings file, in the config folder.
const FILE: &str = "codex-bridge.toml";

/// The file of MCP servers beside it.
const MCP_FILE: &str = "mcp.json";

/// The file of tokens beside it.
const TOKENS_FILE: &str = "tokens.toml";

/// The variable that counts bridges above each other. No setting: only a bridge sets it.
pub const DEPTH: &str = "CODEX_BRIDGE_DEPTH";

/// All that a process needs to know before it starts anything.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings, their paths absolute.
    pub settings: Settings,
    /// What a session gets where a call says nothing.
    pub defaults: Defaults,
    /// `-c`, `--enable` and `--disable` of the command line, for a codex that is started for no session.
    pub overrides: Vec<String>,
    /// Whether hosts get the `codex/event` notifications of the removed server (`--legacy-events`).
    pub legacy_events: bool,
    /// The flags that all of this was read from.
    pub flags: Flags,
    /// The folder that the process was started in.
    pub cwd: PathBuf,
    /// The environment that all of this was read from.
    pub env: Env,
    /// The folders; `codex_home` counts `codex.home`.
    pub paths: Paths,
    /// The settings file, whether it exists or not.
    pub file: PathBuf,
    /// The file of MCP servers for codex, and whether somebody named it: then it must be there.
    pub mcp_file: (PathBuf, bool),
    /// How many bridges this one runs under: codex that calls a bridge that runs codex.
    pub depth: u32,
    /// What a person should mend, and that stops nothing.
    pub warnings: Vec<String>,
    origins: BTreeMap<&'static str, Origin>,
}

impl Loaded {
    /// Where the setting `key` (`codex.bin`) came from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or_default()
    }

    /// The file of tokens: `http.tokens`, else `tokens.toml` beside the settings file.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.settings.http.tokens.clone().unwrap_or_else(|| self.file.with_file_name(TOKENS_FILE))
    }

    /// The journal's database: `journal.path`, else `journal.db` in the state folder.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.settings.journal.path.clone().unwrap_or_else(|| self.paths.state.join("journal.db"))
    }
}

/// Reads the settings for a process that was started in `cwd` with `flags`.
///
/// # Errors
/// Where a file, a variable or a flag cannot be used. A key that is not known only warns.
pub fn load(flags: Flags, env: Env, cwd: PathBuf) -> Result<Loaded, ConfigError> {
    let mut paths = Paths::from_env(&env)?;
    let mut layers = Layers { home: env.home().map(Path::to_owned), ..Layers::default() };

    let file = flags.settings.as_ref().map_or_else(|| paths.config.join(FILE), |file| cwd.join(file));
    match std::fs::read_to_string(&file) {
        Ok(text) => layers.add_file(&file, &text)?,
        Err(source) if source.kind() == ErrorKind::NotFound => {
            if flags.settings.is_some() {
                return Err(ConfigError::SettingsMissing { path: file });
            }
        }
        Err(source) => return Err(ConfigError::Unreadable { path: file, source }),
    }
    let of_file = layers.settings.limits.clone();
    layers.add_env(&env, &cwd)?;
    if let Some(key) = of_file.lifted_by(&layers.settings.limits) {
        return Err(ConfigError::LiftedLimit { key, file });
    }
    layers.check_rules()?;

    let Layers { mut settings, mut origins, warnings, .. } = layers;
    if flags.strict_config {
        // The one flag besides `-c` and the features that reaches an app-server.
        settings.codex.args.push("--strict-config".to_owned());
        origins.insert("codex.args", Origin::Flag("--strict-config"));
    }
    let codex_home = settings.codex.home.as_ref().unwrap_or(&paths.codex_home);
    paths.codex_home = cwd.join(codex_home);
    let defaults = Defaults::from_flags(&flags, &cwd, &paths.codex_home)?;
    let mcp_file = mcp_file(&flags, settings.mcp.file.as_deref(), &file, &cwd)?;
    let depth = depth(&env)?;
    let legacy_events = flags.legacy_events;
    let overrides = flags.overrides();
    Ok(Loaded {
        settings,
        defaults,
        overrides,
        legacy_events,
        flags,
        cwd,
        env,
        paths,
        file,
        mcp_file,
        depth,
        warnings,
        origins,
    })
}

/// The file of MCP servers: of the flag, of the setting, or beside the settings file.
fn mcp_file(
    flags: &Flags,
    setting: Option<&Path>,
    beside: &Path,
    cwd: &Path,
) -> Result<(PathBuf, bool), ConfigError> {
    let Some(flag) = &flags.mcp_config else {
        let usual = || beside.with_file_name(MCP_FILE);
        return Ok((setting.map_or_else(usual, Path::to_owned), setting.is_some()));
    };
    let path = cwd.join(flag);
    // What else may be wrong with it is asked each time that it is read.
    if path.exists() { Ok((path, true)) } else { Err(ConfigError::McpConfigMissing { path }) }
}

/// What a bridge above this one has set. A word that is no number must not count as none.
fn depth(env: &Env) -> Result<u32, ConfigError> {
    let Some(value) = env.get(DEPTH) else { return Ok(0) };
    value.to_str().and_then(|text| text.trim().parse().ok()).ok_or_else(|| ConfigError::BadVariable {
        variable: DEPTH.to_owned(),
        value: value.to_string_lossy().into_owned(),
        wanted: "the number of bridges above this one".to_owned(),
    })
}

#[derive(Default)]
struct Layers {
    settings: Settings,
    home: Option<PathBuf>,
    origins: BTreeMap<&'static str, Origin>,
    warnings: Vec<String>,
}

impl Layers {
    fn add_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let bad = |source| ConfigError::BadFile { path: path.to_owned(), source: Box::new(source) };

        self.settings = toml::from_str(text).map_err(bad)?;
        // Once more for the keys that nothing read; the errors of this way would have no line.
        let mut unknown = Vec::new();
        let document = toml::Deserializer::parse(text).map_err(bad)?;
        let _: Settings =
            serde_ignored::deserialize(document, |key| unknown.push(key.to_string())).map_err(bad)?;

        // Keys of rules are looked at once it is known which rules count.
        for key in unknown.into_iter().filter(|key| !key.starts_with("approvals.rules.")) {
            let near = nearest_key(&key).map(str::to_owned);
            self.warnings.push(format!("{}: {key} is not a setting.{}", path.display(), meant(near)));
        }
        let table: toml::Table = text.parse().map_err(bad)?;
        for key in KEYS.iter().filter(|key| holds(&table, key)) {
            self.origins.insert(key.name, Origin::File(path.to_owned()));
        }
        self.resolve_paths(path.parent().unwrap_or(path));
        Ok(())
    }

    fn add_env(&mut self, env: &Env, cwd: &Path) -> Result<(), ConfigError> {
        for key in KEYS {
            let variable = key.variable();
            let Some(value) = env.get(&variable) else { continue };
            if let Err(wanted) = (key.set)(&mut self.settings, value) {
                let value = value.to_string_lossy().into_owned();
                return Err(ConfigError::BadVariable { variable, value, wanted });
            }
            self.origins.insert(key.name, Origin::Variable(variable));
        }
        let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
        for name in env.iter().filter_map(|(name, _)| name.to_str()) {
            if name != DEPTH && name.starts_with(PREFIX) && !known.iter().any(|known| known == name) {
                let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("${near}"));
                self.warnings.push(format!("${name} is not a setting.{}", meant(near)));
            }
        }
        self.resolve_paths(cwd);
        Ok(())
    }

    fn check_rules(&mut self) -> Result<(), ConfigError> {
        let origin = self.origins.get("approvals.rules").cloned().unwrap_or_default();
        for (number, rule) in (1..).zip(&self.settings.approvals.rules) {
            for key in &rule.unknown {
                let nearest = nearest(key, RuleSettings::KEYS);
                if rule.action == ActionSetting::Approve {
                    return Err(ConfigError::UnknownRuleKey { origin, number, key: key.clone(), nearest });
                }
                self.warnings.push(format!(
                    "{origin}: {key} in rule {number} of approvals.rules is not a key of a rule.{}",
                    meant(nearest.map(str::to_owned))
                ));
            }
        }
        Ok(())
    }

    // After each layer, since a relative path starts where its layer says: a file's at its folder.
    fn resolve_paths(&mut self, base: &Path) {
        let Settings { codex, journal, log, approvals, limits, mcp, http, .. } = &mut self.settings;
        for root in &mut limits.roots {
            *root = absolute(root, base, self.home.as_deref());
        }
        let rules = approvals.rules.iter_mut().map(|rule| &mut rule.path);
        let places = [
            &mut codex.bin,
            &mut codex.home,
            &mut journal.path,
            &mut log.file,
            &mut mcp.file,
            &mut http.tokens,
        ];
        for place in places.into_iter().chain(rules) {
            let path = place.take().filter(|path| !path.as_os_str().is_empty());
            *place = path.map(|path| absolute(&path, base, self.home.as_deref()));
        }
    }
}

fn holds(table: &toml::Table, key: &Key) -> bool {
    let Some((section, name)) = key.name.split_once('.') else { return false };
    table.get(section).and_then(|section| section.get(name)).is_some()
}

// An unknown section stands without a dot, and is compared with sections.
fn nearest_key(unknown: &str) -> Option<&'static str> {
    if unknown.contains('.') {
        return nearest(unknown, KEYS.iter().map(|key| key.name));
    }
    nearest(unknown, KEYS.iter().filter_map(|key| Some(key.name.split_once('.')?.0)))
}

fn meant(nearest: Option<String>) -> String {
    nearest.map(|name| format!(" Did you mean {name}?")).unwrap_or_default()
}
