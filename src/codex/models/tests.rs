//! For which configurations codex's list is all there is.

use serde_json::json;

use super::*;

#[test]
fn only_openais_own_list_is_whole() {
    for (provider, config, own, expected) in [
        (None, json!({}), json!({ "model_provider": null, "openai_base_url": null }), true),
        (None, json!({}), json!({ "model_provider": "openai" }), true),
        (None, json!({}), json!({ "model_provider": "azure" }), false),
        (None, json!({ "model_provider": "ollama" }), json!({}), false),
        (None, json!({ "model_provider": "openai" }), json!({ "model_provider": "azure" }), true),
        (None, json!({}), json!({ "openai_base_url": "http://localhost" }), false),
        (None, json!({ "openai_base_url": "http://localhost" }), json!({}), false),
        // A thread keeps the provider that it was begun with.
        (Some("azure"), json!({}), json!({}), false),
        (Some("openai"), json!({}), json!({ "model_provider": "azure" }), true),
    ] {
        let config = config.as_object().unwrap();
        assert_eq!(
            whole(provider.map(str::to_owned), config, &own),
            expected,
            "{provider:?} {config:?} {own}"
        );
    }
}
