//! Whether codex has a model that a call names, and whether that takes an effort. Only what is certain is
//! refused: codex itself runs whatever it is given, and its provider may know more than it does.

use rmcp::model::CallToolResult;

use super::result;
use super::server::Server;
use crate::session::{Catalog, CatalogOf, Model};

impl Server {
    /// Refuses what cannot be run. Where codex cannot be asked, nothing is: then the start itself says why.
    pub(super) async fn known_model(
        &self,
        model: Option<&str>,
        effort: Option<&str>,
        of: CatalogOf,
    ) -> Result<(), CallToolResult> {
        if model.is_none() && effort.is_none() {
            return Ok(());
        }
        let flag = self.options.model.clone();
        // A session that there is has a model, whatever the flags of this bridge say.
        let begins = matches!(of, CatalogOf::New { .. });
        match self.sessions.catalog(of).await {
            Ok(catalog) => {
                let mut own = [flag, catalog.configured.clone()];
                if !begins {
                    own.reverse();
                }
                let own: Vec<&str> = own.iter().flatten().map(String::as_str).collect();
                check(&catalog, model, effort, &own).map_err(|why| result::refused("model_unknown", why))
            }
            Err(error) => {
                tracing::debug!(%error, "codex was not asked for its models");
                Ok(())
            }
        }
    }
}

/// `own`: models that were chosen without this call; the first of them runs where it names none.
fn check(catalog: &Catalog, model: Option<&str>, effort: Option<&str>, own: &[&str]) -> Result<(), String> {
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
             its own configuration: config.toml, or `config: {{\"model\": …}}`",
            result::cut_plain(id, 80)
        ));
    }
    let Some(effort) = effort else { return Ok(()) };
    let used = match model.or(own.first().copied()) {
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
