//! Both ends in one process: who is served, what is refused, what is left.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::folder::candidates;
use super::*;
use crate::event::{Answers, Decision};
use crate::ids::{ApprovalId, BridgeId, ThreadId};

const SOON: Duration = Duration::from_secs(20);

fn places(folder: &Path) -> Places {
    Places { journal: folder.join("journal.db"), runtime: None, temp: folder.join("temp") }
}

fn cancel() -> Request {
    Request::Cancel { thread: ThreadId::from("a"), turn: None, by: By::Person, way: "terminal".into() }
}

struct Served {
    _dir: tempfile::TempDir,
    path: PathBuf,
    requests: mpsc::Receiver<Incoming>,
    over: CancellationToken,
    serving: JoinSet<()>,
}

fn serve() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let socket = Socket::bind(&places(dir.path()), &BridgeId::fresh()).unwrap().unwrap();
    let path = socket.path().to_owned();
    let (to, requests) = mpsc::channel(1);
    let over = CancellationToken::new();
    let mut serving = JoinSet::new();
    serving.spawn(socket.serve(to, over.clone()));
    Served { _dir: dir, path, requests, over, serving }
}

#[tokio::test]
async fn a_request_gets_its_answer_and_nothing_is_left() {
    let mut served = serve();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&served.path), mode(served.path.parent().unwrap())), (0o600, 0o700));
    let request = Request::Decide {
        approval_id: ApprovalId::from("apr_1"),
        decision: Decision::Answer,
        by: By::Person,
        way: "terminal".into(),
        reason: Some("why".into()),
        answers: Some(Answers(json!({ "q": "hidden\n" }))),
    };
    let (answer, ()) = tokio::join!(send(&served.path, &request, SOON), async {
        let incoming = served.requests.recv().await.unwrap();
        assert_eq!(incoming.request, request);
        assert!(!format!("{incoming:?}").contains("hidden"), "{incoming:?}");
        incoming.reply.send(Answer::Cancelled { turn: None }).unwrap();
    });
    assert_eq!(answer, Ok(Answer::Cancelled { turn: None }));
    // Asked before the end, answered after it.
    let (answer, ()) = tokio::join!(send(&served.path, &request, SOON), async {
        let incoming = served.requests.recv().await.unwrap();
        served.over.cancel();
        incoming.reply.send(Answer::refused("x", "y")).unwrap();
    });
    assert_eq!(answer, Ok(Answer::refused("x", "y")));
    served.serving.join_all().await;
    assert!(!served.path.exists());
    let error = send(&served.path, &request, SOON).await.unwrap_err();
    assert!(matches!(error, ControlError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_its_reason() {
    let served = serve();
    let long = format!("\"{}\"\n", "x".repeat(200 * 1024));
    let by = "{\"type\":\"cancel\",\"thread\":\"a\",\"by\":\"rule\",\"way\":\"x\"}\n";
    for (words, why) in [("{}\n", "type"), ("never\n", "not understood"), (by, "rule"), (&long, "longer")] {
        let mut stream = UnixStream::connect(&served.path).await.unwrap();
        // The end that is too long is not read any more.
        let _ = stream.write_all(words.as_bytes()).await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        if words.len() < 1000 {
            assert!(answer.contains("bad_request") && answer.contains(why), "{answer}");
        }
    }
    let mut huge = cancel();
    if let Request::Cancel { way, .. } = &mut huge {
        *way = "x".repeat(200 * 1024);
    }
    let error = send(&served.path, &huge, SOON).await.unwrap_err();
    assert!(matches!(error, ControlError::TooLong { .. }), "{error}");
    served.over.cancel();
    served.serving.join_all().await;
}

/// A command in codex's sandbox runs as the same user, and may reach the socket; it cannot write beside the
/// journal.
#[tokio::test]
async fn a_peer_that_cannot_write_beside_the_journal_is_refused() {
    let served = serve();
    let mut stream = UnixStream::connect(&served.path).await.unwrap();
    let mut words = serde_json::to_vec(&cancel()).unwrap();
    words.push(b'\n');
    stream.write_all(&words).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(".proof") && answer.contains("not_allowed"), "{answer}");
    served.over.cancel();
    served.serving.join_all().await;
}

/// Whoever listens in the place of a bridge cannot have files made anywhere.
#[test]
fn a_proof_is_made_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let name = format!("{}.proof", "0".repeat(32));
    for path in [dir.path().join(&name), dir.path().join("proofs/x.proof"), dir.path().join("proofs/a/b")] {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let challenge: super::proof::Challenge = serde_json::from_value(json!({ "proof": path })).unwrap();
        assert!(challenge.meet().is_err(), "{}", path.display());
        assert!(!path.exists());
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_holds_nobody_up_for_long() {
    let mut served = serve();
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(UnixStream::connect(&served.path).await.unwrap());
    }
    let request = cancel();
    let (answer, ()) = tokio::join!(send(&served.path, &request, SOON), async {
        let incoming = served.requests.recv().await.unwrap();
        drop(incoming.reply);
    });
    assert!(matches!(&answer, Ok(Answer::Refused { code, .. }) if code == "closed"), "{answer:?}");
    served.over.cancel();
    served.serving.join_all().await;
}

#[tokio::test]
async fn a_bridge_that_is_silent_is_given_up() {
    let served = serve();
    let late = Duration::from_millis(50);
    assert_eq!(send(&served.path, &cancel(), late).await, Err(ControlError::Late(late)));
    drop(served.requests);
    served.over.cancel();
    served.serving.join_all().await;
}

#[tokio::test]
async fn a_folder_that_is_not_ours_alone_is_made_so_or_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let places = Places { runtime: Some(dir.path().join("run")), ..places(dir.path()) };
    let control = dir.path().join("control");
    std::fs::create_dir(&control).unwrap();
    std::fs::set_permissions(&control, std::fs::Permissions::from_mode(0o777)).unwrap();
    let first = Socket::bind(&places, &BridgeId::fresh()).unwrap().unwrap();
    assert_eq!(std::fs::metadata(&control).unwrap().permissions().mode() & 0o777, 0o700);
    drop(first);
    std::fs::remove_dir(&control).unwrap();
    std::os::unix::fs::symlink(dir.path(), &control).unwrap();
    let second = Socket::bind(&places, &BridgeId::fresh()).unwrap().unwrap();
    assert!(second.path().starts_with(dir.path().join("run")), "{second:?}");
}

#[test]
fn a_path_that_is_too_long_is_not_used() {
    let deep = Path::new("/tmp").join("x".repeat(90));
    let at = Places { journal: deep.join("journal.db"), runtime: None, temp: "/tmp".into() };
    let bridge = BridgeId::from("0199a0b1-c2d3-7e4f-8a5b-123456789abc");
    assert_eq!(candidates(&at, &bridge, 7), [Path::new("/tmp/codex-bridge-7/8a5b123456789abc.sock")]);
    let at = Places { temp: deep, ..at };
    assert!(candidates(&at, &bridge, 7).is_empty());
    let error = Socket::bind(&at, &bridge).unwrap_err();
    assert!(matches!(error, ListenError::NoPlace { .. }), "{error}");
}
