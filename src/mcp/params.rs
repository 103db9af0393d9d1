//! What a session is started with, from the arguments of a call and codex's own flags.

use std::path::{Path, PathBuf};

use rmcp::model::{CallToolResult, JsonObject};
use serde_json::{Value, json};

use super::args::CodexArgs;
use super::faults::above;
use super::given::Given;
use super::server::Server;
use super::{images, output, result};
use crate::limits::Wanted;
use crate::session::{Handle, ThreadParams};

impl Server {
    /// A folder may have become a link to another since its session began, and whoever opened it may have had other
    /// limits than who calls now.
    pub(super) fn still_within(&self, handle: &Handle) -> Result<(), CallToolResult> {
        let mut info = handle.view().borrow().info.clone();
        if let Ok(real) = std::fs::canonicalize(&info.cwd) {
            info.cwd = real.to_string_lossy().into_owned();
        }
        self.options.reach.limits.check_effective(&info).map_err(|error| above(&error))
    }

    pub(super) fn thread_params(&self, args: &CodexArgs) -> Result<ThreadParams, CallToolResult> {
        let mut given = Given::of(args, &self.options)?;
        let own = [("model_reasoning_effort", &args.effort), ("compact_prompt", &args.compact_prompt)];
        for (key, value) in own {
            if let Some(value) = value {
                (self.options.overlay)(&mut given.config, key, json!(value));
            }
        }
        let cwd = self.folder(args.cwd.as_deref())?;
        let defaults = &self.options;
        let model = args.model.clone().or_else(|| given.or("model", defaults.model.as_ref()));
        let sandbox = args.sandbox.map(|s| s.name().to_owned());
        let sandbox = sandbox.or_else(|| given.or("sandbox_mode", defaults.sandbox.as_ref()));
        let policy = args.approval_policy.map(|p| p.name().to_owned());
        let approval_policy =
            policy.or_else(|| given.or("approval_policy", defaults.approval_policy.as_ref()));
        let wanted = Wanted {
            cwd: &cwd,
            sandbox: sandbox.as_deref(),
            approval_policy: approval_policy.as_deref(),
            model: model.as_deref(),
            config: &given.asked,
        };
        self.options.reach.limits.check(&wanted).map_err(|error| above(&error))?;
        let added = [
            ("mcp.add", args.mcp.add()),
            ("config.mcp_servers", args.mcp.config()),
            ("config.profile", given.of_profile.config()),
        ];
        for (parameter, servers) in added {
            self.options.reach.limits.add(parameter, servers).map_err(|error| above(&error))?;
        }
        let mut servers = self.options.servers.clone();
        servers.overlay(given.of_profile);
        servers.overlay(args.mcp.clone());
        Ok(ThreadParams {
            servers,
            cwd: cwd.to_string_lossy().into_owned(),
            model,
            sandbox,
            approval_policy,
            config: given.config,
            said: given.said,
            base_instructions: args.base_instructions.clone(),
            developer_instructions: args.developer_instructions.clone(),
            // As of all sessions of this host.
            ..ThreadParams::default()
        })
    }

    /// codex starts a thread in a folder that does not exist, so it is looked at here.
    fn folder(&self, asked: Option<&Path>) -> Result<PathBuf, CallToolResult> {
        let folder = self.options.cwd.join(asked.unwrap_or_else(|| Path::new("")));
        let refuse = |why: &str| {
            let remedy = "give an existing folder, absolute or relative to the one that the host started the bridge in";
            let message = format!("`cwd` is `{}`: {why}; {remedy}", folder.display());
            result::refused("bad_cwd", message)
        };
        if asked.is_none() && folder.parent().is_none() {
            return Err(refuse("the host started the bridge in the root folder, which is no workspace"));
        }
        // First: what there is outside of the limits is nobody's to know.
        let limits = &self.options.reach.limits;
        limits.folder(&images::where_it_would_be(&folder)).map_err(|error| above(&error))?;
        match std::fs::canonicalize(&folder) {
            Ok(real) if real.is_dir() => Ok(plain(real)),
            Ok(_) => Err(refuse("it is not a folder")),
            Err(error) => Err(refuse(&error.to_string())),
        }
    }
}

/// Windows' canonical paths have a prefix that codex does not want.
fn plain(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|p| p.strip_prefix(r"\\?\")) {
        Some(rest) => Path::new(rest).to_owned(),
        None => path,
    }
}

/// A schema that can be used later: better to hear now that it cannot.
pub(super) fn schema(given: Option<JsonObject>) -> Result<Option<Value>, CallToolResult> {
    let Some(schema) = given.map(Value::Object) else { return Ok(None) };
    match output::usable(&schema) {
        Ok(_) => Ok(Some(schema)),
        Err(why) => {
            Err(result::refused("bad_arguments", format!("`output-schema`: {why}; give a JSON Schema")))
        }
    }
}
