//! What is kept of sparse updates.

use serde_json::{Value, json};

use super::*;

fn update(limits: &mut Limits, told: Value) -> Option<Value> {
    let told = limits.update(serde_json::from_value(told).unwrap());
    told.map(|told| serde_json::to_value(told).unwrap())
}

#[test]
fn a_sparse_update_changes_what_it_names() {
    let mut limits = Limits::default();
    // With no account codex tells of nothing but its name.
    assert_eq!(update(&mut limits, json!({ "limitId": "codex", "primary": null, "secondary": null })), None);
    assert_eq!(limits.all(), []);

    let primary = |used: u32| json!({ "usedPercent": used, "windowDurationMins": 300, "resetsAt": 1 });
    let shown = |used: u32| json!({ "usedPercent": used, "windowMinutes": 300, "resetsAt": "1970-01-01T00:00:01.000Z" });
    let first = update(&mut limits, json!({ "limitId": "codex", "primary": primary(5) }));
    assert_eq!(first, Some(json!([shown(5)])));
    let second = update(&mut limits, json!({ "secondary": { "usedPercent": 90 } }));
    assert_eq!(second, Some(json!([shown(5), { "usedPercent": 90 }])), "no id is codex's own");
    assert_eq!(update(&mut limits, json!({ "limitId": "codex", "primary": primary(5) })), None, "no news");
    let other = update(&mut limits, json!({ "limitId": "codex_x", "primary": { "usedPercent": 1 } }));
    let all = json!([shown(5), { "usedPercent": 90 }, { "name": "codex_x", "usedPercent": 1 }]);
    assert_eq!(other, Some(all));
}
