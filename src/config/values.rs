//! One parser a kind of value, for the file (through serde) and for the environment (as text); and the
//! way back, for who wants to see the settings.
//!
//! Every error is what was expected, in words; who calls adds the value and its place.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The bytes that one result may have: enough for a handle, and below what any host takes.
const RESULT_BYTES: RangeInclusive<usize> = 2048..=1024 * 1024;

/// A year. Longer is a slip of the unit, and the clock's arithmetic stays far from its ends.
const LONGEST: Duration = Duration::from_hours(365 * 24);

const SPAN: &str = "seconds (900) or a time with its unit (\"15m\"), at most a year";

/// A time from text: `900`, `15m`, `1h 30m`.
pub(super) fn span_text(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let span = match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    span.filter(|span| *span <= LONGEST).ok_or_else(|| SPAN.to_owned())
}

/// A time that is not zero, from text: with zero, every question would end unasked.
pub(super) fn deadline_text(text: &str) -> Result<Duration, String> {
    let span = span_text(text)?;
    if span.is_zero() { Err("a time above zero, in seconds or as \"15m\"".to_owned()) } else { Ok(span) }
}

/// A budget of bytes, from text.
pub(super) fn result_bytes_text(text: &str) -> Result<usize, String> {
    let (least, most) = (RESULT_BYTES.start(), RESULT_BYTES.end());
    let bytes = text.trim().parse().ok().filter(|bytes| RESULT_BYTES.contains(bytes));
    bytes.ok_or_else(|| format!("a number of bytes from {least} to {most}"))
}

/// A size in megabytes, from text: room for one long session at least.
pub(super) fn megabytes_text(text: &str) -> Result<u64, String> {
    let size = text.trim().parse().ok().filter(|size| (16..=1_000_000).contains(size));
    size.ok_or_else(|| "a number of megabytes from 16 to 1000000".to_owned())
}

/// How many things of a kind, from text: one at least.
pub(super) fn count_text(text: &str) -> Result<usize, String> {
    let count = text.trim().parse().ok().filter(|count| (1..=100_000).contains(count));
    count.ok_or_else(|| "a number from 1 to 100000".to_owned())
}

/// The same, where there may be none.
pub(super) fn count_or_none_text(text: &str) -> Result<usize, String> {
    let count = text.trim().parse().ok().filter(|count| *count <= 100_000);
    count.ok_or_else(|| "a number from 0 to 100000".to_owned())
}

/// How deep bridges may lie above each other, from text.
pub(super) fn depth_text(text: &str) -> Result<u32, String> {
    let depth = text.trim().parse().ok().filter(|depth| (1..=8).contains(depth));
    depth.ok_or_else(|| "a number from 1 to 8".to_owned())
}

/// `limits.running` and `limits.sessions` of a file.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    scalar(&toml::Value::deserialize(from)?, count_text)
}

/// `limits.queue` of a file.
pub(super) fn count_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    scalar(&toml::Value::deserialize(from)?, count_or_none_text)
}

/// `mcp.depth` of a file.
pub(super) fn depth<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    scalar(&toml::Value::deserialize(from)?, depth_text)
}

/// `journal.size` of a file.
pub(super) fn megabytes<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    scalar(&toml::Value::deserialize(from)?, megabytes_text)
}

// What a file says: a number or text, with the same parser for both.
pub(super) fn scalar<T, E: Error>(value: &toml::Value, parse: fn(&str) -> Result<T, String>) -> Result<T, E> {
    let parsed = match value {
        toml::Value::Integer(number) => parse(&number.to_string()),
        toml::Value::String(text) => parse(text),
        _ => parse(""),
    };
    parsed.map_err(|wanted| E::custom(format!("{value} does not fit: expected {wanted}")))
}

/// `approvals.deadline` of a file.
pub(super) fn deadline<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    scalar(&toml::Value::deserialize(from)?, deadline_text)
}

/// `http.drain` of a file.
pub(super) fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    scalar(&toml::Value::deserialize(from)?, span_text)
}

/// `wait.default` of a file.
pub(super) fn optional_span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    scalar(&toml::Value::deserialize(from)?, span_text).map(Some)
}

/// `wait.hosts` of a file.
pub(super) fn spans_by_name<'de, D>(from: D) -> Result<BTreeMap<String, Duration>, D::Error>
where
    D: Deserializer<'de>,
{
    let named = BTreeMap::<String, toml::Value>::deserialize(from)?;
    let mut spans = BTreeMap::new();
    for (name, value) in named {
        // With its name: the place that TOML reports is the head of the table.
        let span =
            scalar(&value, span_text).map_err(|error: D::Error| Error::custom(format!("{name}: {error}")))?;
        spans.insert(name, span);
    }
    Ok(spans)
}

/// `limits.result_bytes` of a file.
pub(super) fn result_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    scalar(&toml::Value::deserialize(from)?, result_bytes_text)
}

/// A time as a file has it: `"15m"`.
pub(super) fn write_span<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    humantime::format_duration(*span).to_string().serialize(to)
}

/// `wait.default` as a file has it.
pub(super) fn write_optional_span<S: Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    span.map(|span| humantime::format_duration(span).to_string()).serialize(to)
}

/// `wait.hosts` as a file has it.
pub(super) fn write_spans_by_name<S: Serializer>(
    spans: &BTreeMap<String, Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(spans.iter().map(|(name, span)| (name, humantime::format_duration(*span).to_string())))
}
