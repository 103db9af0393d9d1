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

/// As `pass`, whatever it hears of its place before.
async fn admitted(waiting: &mut Waiting) -> Pass {
    loop {
        match waiting.moved().await {
            Moved::In(pass) => return pass,
            Moved::Place(_) => {}
            other => panic!("{other:?}"),
        }
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
    let first = pass(&mut gate.join(Standing::New).await).await;
    let (mut second, mut third, mut fourth) =
        (gate.join(Standing::New).await, gate.join(Standing::New).await, gate.join(Standing::New).await);
    assert_eq!((place(&mut second).await, place(&mut third).await, place(&mut fourth).await), (0, 1, 2));
    let full = gate.join(Standing::New).await.moved().await;
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
    let first = pass(&mut gate.join(Standing::New).await).await;
    for _ in 0..100 {
        let mut gone = gate.join(Standing::New).await;
        assert_eq!(place(&mut gone).await, 0, "there is room again");
    }
    let mut last = gate.join(Standing::New).await;
    assert_eq!(place(&mut last).await, 0);
    drop(first);
    drop(pass(&mut last).await);
    pass(&mut gate.join(Standing::New).await).await;
}

#[tokio::test]
async fn with_no_line_a_turn_runs_or_is_refused() {
    let (gate, _tasks, _over) = open(2, 0);
    let (one, _two) =
        (pass(&mut gate.join(Standing::New).await).await, pass(&mut gate.join(Standing::New).await).await);
    assert!(matches!(
        gate.join(Standing::New).await.moved().await,
        Moved::Refused(Full { running: 2, queue: 0 })
    ));
    drop(one);
    pass(&mut gate.join(Standing::New).await).await;
}

#[tokio::test]
async fn a_thousand_pass_and_never_more_than_may() {
    let (gate, tasks, _over) = open(7, 1000);
    let (now, most) = (Arc::new(Semaphore::new(7)), tokio::task::JoinSet::<()>::new());
    let mut all = most;
    for _ in 0..1000 {
        let (gate, now) = (gate.clone(), now.clone());
        all.spawn(async move {
            let mut waiting = gate.join(Standing::New).await;
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
    let first = pass(&mut gate.join(Standing::New).await).await;
    let mut second = gate.join(Standing::New).await;
    assert_eq!(place(&mut second).await, 0);
    over.cancel();
    tasks.close();
    tasks.wait().await;
    assert!(matches!(second.moved().await, Moved::Closed));
    assert!(matches!(gate.join(Standing::New).await.moved().await, Moved::Closed));
    drop(first);
}

#[tokio::test]
async fn a_prompt_that_waits_in_its_session_has_a_place_in_line() {
    let (gate, _tasks, _over) = open(1, 2);
    let first = pass(&mut gate.join(Standing::New).await).await;
    let mine = gate.place().await.unwrap().unwrap();
    let mut second = gate.join(Standing::New).await;
    assert_eq!(place(&mut second).await, 0);
    assert_eq!(gate.place().await.unwrap_err(), Full { running: 1, queue: 2 });
    assert!(matches!(gate.join(Standing::New).await.moved().await, Moved::Refused(_)));
    // Its turn comes up: it is not refused for want of the place that it has.
    let mut third = gate.join(Standing::Placed(mine)).await;
    assert_eq!(place(&mut third).await, 1);
    // What follows a turn of its own call waits in any case, and takes no place.
    let mut beyond = gate.join(Standing::Beyond).await;
    assert_eq!(place(&mut beyond).await, 2);
    drop(second);
    let again = gate.place().await.unwrap();
    drop(first);
    let third = admitted(&mut third).await;
    drop(third);
    admitted(&mut beyond).await;
    drop(again);
    assert!(gate.place().await.is_ok());
}
