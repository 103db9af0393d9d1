//! One entry as users write it: in the spelling of hosts, or in codex's own.
//!
//! No message of this file holds a value of an entry: any of them may be a secret.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::entry::{Passed, Server, Transport};
use super::nearest::nearest;

/// What the entry of a server can have.
const MEMBERS: [&str; 29] = [
    "type",
    "command",
    "args",
    "env",
    "env_vars",
    "cwd",
    "url",
    "httpUrl",
    "serverUrl",
    "headers",
    "http_headers",
    "env_http_headers",
    "bearer_token_env_var",
    "enabled",
    "disabled",
    "required",
    "enabled_tools",
    "includeTools",
    "disabled_tools",
    "excludeTools",
    "startup_timeout_sec",
    "startup_timeout_ms",
    "tool_timeout_sec",
    "timeout",
    "description",
    "trust",
    "alwaysAllow",
    "autoApprove",
    "envFile",
];

/// Members of hosts that mean nothing to codex.
const NO_EQUIVALENT: [&str; 4] = ["trust", "alwaysAllow", "autoApprove", "envFile"];

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEntry {
    /// It is no object.
    #[error(
        "it is {0}; a server is an object, such as {{\"command\": \"npx\", \"args\": [\"-y\", \"some-server\"]}}"
    )]
    NotObject(&'static str),
    /// A member is of another type.
    #[error("`{member}` is {found}; it takes {wanted}")]
    Member {
        /// The member.
        member: String,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// Nothing says how to reach it.
    #[error("it has neither `command` nor `url`: give one of them")]
    NoTransport,
    /// Two things say how to reach it.
    #[error("it has both `command` and `url`: leave one of them out")]
    TwoTransports,
    /// A `type` that does not go with the rest, or that nobody has.
    #[error(
        "`type` is not one that fits: stdio goes with `command`, http (or streamable-http) and sse with `url`"
    )]
    Type,
    /// codex takes no such name.
    #[error("its name may have letters, digits and _ : @ / . - only, as codex has it")]
    Name,
    /// It ends as the names do that the bridge makes.
    #[error("its name ends in `{MARK}`, which the bridge puts behind names itself: give it another name")]
    Mark,
}

/// Something about an entry that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A member that no server has.
    Unknown {
        /// As it is written.
        member: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
    /// A member that some hosts have, and codex has not.
    NoEquivalent(&'static str),
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { member, nearest } => {
                write!(f, "`{member}` is not a member of a server")?;
                nearest.map_or(Ok(()), |name| write!(f, "; did you mean `{name}`?"))
            }
            Self::NoEquivalent(member) => {
                write!(f, "codex has nothing like `{member}`, so it does not count")
            }
        }
    }
}

/// An entry that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The server, its variables still names.
    pub server: Server,
    /// What was passed over.
    pub remarks: Vec<Remark>,
}

/// What the bridge puts behind the name of a server that takes the place of one of codex's own. A user's
/// name that ends so would be taken for another server.
pub const MARK: &str = "@bridge";

/// Whether a server may have this name.
///
/// # Errors
/// Where codex takes no such name, or it is one that only the bridge makes.
pub fn check_name(name: &str) -> Result<(), BadEntry> {
    let is_good = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:@/.-".contains(c));
    match (is_good, name.ends_with(MARK)) {
        (false, _) => Err(BadEntry::Name),
        (true, true) => Err(BadEntry::Mark),
        (true, false) => Ok(()),
    }
}

/// Reads the entry of one server.
///
/// # Errors
/// Where it cannot be used; the message names the member, and no value.
pub fn read(value: &Value) -> Result<Read, BadEntry> {
    let Value::Object(map) = value else { return Err(BadEntry::NotObject(kind(value))) };
    let remarks = map.keys().filter_map(|member| remark(member)).collect();
    let members = Members(map);
    let seconds = |name: &'static str, unit: f64| members.number(name).map(|n| n.map(|n| n / unit));
    let server = Server {
        transport: transport(&members)?,
        enabled: members.truth("enabled")?.unwrap_or(true) && !members.truth("disabled")?.unwrap_or(false),
        required: members.truth("required")?.unwrap_or(false),
        enabled_tools: members.list("enabled_tools")?.or(members.list("includeTools")?),
        disabled_tools: members.list("disabled_tools")?.or(members.list("excludeTools")?).unwrap_or_default(),
        startup_timeout: seconds("startup_timeout_sec", 1.0)?.or(seconds("startup_timeout_ms", 1000.0)?),
        tool_timeout: seconds("tool_timeout_sec", 1.0)?.or(seconds("timeout", 1000.0)?),
    };
    Ok(Read { server, remarks })
}

fn remark(member: &str) -> Option<Remark> {
    if let Some(known) = NO_EQUIVALENT.iter().find(|known| **known == member) {
        return Some(Remark::NoEquivalent(known));
    }
    let unknown = || Remark::Unknown {
        member: member.chars().take(64).collect(),
        nearest: nearest(member, MEMBERS.iter().copied().filter(|known| !NO_EQUIVALENT.contains(known))),
    };
    (!MEMBERS.contains(&member)).then(unknown)
}

fn transport(members: &Members<'_>) -> Result<Transport, BadEntry> {
    let url = members.text("url")?.or(members.text("httpUrl")?).or(members.text("serverUrl")?);
    let kind = members.text("type")?.map(|kind| kind.to_lowercase().replace(['-', '_'], ""));
    match (members.text("command")?, url) {
        (None, None) => Err(BadEntry::NoTransport),
        (Some(_), Some(_)) => Err(BadEntry::TwoTransports),
        (Some(command), None) => match kind.as_deref() {
            None | Some("stdio" | "local") => Ok(Transport::Stdio {
                command,
                args: members.list("args")?.unwrap_or_default(),
                env: members.map("env")?.unwrap_or_default(),
                passed: members.passed("env_vars")?.unwrap_or_default(),
                cwd: members.text("cwd")?,
            }),
            Some(_) => Err(BadEntry::Type),
        },
        (None, Some(url)) => match kind.as_deref() {
            None | Some("http" | "streamablehttp" | "remote") => {
                let mut headers = members.map("headers")?.unwrap_or_default();
                headers.extend(members.map("http_headers")?.unwrap_or_default());
                Ok(Transport::Http {
                    url,
                    headers,
                    header_variables: members.map("env_http_headers")?.unwrap_or_default(),
                    bearer_variable: members.text("bearer_token_env_var")?,
                })
            }
            Some("sse") => Ok(Transport::Sse),
            Some(_) => Err(BadEntry::Type),
        },
    }
}

/// The command of an entry, whatever is wrong with the rest of it: codex may start what [`read`] refuses.
/// What of the command is of another type is left out, since codex takes no such thing.
#[must_use]
pub fn command(entry: &Value) -> Option<Transport> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let texts = |value: &Value| value.as_str().map(str::to_owned);
    let args = entry.get("args").and_then(Value::as_array);
    let env = entry.get("env").and_then(Value::as_object);
    Some(Transport::Stdio {
        command: text("command")?,
        args: args.into_iter().flatten().filter_map(texts).collect(),
        env: env
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), texts(value)?)))
            .collect(),
        passed: Vec::new(),
        cwd: text("cwd"),
    })
}

/// The members of one entry. `null` is as if left out.
struct Members<'a>(&'a Map<String, Value>);

impl Members<'_> {
    fn get<T>(
        &self,
        name: &str,
        wanted: &'static str,
        take: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, BadEntry> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let bad = || BadEntry::Member { member: name.to_owned(), found: kind(value), wanted };
        take(value).ok_or_else(bad).map(Some)
    }

    fn text(&self, name: &str) -> Result<Option<String>, BadEntry> {
        let filled = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        self.get(name, "a text that is not empty", filled)
    }

    fn truth(&self, name: &str) -> Result<Option<bool>, BadEntry> {
        self.get(name, "true or false", Value::as_bool)
    }

    fn number(&self, name: &str) -> Result<Option<f64>, BadEntry> {
        let fits = |value: &Value| value.as_f64().filter(|number| (0.0..1e9).contains(number));
        self.get(name, "a number that is not below zero", fits)
    }

    fn list(&self, name: &str) -> Result<Option<Vec<String>>, BadEntry> {
        let texts =
            |value: &Value| value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect();
        self.get(name, "a list of texts", texts)
    }

    /// Names of variables, each a text or an object that says whose it is too.
    fn passed(&self, name: &str) -> Result<Option<Vec<Passed>>, BadEntry> {
        let one = |value: &Value| {
            if let Some(name) = value.as_str() {
                return Some(Passed { name: name.to_owned(), source: None });
            }
            let source = match value.get("source") {
                None | Some(Value::Null) => None,
                Some(source) => Some(source.as_str()?.to_owned()),
            };
            Some(Passed { name: value.get("name")?.as_str()?.to_owned(), source })
        };
        let all = |value: &Value| value.as_array()?.iter().map(one).collect();
        self.get(name, "a list of names of variables", all)
    }

    fn map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, BadEntry> {
        let Some(map) = self.get(name, "an object of texts", |value| value.as_object().cloned())? else {
            return Ok(None);
        };
        let each = map.iter().map(|(key, value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            other => {
                let member = format!("{name}.{key}");
                Err(BadEntry::Member { member, found: kind(other), wanted: "a text" })
            }
        });
        each.collect::<Result<_, _>>().map(Some)
    }
}

/// What a value is, without the value.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
