//! A JSON string as text, in one piece of memory: a parser would hold it a second time while it reads.

use serde_json::value::RawValue;

use crate::event::block;

/// What a JSON string says. `None` where it is none, or half of a pair of escapes is missing.
#[must_use]
pub fn text(literal: &RawValue) -> Option<String> {
    let mut rest = literal.get().strip_prefix('"')?.strip_suffix('"')?;
    // No text is longer than what stands for it.
    let mut out = String::with_capacity(block(rest.len()));
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (character, behind) = escape(&rest[at + 1..])?;
        out.push(character);
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

/// The character that an escape stands for, given what follows its backslash; and what follows it.
fn escape(from: &str) -> Option<(char, &str)> {
    let mut rest = from.chars();
    let character = match rest.next()? {
        'u' => return unicode(rest.as_str()),
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        itself @ ('"' | '\\' | '/') => itself,
        _ => return None,
    };
    Some((character, rest.as_str()))
}

fn unicode(from: &str) -> Option<(char, &str)> {
    let (first, rest) = unit(from)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, rest));
    }
    let (second, rest) = unit(rest.strip_prefix("\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, rest))
}

fn unit(from: &str) -> Option<(u16, &str)> {
    let (digits, rest) = from.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests;
