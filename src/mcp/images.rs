//! The images of a call: files that may be read, or `data:` addresses, looked at before codex is.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::guard::MAX_LINE;
use crate::limits::{LimitError, Limits};
use crate::session::Image;

/// Images of one call.
const MOST: usize = 16;

/// The bytes of one: models take no more.
const BYTES: u64 = 20 << 20;

/// The bytes of one that is given as its own address.
const ADDRESS: usize = 8 << 20;

/// The bytes of all of a call that are given so: with the rest of its message they must stay below what a
/// message may have.
const ADDRESSES: usize = 14 << 20;

const _: () = assert!(ADDRESSES + (2 << 20) <= MAX_LINE);

/// What is wrong with an image.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadImage {
    /// The call gives too many.
    #[error("`images` has {0} images; give at most {MOST}")]
    TooMany(usize),
    /// It is neither a file nor an image.
    #[error(
        "`images`: `{0}` is no path and no `data:image/…;base64,…` address; save the image as a file and give its path"
    )]
    Address(String),
    /// The address is too long.
    #[error("`images`: an image of {0} bytes as an address; give at most {ADDRESS}, or the path of a file")]
    Long(usize),
    /// The addresses are too long together.
    #[error(
        "`images`: {0} bytes of `data:` addresses in one call; give at most {ADDRESSES} together, or the paths of files"
    )]
    LongTogether(usize),
    /// The file cannot be read.
    #[error("`images`: `{0}`: {1}; give a file that is there, absolute or relative to the session's folder")]
    File(String, std::io::Error),
    /// It is no file, or too large.
    #[error("`images`: `{0}` is {1}; give a PNG, JPEG, GIF or WebP file of at most {most} MB", most = BYTES >> 20)]
    Kind(String, &'static str),
    /// It may not be read.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// Looks at the images of a call of a session in `cwd`.
pub(super) fn look(given: &[String], cwd: &Path, limits: &Limits) -> Result<Vec<Image>, BadImage> {
    if given.len() > MOST {
        return Err(BadImage::TooMany(given.len()));
    }
    let addresses: usize = given.iter().filter(|one| one.starts_with("data:")).map(String::len).sum();
    if addresses > ADDRESSES {
        return Err(BadImage::LongTogether(addresses));
    }
    given
        .iter()
        .map(|one| if one.starts_with("data:") { address(one) } else { file(one, cwd, limits) })
        .collect()
}

fn address(given: &str) -> Result<Image, BadImage> {
    let is_image = given.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
    let Some((kind, data)) = is_image else { return Err(BadImage::Address(short(given))) };
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    if kind.len() > 32 || data.is_empty() || !data.chars().all(base64) {
        return Err(BadImage::Address(short(given)));
    }
    if given.len() > ADDRESS {
        return Err(BadImage::Long(given.len()));
    }
    Ok(Image::Address(given.to_owned()))
}

fn file(given: &str, cwd: &Path, limits: &Limits) -> Result<Image, BadImage> {
    if given.contains("://") {
        return Err(BadImage::Address(short(given)));
    }
    let broken = |error| BadImage::File(short(given), error);
    let kind = |what| Err(BadImage::Kind(short(given), what));
    let named = cwd.join(given);
    let path = named.canonicalize();
    // What is outside may not even be known to be there, or to be missing.
    let place = path.as_ref().map_or_else(|_| where_it_would_be(&named), Clone::clone);
    limits.file(&place).map_err(|error| match error {
        LimitError::File { roots, .. } => LimitError::File { path: named.clone(), roots },
        other => other,
    })?;
    let path = path.map_err(broken)?;
    let about = path.metadata().map_err(broken)?;
    if !about.is_file() {
        return kind("no file");
    }
    if about.len() > BYTES {
        return kind("too large");
    }
    let mut begin = Vec::new();
    File::open(&path).and_then(|file| file.take(16).read_to_end(&mut begin)).map_err(broken)?;
    if !is_image(&begin) {
        return kind("no image that a model takes");
    }
    match path.to_str() {
        Some(path) => Ok(Image::File(path.to_owned())),
        None => kind("at a path that is not UTF-8"),
    }
}

/// Where a path leads that leads to nothing, as far as there is something on the way.
pub(super) fn where_it_would_be(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, real)) = there else { return path.to_owned() };
    match path.strip_prefix(above) {
        // Joined with nothing it would end with a slash.
        Ok(rest) if rest.as_os_str().is_empty() => real,
        Ok(rest) => real.join(rest),
        Err(_) => path.to_owned(),
    }
}

/// By its first bytes: an ending says little, and codex would fail in the middle of the turn.
fn is_image(begin: &[u8]) -> bool {
    begin.starts_with(b"\x89PNG\r\n\x1a\n")
        || begin.starts_with(b"\xff\xd8\xff")
        || begin.starts_with(b"GIF8")
        || (begin.starts_with(b"RIFF") && begin.get(8..12) == Some(b"WEBP"))
}

fn short(given: &str) -> String {
    super::result::cut_plain(given, 120)
}

#[cfg(test)]
mod tests;
