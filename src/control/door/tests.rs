//! Both ends in one process: who comes in, who does not, what is left.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_blocking;

use super::*;
use crate::control::Places;

const SOON: Duration = Duration::from_secs(20);

fn places(folder: &Path) -> Places {
    Places { journal: folder.join("journal.db"), runtime: None, temp: folder.join("temp") }
}

fn visit() -> Hello {
    let env = vec![(Text::Plain("A".into()), Text::Bytes(vec![0xff, 0xfe]))];
    Hello::Serve(Box::new(Visit {
        protocol: PROTOCOL,
        pid: 1,
        cwd: "/".into(),
        flags: json!({ "model": "m" }),
        env,
        drop_in: false,
    }))
}

fn status() -> Hello {
    Hello::Status { journal: "/j".into() }
}

async fn knocked(place: &Place, hello: Hello) -> Result<Knock, KnockError> {
    let place = place.clone();
    spawn_blocking(move || knock(&place, &hello, SOON)).await.unwrap()
}

#[tokio::test]
async fn a_visitor_says_hello_and_speaks_on() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::of(&places(dir.path()), "abc").unwrap();
    let mut door = Door::open(place.clone(), &dir.path().join("journal.db")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(place.socket()), mode(place.socket().parent().unwrap())), (0o600, 0o700));
    assert_eq!(Place::all(&places(dir.path())), std::slice::from_ref(&place));
    let greet = async {
        let mut visitor = door.next().await;
        assert_eq!(visitor.hello, visit());
        assert!(visitor.answer(&Welcome::Serving).await);
        visitor
    };
    let (mut visitor, guest) = tokio::join!(greet, knocked(&place, visit()));
    let Knock { welcome, mut stream } = guest.unwrap();
    assert_eq!(welcome, Welcome::Serving);
    stream.write_all(b"in").unwrap();
    let mut heard = [0; 2];
    visitor.read.read_exact(&mut heard).await.unwrap();
    visitor.write.write_all(b"out").await.unwrap();
    drop(visitor);
    let mut rest = String::new();
    spawn_blocking(move || stream.read_to_string(&mut rest).map(|_| rest))
        .await
        .unwrap()
        .map(|rest| assert_eq!(rest, "out"))
        .unwrap();
    assert_eq!(&heard, b"in");
    // No proof is left behind.
    assert_eq!(std::fs::read_dir(dir.path().join("proofs")).unwrap().count(), 0);
    drop(door);
    assert!(!place.socket().exists());
    assert!(matches!(knocked(&place, status()).await, Err(KnockError::Nobody(_))));
}

#[tokio::test]
async fn one_bridge_has_the_door_and_the_next_takes_what_a_killed_one_left() {
    let dir = tempfile::tempdir().unwrap();
    let (place, journal) = (Place::of(&places(dir.path()), "abc").unwrap(), dir.path().join("journal.db"));
    let first = Door::open(place.clone(), &journal).unwrap();
    assert!(matches!(Door::open(place.clone(), &journal), Err(DoorError::Taken(_))));
    drop(first);
    // A socket that nobody listens on.
    drop(UnixListener::bind(place.socket()).unwrap());
    assert!(matches!(knocked(&place, status()).await, Err(KnockError::Nobody(_))));
    Door::open(place, &journal).unwrap();
}

#[tokio::test]
async fn who_makes_no_proof_or_no_sense_does_not_come_in() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::of(&places(dir.path()), "abc").unwrap();
    let mut door = Door::open(place.clone(), &dir.path().join("journal.db")).unwrap();
    let socket = place.socket().to_owned();
    let guests = spawn_blocking(move || {
        let hello = format!("{}\n", serde_json::to_string(&visit()).unwrap());
        // Without the proof, with nonsense, with too much, with half a line.
        let long = format!("{{\"type\":\"{}\"}}\n", "x".repeat(1 << 20));
        ["garbage\n", &hello, &long, "{\"type\":"].map(|words| {
            let mut stream = UnixStream::connect(&socket).unwrap();
            let _ = stream.write_all(words.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            answer
        })
    });
    let answers = tokio::select! {
        answers = guests => answers.unwrap(),
        visitor = door.next() => panic!("{visitor:?}"),
    };
    assert!(answers[0].contains("cannot be used"), "{answers:?}");
    assert!(answers[1].contains("beside the journal"), "{answers:?}");
    assert!(answers.iter().all(|answer| !answer.contains("serving")), "{answers:?}");
}

#[tokio::test]
async fn a_bridge_that_says_nothing_costs_no_more_than_the_patience() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::of(&places(dir.path()), "abc").unwrap();
    let _silent = UnixListener::bind(place.socket()).unwrap();
    let found = spawn_blocking({
        let place = place.clone();
        move || knock(&place, &status(), Duration::from_millis(20))
    });
    assert!(matches!(found.await.unwrap(), Err(KnockError::Silent { .. })));
    // What others could have put there is not spoken to.
    let folder = place.socket().parent().unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(knocked(&place, status()).await, Err(KnockError::Stranger(_))));
}
