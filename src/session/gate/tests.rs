//! The order, the bounds, and that a pass is given on however it ends.

use super::*;

fn open(running: usize, queue: usize) -> (Gate, TaskTracker, CancellationToken) {
    let (tasks, over) = (TaskTracker::new(), CancellationToken::new());
    (Gate::open(Room { running, queue }, over.clone(), &tasks), tasks, over)
}

async fn pass(waiting: &mut Waiting) -> Pass {
    match waiting.moved().await {
        Moved::In(pass) => pass,
        other => panic!("{other:?}"),
    }
}

async fn place(waiting: &mut Waiting) -> usize {
    match waiting.moved().await {
        Moved::Place(place) => place,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn they_come_in_as_they_came() {
    let (gate, _tasks, _over) = open(1, 3);
    let first = pass(&mut gate.join().await).await;
    let (mut second, mut third, mut fourth) = (gate.join().await, gate.join().await, gate.join().await);
    assert_eq!((place(&mut second).await, place(&mut third).await, place(&mut fourth).await), (0, 1, 2));
    let full = gate.join().await.moved().await;
    assert!(matches!(full, Moved::Refused(Full { running: 1, queue: 3 })), "{full:?}");
    // One in the middle gives up: those behind it move on with the next change.
    drop(third);
    drop(first);
    let second = pass(&mut second).await;
    assert_eq!(place(&mut fourth).await, 0);
    drop(second);
    pass(&mut fourth).await;
}

#[tokio::test]
async fn who_gives_up_takes_no_place_away() {
    let (gate, _tasks, _over) = open(1, 1);
    let first = pass(&mut gate.join().await).await;
    for _ in 0..100 {
        let mut gone = gate.join().await;
        assert_eq!(place(&mut gone).await, 0, "there is room again");
    }
    let mut last = gate.join().await;
    assert_eq!(place(&mut last).await, 0);
    drop(first);
    drop(pass(&mut last).await);
    pass(&mut gate.join().await).await;
}

#[tokio::test]
async fn with_no_line_a_turn_runs_or_is_refused() {
    let (gate, _tasks, _over) = open(2, 0);
    let (one, _two) = (pass(&mut gate.join().await).await, pass(&mut gate.join().await).await);
    assert!(matches!(gate.join().await.moved().await, Moved::Refused(Full { running: 2, queue: 0 })));
    drop(one);
    pass(&mut gate.join().await).await;
}

#[tokio::test]
async fn a_thousand_pass_and_never_more_than_may() {
    let (gate, tasks, _over) = open(7, 1000);
    let (now, most) = (Arc::new(Semaphore::new(7)), tokio::task::JoinSet::<()>::new());
    let mut all = most;
    for _ in 0..1000 {
        let (gate, now) = (gate.clone(), now.clone());
        all.spawn(async move {
            let mut waiting = gate.join().await;
            let pass = loop {
                if let Moved::In(pass) = waiting.moved().await {
                    break pass;
                }
            };
            let here = now.try_acquire().expect("never more than seven at once");
            tokio::task::yield_now().await;
            drop(here);
            drop(pass);
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    drop(gate);
    tasks.close();
    tasks.wait().await;
}

#[tokio::test]
async fn a_closed_line_says_so() {
    let (gate, tasks, over) = open(1, 1);
    let first = pass(&mut gate.join().await).await;
    let mut second = gate.join().await;
    assert_eq!(place(&mut second).await, 0);
    over.cancel();
    tasks.close();
    tasks.wait().await;
    assert!(matches!(second.moved().await, Moved::Closed));
    assert!(matches!(gate.join().await.moved().await, Moved::Closed));
    drop(first);
}
