//! What is read back, from a codex that counts what it is asked, some of whose turns are too long.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex, split};
use tokio_util::task::TaskTracker;

use super::*;
use crate::rpc::Limits;

/// The longest line that is taken here.
const MAX: usize = 2000;

/// A turn: its number, the bytes of its prompt, and those of what else happened in it.
#[derive(Clone, Copy)]
struct Kept(u32, usize, usize);

impl Kept {
    fn as_codex_tells_it(self, view: &str) -> Value {
        let Self(number, prompt, more) = self;
        let content = [json!({ "type": "text", "text": "p".repeat(prompt) })];
        let said = json!({ "type": "userMessage", "id": "u", "content": content });
        let did = json!({ "type": "agentMessage", "id": "a", "text": "m".repeat(more) });
        let items = match view {
            "full" => json!([said, did]),
            "summary" => json!([said]),
            _ => json!([]),
        };
        json!({ "id": id(number), "status": "completed", "items": items })
    }
}

fn id(number: u32) -> String {
    format!("01a21ce9-18eb-7300-bd9a-{number:012}")
}

/// Reads back what is newer than `known`; also what codex was asked: how much of how many turns.
async fn read_back(turns: &[Kept], known: Option<u32>) -> (Result<Missed, AgentError>, Vec<(String, u64)>) {
    let (near, far) = duplex(1 << 20);
    let (reader, writer) = split(near);
    let tasks = TaskTracker::new();
    let (peer, _incoming) =
        Peer::start(reader, writer, Limits { max_line: MAX, ..Limits::default() }, &tasks);
    let (from, mut to) = split(far);
    let mut lines = BufReader::new(from).lines();
    let mut asked = Vec::new();
    let codex = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let line: Value = serde_json::from_str(&line).unwrap();
            let params = &line["params"];
            let (view, limit) = (params["itemsView"].as_str().unwrap(), params["limit"].as_u64().unwrap());
            asked.push((view.to_owned(), limit));
            let from: usize = params["cursor"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
            let to_come = turns.iter().rev().skip(from);
            let data: Vec<_> =
                to_come.take(limit as usize).map(|turn| turn.as_codex_tells_it(view)).collect();
            let next = from + data.len();
            let cursor = (next < turns.len()).then(|| next.to_string());
            let answer = json!({ "id": line["id"], "result": { "data": data, "nextCursor": cursor } });
            to.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        }
    };
    let known = known.map(|known| TurnId::from(id(known)));
    let thread = "thread".into();
    let missed = tokio::select! {
        missed = missed(&peer, &thread, known.as_ref()) => missed,
        () = codex => panic!("the connection ended"),
    };
    (missed, asked)
}

fn numbers(missed: &Missed) -> Vec<u32> {
    let number = |turn: &crate::session::PastTurn| turn.turn.as_str()[24..].parse().unwrap();
    missed.turns.iter().map(number).collect()
}

fn asks(asked: &[(String, u64)]) -> Vec<(&str, u64)> {
    asked.iter().map(|(view, limit)| (view.as_str(), *limit)).collect()
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_new_nothing_is_read() {
    // However large the turns are.
    let turns: Vec<_> = (1..=6).map(|number| Kept(number, MAX, MAX)).collect();
    let (missed, asked) = read_back(&turns, Some(6)).await;
    assert_eq!(numbers(&missed.unwrap()), Vec::<u32>::new());
    assert_eq!(asks(&asked), [("notLoaded", 1)]);
    let (missed, asked) = read_back(&[], Some(6)).await;
    assert_eq!((numbers(&missed.unwrap()), asked.len()), (vec![], 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_new_comes_in_pages_that_grow() {
    let turns: Vec<_> = (1..=40).map(|number| Kept(number, 5, 5)).collect();
    let (missed, asked) = read_back(&turns, Some(30)).await;
    assert_eq!(numbers(&missed.unwrap()), (31..=40).collect::<Vec<_>>());
    assert_eq!(asks(&asked), [("notLoaded", 1), ("full", 1), ("full", 2), ("full", 4), ("full", 8)]);
    let (missed, _) = read_back(&turns, None).await;
    assert_eq!(numbers(&missed.unwrap()), (1..=40).collect::<Vec<_>>());
    let many: Vec<_> = (1..=60).map(|number| Kept(number, 5, 5)).collect();
    let (missed, _) = read_back(&many, None).await;
    let missed = missed.unwrap();
    assert_eq!((numbers(&missed), missed.more), ((11..=60).collect(), true));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_too_long_is_asked_for_in_pieces_and_a_turn_in_short() {
    let turns =
        [Kept(1, 5, 5), Kept(2, 5, 1200), Kept(3, 5, 1200), Kept(4, MAX, 5), Kept(5, 5, MAX), Kept(6, 5, 5)];
    let (missed, asked) = read_back(&turns, None).await;
    let missed = missed.unwrap();
    assert_eq!(numbers(&missed), [1, 2, 3, 4, 5, 6]);
    let short = |turn: &crate::session::PastTurn| {
        let notes: Vec<_> = turn.bodies.iter().filter(|body| matches!(body, Body::Warning { .. })).collect();
        assert!(notes.len() < 2 && (notes.is_empty() || turn.bodies.last() == Some(notes[0])));
        (turn.bodies.len() - notes.len(), notes.len())
    };
    // Of the fourth not even the prompt is to be had, of the fifth the answer is not.
    let told: Vec<_> = missed.turns.iter().map(short).collect();
    assert_eq!(told, [(2, 0), (2, 0), (2, 0), (0, 1), (1, 1), (2, 0)]);
    assert_eq!(
        asks(&asked),
        [
            ("full", 1),
            ("full", 2),
            ("full", 1),
            ("summary", 1),
            ("full", 2),
            ("full", 1),
            ("summary", 1),
            ("notLoaded", 1),
            ("full", 2),
            ("full", 1),
            ("full", 2),
        ]
    );
}

#[test]
fn what_came_after_is_newer() {
    let (old, new) = ("01a21ce9-18eb-7300-bd9a-c3ff00eeb5b0", "01a21cea-128d-7191-b263-ad9145354f85");
    let cases = [
        (new, old, true),
        (old, new, false),
        (old, old, false),
        ("t2", "t1", true),
        ("t1", "t1", false),
        ("t1", old, true),
    ];
    for (turn, known, newer) in cases {
        assert_eq!(is_newer(&turn.into(), &known.into()), newer, "{turn} after {known}");
    }
}
