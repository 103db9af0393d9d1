//! Sessions of MCP have a bound, and an end where nobody uses them.

use super::*;

async fn open(connections: &Connections) -> (Result<Arc<str>, ()>, Opening) {
    use rmcp::transport::streamable_http_server::SessionManager;
    let opening = Opening::default();
    let created = OPENING.scope(opening.clone(), connections.create_session()).await;
    (created.map(|(id, _)| id).map_err(drop), opening)
}

async fn is_there(connections: &Connections, id: &Arc<str>) -> bool {
    use rmcp::transport::streamable_http_server::SessionManager;
    connections.has_session(id).await.unwrap()
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn one_that_nobody_uses_ends_and_its_handler_hears_of_it() {
    let connections = Connections::new(NonZeroUsize::new(10).unwrap(), HOUR);
    let (first, opening) = open(&connections).await;
    let (second, other) = open(&connections).await;
    let (first, second) = (first.unwrap(), second.unwrap());
    tokio::time::advance(HOUR / 2).await;
    connections.sweep().await;
    assert!(is_there(&connections, &first).await);
    // It is used, by a stream that stays open.
    let stream = connections.used(&second).unwrap();
    tokio::time::advance(HOUR).await;
    connections.sweep().await;
    assert!(!is_there(&connections, &first).await && opening.gone.is_cancelled());
    assert!(is_there(&connections, &second).await && !other.gone.is_cancelled());
    drop(stream);
    connections.sweep().await;
    assert!(is_there(&connections, &second).await, "its call has just ended");
    tokio::time::advance(HOUR).await;
    connections.sweep().await;
    assert!(!is_there(&connections, &second).await && other.gone.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn the_one_that_nobody_has_used_for_longest_makes_room() {
    let connections = Connections::new(NonZeroUsize::new(2).unwrap(), HOUR);
    let first = open(&connections).await.0.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    let second = open(&connections).await.0.unwrap();
    let stream = connections.used(&first).unwrap();
    let third = open(&connections).await.0.unwrap();
    assert!(is_there(&connections, &first).await, "it is in use");
    assert!(!is_there(&connections, &second).await);
    let other = connections.used(&third).unwrap();
    let (full, opening) = open(&connections).await;
    assert!(full.is_err() && opening.is_refused(), "all are in use");
    drop((stream, other));
    assert!(open(&connections).await.0.is_ok());
}
