//! The part of app-server's protocol that is about the account (codex 0.169), by hand and tolerant.
//! A secret is only ever written here, never read.

use serde::{Deserialize, Serialize};

/// The requests about the account. No session needs them, so a codex without one can be worked with.
pub const ACCOUNT_REQUESTS: &[&str] = &["account/login/cancel", "account/login/start", "account/logout"];

/// What is listened to of the account.
pub const ACCOUNT_NOTIFICATIONS: &[&str] = &["account/login/completed"];

/// `account/login/start`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LoginStartParams {
    /// By an address that a browser on this machine opens; codex listens for its way back.
    Chatgpt,
    /// By a code that is typed in at an address, on any machine.
    ChatgptDeviceCode,
    /// With a key, which codex keeps.
    ApiKey {
        /// The key.
        api_key: String,
    },
}

/// The answer to `account/login/start`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoginStarted {
    /// Names it, where it is not over at once.
    pub login_id: Option<String>,
    /// What a browser on this machine is to open.
    pub auth_url: Option<String>,
    /// Where the code is typed in.
    pub verification_url: Option<String>,
    /// The code.
    pub user_code: Option<String>,
}

/// `account/login/cancel`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginRef {
    /// Which.
    pub login_id: String,
}

/// `account/login/completed`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoginCompleted {
    /// Which; none of a key.
    pub login_id: Option<String>,
    /// Whether somebody is signed in now.
    pub success: bool,
    /// Why not.
    pub error: Option<String>,
}
