//! `serve`: what stands on the command line, over what the settings say.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::config::{self, Loaded};

/// Where it listens, and what stands in front of it.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen: an address and a port, or a port of this machine alone (http.listen).
    #[arg(long, value_name = "ADDR", value_parser = config::listen_address)]
    pub listen: Option<SocketAddr>,
    /// The address by which it is reached, where a proxy with TLS stands in front of it (http.url).
    #[arg(long, value_name = "URL", value_parser = config::site_address)]
    pub url: Option<String>,
    /// The file of tokens (http.tokens).
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Listen where others can reach it, with nothing that encrypts: tokens go in the clear (http.insecure).
    #[arg(long)]
    pub insecure: bool,
}

impl ServeArgs {
    /// The settings with these in the place of theirs.
    #[must_use]
    pub fn over(self, mut loaded: Loaded) -> Loaded {
        let http = &mut loaded.settings.http;
        http.listen = self.listen.unwrap_or(http.listen);
        http.url = self.url.or(http.url.take());
        http.tokens = self.tokens.map(|file| loaded.cwd.join(file)).or(http.tokens.take());
        http.insecure |= self.insecure;
        loaded
    }
}
