//! Settings of the bridge, from file, environment and flags; the only reader of the environment.
//!
//! [`load`] takes a snapshot of the environment and plain flags, and returns typed values with their
//! origins and warnings. Absent here: command-line parsing (`cli`), what a session does with its
//! defaults, and any look at the environment after [`Env::from_process`].

mod approvals;
mod defaults;
mod env;
mod error;
mod http;
mod keys;
mod limits;
mod load;
mod local;
mod nearest;
mod origin;
mod overrides;
mod paths;
mod profile;
mod settings;
mod shown;
mod values;

pub use approvals::{
    ActionSetting, ApprovalSettings, CommandSetting, RouteSetting, RuleSettings, request_kind,
};
pub use defaults::{Defaults, Flags};
pub use env::Env;
pub use error::ConfigError;
pub use http::{HttpSettings, listen_text as listen_address, url_text as site_address};
pub use limits::{
    AddSetting, ConfigKeys, ConfigSetting, InheritSetting, LimitSettings, McpSettings, PolicySetting,
    SandboxSetting,
};
pub use load::{DEPTH, Loaded, load};
pub use origin::Origin;
pub use overrides::overlay;
pub use paths::Paths;
pub use profile::read as profile;
pub use settings::{
    CodexSettings, DaemonSettings, DisconnectSetting, JournalSettings, LogLevel, LogSettings, Settings,
    WaitSettings,
};
pub use shown::ShowError;

#[cfg(test)]
mod tests;
