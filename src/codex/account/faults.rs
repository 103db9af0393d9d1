//! What codex says where somebody is not signed in, or could not sign in, in our terms. Pure.

use serde_json::Value;

use super::remedy::{SIGN_IN, set};
use crate::codex::connection::fault;
use crate::codex::servers::without_paths;
use crate::event::ErrorInfo;
use crate::rpc::RpcError;
use crate::session::AgentError;

/// The name of a fault for want of sign-in.
pub(in crate::codex) const UNAUTHORIZED: &str = "unauthorized";

/// What begins codex's words on a provider whose key is not there; its name follows.
const NO_VARIABLE: &str = "Missing environment variable: `";

/// Whether a turn failed for want of sign-in. codex has a word for it only where a token could not be
/// renewed; a provider that refused is a 401 in one of its members.
fn is_unauthorized(info: &Value) -> bool {
    let refused = |members: &serde_json::Map<String, Value>| {
        members.values().any(|of| of["httpStatusCode"].as_u64() == Some(401))
    };
    info == UNAUTHORIZED || info.as_object().is_some_and(refused)
}

/// The variable that a provider's key was to be in, where codex says that it is not set.
pub(in crate::codex) fn missing_variable(message: &str) -> Option<&str> {
    let (name, _) = message.strip_prefix(NO_VARIABLE)?.split_once('`')?;
    Some(name)
}

/// A fault for want of sign-in, where it is one; its remedy is that of OpenAI's models, unless the words
/// of codex name another.
pub(in crate::codex) fn signed_out(message: &str, info: &Value) -> Option<ErrorInfo> {
    let variable = missing_variable(message);
    if variable.is_none() && !is_unauthorized(info) {
        return None;
    }
    let remedy = variable.map_or_else(|| SIGN_IN.to_owned(), set);
    let (code, message) = (UNAUTHORIZED.to_owned(), message.to_owned());
    Some(ErrorInfo { code, message, remedy: Some(remedy), retryable: false })
}

/// Whether codex refuses a request until somebody signs in again, as with a workspace whose policies it
/// may not read.
pub(in crate::codex) fn relogin(error: &RpcError) -> bool {
    let said = |data: &Value| data["action"] == "relogin" || data["errorCode"] == "Auth";
    error.data.as_ref().is_some_and(said) || error.message.contains("sign in again")
}

/// The fault of such a request.
pub(in crate::codex) fn refused(message: &str) -> AgentError {
    let message = format!("codex refused: {message}");
    let mut fault = fault(UNAUTHORIZED, message, Some(SIGN_IN));
    fault.0.retryable = false;
    fault
}

/// A sign-in that came to nothing, with codex's words and what to do.
pub(in crate::codex) fn login_failed(said: &str) -> AgentError {
    let said = said.strip_prefix("Login server error: ").unwrap_or(said);
    let has = |words: &str| said.contains(words);
    let remedy = if has("API key login is disabled") {
        "codex's configuration wants ChatGPT (`forced_login_method`): run `codex-bridge login`"
    } else if has("ChatGPT login is disabled") {
        "codex's configuration wants an API key (`forced_login_method`): run \
         `printenv OPENAI_API_KEY | codex-bridge login --with-api-key`"
    } else if has("device code login is not enabled") {
        "run `codex-bridge login` on a machine with a browser, or allow device codes in the security settings of \
         ChatGPT"
    } else if has("device auth timed out") {
        "the code was not typed in in time: run `codex-bridge login --device` again"
    } else if has("device auth failed") {
        "the code was refused, or is too old: run `codex-bridge login --device` again"
    } else if has("error sending request") || has("failed to request device code") || has("routing discovery")
    {
        "see that this machine reaches https://auth.openai.com and https://chatgpt.com (through a proxy: \
         HTTPS_PROXY; with a certificate of its own: CODEX_CA_CERTIFICATE), then sign in again"
    } else if has("was not completed") || has("ancelled") {
        "it was ended before it was done, or another sign-in took its place: sign in again"
    } else {
        "sign in again; `codex-bridge login --device` does without a browser on this machine"
    };
    let message = format!("the sign-in failed: {}", without_paths(said));
    fault("sign_in_failed", message, Some(remedy))
}
