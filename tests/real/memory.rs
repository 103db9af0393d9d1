//! A long output of a command, which codex itself bounds to 1 MiB.

use serde_json::json;

use super::Stage;
use crate::memory::{Long, is_cut, journal, only};

#[test]
fn the_output_of_a_command_as_codex_keeps_it() {
    let stage = Stage::new();
    let prompt = "RUN head -c 2000000 /dev/zero | tr '\\0' x\nSAY done";
    let arguments = json!({ "prompt": prompt, "sandbox": "danger-full-access", "approval-policy": "never" });
    let mut long = Long::run(stage.host().alone().start(), &arguments);
    assert_eq!(long.result["content"], "done");
    let kept = journal(&stage.host().alone(), &long.thread);
    let kept = only(&kept, "tool_result")["output"].as_str().unwrap();
    // A login shell may say something of its own.
    assert!(kept.len() >= 1 << 20 && kept.contains(&"x".repeat(500_000)), "{}", kept.len());
    assert!(!kept.contains("[cut:"), "the bridge cuts nothing of what codex keeps");
    // In how many pieces codex tells the output before that is up to the machine.
    is_cut(&only(&long.pages(99, &json!({})), "tool_result")["output"], kept.len());
    long.stays_small();
}
