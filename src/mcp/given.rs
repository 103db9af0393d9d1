//! What a call gives of codex's configuration: a profile by its name, and its own keys above that.

use std::fmt;
use std::sync::Arc;

use rmcp::model::CallToolResult;
use serde_json::{Map, Value, json};

use super::args::CodexArgs;
use super::faults::above;
use super::options::ServerOptions;
use super::result;
use crate::servers::Wanted;

/// The key that names a profile. codex's app-server refuses it, and no other way of codex does the same.
const PROFILE: &str = "profile";

type Read = dyn Fn(&str) -> Result<Map<String, Value>, String> + Send + Sync;

/// Reads the keys of a profile, or says why it cannot.
#[derive(Clone)]
pub struct Profiles(pub Arc<Read>);

impl fmt::Debug for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profiles(…)")
    }
}

/// Keys of codex's configuration that count for one session.
#[derive(Debug)]
pub(super) struct Given {
    /// Those of the call and of its profile, which the limits are asked about.
    pub asked: Map<String, Value>,
    /// The same above those of the flags: what codex gets.
    pub config: Map<String, Value>,
    /// Of the call alone.
    pub said: Map<String, Value>,
    /// The MCP servers of the profile.
    pub of_profile: Wanted,
}

impl Given {
    /// Of a call: above the flags lies the profile, above that the call's own.
    ///
    /// # Errors
    /// Where the profile may not be used, or cannot be.
    pub fn of(args: &CodexArgs, options: &ServerOptions) -> Result<Self, CallToolResult> {
        let own = args.config.clone().unwrap_or_default();
        let mut asked = match own.get(PROFILE) {
            Some(name) => read(name, options)?,
            None => Map::new(),
        };
        let said = own.clone();
        let mut of_profile = Wanted::default();
        let absorbed = of_profile.absorb(&mut asked);
        absorbed.map_err(|error| result::refused("bad_arguments", format!("the profile's {error}")))?;
        for (key, value) in own {
            (options.overlay)(&mut asked, &key, value);
        }
        let mut config = options.config.clone();
        for (key, value) in asked.iter().filter(|(key, _)| *key != PROFILE) {
            (options.overlay)(&mut config, key, value.clone());
        }
        let named = of_profile.config().keys().chain(args.mcp.config().keys());
        let named: Map<String, Value> = named.map(|name| (name.clone(), json!({}))).collect();
        if !named.is_empty() {
            // Taken out of it, and asked for all the same.
            asked.insert("mcp_servers".to_owned(), Value::Object(named));
        }
        Ok(Self { asked, config, said, of_profile })
    }

    /// A default of the flags, unless the call says something else by a key.
    pub fn or(&self, key: &str, default: Option<&String>) -> Option<String> {
        default.filter(|_| !self.asked.contains_key(key)).cloned()
    }
}

/// The limits come first: who may not use a profile does not hear which there are.
fn read(name: &Value, options: &ServerOptions) -> Result<Map<String, Value>, CallToolResult> {
    options.reach.limits.key(PROFILE).map_err(|error| above(&error))?;
    let Some(name) = name.as_str() else {
        let message = "`config.profile` is no text; give NAME, where NAME.config.toml lies in codex's home";
        return Err(result::refused("bad_arguments", message.to_owned()));
    };
    let keys = (options.profiles.0)(name).map_err(|why| result::refused("bad_profile", why))?;
    if keys.contains_key(PROFILE) {
        let message = format!(
            "`config.profile` is `{name}`, and that profile names another one; name that, or take the key out"
        );
        return Err(result::refused("bad_profile", message));
    }
    Ok(keys)
}
