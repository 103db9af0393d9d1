//! What one host brings: its flags, its folder, its environment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::limits::{effective, kept};
use super::servers::{of_flags, sources};
use crate::access::{Grant, Rights};
use crate::config::{Loaded, WaitSettings, overlay, profile};
use crate::limits::Limits;
use crate::mcp::hosts::{ANY_HOST, WaitPolicy};
use crate::mcp::{Meter, Profiles, Reach, ServerOptions};
use crate::session::{Accepts, Around, HostOptions, Keeps, ThreadParams};

/// Who a host is, beside what its settings say.
pub(super) struct Guest {
    /// What it may ask for.
    pub limits: Arc<Limits>,
    /// Whether its person may be asked.
    pub dialogs: bool,
    /// Started as `codex mcp-server` was.
    pub drop_in: bool,
    /// Variables of its commands that codex's own process does not have.
    pub env: BTreeMap<String, String>,
    /// What its token gives, over the network.
    pub grant: Option<Arc<Grant>>,
}

/// What its sessions have of it, and what its server runs with.
pub(super) fn host(loaded: &Loaded, guest: Guest) -> (HostOptions, ServerOptions) {
    let Guest { limits, dialogs, drop_in, env, grant } = guest;
    let (config, servers) = of_flags(loaded);
    let keeps = kept(limits.clone(), config.clone(), servers.config().clone());
    let around = Arc::new(Around {
        sources: sources(loaded, std::env::current_exe().ok().as_deref()),
        add_dirs: loaded.defaults.add_dirs.clone(),
        thread_source: loaded.defaults.thread_source.clone(),
        env,
        accepts: Accepts(Arc::new(effective(limits.clone()))),
    });
    let defaults = ThreadParams { config, servers, around, ..ThreadParams::default() };
    let principal = grant.as_ref().map(|grant| grant.name.clone());
    let own = grant.as_ref().filter(|grant| !grant.sees_all).map(|grant| grant.name.clone());
    let options = ServerOptions {
        rights: grant.map_or(Rights::ALL, |grant| grant.rights),
        reach: Reach { limits, own },
        principal: principal.clone(),
        dialogs,
        drop_in,
        ..options(loaded, &defaults)
    };
    (HostOptions { defaults, keeps: Keeps(Arc::new(keeps)), principal }, options)
}

/// What it runs with that is everybody's.
fn options(loaded: &Loaded, params: &ThreadParams) -> ServerOptions {
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
        reach: Reach::default(),
        rights: Rights::ALL,
        principal: None,
        meter: Meter::default(),
        dialogs: true,
        budget: settings.limits.result_bytes,
        keep: settings.journal.keep,
        legacy_events: loaded.legacy_events,
        drop_in: false,
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
