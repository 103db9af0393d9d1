//! `${VAR}` and `${VAR:-default}` in the texts of servers.

use std::collections::BTreeMap;
use std::fmt;

/// The variables that there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

/// A variable that is not set, in a text that gives no default.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {0} is not set; set it, or write a default as in ${{{0}:-default}}")]
pub struct Missing(pub String);

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

// Values may be secrets.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variables({})", self.0.len())
    }
}

/// What stands between `${` and `}`.
struct Reference<'a> {
    name: &'a str,
    default: Option<&'a str>,
}

impl Variables {
    /// The value of one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        // Windows does not tell `Path` from `PATH`.
        let name = if cfg!(windows) { &name.to_ascii_uppercase() } else { name };
        self.0.get(name).map(String::as_str)
    }

    /// A text with values for its variables. What only begins like one stays as it is.
    ///
    /// # Errors
    /// Where one is not set and has no default.
    pub fn expand(&self, text: &str) -> Result<String, Missing> {
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(at) = rest.find("${") {
            let Some((reference, after)) = reference(&rest[at..]) else { break };
            out.push_str(&rest[..at]);
            // As in a shell: `:-` counts a variable that is set to nothing as not set.
            let value = match (self.get(reference.name), reference.default) {
                (Some(""), Some(default)) | (None, Some(default)) => default,
                (Some(value), _) => value,
                (None, None) => return Err(Missing(reference.name.to_owned())),
            };
            out.push_str(value);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The variable, where the whole text is one that is set, with no default.
    pub(super) fn only<'a>(&self, text: &'a str) -> Option<&'a str> {
        match reference(text)? {
            (Reference { name, default: None }, "") => {
                self.get(name).filter(|value| !value.is_empty()).map(|_| name)
            }
            _ => None,
        }
    }
}

/// The variable that a text begins with, and what comes after it. VS Code writes `${env:VAR}`.
fn reference(text: &str) -> Option<(Reference<'_>, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let name = name.strip_prefix("env:").unwrap_or(name);
    Some((Reference { name, default }, after))
}
