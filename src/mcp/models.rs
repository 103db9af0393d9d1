//! Whether codex has a model that a call names, and whether that takes an effort. Only what is certain is
//! refused: codex itself runs whatever it is given, and its provider may know more than it does.

use rmcp::model::CallToolResult;
use serde_json::json;

use super::faults::{above, open_error};
use super::result;
use super::server::Server;
use crate::ids::ThreadId;
use crate::session::{Catalog, CatalogOf, Model, ThreadParams};

/// What to do about a model that codex does not know but runs: `codex`.
const IN_CODEX: &str = "config.toml, or `config: {\"model\": …}`";

/// `codex-reply`.
const IN_REPLY: &str = "config.toml, or `config: {\"model\": …}` of `codex`, which begins a session with it";

/// `codex-review`.
const IN_REVIEW: &str = "config.toml, as its `model` or `review_model`";

impl Server {
    /// Refuses what a new session cannot be run with; `model`: what it is given, by the call or else the flags.
    /// Where codex cannot be asked, nothing is: then the start itself says why.
    pub(super) async fn known_model(
        &self,
        model: Option<&str>,
        effort: Option<&str>,
        of: CatalogOf,
    ) -> Result<(), CallToolResult> {
        if effort.is_none() && model.is_none_or(|model| self.options.model.as_deref() == Some(model)) {
            return Ok(());
        }
        self.known_of(model, effort, of, IN_CODEX).await
    }

    /// The same of the next turn of a session that there is: it has a model, whatever the flags of this bridge
    /// say.
    pub(super) async fn known_in(
        &self,
        thread: &ThreadId,
        model: Option<&str>,
        effort: Option<&str>,
    ) -> Result<(), CallToolResult> {
        if model.is_none() && effort.is_none() {
            return Ok(());
        }
        let config = self.sessions.config_of(thread).await.unwrap_or_else(|| self.options.config.clone());
        self.known_of(model, effort, CatalogOf::Thread { thread: thread.clone(), config }, IN_REPLY).await
    }

    /// Gives the session of a review the model that the review runs with: that of the call (`asked`), or what
    /// codex has for reviews. By itself codex would take the latter above all else, and would not say so.
    pub(super) async fn model_of_review(
        &self,
        asked: Option<&str>,
        params: &mut ThreadParams,
    ) -> Result<(), CallToolResult> {
        let of = CatalogOf::New { cwd: params.cwd.clone(), config: params.config.clone() };
        let catalog = self.sessions.catalog(of).await.map_err(|error| open_error(&error))?;
        if let Some(asked) = asked {
            self.check(&catalog, Some(asked), None, IN_REVIEW)?;
        }
        let Some(model) = asked.map(str::to_owned).or(catalog.review) else { return Ok(()) };
        self.options.reach.limits.model(Some(&model)).map_err(|error| above(&error))?;
        (self.options.overlay)(&mut params.config, "review_model", json!(model));
        params.model = Some(model);
        Ok(())
    }

    async fn known_of(
        &self,
        model: Option<&str>,
        effort: Option<&str>,
        of: CatalogOf,
        place: &str,
    ) -> Result<(), CallToolResult> {
        match self.sessions.catalog(of).await {
            Ok(catalog) => self.check(&catalog, model, effort, place),
            Err(error) => {
                tracing::debug!(%error, "codex was not asked for its models");
                Ok(())
            }
        }
    }

    fn check(
        &self,
        catalog: &Catalog,
        model: Option<&str>,
        effort: Option<&str>,
        place: &str,
    ) -> Result<(), CallToolResult> {
        // A flag that counts is in `model` already.
        let own = [&catalog.configured, &self.options.model];
        let own: Vec<&str> = own.into_iter().flatten().map(String::as_str).collect();
        check(catalog, model, effort, &own, place).map_err(|why| result::refused("model_unknown", why))
    }
}

/// `own`: models that were chosen without this call.
/// `place`: where codex takes a model that it does not list.
fn check(
    catalog: &Catalog,
    model: Option<&str>,
    effort: Option<&str>,
    own: &[&str],
    place: &str,
) -> Result<(), String> {
    if !catalog.whole {
        return Ok(());
    }
    let find = |id: &str| catalog.models.iter().find(|one| one.id == id);
    if let Some(id) = model
        && !catalog.models.is_empty()
        && find(id).is_none()
        && !own.contains(&id)
    {
        let shown: Vec<&str> = catalog.models.iter().filter(|one| !one.hidden).map(id_of).collect();
        let shown = shown.join(", ");
        return Err(format!(
            "`model` is `{}`, which codex does not know; it has {shown}. One that it does not list goes into \
             its own configuration: {place}",
            result::cut_plain(id, 80)
        ));
    }
    let Some(effort) = effort else { return Ok(()) };
    let used = match model.or(catalog.configured.as_deref()) {
        Some(id) => find(id),
        None => catalog.models.iter().find(|one| one.default),
    };
    match used {
        Some(used) if !used.efforts.is_empty() && !used.efforts.iter().any(|one| one == effort) => {
            Err(format!(
                "`effort` is `{}`, which `{}` does not take; it takes {}",
                result::cut_plain(effort, 80),
                used.id,
                used.efforts.join(", ")
            ))
        }
        _ => Ok(()),
    }
}

fn id_of(model: &Model) -> &str {
    &model.id
}

#[cfg(test)]
mod tests;
