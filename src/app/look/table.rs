//! The sessions as a table for a person.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::sessions::Shown;
use crate::event::{Timestamp, visible};
use crate::terminal::{one_line, width};

const BOLD: Style = Style::new().bold();
const HEAD: [&str; 6] = ["SESSION", "STATUS", "FOLDER", "MODEL", "TITLE", "AGE"];

/// The column of the titles, which give way where the terminal is narrow.
const TITLE: usize = 4;

/// Folders and models are cut to this: a title says more.
const WIDEST: usize = 32;

/// Titles are not cut to less.
const NARROWEST_TITLE: usize = 12;

pub(super) fn table(all: &[Shown], left: usize, home: Option<&Path>, room: usize, now: Timestamp) -> String {
    if all.is_empty() && left == 0 {
        return "there is no session yet\n".into();
    }
    let mut rows: Vec<[String; 6]> = all.iter().map(|one| cells(one, home, now)).collect();
    let mut columns = HEAD.map(width);
    for row in &rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            *column = width(cell).max(*column);
        }
    }
    let others: usize = columns.iter().sum::<usize>() - columns[TITLE] + 2 * (HEAD.len() - 1);
    columns[TITLE] = columns[TITLE].min(room.saturating_sub(others).max(NARROWEST_TITLE));
    let mut out = String::new();
    line(&mut out, &HEAD.map(str::to_owned), &columns, [BOLD; 6]);
    for (one, row) in all.iter().zip(&mut rows) {
        row[TITLE] = one_line(&row[TITLE], columns[TITLE]);
        let mut styles = [Style::new(); 6];
        styles[1] = colour(one.status);
        line(&mut out, row, &columns, styles);
        for request in &one.decisions {
            let summary =
                one_line(&request.summary, room.saturating_sub(6 + width(request.approval_id.as_str())));
            let _ = writeln!(out, "    {BOLD}{}{BOLD:#}  {summary}", request.approval_id);
        }
    }
    if left > 0 {
        let _ = writeln!(out, "{left} more; --limit {} shows all", all.len() + left);
    }
    out
}

fn cells(one: &Shown, home: Option<&Path>, now: Timestamp) -> [String; 6] {
    [
        visible(&one.thread_id.as_str().chars().take(one.short).collect::<String>()),
        one.status.replace('_', " "),
        end_of(&folder(&one.cwd, home), WIDEST),
        one_line(one.model.as_deref().unwrap_or("-"), WIDEST),
        // Whole for now: the column is as wide as the longest.
        one_line(&one.title, usize::MAX),
        age(now.since(one.updated)),
    ]
}

fn line(out: &mut String, cells: &[String; 6], columns: &[usize; 6], styles: [Style; 6]) {
    let mut blanks = 0;
    for ((cell, column), style) in cells.iter().zip(columns).zip(styles) {
        let _ = write!(out, "{:blanks$}{style}{cell}{style:#}", "");
        blanks = column.saturating_sub(width(cell)) + 2;
    }
    out.push('\n');
}

fn colour(status: &str) -> Style {
    match status {
        "needs_decision" => AnsiColor::Yellow.on_default().bold(),
        "running" => AnsiColor::Green.on_default(),
        "stale" => AnsiColor::Red.on_default(),
        _ => Style::new().dimmed(),
    }
}

/// With the home of the user as `~`.
fn folder(cwd: &str, home: Option<&Path>) -> String {
    match home.and_then(|home| Path::new(cwd).strip_prefix(home).ok()) {
        Some(below) if below.as_os_str().is_empty() => "~".into(),
        Some(below) => Path::new("~").join(below).display().to_string(),
        None => cwd.to_owned(),
    }
}

/// A path says most at its end.
fn end_of(path: &str, room: usize) -> String {
    let path = one_line(path, usize::MAX);
    if width(&path) <= room {
        return path;
    }
    let mut tail = path.as_str();
    while width(tail) + 1 > room {
        let mut rest = tail.chars();
        rest.next();
        tail = rest.as_str();
    }
    format!("…{tail}")
}

/// In its largest unit.
fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
