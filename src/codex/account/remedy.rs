//! What to do about a turn that fails for want of sign-in: that hangs on whose model the session uses. Pure.

use serde_json::{Map, Value};

/// For OpenAI's own models, and whatever else takes codex's account.
pub(super) const SIGN_IN: &str = "sign in with `codex-bridge login`, or with `codex-bridge login --device` on a machine without a \
                       browser (an API key: `printenv OPENAI_API_KEY | codex-bridge login --with-api-key`), then call \
                       again";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::codex) struct Remedy {
    /// In words.
    pub words: String,
    /// Whether it is to sign in at codex.
    pub sign_in: bool,
}

/// The remedy. `own`: codex's configuration in the folder; `config`: what the session was given above it.
pub(in crate::codex) fn remedy(own: &Value, config: &Map<String, Value>) -> Remedy {
    let sign_in = || Remedy { words: SIGN_IN.to_owned(), sign_in: true };
    let name = config.get("model_provider").unwrap_or(&own["model_provider"]).as_str();
    let Some(name) = name.filter(|name| *name != "openai") else { return sign_in() };
    let of = |key: &str| member(own, config, name, key);
    if of("requires_openai_auth") == Some(Value::Bool(true)) {
        return sign_in();
    }
    let words = match of("env_key").as_ref().and_then(Value::as_str) {
        Some(variable) => set(variable),
        None => {
            format!("check what the provider `{name}` of codex's config.toml signs in with, then call again")
        }
    };
    Remedy { words, sign_in: false }
}

/// The remedy of a provider whose key is in a variable. A host hands its own environment on as it was.
pub(super) fn set(variable: &str) -> String {
    format!(
        "set ${variable} to a valid key where the host starts codex-bridge (its `env`, or before the host starts), \
         then restart the host"
    )
}

/// A member of a provider: each key of the session may be nested or dotted, to any depth.
fn member(own: &Value, config: &Map<String, Value>, name: &str, key: &str) -> Option<Value> {
    let providers = config.get("model_providers").unwrap_or(&Value::Null);
    let dotted = |key: String| config.get(&key).cloned();
    dotted(format!("model_providers.{name}.{key}"))
        .or_else(|| config.get(&format!("model_providers.{name}")).and_then(|one| one.get(key)).cloned())
        .or_else(|| providers.get(name).and_then(|one| one.get(key)).cloned())
        .or_else(|| own["model_providers"][name].get(key).cloned())
}
