//! The tools and the prompt that the suite names, as they are listed.

use rmcp::model::{JsonObject, Prompt, Tool};
use serde_json::{Value, json};

/// Each name, with its parameters.
const TOOLS: &[(&str, &[(&str, &str)])] = &[
    ("greet", &[("name", "string")]),
    ("slow_compute", &[("seconds", "number"), ("label", "string")]),
    ("failing_job", &[]),
    ("protocol_error_job", &[]),
    ("confirm_delete", &[("filename", "string")]),
    ("multi_input", &[]),
    ("test_tool_with_task", &[]),
    ("test_input_required_result_elicitation", &[]),
    ("test_input_required_result_sampling", &[]),
    ("test_input_required_result_list_roots", &[]),
    ("test_input_required_result_request_state", &[]),
    ("test_input_required_result_multiple_inputs", &[]),
    ("test_input_required_result_multi_round", &[]),
    ("test_input_required_result_tampered_state", &[]),
    ("test_input_required_result_capabilities", &[]),
];

/// The prompt.
pub const PROMPT: &str = "test_input_required_result_prompt";

pub fn tools() -> Vec<Tool> {
    TOOLS.iter().map(|(name, parameters)| Tool::new(*name, "a fixture", schema(parameters))).collect()
}

pub fn prompts() -> Vec<Prompt> {
    vec![Prompt::new(PROMPT, Some("a fixture"), None)]
}

fn schema(parameters: &[(&str, &str)]) -> JsonObject {
    let properties: JsonObject =
        parameters.iter().map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind }))).collect();
    let Value::Object(schema) = json!({ "type": "object", "properties": properties }) else { unreachable!() };
    schema
}
