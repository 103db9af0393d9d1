//! Who is signed in, and signing out.

use std::time::Duration;

use super::error::AccountError;
use super::login::say;
use crate::app::bridge::launch;
use crate::app::doctor::{Check, Status, judge_account};
use crate::codex::Launch;
use crate::codex::account::{ACCESS_TOKEN, Visit};
use crate::codex::inspect::Account;
use crate::config::Loaded;

/// codex may ask its account server before it answers.
const WHO: Duration = Duration::from_secs(30);

/// Prints who is signed in, as `doctor` judges it.
///
/// # Errors
/// When nobody is signed in and somebody must be, or codex does not say.
pub async fn login_status(loaded: &Loaded) -> Result<(), AccountError> {
    let visit = Visit::open(&launch_of(loaded)).await?;
    let account = account(&visit, loaded).await;
    visit.end().await;
    say(&format!("{}\n", judged(account?, loaded)?))
}

/// Has codex forget who is signed in.
///
/// # Errors
/// When codex is missing or does not do it.
pub async fn logout(loaded: &Loaded) -> Result<(), AccountError> {
    let visit = Visit::open(&launch_of(loaded)).await?;
    let done = visit.logout().await;
    visit.end().await;
    done?;
    let mut words =
        "Signed out. Bridges that run go on as they are until their hosts start them anew.\n".to_owned();
    if loaded.env.get(ACCESS_TOKEN).is_some() {
        words += &format!("${ACCESS_TOKEN} is set here: where it is, codex still uses that.\n");
    }
    say(&words)
}

/// A codex of no session: the keys that are for sessions otherwise are given to itself.
pub(super) fn launch_of(loaded: &Loaded) -> Launch {
    let mut launch = launch(loaded);
    launch.args.extend(loaded.overrides.iter().map(Into::into));
    launch
}

/// Who is signed in, as codex has it.
pub(super) async fn account(visit: &Visit, loaded: &Loaded) -> Result<Account, AccountError> {
    visit.who(&loaded.defaults.cwd, WHO).await.map_err(AccountError::NotKnown)
}

/// The same as `doctor` judges it, in words.
pub(super) fn judged(account: Account, loaded: &Loaded) -> Result<String, AccountError> {
    let Check { status, found, remedy, .. } = judge_account(&Ok(account), loaded);
    match status {
        Status::Fail => Err(AccountError::SignedOut { found, remedy: remedy.unwrap_or_default() }),
        _ => Ok(found),
    }
}
