//! Which models codex knows, and whether it would run others.

use std::time::Duration;

use serde_json::{Map, Value};

use super::calls::call;
use super::protocol::threads::{ModelList, ModelListParams};
use super::protocol::{ConfigRead, ConfigReadParams, ThreadRead, ThreadRef};
use crate::rpc::Peer;
use crate::session::{AgentError, Catalog, CatalogOf, Model};

/// codex answers from memory, or asks its provider after some minutes, which may be out of reach.
const LOOK: Duration = Duration::from_secs(5);

/// The provider that codex has where its configuration names none.
const OPENAI: &str = "openai";

/// `model/list`, all of it; without a limit of time of its own where nobody waits for it.
pub(super) async fn models(peer: &Peer, within: Duration) -> Result<Vec<Model>, AgentError> {
    /// More pages than there will be models for.
    const PAGES: usize = 20;
    let (mut all, mut cursor) = (Vec::new(), None);
    for _ in 0..PAGES {
        let params = ModelListParams { include_hidden: true, cursor };
        let list: ModelList = call(peer, "model/list", &params, within).await?;
        all.extend(list.data.into_iter().map(|model| Model {
            id: model.model,
            hidden: model.hidden,
            default: model.is_default,
            efforts: model.supported_reasoning_efforts.into_iter().map(|one| one.reasoning_effort).collect(),
        }));
        cursor = list.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(all)
}

/// The models for a session, new or not.
pub(super) async fn catalog(peer: &Peer, of: CatalogOf) -> Result<Catalog, AgentError> {
    let (cwd, config, provider, model) = match of {
        CatalogOf::New { cwd, config } => (cwd, config, None, None),
        CatalogOf::Thread { thread, config } => {
            let of_thread = ThreadRef { thread_id: thread.to_string() };
            let read: ThreadRead = call(peer, "thread/read", &of_thread, LOOK).await?;
            let provider = Some(read.thread.model_provider).filter(|name| !name.is_empty());
            (read.thread.cwd, config, provider, read.thread.model)
        }
    };
    let own: ConfigRead = call(peer, "config/read", &ConfigReadParams { cwd }, LOOK).await?;
    let configured = model.or_else(|| text("model", &config, &own.config));
    let review = text("review_model", &config, &own.config);
    let whole = whole(provider, &config, &own.config);
    // Another provider may take long to say nothing. What is not told, nothing is refused by.
    let models = if whole { models(peer, LOOK).await } else { Ok(Vec::new()) };
    let models = models.unwrap_or_else(|error| {
        tracing::debug!(%error, "codex did not list its models");
        Vec::new()
    });
    Ok(Catalog { whole, configured, review, models })
}

/// Whether codex's list is all that its provider runs: that of OpenAI, at its own address. codex gives the same
/// list for every other provider (but Amazon's), whose models it does not know.
fn whole(provider: Option<String>, config: &Map<String, Value>, own: &Value) -> bool {
    let provider = provider.or_else(|| text("model_provider", config, own));
    provider.is_none_or(|name| name == OPENAI) && text("openai_base_url", config, own).is_none()
}

/// A key of codex's configuration: the call's, else codex's own.
fn text(key: &str, config: &Map<String, Value>, own: &Value) -> Option<String> {
    config.get(key).or_else(|| own.get(key)).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests;
