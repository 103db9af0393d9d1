//! What hosts have been told, of the rounds in which something is killed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rounds::Scene;

/// What hosts have been told.
#[derive(Default)]
pub struct Told {
    /// Of each thread, each event by its number.
    pub events: BTreeMap<String, BTreeMap<u64, Value>>,
    /// The name of the task that a call has become.
    pub task: Option<Value>,
}

impl Told {
    pub fn page(&mut self, thread: &str, page: &Value) {
        let of = self.events.entry(thread.to_owned()).or_default();
        for event in page["events"].as_array().unwrap() {
            let before = of.insert(event["seq"].as_u64().unwrap(), event.clone());
            assert!(before.is_none_or(|before| before == *event), "told otherwise before: {event}");
        }
    }

    pub fn last(&self, thread: &str) -> u64 {
        self.events.get(thread).and_then(|of| of.keys().next_back().copied()).unwrap_or_default()
    }

    pub fn has_turn(&self) -> bool {
        self.events.values().flat_map(BTreeMap::values).any(|event| event["type"] == "turn_started")
    }

    pub fn has(&self, scene: Scene) -> bool {
        let kind = match scene {
            Scene::Hello | Scene::Start => return true,
            Scene::Stream => "assistant_delta",
            Scene::Question | Scene::Dialog => "permission_request",
            Scene::Command | Scene::Background => "tool_call",
        };
        self.events.values().flat_map(BTreeMap::values).any(|event| event["type"] == kind)
    }
}
