//! A task ends once, whoever sees its end first.

use futures::FutureExt;
use tokio::sync::Semaphore;

use super::*;
use crate::journal::MemoryJournal;

const KEEP: std::time::Duration = std::time::Duration::from_hours(1);

/// Work whose look ends when the test lets it.
struct Slow {
    looking: Semaphore,
    go: Semaphore,
}

impl Work for Arc<Slow> {
    fn look<'a>(&'a self, _: &'a TaskRecord, _: Option<Forms>) -> BoxFuture<'a, Standing> {
        async {
            self.looking.add_permits(1);
            self.go.acquire().await.unwrap().forget();
            Standing::Completed(JsonObject::new())
        }
        .boxed()
    }

    fn answer<'a>(&'a self, _: &'a TaskRecord, _: InputResponses) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }

    fn cancel<'a>(&'a self, _: &'a TaskRecord) -> BoxFuture<'a, bool> {
        std::future::ready(true).boxed()
    }
}

async fn made() -> (Arc<Slow>, Arc<Tasks<Arc<Slow>>>, String) {
    let slow = Arc::new(Slow { looking: Semaphore::new(0), go: Semaphore::new(0) });
    let tasks = Arc::new(Tasks::new(Arc::new(MemoryJournal::default()), slow.clone(), KEEP));
    let id = tasks.create(ThreadId::from("a"), "u".into(), "starting".into()).await.unwrap().task.task_id;
    (slow, tasks, id)
}

fn payload(shown: &GetTaskResult) -> &TaskPayload {
    &shown.task.payload
}

#[tokio::test]
async fn a_cancel_during_a_look_stays() {
    let (slow, tasks, id) = made().await;
    let look = async { tasks.get(&id, None).await.unwrap() };
    let cancel = async {
        slow.looking.acquire().await.unwrap().forget();
        tasks.cancel(&id).await.unwrap();
        slow.go.add_permits(1);
    };
    let (seen, ()) = tokio::join!(look, cancel);
    assert_eq!(payload(&seen), &TaskPayload::Cancelled, "what is shown is what is kept");
    assert_eq!(payload(&tasks.get(&id, None).await.unwrap()), &TaskPayload::Cancelled);
}

#[tokio::test]
async fn a_result_stays_whatever_comes_later() {
    let (slow, tasks, id) = made().await;
    slow.go.add_permits(1);
    let first = tasks.get(&id, None).await.unwrap();
    tasks.cancel(&id).await.unwrap();
    tasks.update(&id, InputResponses::new()).await.unwrap();
    assert_eq!(tasks.get(&id, None).await.unwrap(), first);
    assert_eq!(payload(&first), &TaskPayload::Completed { result: JsonObject::new() });
}
