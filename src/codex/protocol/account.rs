//! What the account may still use.

use serde::Deserialize;

/// `account/rateLimits/updated`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitsUpdated {
    /// What codex has heard of one limit.
    pub rate_limits: RateLimitSnapshot,
}

/// One limit. An update is sparse: what is absent, or null, is as before.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitSnapshot {
    /// Which; `codex` where absent.
    pub limit_id: Option<String>,
    /// The short window.
    pub primary: Option<RateLimitWindow>,
    /// The long one.
    pub secondary: Option<RateLimitWindow>,
}

/// A window of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitWindow {
    /// In percent.
    pub used_percent: u32,
    /// In minutes.
    pub window_duration_mins: Option<u64>,
    /// Unix seconds.
    pub resets_at: Option<u64>,
}
