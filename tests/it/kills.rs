//! `kill -9` at random times, 300 rounds: of a bridge, of the one in the background, of a host's process, of codex.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::chance::Dice;
use crate::common::rounds::{Cast, Scene, Victim};
use crate::common::{Place, Setup};

/// Of each victim.
const ROUNDS: u64 = 75;

/// Real commands: one process, several, ones that will not end when asked or not at once, and one that leaves its session.
pub const COMMANDS: [&str; 7] = [
    "sleep 7701",
    "sleep 7702; true",
    "sleep 7703 & sleep 7704; true",
    "nohup sleep 7705 >/dev/null 2>&1 & sleep 7706; true",
    "trap '' TERM INT HUP; sleep 7707; true",
    "trap 'true' TERM; sleep 7709; true",
    "(setsid sleep 7790 &) ; sleep 7708; true",
];

fn call(scene: Scene, dice: &mut Dice) -> Value {
    let prompt = match scene {
        Scene::Hello | Scene::Start => "say hi".to_owned(),
        Scene::Stream => format!("deltas {}", 500 + dice.below(5000)),
        Scene::Question | Scene::Dialog => "ask-command true\nsay done".to_owned(),
        Scene::Command => format!("run {}\nsay done", dice.of(&COMMANDS)),
        Scene::Background => format!("background {}\nsay done", dice.of(&COMMANDS)),
    };
    json!({ "prompt": prompt })
}

fn rounds(victim: Victim) {
    let place = Place::new();
    Cast::new(|| Setup::fake(&place), call, Duration::from_millis(200), ROUNDS).play(victim);
}

crate::common::rounds::each_victim!(rounds);
