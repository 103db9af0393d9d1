//! By which names the bridge is reached: what a request's `Host` and `Origin` may be. Pure.
//!
//! A page of another site can make a browser on this machine send requests here, and can have a name of its own lead here
//! (DNS rebinding). Both show in these two headers, which a page cannot set.

use std::net::{IpAddr, SocketAddr};

use axum::http::Uri;
use axum::http::uri::Authority;
use thiserror::Error;

/// The port of a name that says none.
const HTTP: u16 = 80;

/// Why it may not listen where it is to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// Tokens would be sent in the clear.
    #[error(
        "{0} can be reached from other machines, and what is sent there is not encrypted, tokens among it. Listen at 127.0.0.1 \
         behind a proxy with TLS (docs/http.md has one), or name its address as http.url (--url https://…), or say that it \
         may be so (--insecure, http.insecure)"
    )]
    Clear(SocketAddr),
    /// A name that no request could have.
    #[error(
        "http.hosts has {0:?}, which is no name of a host; give names as `bridge.lan` or `bridge.lan:8717`"
    )]
    Name(String),
}

/// Where it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that stands for all of it, as `https://bridge.example.com`.
    pub url: String,
    /// Whether somebody has said which that is.
    pub is_named: bool,
    names: Vec<(String, Option<u16>)>,
}

impl Place {
    /// `listen`: where it listens in the end. `url`: what stands in front of it, and `hosts`: other names.
    ///
    /// # Errors
    /// When tokens could be read on their way and nobody has said that they may be, or a name is none.
    pub fn new(
        listen: SocketAddr,
        url: Option<&str>,
        hosts: &[String],
        insecure: bool,
    ) -> Result<Self, PlaceError> {
        let encrypted = url.is_some_and(|url| url.starts_with("https://"));
        if !listen.ip().is_loopback() && !encrypted && !insecure {
            return Err(PlaceError::Clear(listen));
        }
        let mut names = vec![("localhost".to_owned(), Some(listen.port()))];
        let of_url = url.and_then(|url| url.parse::<Uri>().ok()?.authority().cloned());
        names.extend(of_url.as_ref().map(name));
        for host in hosts {
            let authority = host.parse::<Authority>().map_err(|_| PlaceError::Name(host.clone()))?;
            names.push(name(&authority));
        }
        let is_named = url.is_some();
        let url = url.map_or_else(|| format!("http://{listen}"), str::to_owned);
        Ok(Self { listen, url, is_named, names })
    }

    /// Whether it is reached by TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// Whether a request may name this host. A name that leads here by a trick is none of ours; an address cannot.
    #[must_use]
    pub fn is_host(&self, host: &str) -> bool {
        host.parse::<Authority>().is_ok_and(|authority| self.is_ours(&authority))
    }

    /// Whether a page of this origin may send a request that names this host, which is ours: only the page of the same.
    #[must_use]
    pub fn is_origin(&self, origin: &str, host: &str) -> bool {
        if self.url.eq_ignore_ascii_case(origin) {
            return true;
        }
        let name = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let encrypted = origin.starts_with("https://");
        // Where it is reached by TLS, a page of the same name without is another.
        let as_named = self.url.rsplit_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host));
        name.is_some_and(|name| name.eq_ignore_ascii_case(host))
            && (encrypted || !self.is_encrypted() || !as_named)
    }

    fn is_ours(&self, authority: &Authority) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let (host, port) = name(authority);
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if let Ok(address) = address {
            let here = self.listen.ip();
            let same =
                address == here || here.is_unspecified() || (here.is_loopback() && address.is_loopback());
            let ours = same && port.unwrap_or(HTTP) == self.listen.port();
            return ours || self.is_named(&host, port);
        }
        self.is_named(&host, port)
    }

    fn is_named(&self, host: &str, port: Option<u16>) -> bool {
        let fits = |of: Option<u16>| of.is_none_or(|of| of == port.unwrap_or(HTTP));
        self.names.iter().any(|(name, of)| name == host && (fits(*of) || *of == port))
    }
}

/// A name and its port, where it has one.
fn name(authority: &Authority) -> (String, Option<u16>) {
    (authority.host().to_ascii_lowercase(), authority.port_u16())
}
