//! What is owed between a host and its bridge: requests without an answer, and what a new bridge must hear to go
//! on in the place of one that died. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::scan::Message;

/// Requests that may be open at once: far more than the bridge takes. What comes above gets no answer from here.
const OPEN: usize = 65_536;

/// The longest message that is kept to be said again, in bytes: a handshake is a few hundred.
pub(super) const KEPT: usize = 64 * 1024;

/// Resources that a host may watch over a change of the bridge.
const WATCHED: usize = 256;

/// The requests and the state of one connection.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// The host's requests, by id, and how many of each have no answer: a second one is refused, which is one.
    asked: BTreeMap<Vec<u8>, usize>,
    /// The bridge's requests to the host, by id: dialogs.
    asking: BTreeSet<Vec<u8>>,
    /// The host's handshake, and its id.
    hello: Option<(Vec<u8>, Vec<u8>)>,
    /// The end of the handshake.
    ready: Option<Vec<u8>>,
    /// What the host watches: the id and the line of its request, by address.
    watched: BTreeMap<String, (Vec<u8>, Vec<u8>)>,
    /// Ids of requests that were said again: their answers are not for the host.
    again: BTreeSet<Vec<u8>>,
}

/// For whom a message of the bridge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The host.
    Pass,
    /// Nobody: it answers what was said again.
    Keep,
}

impl Talk {
    /// The host has said this; `line` is all of it, where it is short.
    pub fn host_says(&mut self, message: &Message, line: Option<&[u8]>) {
        match (&message.id, message.method.as_deref()) {
            (Some(id), Some(method)) => {
                if self.asked.len() < OPEN {
                    *self.asked.entry(id.clone()).or_default() += 1;
                }
                let Some(line) = line else { return };
                match method {
                    "initialize" => self.hello = Some((id.clone(), line.to_vec())),
                    "resources/subscribe" if self.watched.len() < WATCHED => {
                        self.watched.insert(address(line), (id.clone(), line.to_vec()));
                    }
                    "resources/unsubscribe" => drop(self.watched.remove(&address(line))),
                    _ => {}
                }
            }
            (Some(id), None) => {
                self.asking.remove(id);
            }
            // A request that the host gives up gets no answer.
            (None, Some("notifications/cancelled")) => {
                let given_up: Value = serde_json::from_slice(line.unwrap_or_default()).unwrap_or_default();
                self.give_up(given_up["params"]["requestId"].to_string().as_bytes());
            }
            (None, Some("notifications/initialized")) => self.ready = line.map(<[u8]>::to_vec),
            (None, _) => {}
        }
    }

    /// The bridge has said this.
    pub fn bridge_says(&mut self, message: &Message) -> Reply {
        match (&message.id, &message.method) {
            (Some(id), Some(_)) if self.asking.len() < OPEN => drop(self.asking.insert(id.clone())),
            (Some(id), None) if self.again.remove(id) => return Reply::Keep,
            (Some(id), None) => {
                self.give_up(id);
            }
            _ => {}
        }
        Reply::Pass
    }

    /// Whether answers come that are not for the host.
    pub fn awaits(&self) -> bool {
        !self.again.is_empty()
    }

    /// Whether an answer is owed to the host, or awaited for what was said again.
    pub fn owes(&self) -> bool {
        !self.asked.is_empty() || self.awaits()
    }

    /// One request that is over; whether there was one.
    pub fn give_up(&mut self, id: &[u8]) -> bool {
        let Some(open) = self.asked.get_mut(id) else { return false };
        *open -= 1;
        if *open == 0 {
            self.asked.remove(id);
        }
        true
    }

    /// The bridge has died: the host's requests that have no answer, and the dialogs that are over.
    pub fn lost(&mut self) -> (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) {
        self.again.clear();
        (std::mem::take(&mut self.asked).into_keys().collect(), std::mem::take(&mut self.asking))
    }

    /// What a new bridge must hear before the host's next word, line by line. A handshake that is still open is
    /// the host's to make again.
    pub fn again(&mut self) -> Vec<Vec<u8>> {
        let (Some((id, hello)), Some(ready)) = (&self.hello, &self.ready) else { return Vec::new() };
        let mut lines = vec![hello.clone(), ready.clone()];
        self.again.insert(id.clone());
        for (id, line) in self.watched.values() {
            self.again.insert(id.clone());
            lines.push(line.clone());
        }
        lines
    }
}

/// The address that a request names.
fn address(line: &[u8]) -> String {
    let message: Value = serde_json::from_slice(line).unwrap_or_default();
    message["params"]["uri"].as_str().unwrap_or_default().to_owned()
}
