//! What one host brings: its flags, its folder, its environment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::limits::kept;
use super::servers::{of_flags, sources};
use crate::config::{Loaded, WaitSettings, overlay, profile};
use crate::limits::Limits;
use crate::mcp::hosts::{ANY_HOST, WaitPolicy};
use crate::mcp::{Profiles, ServerOptions};
use crate::session::{Around, HostOptions, Keeps, ThreadParams};

/// What its sessions have of it, and what its server runs with. `env`: variables of its commands that codex's own
/// process does not have.
pub(super) fn host(
    loaded: &Loaded,
    limits: Arc<Limits>,
    dialogs: bool,
    drop_in: bool,
    env: BTreeMap<String, String>,
) -> (HostOptions, ServerOptions) {
    let (config, servers) = of_flags(loaded);
    let keeps = kept(limits.clone(), config.clone(), servers.config().clone());
    let around = Arc::new(Around {
        sources: sources(loaded, std::env::current_exe().ok().as_deref()),
        add_dirs: loaded.defaults.add_dirs.clone(),
        thread_source: loaded.defaults.thread_source.clone(),
        env,
    });
    let defaults = ThreadParams { config, servers, around, ..ThreadParams::default() };
    let options = options(loaded, &defaults, limits, dialogs, drop_in);
    (HostOptions { defaults, keeps: Keeps(Arc::new(keeps)) }, options)
}

fn options(
    loaded: &Loaded,
    params: &ThreadParams,
    limits: Arc<Limits>,
    dialogs: bool,
    drop_in: bool,
) -> ServerOptions {
    let (defaults, settings) = (&loaded.defaults, &loaded.settings);
    ServerOptions {
        cwd: defaults.cwd.clone(),
        model: defaults.model.clone(),
        sandbox: defaults.sandbox.clone(),
        approval_policy: defaults.approval_policy.clone(),
        config: params.config.clone(),
        servers: params.servers.clone(),
        overlay,
        profiles: profiles(loaded),
        limits,
        dialogs,
        budget: settings.limits.result_bytes,
        keep: settings.journal.keep,
        legacy_events: loaded.legacy_events,
        drop_in,
        waits: waits(&settings.wait),
    }
}

/// The profiles of codex's home, read when a call names one.
fn profiles(loaded: &Loaded) -> Profiles {
    let home = loaded.paths.codex_home.clone();
    Profiles(Arc::new(move |name| profile("config.profile", name, &home).map_err(|error| error.to_string())))
}

/// The user's own waits: what is asked for by default, and no less than that allowed.
fn waits(settings: &WaitSettings) -> BTreeMap<String, WaitPolicy> {
    let policy = |wait: Duration| WaitPolicy { default: Some(wait), max: None };
    let any = settings.default.map(|wait| (ANY_HOST.to_owned(), policy(wait)));
    any.into_iter().chain(settings.hosts.iter().map(|(name, wait)| (name.clone(), policy(*wait)))).collect()
}
