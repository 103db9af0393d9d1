//! The settings that point a codex at the model.

/// The `config.toml` of a codex that uses the model at `url`; `SCRIPTED_KEY` must be set, to anything.
#[must_use]
pub fn codex_config(url: &str) -> String {
    format!(
        "# gpt-5.5 is a model that codex knows: it gets the full tool set.\n\
         model = \"gpt-5.5\"\n\
         model_provider = \"scripted\"\n\n\
         [model_providers.scripted]\n\
         name = \"scripted\"\n\
         base_url = \"{url}\"\n\
         wire_api = \"responses\"\n\
         env_key = \"SCRIPTED_KEY\"\n\
         supports_websockets = false\n"
    )
}
