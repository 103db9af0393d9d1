//! What is looked at after the kill of a round, and at its end: nothing is left behind, nothing is lost.

use std::collections::{BTreeMap, HashSet};
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::chance::{Dice, Process, kill, parent};
use super::super::told::Told;
use super::super::{Host, PATIENCE};
use super::{Kill, Round, Scene, Victim};

/// How long what belonged to a process that was killed may live on.
const GONE: Duration = Duration::from_secs(2);

impl Round<'_, '_> {
    /// What belonged to the one that was killed: all that no living bridge has below it.
    fn orphans(&self, killed: u32) -> Vec<Process> {
        let all = self.all();
        let bridges: HashSet<u32> =
            all.iter().filter(|one| one.is_bridge() && one.pid != killed).map(|one| one.pid).collect();
        let has_bridge = |mut pid: u32| loop {
            if bridges.contains(&pid) {
                return true;
            }
            match parent(pid) {
                Some(above) if above > 1 => pid = above,
                _ => return false,
            }
        };
        all.into_iter().filter(|one| !one.is_escaped() && !has_bridge(one.pid)).collect()
    }

    pub(super) fn nothing_is_left(&self, kill: &Kill) {
        let until = kill.at + GONE;
        loop {
            let over = Instant::now() >= until;
            let left = self.orphans(kill.pid);
            if left.is_empty() {
                return;
            }
            assert!(!over, "{:?}: left behind: {left:?}", self.scene);
            thread::yield_now();
        }
    }

    pub(super) fn nothing_is_lost(&self, host: &mut Host, told: &Told, kill: &Kill) {
        // The end of the one in the background may take the first call with it.
        host.request("tools/call", json!({ "name": "codex-sessions", "arguments": {} }));
        let listed = host.structured("codex-sessions", json!({ "limit": 5 }));
        let mut threads: HashSet<String> = told.events.keys().cloned().collect();
        let answer = json!({ "result": { "structuredContent": listed } });
        threads.extend(self.newest(&answer));
        for thread in &threads {
            self.ends(host, thread, told, kill);
            let events = host.events(&json!(thread));
            let seqs = events.iter().map(|event| event["seq"].as_u64().unwrap());
            assert!(seqs.clone().eq(1..=events.len() as u64), "a gap: {:?}", seqs.collect::<Vec<_>>());
            let told_of = told.events.get(thread).into_iter().flatten();
            for (seq, event) in told_of {
                let kept = events.get(usize::try_from(*seq).unwrap() - 1);
                assert_eq!(kept, Some(event), "{:?}: an event that was told", self.scene);
            }
            let last = told.last(thread);
            let page = json!({ "threadId": thread, "after": last, "detail": "full", "limit": 1 });
            let page = host.structured("codex-events", page);
            assert_eq!(page["events"].get(0), events.get(usize::try_from(last).unwrap()), "{page}");
            let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
            // One that codex could not begin has an end alone.
            assert!(of("turn_started") <= of("turn_finished"), "a turn without an end: {events:?}");
            assert_eq!(of("permission_request"), of("permission_decision"), "a question without an end");
            self.cast.known.lock().unwrap_or_else(PoisonError::into_inner).insert(thread.clone());
        }
        if let Some(task) = &told.task {
            let until = Instant::now() + PATIENCE;
            loop {
                let answer = host.request("tasks/get", json!({ "taskId": task }));
                let status = answer["result"]["status"].as_str().unwrap_or_else(|| panic!("{answer}"));
                if matches!(status, "completed" | "cancelled" | "failed") {
                    break;
                }
                assert!(Instant::now() < until, "{answer}");
            }
        }
        let file = self.setup().place.root.join("state/journal.db");
        let db = rusqlite::Connection::open(file).unwrap();
        let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
    }

    /// A turn whose bridge or codex was killed is over; one whose host was goes on, until it is ended. What nobody was
    /// told of may be either: a call whose host goes before its turn has begun is none any more, and what was about to
    /// begin when codex ended begins with the next one.
    fn ends(&self, host: &mut Host, thread: &str, told: &Told, kill: &Kill) {
        let known = told.events.get(thread).into_iter().flat_map(BTreeMap::values);
        // What begins after the kill does so with the next codex.
        let of_it = |event: &&Value| event["time"].as_str().is_some_and(|time| time < kill.time.as_str());
        let begun = known.clone().filter(of_it).any(|event| event["type"] == "turn_started");
        let goes_on = self.victim == Victim::Pump;
        let mut wait = |wait| {
            let seen = host.call("codex-wait", json!({ "threadId": thread, "wait": wait }));
            seen["structuredContent"].clone()
        };
        let is_over =
            |seen: &Value| matches!(seen["status"].as_str(), Some("interrupted" | "completed" | "failed"));
        let mut seen = wait(if goes_on || !begun { 0 } else { 30 });
        let so = self.scene;
        assert!(!goes_on || !begun || seen["status"] != "interrupted", "{so:?}: it goes on: {seen}");
        if !is_over(&seen) && (goes_on || !begun) {
            if !goes_on {
                // Where a killed bridge had it, the next one is about to say its end.
                seen = wait(if self.victim == Victim::Codex { 1 } else { 30 });
            }
            if !is_over(&seen) {
                assert!(goes_on || self.victim == Victim::Codex, "{so:?}: {seen}");
                host.call("codex-cancel", json!({ "threadId": thread }));
                let seen = host.call("codex-wait", json!({ "threadId": thread, "wait": 30 }));
                assert!(is_over(&seen["structuredContent"]), "{so:?}: {seen}");
            }
            return;
        }
        // A codex that was killed before the turn began has refused it.
        let refused = seen["status"] != "failed" || seen["error"]["code"] == "codex_lost";
        assert!(is_over(&seen) && refused, "{so:?}: {seen} {:?}", self.all());
    }

    /// The end of all that the round has started.
    pub(super) fn end(&self, mut host: Host) {
        if !self.task {
            let again = (self.cast.call)(Scene::Start, &mut Dice(1));
            let done = host.structured("codex", again);
            assert_eq!(done["status"], "completed", "{done}");
            self.cast
                .known
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(done["threadId"].as_str().unwrap().to_owned());
        }
        host.close_stdin();
        assert_eq!(host.ended(), 0, "{:?}", host.stderr());
        let mut until = Instant::now() + GONE;
        let mut late = 0;
        loop {
            let over = Instant::now() >= until;
            let (escaped, left): (Vec<_>, Vec<_>) = self.all().into_iter().partition(Process::is_escaped);
            if left.is_empty() {
                escaped.iter().for_each(|one| kill(one.pid));
                return;
            }
            assert!(!over, "{:?}: left behind at the end: {left:?}", self.scene);
            // A host that was killed may have begun one that comes up only now.
            if left.iter().any(Process::is_daemon) && late < 3 {
                let out = self.setup().command().args(["daemon", "stop"]).output().unwrap();
                assert!(out.status.success(), "{out:?}");
                late += 1;
                until = Instant::now() + GONE;
            }
            thread::yield_now();
        }
    }
}
