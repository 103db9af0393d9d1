//! A model that cannot be reached: codex tries on for ever, and the turn is ended all the same.

use codex_bridge::demo::model::codex_config;
use serde_json::json;

use super::{Stage, codex};
use crate::common::Setup;

#[test]
fn a_turn_without_a_network_ends() {
    let stage = Stage::new();
    // Nobody listens there.
    let config = stage.place.root.join("codex-home/config.toml");
    std::fs::write(&config, codex_config("http://127.0.0.1:9")).unwrap();
    let mut host =
        Setup::with(&stage.place, codex()).alone().env("CODEX_BRIDGE_CODEX_STALL", "500ms").start();
    let result = host.call("codex", json!({ "prompt": "SAY hi", "wait": 60 }))["structuredContent"].clone();
    assert_eq!(
        (&result["status"], &result["error"]["code"]),
        (&json!("failed"), &json!("codex_stalled")),
        "{result}"
    );
    // With the model there again the session goes on; codex reads its configuration with its start.
    std::fs::write(&config, codex_config(&stage.model.url())).unwrap();
    drop(host);
    let mut host = Setup::with(&stage.place, codex()).alone().start();
    let next = json!({ "threadId": result["threadId"], "prompt": "SAY on", "wait": 60 });
    assert_eq!(host.structured("codex-reply", next)["content"], "on");
}
