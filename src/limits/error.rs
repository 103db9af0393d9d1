//! Why a request is refused: the limit, the value, and what would do.

use std::path::PathBuf;

use thiserror::Error;

use super::Sandbox;

/// A limit that a request is above.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LimitError {
    /// `limits.roots`.
    #[error("the folder `{}` lies outside of limits.roots ({}); give a `cwd` inside one of them", cwd.display(), roots.join(", "))]
    Folder {
        /// The folder, its links resolved.
        cwd: PathBuf,
        /// Those that there are.
        roots: Vec<String>,
    },
    /// `limits.roots`, of a file that codex would be given.
    #[error("the file `{}` lies outside of limits.roots ({}); give one inside of them", path.display(), roots.join(", "))]
    File {
        /// The file, its links resolved.
        path: PathBuf,
        /// Those that there are.
        roots: Vec<String>,
    },
    /// `limits.sandbox`.
    #[error("the sandbox `{wanted}`{whence} is above limits.sandbox, which is `{most}`; {remedy}", remedy = sandbox_remedy(*most))]
    Sandbox {
        /// What was asked for, or what codex made of it.
        wanted: String,
        /// Who says so, with a space before.
        whence: &'static str,
        /// The widest.
        most: Sandbox,
    },
    /// `limits.approval_policies`.
    #[error("the approval policy `{wanted}`{whence} is not in limits.approval_policies; give one of {}", allowed.join(", "))]
    ApprovalPolicy {
        /// What was asked for, or what codex made of it.
        wanted: String,
        /// Who says so, with a space before.
        whence: &'static str,
        /// Those that are.
        allowed: Vec<String>,
    },
    /// `limits.models`.
    #[error("the model `{wanted}`{whence} is not in limits.models; give one of {}", allowed.join(", "))]
    Model {
        /// What was asked for, or what codex made of it.
        wanted: String,
        /// Who says so, with a space before.
        whence: &'static str,
        /// Those that are.
        allowed: Vec<String>,
    },
    /// `limits.config`.
    #[error("`config` may not set `{key}`: limits.config allows {}", if allowed.is_empty() { "no key".to_owned() } else { allowed.join(", ") })]
    Key {
        /// The key, as a dotted path.
        key: String,
        /// Those that it may.
        allowed: Vec<String>,
    },
    /// `limits.mcp_add = "none"`.
    #[error("`{parameter}` may not add `{name}`: limits.mcp_add is `none`; leave it out")]
    Add {
        /// Where it was asked for.
        parameter: &'static str,
        /// The server.
        name: String,
    },
    /// `limits.mcp_add = "named"`.
    #[error(
        "`{parameter}` may not define `{name}`: limits.mcp_add is `named`, so a call can only switch on servers of the user's own configuration, with `{{}}` as their value in `mcp.add`"
    )]
    Define {
        /// Where it was asked for.
        parameter: &'static str,
        /// The server.
        name: String,
    },
}

fn sandbox_remedy(most: Sandbox) -> String {
    format!("give `sandbox` as `{most}`{}", if most == Sandbox::ReadOnly { "" } else { " or narrower" })
}
