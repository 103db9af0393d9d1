//! Whether a text leaves a block of Markdown open, which would take in all that follows it. Pure, and on
//! the safe side: where it cannot be told, the answer is yes.

/// Blocks of HTML that end only at their closing words, wherever these are.
const HTML: [(&str, &str); 8] = [
    ("<script", "</script>"),
    ("<pre", "</pre>"),
    ("<style", "</style>"),
    ("<textarea", "</textarea>"),
    ("<!--", "-->"),
    ("<![cdata[", "]]>"),
    ("<!", ">"),
    ("<?", "?>"),
];

/// A block of code that has begun.
struct Fence {
    of: char,
    length: usize,
    column: usize,
}

/// Whether what follows `text` could be taken for a part of its last block.
pub(super) fn leaves_open(text: &str) -> bool {
    let mut open: Option<Fence> = None;
    let mut rest = text;
    while let Some(line) = rest.lines().next() {
        let here = rest;
        rest = rest.get(line.len()..).map_or("", |rest| rest.trim_start_matches('\r'));
        rest = rest.strip_prefix('\n').unwrap_or(rest);
        let Some(fence) = &open else {
            let (column, inner) = inside(line);
            if html(inner, &here[line.len() - inner.len()..]) {
                return true;
            }
            open = begin(inner, column);
            continue;
        };
        let (column, inner) = (line.len() - line.trim_start().len(), line.trim());
        if inner.is_empty() {
            continue;
        }
        if column < fence.column {
            // It may have ended with the list that it is in.
            return true;
        }
        let closes = inner.chars().all(|c| c == fence.of) && inner.len() >= fence.length;
        if closes && column <= fence.column + 3 {
            open = None;
        }
    }
    open.is_some()
}

/// A line without its marks of lists and quotes, and the column at which what is left begins.
fn inside(line: &str) -> (usize, &str) {
    let mut inner = line.trim_start();
    loop {
        let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let mark = inner[digits..].chars().next().unwrap_or(' ');
        let is_mark = match digits {
            0 => matches!(mark, '-' | '*' | '+' | '>'),
            _ => matches!(mark, '.' | ')'),
        };
        if !is_mark {
            return (line.len() - inner.len(), inner);
        }
        inner = inner[digits + 1..].trim_start();
    }
}

/// The block of code that a line begins.
fn begin(line: &str, column: usize) -> Option<Fence> {
    let of = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(of).len();
    let is_code = of == '`' && line[length..].contains('`');
    (length >= 3 && !is_code).then_some(Fence { of, length, column })
}

/// Whether a line begins a block of HTML that does not end in the rest of the text.
fn html(line: &str, rest: &str) -> bool {
    let begins = |(open, _): &&(&str, &str)| {
        line.get(..open.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(open))
    };
    HTML.iter().find(begins).is_some_and(|(_, close)| !rest.to_ascii_lowercase().contains(close))
}
