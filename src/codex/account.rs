//! The account that codex works with: how somebody signs in, and what to do where nobody is. codex keeps
//! what proves it, in a place of its own that is never looked at here.

mod faults;
mod remedy;
#[cfg(test)]
mod tests;
mod token;
mod visit;

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) use self::faults::{UNAUTHORIZED, login_failed, missing_variable, refused, relogin, signed_out};
pub(super) use self::remedy::{Remedy, remedy};
pub use self::token::hand_over;
pub use self::visit::Visit;
use super::calls;
use super::protocol_account::{LoginRef, LoginStartParams, LoginStarted};
use crate::event::ErrorInfo;
use crate::rpc::Peer;
use crate::session::AgentError;

/// The variable with an access token. codex takes it before whatever else somebody is signed in with, and
/// where it is no good, nothing else counts.
pub const ACCESS_TOKEN: &str = "CODEX_ACCESS_TOKEN";

/// codex asks its account server before it answers.
const START: Duration = Duration::from_secs(60);

/// What codex does by itself.
const OWN: Duration = Duration::from_secs(20);

/// A secret on its way to codex. It is shown nowhere.
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A way to sign in.
#[derive(Debug)]
pub enum Way {
    /// By a browser on this machine.
    Browser,
    /// By a code, typed in on any machine.
    Device,
    /// With an API key.
    Key(Secret),
}

/// A sign-in that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its name at codex; none where it is over at once.
    pub id: Option<String>,
    /// What a person is to open.
    pub address: Option<String>,
    /// What is typed in there.
    pub code: Option<String>,
}

/// `account/login/start`.
pub(super) async fn start(peer: &Peer, way: Way) -> Result<Begun, AgentError> {
    let params = match way {
        Way::Browser => LoginStartParams::Chatgpt,
        Way::Device => LoginStartParams::ChatgptDeviceCode,
        Way::Key(Secret(api_key)) => LoginStartParams::ApiKey { api_key },
    };
    let begun: LoginStarted = call(peer, "account/login/start", &params, START).await?;
    let address = begun.verification_url.or(begun.auth_url);
    // What codex names is opened by a person's browser.
    if let Some(address) = address.as_deref().filter(|address| !is_web(address)) {
        let scheme = address.split(':').next().unwrap_or_default();
        let message = format!("codex names an address to sign in at that is no web address (`{scheme}:…`)");
        return Err(login_failed(&message));
    }
    Ok(Begun { id: begun.login_id, address, code: begun.user_code })
}

/// `account/login/cancel`.
pub(super) async fn cancel(peer: &Peer, id: &str) -> Result<(), AgentError> {
    let params = LoginRef { login_id: id.to_owned() };
    call::<Value>(peer, "account/login/cancel", &params, OWN).await.map(|_| ())
}

/// `account/logout`.
pub(super) async fn logout(peer: &Peer) -> Result<(), AgentError> {
    call::<Value>(peer, "account/logout", &(), OWN).await.map(|_| ())
}

/// As any call; what codex says against it is said as of a sign-in.
async fn call<T: DeserializeOwned>(
    peer: &Peer,
    method: &'static str,
    params: &(impl Serialize + Sync),
    deadline: Duration,
) -> Result<T, AgentError> {
    calls::call(peer, method, params, deadline).await.map_err(|error: AgentError| {
        let ErrorInfo { code, message, .. } = &error.0;
        match code.as_str() {
            "codex_refused" | UNAUTHORIZED => {
                login_failed(message.strip_prefix("codex refused: ").unwrap_or(message))
            }
            _ => error,
        }
    })
}

fn is_web(address: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme))
}
