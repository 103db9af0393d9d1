//! A journal that cannot be used: what a host is told, what goes on, and that nothing is lost.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// A starter of the bridge that lets no file grow above `blocks` of 512 bytes: to SQLite, that is a disk
/// that takes nothing more.
fn on_a_small_disk(place: &Place, blocks: u32) -> PathBuf {
    let starter = place.root.join("on-a-small-disk");
    let bridge = env!("CARGO_BIN_EXE_codex-bridge");
    let mut script = String::from("#!/bin/sh\ntrap '' XFSZ\n");
    writeln!(script, "ulimit -f {blocks}\nexec '{bridge}' \"$@\"").unwrap();
    std::fs::write(&starter, script).unwrap();
    std::fs::set_permissions(&starter, std::fs::Permissions::from_mode(0o755)).unwrap();
    starter
}

fn start(place: &Place, blocks: u32, required: bool) -> Host {
    let required = if required { "true" } else { "false" };
    let setup = Setup::fake(place).alone().env("CODEX_BRIDGE_JOURNAL_REQUIRED", required);
    Setup { program: on_a_small_disk(place, blocks), ..setup }.start()
}

/// Runs turns until the disk is full: the first answer that is not that of a turn as usual.
fn fill(host: &mut Host, thread: &Value) -> Value {
    for _ in 0..200 {
        let prompt = format!("say {}", "x".repeat(8000));
        let answer = host.call("codex-reply", json!({ "threadId": thread, "prompt": prompt }));
        if answer["isError"] == true {
            return answer;
        }
        let warned = host.events(thread).iter().any(|event| event["type"] == "warning");
        if warned {
            return answer;
        }
    }
    panic!("the disk is never full");
}

#[test]
fn a_full_disk_is_named_and_what_was_written_is_kept() {
    let place = Place::new();
    let mut host = start(&place, 600, true);
    let thread = host.structured("codex", json!({ "prompt": "say first" }))["threadId"].clone();
    let refused = fill(&mut host, &thread);
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("journal.db") && text.contains("disk"), "{text}");
    let told = host.events(&thread);
    assert!(told.iter().any(|event| event["text"] == "first"), "what is there can still be read");
    // A turn that is under way when the disk is full is ended, and says why.
    let answer = host.call("codex", json!({ "prompt": "flood 100000\nsay all of it" }));
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert!(answer["isError"] == true && text.contains("journal.db"), "{answer}");
    drop(host);

    let mut host = Setup::fake(&place).alone().start();
    let kept = host.events(&thread);
    assert_eq!(kept[..told.len()], told[..], "every event that a host was told is there");
    let next = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "say again" }));
    assert_eq!(next["content"], "again", "with room, the session goes on");
}

#[test]
fn work_goes_on_without_the_disk_where_the_user_allows_it() {
    let place = Place::new();
    let mut host = start(&place, 600, false);
    let thread = host.structured("codex", json!({ "prompt": "say first" }))["threadId"].clone();
    let answer = fill(&mut host, &thread);
    assert_eq!(answer["structuredContent"]["status"], "completed", "{answer}");
    let next = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "say on we go" }));
    assert_eq!(next["content"], "on we go");
    let events = host.events(&thread);
    let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "one sequence, without a gap");
    let warnings: Vec<_> = events.iter().filter(|event| event["type"] == "warning").collect();
    assert_eq!(warnings.len(), 1, "said once: {warnings:?}");
    let message = warnings[0]["message"].as_str().unwrap();
    assert!(message.contains("not kept") && message.contains("journal.db"), "{message}");
    drop(host);

    let mut host = Setup::fake(&place).alone().start();
    let kept = host.events(&thread);
    assert!(kept.len() < events.len() + 3 && kept[0] == events[0], "what was written before is there");
}

#[test]
fn a_file_that_is_no_journal_is_named_and_left_alone() {
    let garbage = "no database at all ".repeat(500);
    for (content, required) in [(garbage.as_str(), true), (garbage.as_str(), false)] {
        let place = Place::new();
        let path = place.root.join("state").join("journal.db");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        let setup =
            Setup::fake(&place).env("CODEX_BRIDGE_JOURNAL_REQUIRED", if required { "1" } else { "0" });
        let mut host = setup.start();
        let answer = host.call("codex", json!({ "prompt": "say hello" }));
        if required {
            assert_eq!(answer["isError"], true, "{answer}");
            let text = answer["content"][0]["text"].as_str().unwrap();
            assert!(text.contains("journal.db") && text.contains("move the file away"), "{text}");
        } else {
            let done = &answer["structuredContent"];
            assert_eq!(done["content"], "hello", "{answer}");
            let events = host.events(&done["threadId"]);
            assert_eq!(
                (&events[0]["type"], &events[1]["type"]),
                (&json!("session_started"), &json!("warning"))
            );
        }
        drop(host);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

/// Pages in the middle are overwritten: what SQLite finds only when it comes there.
#[test]
fn a_damaged_journal_is_named_and_other_sessions_are_read() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().start();
    let prompt = format!("say {}", "x".repeat(60_000));
    let thread = host.structured("codex", json!({ "prompt": prompt }))["threadId"].clone();
    drop(host);
    let path = place.root.join("state").join("journal.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;").unwrap();
    let root: u32 = db
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'events'", [], |row| row.get(0))
        .unwrap();
    drop(db);
    let mut bytes = std::fs::read(&path).unwrap();
    let page = 4096 * (root as usize - 1);
    bytes[page..page + 4096].fill(0xEE);
    std::fs::write(&path, &bytes).unwrap();

    let mut host = Setup::fake(&place).alone().start();
    let answer = host.call("codex-events", json!({ "threadId": thread }));
    assert_eq!(answer["isError"], true, "{answer}");
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("malformed") && text.contains("move the file away"), "{text}");
    let listed = host.call("codex", json!({ "prompt": "say hello" }));
    let text = listed["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("move the file away"), "{text}");
    drop(host);

    let mut host = Setup::fake(&place).alone().env("CODEX_BRIDGE_JOURNAL_REQUIRED", "false").start();
    let done = host.structured("codex", json!({ "prompt": "say hello" }));
    assert_eq!(done["content"], "hello", "{done}");
}

/// A cursor of before stays good: nothing that comes is behind it.
#[test]
fn a_session_that_was_given_up_goes_on_behind_its_last_number() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().start();
    let done = host.structured("codex", json!({ "prompt": "deltas 3\nsay a\nsay b" }));
    let thread = done["threadId"].clone();
    let last = host.events(&thread).last().unwrap()["seq"].as_u64().unwrap();
    host.close_stdin();
    host.ended();
    let last = {
        let db = rusqlite::Connection::open(place.root.join("state").join("journal.db")).unwrap();
        let hour_ago = "(CAST(strftime('%s') AS INTEGER) - 3600) * 1000";
        db.execute_batch(&format!("UPDATE sessions SET updated = 1; UPDATE clock SET seen = {hour_ago}"))
            .unwrap();
        let now: u32 = db.query_row("SELECT last_seq FROM sessions", [], |row| row.get(0)).unwrap();
        assert!(u64::from(now) >= last, "the end of the session is an event too");
        u64::from(now)
    };

    let mut host = Setup::fake(&place).alone().env("CODEX_BRIDGE_JOURNAL_KEEP", "1 day").start();
    let ask = json!({ "threadId": thread, "after": last });
    let mut answer = host.call("codex-events", ask.clone());
    while answer["isError"] != true {
        answer = host.call("codex-events", ask.clone());
    }
    assert!(answer["content"][0]["text"].as_str().unwrap().contains("there is no session"), "{answer}");
    let again = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "say again" }));
    assert_eq!(again["content"], "again");
    let page = host.structured("codex-events", ask);
    let events = page["events"].as_array().unwrap();
    assert_eq!(
        (&events[0]["seq"], &events[0]["type"]),
        (&json!(last + 1), &json!("session_started")),
        "{page}"
    );
    assert!(events.iter().any(|event| event["text"] == "again"), "{page}");
}

/// The machine stops: the last commits are not on the disk, and other processes have seen their numbers.
#[test]
fn after_a_power_cut_a_session_says_that_events_may_be_lost() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().start();
    let open = host.structured("codex", json!({ "prompt": "deltas 3\nask-command true" }));
    let thread = open["threadId"].clone();
    let seen = host.events(&thread).last().unwrap()["seq"].as_u64().unwrap();
    host.child.kill().unwrap();
    host.ended();
    let db = rusqlite::Connection::open(place.root.join("state").join("journal.db")).unwrap();
    db.execute_batch(
        "UPDATE reserved SET boot = 'another'; UPDATE sessions SET last_seq = last_seq - 1;
         DELETE FROM events WHERE seq > (SELECT last_seq FROM sessions)",
    )
    .unwrap();

    let mut host = Setup::fake(&place).alone().start();
    let next = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "say on" }));
    assert_eq!(next["content"], "on", "{next}");
    let events = host.events(&thread);
    let warned = events.iter().find(|event| event["type"] == "warning").unwrap();
    assert!(warned["seq"].as_u64().unwrap() > seen + 1, "{warned}");
    let known = format!("after event {} may be lost", seen - 1);
    assert!(warned["message"].as_str().unwrap().contains(&known), "{warned}");
    assert!(events.iter().all(|event| event["seq"] != seen), "no number is given twice");
}

/// Nothing has been said yet, so nothing is lost: the turn goes on where it was.
#[test]
fn a_journal_that_another_process_holds_delays_a_turn_and_does_not_end_it() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().start();
    let open = host.structured("codex", json!({ "prompt": "ask-command true\ndeltas 500\nsay end" }));
    let held = crate::common::hold(&place);
    let approve = json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": "approve" });
    let id = host.post("tools/call", json!({ "name": "codex-approve", "arguments": approve }));
    // The log says so after five seconds, which is longer than any one try.
    host.says("another process holds the journal");
    held.execute_batch("ROLLBACK").unwrap();
    let done = host.answer(id);
    let done = &done["result"]["structuredContent"];
    assert_eq!((&done["status"], &done["content"]), (&json!("completed"), &json!("end")), "{done}");
}
