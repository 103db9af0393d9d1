//! `sessions`: what stands on the command line.

use clap::Args;

use crate::app::SessionsQuery;

/// What `sessions` takes.
#[derive(Debug, Args)]
pub struct SessionsArgs {
    /// Each session as JSON on a line of its own.
    #[arg(long)]
    json: bool,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

impl SessionsArgs {
    /// What it comes to.
    #[must_use]
    pub fn into_query(self) -> SessionsQuery {
        SessionsQuery { limit: self.limit, json: self.json }
    }
}
