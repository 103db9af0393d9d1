//! `doctor`: what stands on the command line, and what comes of it.

use std::time::Duration;

use clap::Args;

use crate::app;
use crate::config::{ConfigError, Loaded};

/// What `doctor` takes.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// One JSON object: `{checks: [{name, status, found, remedy?}], ok}`.
    #[arg(long)]
    json: bool,
    /// How long each check may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

impl DoctorArgs {
    /// Checks everything: what to print, and the exit code.
    pub async fn run(&self, loaded: &Result<Loaded, ConfigError>) -> (String, u8) {
        let report = app::examine(loaded, Duration::from_secs(self.timeout)).await;
        (if self.json { report.to_json() } else { report.to_text() }, report.exit_code())
    }
}
