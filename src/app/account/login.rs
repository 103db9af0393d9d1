//! Signing in: codex does it, and the person is told what it wants of them.

use std::io::{self, IsTerminal};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::AccountError;
use super::secret::{self, Wanted};
use super::status::{account, judged, launch_of};
use crate::app::shutdown_on_signal;
use crate::codex::account::{ACCESS_TOKEN, Begun, Secret, Visit, Way, hand_over};
use crate::codex::locate::locate;
use crate::config::Loaded;
use crate::terminal::Screen;

/// How long codex may take to have an access token looked at.
const TOKEN: std::time::Duration = std::time::Duration::from_secs(60);

/// How long codex may take to give a sign-in up.
const CANCEL: std::time::Duration = std::time::Duration::from_secs(5);

/// How to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// With ChatGPT, by a browser on this machine.
    Browser,
    /// With ChatGPT, by a code that is typed in on any machine.
    Device,
    /// With an API key from standard input.
    Key,
    /// With an access token from standard input.
    Token,
}

/// Signs somebody in at codex, and prints who it is.
///
/// # Errors
/// When it comes to nothing, is stopped, or codex is missing.
pub async fn login(loaded: &Loaded, how: SignIn) -> Result<(), AccountError> {
    // Read before codex is started: nothing is begun that cannot be ended.
    let begin = match how {
        SignIn::Browser => Begin::At(Way::Browser),
        SignIn::Device => Begin::At(Way::Device),
        SignIn::Key => Begin::At(Way::Key(secret::read(Wanted {
            what: "API key",
            variable: "OPENAI_API_KEY",
            flag: "--with-api-key",
        })?)),
        SignIn::Token => Begin::Token(secret::read(Wanted {
            what: "access token",
            variable: ACCESS_TOKEN,
            flag: "--with-access-token",
        })?),
    };
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    shutdown_on_signal(stop.clone(), &tasks).map_err(AccountError::Signals)?;
    let done = match begin {
        Begin::At(way) => at_codex(loaded, way, &stop).await,
        Begin::Token(token) => with_token(loaded, token, &stop).await,
    };
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    done
}

/// What is begun, with all that it needs.
enum Begin {
    /// By a method of app-server.
    At(Way),
    /// By a command of codex.
    Token(Secret),
}

async fn at_codex(loaded: &Loaded, way: Way, stop: &CancellationToken) -> Result<(), AccountError> {
    let mut visit = Visit::open(&launch_of(loaded)).await?;
    let done = tokio::select! {
        biased;
        () = stop.cancelled() => Err(AccountError::Interrupted),
        begun = visit.start(way) => match begun {
            Ok(begun) => follow(&mut visit, &begun, stop).await,
            Err(error) => Err(error.into()),
        },
    };
    let done = match done {
        Ok(()) => who(&visit, loaded).await,
        Err(error) => Err(error),
    };
    visit.end().await;
    done
}

/// Tells the person what to do, and waits until they have, or want no more.
async fn follow(visit: &mut Visit, begun: &Begun, stop: &CancellationToken) -> Result<(), AccountError> {
    if let Some(address) = &begun.address {
        say(&words(address, begun.code.as_deref(), opened(address, begun.code.is_none())))?;
    }
    let stopped = tokio::select! {
        biased;
        ended = visit.completed(begun.id.as_deref()) => return Ok(ended?),
        () = stop.cancelled() => begun.id.as_deref(),
    };
    if let Some(id) = stopped {
        // One that does not answer is ended all the same.
        let _ = tokio::time::timeout(CANCEL, visit.cancel(id)).await;
    }
    Err(AccountError::Interrupted)
}

/// Whether a browser was asked to open it: only where a person sees what it is for.
fn opened(address: &str, wanted: bool) -> bool {
    wanted && io::stdout().is_terminal() && open::that_detached(address).is_ok()
}

fn words(address: &str, code: Option<&str>, opened: bool) -> String {
    match code {
        Some(code) => format!(
            "Open this address in a browser, on any machine, and sign in:\n\n  {address}\n\nThen type in this code \
             (never give it to anybody):\n\n  {code}\n\nWaiting. Ctrl-C stops it.\n"
        ),
        None => {
            let how = if opened { "A browser should open; if not, open" } else { "Open" };
            format!(
                "{how} this address in a browser on this machine, and sign in:\n\n  {address}\n\nOn a machine without \
                 a browser: codex-bridge login --device\n\nWaiting. Ctrl-C stops it.\n"
            )
        }
    }
}

async fn with_token(loaded: &Loaded, token: Secret, stop: &CancellationToken) -> Result<(), AccountError> {
    let launch = launch_of(loaded);
    let codex = locate(&launch.lookup)?;
    if !hand_over(codex.binary, &launch, token, TOKEN, stop).await? {
        return Err(AccountError::Interrupted);
    }
    let visit = Visit::open(&launch).await?;
    let done = who(&visit, loaded).await;
    visit.end().await;
    done
}

/// Prints who is signed in now: not always who has just been.
async fn who(visit: &Visit, loaded: &Loaded) -> Result<(), AccountError> {
    let account = account(visit, loaded).await?;
    let mut words = match &account.signed_in {
        Some(how) => format!("Done: signed in {how}.\n"),
        // codex does not say who it is where its model needs nobody.
        None if !account.needed => "Done.\n".to_owned(),
        None => return judged(account, loaded).map(|_| ()),
    };
    if let (Some(provider), false) = (&account.provider, account.needed) {
        words += &format!("The provider `{}` of config.toml does not use it.\n", provider.name);
    }
    if loaded.env.get(ACCESS_TOKEN).is_some() {
        words +=
            &format!("${ACCESS_TOKEN} is set here: where it is, codex uses that, and not this sign-in.\n");
    }
    say(&words)
}

/// A reader that has seen enough closes the pipe; what is done is done.
pub(super) fn say(text: &str) -> Result<(), AccountError> {
    Screen::print(text).map(|_| ()).map_err(AccountError::Output)
}
