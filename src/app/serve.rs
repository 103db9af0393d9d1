//! `codex-bridge serve`: MCP over the network.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::servers::too_deep;
use super::{Bridge, policy, shutdown_on_signal, start_logging};
use crate::access::{self, Tokens};
use crate::config::Loaded;
use crate::ids::Principal;
use crate::mcp::{Closing, FrontOptions};
use crate::session::{Share, Shares};
use crate::terminal::Screen;
use crate::web::{self, Ends, Keeper, MOST_BODY, Place, Seal, Web};

/// Serves until a signal ends it.
///
/// # Errors
/// When the settings, the file of tokens or the journal cannot be used, or it cannot listen.
pub async fn run_serve(loaded: Loaded) -> anyhow::Result<()> {
    let policy = policy(&loaded)?;
    start_logging(&loaded.settings.log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(message) = too_deep(&loaded) {
        anyhow::bail!("{message}");
    }
    let http = loaded.settings.http.clone();
    let place = |listen| Place::new(listen, http.url.as_deref(), &http.hosts, http.insecure);
    // Before anything is made or opened.
    place(http.listen)?;
    let path = loaded.tokens();
    let (tokens, made) = access::read_or_make(&path)?;
    let tokens = watch::Sender::new(Arc::new(tokens));
    let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
    shutdown_on_signal(shutdown.clone(), &tasks).context("signal handlers")?;
    let listener = TcpListener::bind(http.listen).await;
    let listener = listener.with_context(|| {
        format!("{} cannot be listened at; name another as http.listen (--listen)", http.listen)
    })?;
    let place = Arc::new(place(listener.local_addr()?)?);
    let bridge = Arc::new(Bridge::start(&loaded, policy, false, shares(tokens.subscribe()))?);
    let closing = Closing::default();
    let (served, ended) = (bridge.clone(), closing.clone());
    let settings = Arc::new(loaded);
    let make = move |grant| Ok(served.server_of(&settings, grant)?.closing(ended.clone()));
    let options = FrontOptions {
        body: MOST_BODY,
        sessions: NonZeroUsize::new(http.sessions).unwrap_or(NonZeroUsize::MIN),
        idle: http.idle,
    };
    let requests = u32::try_from(http.requests).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    let keeper = Keeper::new(path.clone(), tokens, Box::new(make), options, requests, http.connections);
    let calls = TaskTracker::new();
    let seal =
        Seal::fresh().map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    let router = web::router(Web {
        place: place.clone(),
        doors: keeper.doors(),
        authorization_servers: http.authorization_servers.into(),
        sessions: bridge.sessions().clone(),
        closing: closing.clone(),
        calls: calls.clone(),
        metrics: bridge.metrics().clone(),
        seal: Arc::new(seal),
    });
    let ends = Ends {
        shutdown: shutdown.clone(),
        drain: http.drain,
        closing,
        calls,
        over: CancellationToken::new(),
    };
    let kept = tasks.spawn(keeper.run(ends.over.clone()));
    say(&place, &path, made)?;
    web::serve(listener, router, http.connections, ends).await;
    let _ = kept.await;
    bridge.end().await;
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// Who has which part of the turns that run at once.
fn shares(tokens: watch::Receiver<Arc<Tokens>>) -> Shares {
    let of = move |name: Option<&Principal>| {
        let tokens = tokens.borrow();
        let grant = name.and_then(|name| tokens.grants().find(|grant| grant.name == *name));
        grant.map_or_else(Share::default, |grant| Share { weight: grant.share, most: grant.running })
    };
    Shares(Arc::new(of))
}

/// Says where it is reached; no token.
fn say(place: &Place, tokens: &Path, made: bool) -> anyhow::Result<()> {
    let made = if made { " (made now)" } else { "" };
    let words = format!(
        "codex-bridge listens at {}\n  MCP    {}/mcp\n  tokens {}{made}\n",
        place.listen,
        place.url,
        tokens.display()
    );
    Screen::print(&words).map(drop).context("stdout cannot be written")
}
