//! `login` and its ways: what stands on the command line. No secret does.

use clap::{Args, Subcommand};

use crate::app::{self, AccountError, SignIn};
use crate::config::Loaded;

/// What `login` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct LoginArgs {
    /// By a code that is typed in on any machine, for one without a browser.
    #[arg(long, visible_alias = "device-auth", conflicts_with_all = ["with_api_key", "with_access_token"])]
    device: bool,
    /// With an API key, read from stdin: printenv OPENAI_API_KEY | codex-bridge login --with-api-key
    #[arg(long, conflicts_with = "with_access_token")]
    with_api_key: bool,
    /// With an access token of a workspace, read from stdin.
    #[arg(long)]
    with_access_token: bool,
    #[command(subcommand)]
    command: Option<LoginCommand>,
}

#[derive(Debug, Subcommand)]
enum LoginCommand {
    /// Who is signed in; exit code 4 where nobody is, and the configured model needs it.
    Status,
}

impl LoginArgs {
    /// Does it.
    pub async fn run(self, loaded: &Loaded) -> Result<(), AccountError> {
        if self.command.is_some() {
            return app::login_status(loaded).await;
        }
        let how = match (self.device, self.with_api_key, self.with_access_token) {
            (true, ..) => SignIn::Device,
            (_, true, _) => SignIn::Key,
            (.., true) => SignIn::Token,
            _ => SignIn::Browser,
        };
        app::login(loaded, how).await
    }
}
