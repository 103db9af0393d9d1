//! The MCP servers of a thread in codex's own terms: what is sent so that it gets its own, those of the
//! file and those of the call, and no others.
//!
//! codex merges what it is sent into its configuration key by key, and forgets nothing (measured). So a
//! server that replaces one of codex's own has to cover all of it; where it cannot, codex's own is switched
//! off and the new one goes by a name with a mark ([`known_as`] takes it off again).

mod faults;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub(super) use faults::{Secrets, plain_fault, required_failed, without_paths};
use write::{has_transport, merged, with_depth, write};

use crate::event::{Body, ServerSource};
use crate::servers::{
    BadEntry, Entry, Gathered, Inherit, Invocation, MARK, Shown, Source, Transport, Wanted, check_name,
    command, read,
};
use crate::session::Around;

/// The name that a server has for everybody but codex.
pub(super) fn known_as(name: &str) -> &str {
    name.strip_suffix(MARK).unwrap_or(name)
}

/// What a thread is started with. Never shown: the configuration holds secrets.
#[derive(Default)]
pub(super) struct Plan {
    /// `mcp_servers` of `config`.
    pub config: Map<String, Value>,
    /// What its session is told.
    pub notes: Vec<Body>,
    /// What no message may show.
    pub secrets: Secrets,
}

/// What goes into a plan.
pub(super) struct Wishes {
    pub around: Arc<Around>,
    pub wanted: Wanted,
    /// `mcp_servers` of codex's own configuration for the folder.
    pub own: Value,
    pub cwd: PathBuf,
}

impl Wishes {
    /// Makes the plan. Looks at the files of commands, for the guard.
    pub fn plan(&self, gathered: Gathered) -> Plan {
        let mut plan = Plan::default();
        for warning in gathered.warnings.iter().cloned().chain(self.unknown_names(&gathered.entries)) {
            plan.warn(warning);
        }
        for (name, own) in self.own.as_object().into_iter().flatten() {
            if !gathered.entries.contains_key(name) || self.patched_by_call(name, &gathered) {
                self.keep(&mut plan, name, own);
            }
        }
        let new = self.wanted.config().iter().filter(|(name, _)| self.own.get(name.as_str()).is_none());
        for (name, patch) in new.filter(|(name, _)| !gathered.entries.contains_key(name.as_str())) {
            self.bring(&mut plan, name, patch);
        }
        for (name, entry) in &gathered.entries {
            if self.patched_by_call(name, &gathered) {
                if self.own.get(name).is_none() {
                    self.bring(&mut plan, name, &self.wanted.config()[name]);
                }
                continue;
            }
            let mut written = write(&entry.server);
            if entry.source == Source::File
                && let Some(patch) = self.wanted.config().get(name)
            {
                written = merged(&written, patch);
                if let Some(why) = self.barred(name, about(&written).0.as_ref()) {
                    plan.warn(format!("the MCP server `{name}` of the file, as config.mcp_servers changes it, is left out: {why}"));
                    continue;
                }
            }
            let on = written["enabled"] != json!(false);
            self.put(&mut plan, name, written);
            plan.tell(name, on, entry.source, &entry.shown);
        }
        // Its own stay where they are, and are started with what is in them all the same.
        let own = self.own.as_object().into_iter().flat_map(Map::values);
        plan.secrets = Secrets::of(plan.config.values().chain(own), &self.around.sources.variables);
        plan
    }

    /// Whether the call's own configuration says how to reach a server that the file has too: it is later.
    fn patched_by_call(&self, name: &str, gathered: &Gathered) -> bool {
        let of_file = gathered.entries.get(name).is_some_and(|entry| entry.source == Source::File);
        of_file && self.wanted.config().get(name).is_some_and(has_transport)
    }

    /// One of codex's own, with what the call's configuration changes of it.
    fn keep(&self, plan: &mut Plan, name: &str, own: &Value) {
        let patch = self.wanted.config().get(name).cloned().unwrap_or_else(|| json!({}));
        let called = self.wanted.switched_on().iter().any(|one| one == name);
        let patch = if called { merged(&patch, &json!({ "enabled": true })) } else { patch };
        let whole = merged(own, &patch);
        let was_on = whole["enabled"] != json!(false);
        let (transport, shown) = about(&whole);
        let barred = self.barred(name, transport.as_ref());
        if let Some(why) = &barred
            && was_on
        {
            plan.warn(format!("the MCP server `{name}` of codex's own configuration is switched off: {why}"));
        }
        let inherited = self.inherit().takes(name) || has_transport(&patch) || called;
        let on = was_on && inherited && barred.is_none();
        plan.tell(name, on, Source::Codex, &shown);
        if !on {
            if was_on {
                plan.config.insert(name.to_owned(), json!({ "enabled": false }));
            } else if patch != json!({}) {
                plan.config.insert(name.to_owned(), patch);
            }
            return;
        }
        let stdio = matches!(transport, Some(Transport::Stdio { .. }));
        let sent = if stdio { with_depth(&patch, self.around.sources.depth) } else { patch };
        if sent != json!({}) {
            plan.config.insert(name.to_owned(), sent);
        }
    }

    /// A server that only the call's configuration has.
    fn bring(&self, plan: &mut Plan, name: &str, patch: &Value) {
        let (transport, shown) = about(patch);
        if let Some(why) = self.barred(name, transport.as_ref()) {
            plan.warn(format!("config.mcp_servers: the MCP server `{name}` is left out: {why}"));
            return;
        }
        let stdio = matches!(transport, Some(Transport::Stdio { .. }));
        let sent = if stdio { with_depth(patch, self.around.sources.depth) } else { patch.clone() };
        plan.tell(name, patch["enabled"] != json!(false), Source::Call, &shown);
        plan.config.insert(name.to_owned(), sent);
    }

    /// A server of the file or of `add`, in the place of codex's own where there is one.
    fn put(&self, plan: &mut Plan, name: &str, written: Value) {
        let own = self.own.get(name);
        if written["enabled"] == json!(false) {
            // A name that codex does not have must not be switched off.
            if own.is_some() {
                plan.config.insert(name.to_owned(), json!({ "enabled": false }));
            }
            return;
        }
        let written = if written.get("command").is_some() {
            with_depth(&written, self.around.sources.depth)
        } else {
            written
        };
        if own.is_none_or(|own| write::covers(&written, own)) {
            plan.config.insert(name.to_owned(), written);
        } else {
            plan.config.insert(name.to_owned(), json!({ "enabled": false }));
            plan.config.insert(format!("{name}{MARK}"), written);
        }
    }

    fn inherit(&self) -> &Inherit {
        self.wanted.inherit().unwrap_or(&self.around.sources.inherit)
    }

    /// Why codex does not get a server.
    fn barred(&self, name: &str, transport: Option<&Transport>) -> Option<String> {
        if let Err(error @ BadEntry::Mark) = check_name(name) {
            return Some(error.to_string());
        }
        self.around.sources.guard.finds(&Invocation::of(transport?, &self.cwd)?)
    }

    fn unknown_names(&self, in_file: &BTreeMap<String, Entry>) -> Vec<String> {
        let called = self.wanted.switched_on().into_iter().filter(|name| !in_file.contains_key(name));
        let mut names: Vec<String> = called.collect();
        if let Inherit::Named(more) = self.inherit() {
            names.extend(more.iter().cloned());
        }
        let own = self.own.as_object();
        let there: Vec<&str> = own.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        let unknown = names.iter().filter(|name| self.own.get(name.as_str()).is_none());
        unknown
            .map(|name| {
                let name: String = name.chars().take(80).collect();
                format!("the call or `mcp.inherit` names the MCP server `{name}`, which codex's configuration does not have; it has {there}")
            })
            .collect()
    }
}

impl Plan {
    fn warn(&mut self, message: String) {
        self.notes.push(Body::warning(message));
    }

    fn tell(&mut self, name: &str, on: bool, source: Source, shown: &Shown) {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.notes.push(Body::McpServer {
            name: name.to_owned(),
            status: if on { "configured" } else { "off" }.to_owned(),
            error: None,
            source: Some(match source {
                Source::Codex => ServerSource::Codex,
                Source::File => ServerSource::File,
                Source::Call => ServerSource::Call,
            }),
            transport: text(shown.transport),
            target: text(&shown.target),
        });
    }
}

/// How a server in codex's spelling is reached, and what may be shown of it.
fn about(entry: &Value) -> (Option<Transport>, Shown) {
    match read(entry) {
        Ok(read) => (Some(read.server.transport.clone()), Shown::of(&read.server)),
        // codex may take it all the same, and else says what is wrong with it.
        Err(_) => (command(entry), Shown::default()),
    }
}

#[cfg(test)]
mod tests;
