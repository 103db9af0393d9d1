//! Why the settings cannot be used. Each message names the cause, the value and the remedy.

use std::path::PathBuf;

use super::Origin;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `--settings` names a file that is not there.
    #[error("--settings {}: there is no such file. Name one that exists, or leave the flag out.", path.display())]
    SettingsMissing {
        /// The file.
        path: PathBuf,
    },
    /// `--mcp-config` names a file that is not there.
    #[error("--mcp-config {}: there is no such file. Name one that exists, or leave the flag out.", path.display())]
    McpConfigMissing {
        /// The file.
        path: PathBuf,
    },
    /// A file is there and cannot be read.
    #[error("{} cannot be read: {source}. Mend its permissions, or move it away.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not TOML, or a value in it does not fit.
    #[error("{} cannot be used; mend the line shown, or take it out.\n{}", path.display(), source.to_string().trim_end())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// Where, and why.
        source: Box<toml::de::Error>,
    },
    /// A variable does not fit.
    #[error("${variable} is {value:?}, which does not fit. Set it to {wanted}, or unset it.")]
    BadVariable {
        /// The variable.
        variable: String,
        /// Its value.
        value: String,
        /// What would fit.
        wanted: String,
    },
    /// A variable would lift a limit of the settings file.
    #[error("$CODEX_BRIDGE_{} would lift {key}, which {} sets: a variable can only narrow a limit. Change it in the file, or unset the variable.", key.replace('.', "_").to_ascii_uppercase(), file.display())]
    LiftedLimit {
        /// The limit.
        key: &'static str,
        /// The file that sets it.
        file: PathBuf,
    },
    /// A rule that approves has a key that is none of a rule's. Without it the rule may be wider than
    /// it was meant.
    #[error(
        "approvals.rules in {origin}, rule {number}: {key} is not a key of a rule{}. Mend it, or take it out: a rule that approves is used as a whole or not at all.",
        meant(*nearest)
    )]
    UnknownRuleKey {
        /// Where the rules came from.
        origin: Origin,
        /// Which rule.
        number: usize,
        /// The key.
        key: String,
        /// The key that may have been meant.
        nearest: Option<&'static str>,
    },
    /// A flag that takes one of a few values has another.
    #[error(
        "{flag} {value:?}: there is no such {what}{}. Give one of: {}.",
        meant(*nearest),
        known.join(", ")
    )]
    UnknownValue {
        /// The flag.
        flag: &'static str,
        /// What it sets.
        what: &'static str,
        /// Its value.
        value: String,
        /// The value that may have been meant.
        nearest: Option<&'static str>,
        /// The values that it takes.
        known: &'static [&'static str],
    },
    /// A `-c` is not `key=value`.
    #[error("-c {given:?}: {cause}. Give key=value, as in -c model_reasoning_effort=high.")]
    BadOverride {
        /// What was given.
        given: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// A profile's name is no file name.
    #[error(
        "{asked} {name:?}: a profile's name is a file name without folders. Give NAME, where NAME.config.toml lies in {}.",
        home.display()
    )]
    BadProfileName {
        /// By what it was asked for.
        asked: &'static str,
        /// The name.
        name: String,
        /// codex's home.
        home: PathBuf,
    },
    /// A profile is no file, or too large for one.
    #[error("{asked} {name:?}: {} {cause}. Name another profile, or mend it.", path.display())]
    NoProfile {
        /// By what it was asked for.
        asked: &'static str,
        /// Its name.
        name: String,
        /// Where it is looked for.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// A profile is not TOML. Its lines are not shown: there may be a secret in them, and whoever names a profile
    /// need not be whoever wrote it.
    #[error("{asked} {name:?}: {} cannot be used; mend line {line}, column {column}: {cause}.", path.display())]
    BrokenProfile {
        /// By what it was asked for.
        asked: &'static str,
        /// Its name.
        name: String,
        /// The file.
        path: PathBuf,
        /// Which line, from 1 on.
        line: usize,
        /// Which character of it, from 1 on.
        column: usize,
        /// What is wrong there.
        cause: String,
    },
    /// A profile is not there.
    #[error(
        "{asked} {name:?}: looked at {}, and there is no such file. {}",
        path.display(),
        others(asked, there)
    )]
    ProfileMissing {
        /// By what it was asked for.
        asked: &'static str,
        /// The profile.
        name: String,
        /// Its file.
        path: PathBuf,
        /// The profiles that are there.
        there: Vec<String>,
    },
    /// Two flags that say different things.
    #[error("{one} and {other} cannot both be given: {one} says what {other} does. Leave one of them out.")]
    Contradiction {
        /// The flag that says more.
        one: &'static str,
        /// The other one.
        other: &'static str,
    },
    /// `--local-provider` without `--oss`.
    #[error("--local-provider {name:?} counts only with --oss. Give --oss too, or leave it out.")]
    NotLocal {
        /// The provider.
        name: String,
    },
    /// `--oss` without a word of who serves the model.
    #[error(
        "--oss: nobody says who serves the model. Give --local-provider ollama or lmstudio, or set oss_provider in {}.",
        config.display()
    )]
    NoLocalProvider {
        /// codex's configuration.
        config: PathBuf,
    },
    /// A folder depends on the user's home, and that is not known.
    #[error("The home folder of this user is not known. Set HOME, or {variable}, to a folder.")]
    NoHome {
        /// The variable that would do without it.
        variable: &'static str,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}

fn others(asked: &str, there: &[String]) -> String {
    if there.is_empty() {
        format!("Make it, or leave {asked} out.")
    } else {
        format!("The profiles there: {}.", there.join(", "))
    }
}
