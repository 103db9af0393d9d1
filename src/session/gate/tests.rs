//! The order, the bounds, and that a pass is given on however it ends.

use super::super::shares::Share;
use super::*;
use crate::ids::Principal;

fn open(running: usize, queue: usize) -> (Gate, TaskTracker, CancellationToken) {
    let (tasks, over) = (TaskTracker::new(), CancellationToken::new());
    (Gate::open(Room { running, queue, shares: Shares::default() }, over.clone(), &tasks), tasks, over)
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
    let first = pass(&mut gate.join(None, Standing::New).await).await;
    let (mut second, mut third, mut fourth) = (
        gate.join(None, Standing::New).await,
        gate.join(None, Standing::New).await,
        gate.join(None, Standing::New).await,
    );
    assert_eq!((place(&mut second).await, place(&mut third).await, place(&mut fourth).await), (0, 1, 2));
    let full = gate.join(None, Standing::New).await.moved().await;
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
    let first = pass(&mut gate.join(None, Standing::New).await).await;
    for _ in 0..100 {
        let mut gone = gate.join(None, Standing::New).await;
        assert_eq!(place(&mut gone).await, 0, "there is room again");
    }
    let mut last = gate.join(None, Standing::New).await;
    assert_eq!(place(&mut last).await, 0);
    drop(first);
    drop(pass(&mut last).await);
    pass(&mut gate.join(None, Standing::New).await).await;
}

#[tokio::test]
async fn with_no_line_a_turn_runs_or_is_refused() {
    let (gate, _tasks, _over) = open(2, 0);
    let (one, _two) = (
        pass(&mut gate.join(None, Standing::New).await).await,
        pass(&mut gate.join(None, Standing::New).await).await,
    );
    assert!(matches!(
        gate.join(None, Standing::New).await.moved().await,
        Moved::Refused(Full { running: 2, queue: 0 })
    ));
    drop(one);
    pass(&mut gate.join(None, Standing::New).await).await;
}

#[tokio::test]
async fn a_thousand_pass_and_never_more_than_may() {
    let (gate, tasks, _over) = open(7, 1000);
    let (now, most) = (Arc::new(Semaphore::new(7)), tokio::task::JoinSet::<()>::new());
    let mut all = most;
    for _ in 0..1000 {
        let (gate, now) = (gate.clone(), now.clone());
        all.spawn(async move {
            let mut waiting = gate.join(None, Standing::New).await;
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
    let first = pass(&mut gate.join(None, Standing::New).await).await;
    let mut second = gate.join(None, Standing::New).await;
    assert_eq!(place(&mut second).await, 0);
    over.cancel();
    tasks.close();
    tasks.wait().await;
    assert!(matches!(second.moved().await, Moved::Closed));
    assert!(matches!(gate.join(None, Standing::New).await.moved().await, Moved::Closed));
    drop(first);
}

#[tokio::test]
async fn a_prompt_that_waits_in_its_session_has_a_place_in_line() {
    let (gate, _tasks, _over) = open(1, 2);
    let first = pass(&mut gate.join(None, Standing::New).await).await;
    let mine = gate.place(None).await.unwrap().unwrap();
    let mut second = gate.join(None, Standing::New).await;
    assert_eq!(place(&mut second).await, 0);
    assert_eq!(gate.place(None).await.unwrap_err(), Full { running: 1, queue: 2 });
    assert!(matches!(gate.join(None, Standing::New).await.moved().await, Moved::Refused(_)));
    // Its turn comes up: it is not refused for want of the place that it has.
    let mut third = gate.join(None, Standing::Placed(mine)).await;
    assert_eq!(place(&mut third).await, 1);
    // What follows a turn of its own call waits in any case, and takes no place.
    let mut beyond = gate.join(None, Standing::Beyond).await;
    assert_eq!(place(&mut beyond).await, 2);
    drop(second);
    let again = gate.place(None).await.unwrap();
    drop(first);
    let third = admitted(&mut third).await;
    drop(third);
    admitted(&mut beyond).await;
    drop(again);
    assert!(gate.place(None).await.is_ok());
}

/// A line with room for `running`, in which nobody may have more than `most`.
fn shared(running: usize, most: Option<usize>) -> (Gate, TaskTracker, CancellationToken) {
    let (tasks, over) = (TaskTracker::new(), CancellationToken::new());
    let shares = Shares(Arc::new(move |_| Share { most, ..Share::default() }));
    (Gate::open(Room { running, queue: 2, shares }, over.clone(), &tasks), tasks, over)
}

#[tokio::test]
async fn one_who_comes_late_does_not_wait_for_all_of_another() {
    let (gate, _tasks, _over) = shared(1, None);
    let (a, b) = (Some(Principal::from("a")), Some(Principal::from("b")));
    let first = pass(&mut gate.join(a.clone(), Standing::New).await).await;
    let (mut second, mut third) =
        (gate.join(a.clone(), Standing::New).await, gate.join(a.clone(), Standing::New).await);
    assert_eq!((place(&mut second).await, place(&mut third).await), (0, 1));
    // The line of one who shares is his own: full for him, and not for the other.
    assert!(matches!(gate.join(a, Standing::New).await.moved().await, Moved::Refused(_)));
    let mut other = gate.join(b, Standing::New).await;
    assert_eq!(place(&mut other).await, 0);
    assert_eq!((place(&mut second).await, place(&mut third).await), (1, 2));
    assert_eq!(gate.load(), Load { running: 1, waiting: 3 });
    drop(first);
    drop(admitted(&mut other).await);
    drop(admitted(&mut second).await);
    admitted(&mut third).await;
}

#[tokio::test]
async fn one_who_has_all_that_he_may_waits_though_there_is_room() {
    let (gate, _tasks, _over) = shared(8, Some(1));
    let a = Some(Principal::from("a"));
    let first = pass(&mut gate.join(a.clone(), Standing::New).await).await;
    let mut second = gate.join(a.clone(), Standing::New).await;
    assert_eq!(place(&mut second).await, 0);
    pass(&mut gate.join(None, Standing::New).await).await;
    let _third = gate.join(a.clone(), Standing::New).await;
    let refused = gate.join(a, Standing::New).await.moved().await;
    assert!(matches!(refused, Moved::Refused(Full { running: 1, queue: 2 })), "{refused:?}");
    drop(first);
    admitted(&mut second).await;
}
