//! What the model may say besides messages and commands.

use serde_json::json;

use super::super::Stage;

#[test]
fn each_item_of_the_model() {
    let stage = Stage::new();
    let reasoning =
        json!({ "type": "reasoning", "summary": [{ "type": "summary_text", "text": "because" }] });
    let search = json!({ "type": "web_search_call", "status": "completed", "action": { "type": "search", "query": "why" } });
    let plan = json!({ "plan": [{ "step": "first", "status": "in_progress" }] }).to_string();
    let plan = json!({ "type": "function_call", "name": "update_plan", "arguments": plan });
    let mut host = stage.host().start();
    for (item, kind, member, words) in [
        (reasoning, "reasoning", "text", "because"),
        (search, "tool_result", "tool", "web_search"),
        (plan, "plan", "steps", "first"),
    ] {
        let config = json!({ "tools": { "update_plan": { "enabled": true } } });
        let done =
            host.structured("codex", json!({ "prompt": format!("ITEM {item}\nSAY done"), "config": config }));
        assert_eq!(done["status"], "completed", "{done}");
        let events = host.events(&done["threadId"]);
        let told = events.iter().find(|event| event["type"] == kind);
        let told = told.unwrap_or_else(|| panic!("{kind}: {events:#?}"));
        assert!(told[member].to_string().contains(words), "{told}");
    }
}
