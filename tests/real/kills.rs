//! `kill -9` at random times, with the real codex: as `it::kills`, in fewer rounds.

use std::time::Duration;

use serde_json::{Value, json};

use super::Stage;
use crate::common::chance::Dice;
use crate::common::rounds::{Cast, Scene, Victim};
use crate::kills::COMMANDS;

/// Of each victim; `TEST_KILLS_ROUNDS=75` makes it 300 in all.
const ROUNDS: u64 = 15;

fn call(scene: Scene, dice: &mut Dice) -> Value {
    let (prompt, policy) = match scene {
        Scene::Hello | Scene::Start => ("SAY hi".to_owned(), "never"),
        Scene::Stream => (format!("STREAM {}", 500 + dice.below(5000)), "never"),
        Scene::Question | Scene::Dialog => ("RUN touch never\nSAY done".to_owned(), "untrusted"),
        Scene::Command => (format!("RUN {}\nSAY done", dice.of(&COMMANDS)), "never"),
        // codex ends what a command leaves in its group: only what is in no group of it goes on.
        Scene::Background => ("RUN (setsid sleep 7790 &)\nSTREAM 500".to_owned(), "never"),
    };
    // In its sandbox a command has a space of processes of its own.
    let sandbox = dice.of(&["danger-full-access", "danger-full-access", "workspace-write"]);
    json!({ "prompt": prompt, "approval-policy": policy, "sandbox": sandbox })
}

fn rounds(victim: Victim) {
    let stage = Stage::new();
    Cast::new(|| stage.host(), call, Duration::from_millis(900), ROUNDS).play(victim);
}

crate::common::rounds::each_victim!(rounds);
