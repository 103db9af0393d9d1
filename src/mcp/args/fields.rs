//! Takes typed values out of a call's arguments, one parameter at a time.

use std::time::Duration;

use rmcp::model::JsonObject;
use serde_json::Value;

use super::bad::{BadArguments, Near, cut};
use crate::event::Body;
use crate::servers::Wanted;

/// Bytes of one text. More belongs into a file.
pub const MAX_TEXT: usize = 1 << 20;

/// Seconds that a call may ask to block: a day.
pub const MAX_WAIT: u32 = 86_400;

/// Events in one answer.
pub const MAX_LIMIT: u64 = 1000;

/// Sessions, and turns of one, in one answer.
pub const MAX_LISTED: u32 = 50;

/// The same where nobody says how many.
const LISTED: u32 = 20;

/// Bytes of a name or a key.
const MAX_SHORT: usize = 200;

/// The largest whole number that every JSON reader keeps exactly, 2^53 − 1.
const MAX_WHOLE: u64 = 9_007_199_254_740_991;

/// How near an unknown name must be to a known one to be taken for it.
const NEAR: f64 = 0.8;

type Result<T> = std::result::Result<T, BadArguments>;

/// The arguments of one call. A value of `null` is as if left out: hosts send it for what they leave out.
pub struct Fields {
    map: JsonObject,
}

impl Fields {
    /// The arguments of a call of `tool`; refuses what is not in `known`.
    pub fn new(tool: &'static str, known: &'static [&'static str], map: JsonObject) -> Result<Self> {
        if let Some(name) = map.keys().find(|name| !known.contains(&name.as_str())) {
            let (name, near) = (cut(name), Near(nearest(name, known)));
            return Err(BadArguments::Unknown { name, near, tool, known: known.join(", ") });
        }
        Ok(Self { map })
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// Any text, also an empty one.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() > MAX_TEXT => {
                Err(BadArguments::TooLong { name, bytes: text.len(), most: MAX_TEXT })
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, &other, "a text")),
        }
    }

    /// A text that says something, if there is one.
    pub fn filled(&mut self, name: &'static str, wanted: &'static str) -> Result<Option<String>> {
        match self.text(name)? {
            Some(text) if text.trim().is_empty() => Err(BadArguments::Empty { name, wanted }),
            text => Ok(text),
        }
    }

    /// A text that says something on one line of a list, if there is one.
    pub fn short(&mut self, name: &'static str, wanted: &'static str) -> Result<Option<String>> {
        match self.filled(name, wanted)? {
            Some(text) if text.len() > MAX_SHORT => {
                Err(BadArguments::Long { name, bytes: text.len(), most: MAX_SHORT })
            }
            text => Ok(text),
        }
    }

    /// Yes or no; no where it is left out.
    pub fn flag(&mut self, name: &'static str) -> Result<bool> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(yes)) => Ok(yes),
            Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
            Some(other) => Err(wrong(name, &other, "true or false")),
        }
    }

    /// A text that must be there and say something.
    pub fn required(&mut self, name: &'static str, wanted: &'static str) -> Result<String> {
        self.filled(name, wanted)?.ok_or(BadArguments::Missing { name, wanted })
    }

    /// One of `choices` by its name.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Result<Option<T>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let found = value.as_str().and_then(|text| choices.iter().find(|(name, _)| *name == text));
        let names = || choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        found.map(|(_, choice)| Some(*choice)).ok_or_else(|| wrong(name, &value, names()))
    }

    /// An object of any members.
    pub fn object(&mut self, name: &'static str, wanted: &'static str) -> Result<Option<JsonObject>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(other) => Err(wrong(name, &other, wanted)),
        }
    }

    /// A list of texts, none of them empty; one text alone is a list too.
    pub fn texts(&mut self, name: &'static str, wanted: &'static str) -> Result<Vec<String>> {
        let list = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(one @ Value::String(_)) => vec![one],
            Some(other) => return Err(wrong(name, &other, wanted)),
        };
        let text = |value: Value| match value {
            Value::String(text) if !text.is_empty() => Ok(text),
            other => Err(wrong(name, &other, wanted)),
        };
        list.into_iter().map(text).collect()
    }

    /// `mcp`: what is wanted of codex's servers.
    pub fn servers(&mut self) -> Result<Wanted> {
        self.take("mcp").map_or_else(|| Ok(Wanted::default()), |value| Ok(Wanted::parse(&value)?))
    }

    /// `wait`, in seconds.
    pub fn wait(&mut self) -> Result<Option<Duration>> {
        const NAME: &str = "wait";
        let Some(value) = self.take(NAME) else { return Ok(None) };
        let seconds = match &value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        // Not a number is in no range.
        match seconds {
            Some(seconds) if (0.0..=f64::from(MAX_WAIT)).contains(&seconds) => {
                Ok(Some(Duration::from_secs_f64(seconds)))
            }
            _ => Err(wrong(NAME, &value, format!("seconds, a number from 0 to {MAX_WAIT}"))),
        }
    }

    /// A whole number of `least` to `most`.
    fn whole(&mut self, name: &'static str, least: u64, most: u64, wanted: &str) -> Result<Option<u64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = match &value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_u64().or_else(|| other.as_f64().and_then(from_float)),
        };
        match number {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(wrong(name, &value, wanted)),
        }
    }

    /// `limit` of a list.
    pub fn limit(&mut self) -> Result<Option<u64>> {
        self.whole("limit", 1, MAX_LIMIT, &format!("a whole number from 1 to {MAX_LIMIT}"))
    }

    /// `limit` of a list of sessions or turns.
    pub fn list_limit(&mut self) -> Result<u32> {
        let wanted = format!("a whole number from 1 to {MAX_LISTED}");
        let limit = self.whole("limit", 1, MAX_LISTED.into(), &wanted)?;
        Ok(limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(LISTED))
    }

    /// `after`, the number of an event.
    pub fn after(&mut self) -> Result<Option<u64>> {
        self.whole("after", 0, MAX_WHOLE, "a whole number: 0, or the `next` of an earlier answer")
    }

    /// `from`, a byte of an event.
    pub fn from(&mut self) -> Result<Option<u64>> {
        self.whole("from", 0, MAX_WHOLE, "a whole number: 0, or the `next` of the piece before")
    }

    /// `types`, a list of types of events; empty where all are wanted.
    pub fn types(&mut self) -> Result<Vec<&'static str>> {
        const NAME: &str = "types";
        let list = match self.take(NAME) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            // Agents send one type without the list.
            Some(one @ Value::String(_)) => vec![one],
            Some(other) => return Err(wrong(NAME, &other, "a list, such as [\"assistant_message\"]")),
        };
        let known = |value: &Value| {
            let found = Body::KINDS.iter().find(|known| value.as_str() == Some(known));
            found.copied().ok_or_else(|| wrong(NAME, value, Body::KINDS.join(", ")))
        };
        list.iter().map(known).collect()
    }
}

/// A float that is a whole number; some writers of JSON know only floats.
fn from_float(number: f64) -> Option<u64> {
    // `to_string` of a whole float has no point, and no exponent either.
    (number.fract() == 0.0).then(|| number.to_string().parse().ok()).flatten()
}

fn wrong(name: &'static str, value: &Value, wanted: impl Into<String>) -> BadArguments {
    let value = value.as_str().map_or_else(|| cut(&value.to_string()), cut);
    BadArguments::Value { name, value, wanted: wanted.into() }
}

/// The known name that is most like `name`; the case and the marks between words count for nothing.
fn nearest(name: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).take(64).collect::<String>();
    let name = bare(name).to_lowercase();
    let likeness = |known: &str| strsim::jaro_winkler(&name, &bare(known).to_lowercase());
    known
        .iter()
        .map(|known| (likeness(known), *known))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}
