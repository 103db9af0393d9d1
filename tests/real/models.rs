//! Models, efforts and service tiers, by codex's own list.

use serde_json::{Value, json};

use super::Stage;
use crate::common::Host;

/// codex's own provider, at its own address: nothing of it is reached here.
fn openai(stage: &Stage, more: &str) {
    std::fs::write(stage.place.root.join("codex-home/config.toml"), format!("model = \"gpt-5.5\"\n{more}"))
        .unwrap();
}

fn refused(host: &mut Host, tool: &str, arguments: Value) -> String {
    let result = host.call(tool, arguments);
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn an_unknown_model_or_effort_of_openai_is_refused_before_a_session_starts() {
    let stage = Stage::new();
    openai(&stage, "");
    let mut host = stage.host().start();
    let said = refused(&mut host, "codex", json!({ "prompt": "x", "model": "gpt-nonsense" }));
    assert!(said.contains("`gpt-nonsense`") && said.contains("gpt-5.5"), "{said}");
    assert!(!said.contains("codex-auto-review"), "hidden ones are not offered: {said}");
    let said = refused(&mut host, "codex-review", json!({ "instructions": "x", "model": "gpt-nonsense" }));
    assert!(said.contains("`gpt-nonsense`"), "{said}");
    let said = refused(&mut host, "codex", json!({ "prompt": "x", "effort": "ultra" }));
    assert!(said.contains("`ultra`, which `gpt-5.5` does not take; it takes low, medium"), "{said}");
    let listed = host.request("resources/read", json!({ "uri": "codex://sessions" }));
    assert!(!listed.to_string().contains("threadId"), "nothing was started: {listed}");

    // What codex would run begins: a hidden one, one of its configuration.
    for arguments in [
        json!({ "prompt": "x", "model": "codex-auto-review", "effort": "max", "wait": 0 }),
        json!({ "prompt": "x", "config": { "model": "gpt-new" }, "wait": 0 }),
        json!({ "prompt": "x", "model": "gpt-new", "config": { "model": "gpt-new" }, "wait": 0 }),
    ] {
        let begun = host.structured("codex", arguments);
        let thread = begun["threadId"].clone();
        // At once: codex has named the turn, and perhaps not begun it yet.
        let ended = host.structured("codex-cancel", json!({ "threadId": thread }));
        assert_eq!(ended["status"], "interrupted", "{ended}");
        let on = json!({ "threadId": thread, "prompt": "x", "model": "gpt-nonsense" });
        let said = refused(&mut host, "codex-reply", on);
        assert!(said.contains("`gpt-nonsense`") && said.contains("of `codex`, which begins"), "{said}");
    }
}

#[test]
fn a_provider_of_ones_own_has_models_that_codex_does_not_know() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let done = host.structured("codex", json!({ "prompt": "SAY a", "model": "llama", "effort": "any" }));
    assert_eq!(done["content"], "a", "{done}");
    let thread = done["threadId"].clone();
    let on = json!({ "threadId": thread, "prompt": "SAY b", "model": "mistral", "effort": "other" });
    assert_eq!(host.structured("codex-reply", on)["content"], "b");
    let review = json!({ "instructions": "SAY c", "model": "llama" });
    assert_eq!(host.structured("codex-review", review)["content"], "c");
}

#[test]
fn openais_provider_at_another_address_is_one_of_ones_own() {
    let stage = Stage::new();
    let own = std::fs::read_to_string(stage.place.root.join("codex-home/config.toml")).unwrap();
    let address = own.lines().find_map(|line| line.strip_prefix("base_url = ")).unwrap();
    openai(&stage, &format!("openai_base_url = {address}\n"));
    let mut host = stage.host().env("OPENAI_API_KEY", "none").start();
    let done = host.structured("codex", json!({ "prompt": "SAY a", "model": "llama" }));
    assert_eq!(done["content"], "a", "{done}");

    // So it is for the turns that follow, whoever gave the address, also after a restart.
    openai(&stage, "");
    let address = address.trim_matches('"');
    let flag = format!("openai_base_url={address}");
    let call = json!({ "openai_base_url": address });
    for (flags, config) in [(vec!["-c", &flag], json!({})), (vec![], call)] {
        let mut host = stage.host().args(&flags).env("OPENAI_API_KEY", "none").start();
        let done = host.structured("codex", json!({ "prompt": "SAY a", "model": "llama", "config": config }));
        let on = json!({ "threadId": done["threadId"], "prompt": "REQUEST model", "model": "mistral" });
        assert_eq!(host.structured("codex-reply", on.clone())["content"], "mistral");
        host.close_stdin();
        host.ended();
        let mut host = stage.host().env("OPENAI_API_KEY", "none").start();
        assert_eq!(host.structured("codex-reply", on)["content"], "mistral");
    }
}

#[test]
fn an_effort_is_asked_of_the_model_that_will_run() {
    let stage = Stage::new();
    openai(&stage, "");
    let call =
        |model: &str| json!({ "prompt": "x", "effort": "ultra", "config": { "model": model }, "wait": 0 });
    let mut host = stage.host().args(&["-m", "gpt-new"]).start();
    let said = refused(&mut host, "codex", call("gpt-5.5"));
    assert!(said.contains("`ultra`, which `gpt-5.5` does not take"), "{said}");
    let mut host = stage.host().args(&["-m", "gpt-5.5"]).start();
    let begun = host.structured("codex", call("gpt-new"));
    host.structured("codex-cancel", json!({ "threadId": begun["threadId"] }));
    let said = refused(&mut host, "codex", json!({ "prompt": "x", "effort": "ultra" }));
    assert!(said.contains("`gpt-5.5`"), "the flag's: {said}");
}

#[test]
fn codex_itself_says_that_a_model_has_no_such_service_tier() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let warned = |host: &mut Host, tier: &str| {
        let done = host.structured("codex", json!({ "prompt": "SAY a", "config": { "service_tier": tier } }));
        let events = host.events(&done["threadId"]);
        events
            .iter()
            .any(|e| e["type"] == "warning" && e["message"].as_str().unwrap().contains("service tier"))
    };
    assert!(warned(&mut host, "banana"));
    assert!(!warned(&mut host, "priority"));
}
