//! What a bridge does beside its calls: it ends the turns of bridges that were killed, and gives up what
//! is not to be kept.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::JournalSettings;
use crate::event::Timestamp;
use crate::journal::Journal;
use crate::session::Sessions;

/// How often killed bridges are looked for: who follows their sessions hears of it as soon. One look is
/// one query of an index that is empty where no turn is open.
const RECOVER: Duration = Duration::from_secs(2);

/// How often old sessions are looked for.
const RETAIN: Duration = Duration::from_hours(1);

/// Between two pieces of what is given up: others write too.
const PAUSE: Duration = Duration::from_millis(10);

/// Starts both on `tasks`, until `over`.
pub(super) fn start(
    settings: &JournalSettings,
    sessions: &Sessions,
    over: &CancellationToken,
    tasks: &TaskTracker,
) {
    let (recovering, ended) = (sessions.clone(), over.clone());
    tasks.spawn(async move { ended.run_until_cancelled(recover(&recovering)).await });
    let (journal, ended) = (sessions.journal().clone(), over.clone());
    let (keep, bytes) = (settings.keep, settings.size << 20);
    tasks.spawn(async move { ended.run_until_cancelled(retain(journal.as_ref(), keep, bytes)).await });
}

/// Looks for turns that nobody runs any more: at the start, and every two seconds.
async fn recover(sessions: &Sessions) {
    let mut told = false;
    loop {
        let found = sessions.recover().await;
        match &found {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "ended the turns of bridges that were killed"),
            Err(error) if !told => {
                tracing::warn!(%error, "could not look for turns of bridges that were killed");
            }
            Err(_) => {}
        }
        told = found.is_err();
        tokio::time::sleep(RECOVER).await;
    }
}

/// Looks for sessions that are not to be kept: at the start, and each hour.
async fn retain(journal: &dyn Journal, keep: Duration, bytes: u64) {
    let mut gone = 0;
    loop {
        match journal.retain(Timestamp::now(), keep, bytes).await {
            Ok(given_up) if given_up.more => {
                gone += given_up.sessions;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Ok(_) if gone > 0 => {
                tracing::info!(gone, "sessions were given up, as journal.keep and journal.size say");
                gone = 0;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "old sessions could not be given up"),
        }
        tokio::time::sleep(RETAIN).await;
    }
}
