//! Words of commands: names, packages, and what a shell makes of a line.

use super::NAME;

/// The name at the end of a path, without what Windows adds.
pub(super) fn base(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let ends = [".exe", ".EXE", ".cmd", ".CMD", ".bat", ".ps1"];
    ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// Whether a word names our package, as package managers take it: `codex-bridge`, `npm:codex-bridge@1`,
/// `@scope/codex-bridge`, `codex-bridge==1.0`, `codex_bridge`, or an address or path that ends in it.
pub(super) fn is_package(word: &str) -> bool {
    let word = word.strip_prefix("npm:").unwrap_or(word);
    let (scope, rest) = match word.strip_prefix('@').and_then(|word| word.split_once('/')) {
        Some((scope, rest)) => (Some(scope), rest),
        None => (None, word),
    };
    // What a version, an extra or a branch begins with.
    let rest = rest.split(['@', '=', '<', '>', '~', '[', '#']).next().unwrap_or(rest);
    let name = match scope {
        Some(_) => rest,
        None => rest.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(rest),
    };
    let name =
        [".git", ".tgz", ".tar.gz", ".whl"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    name.replace('_', "-").eq_ignore_ascii_case(NAME)
}

/// The commands of a shell's line, word by word. Where its quotes do not close, split at white space.
pub(super) fn commands(line: &str) -> Vec<Vec<String>> {
    // Operators need no space around them.
    let mut spaced = String::with_capacity(line.len());
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        if quote.is_none() && matches!(c, ';' | '&' | '|' | '(' | ')' | '`' | '\n' | '{' | '}') {
            spaced.push_str(" ; ");
        } else {
            spaced.push(c);
        }
    }
    let words =
        shlex::split(&spaced).unwrap_or_else(|| spaced.split_whitespace().map(str::to_owned).collect());
    let commands = words.split(|word| word == ";");
    // `A=b command`, `then command`, `! command`, `$(command`
    let begins =
        |word: &&String| !matches!(word.as_str(), "then" | "else" | "do" | "if" | "while" | "!" | "$");
    commands
        .map(|words| words.iter().skip_while(|word| !begins(word) || is_assignment(word)).cloned().collect())
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect()
}

/// Whether a word sets a variable.
pub(super) fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
