//! What may be shown of a server: no variable's value, no header, no argument, and of an address only
//! whose it is, since many a path is a secret.

use super::entry::{Server, Transport};

/// What may be shown of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// `stdio`, `http`.
    pub transport: &'static str,
    /// The command without its arguments, or the beginning of the address.
    pub target: String,
}

impl Shown {
    /// Of a server whose variables are still names.
    #[must_use]
    pub fn of(server: &Server) -> Self {
        let target = match &server.transport {
            Transport::Stdio { command, .. } => command.clone(),
            Transport::Http { url, .. } => origin(url).to_owned(),
            Transport::Sse => String::new(),
        };
        Self { transport: server.transport.name(), target }
    }
}

/// The scheme, the host and the port of an address; nothing where it has none.
#[must_use]
pub fn origin(url: &str) -> &str {
    let Some((scheme, rest)) = url.split_once("://") else { return "" };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A name and a password may stand before the host.
    if rest[..end].contains('@') { "" } else { &url[..scheme.len() + 3 + end] }
}
