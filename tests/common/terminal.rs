//! The binary as a person calls it, in the environment of the hosts of a place.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Place;

/// What a verb of the command line said, and its exit code.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A verb, ready to be started.
pub fn terminal(place: &Place, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codex-bridge"));
    command
        .args(args)
        .current_dir(place.work())
        .env("CODEX_BRIDGE_JOURNAL_PATH", place.root.join("state").join("journal.db"))
        .env("CODEX_HOME", place.root.join("codex-home"))
        .env("HOME", &place.root)
        .env("XDG_CONFIG_HOME", place.root.join("config"))
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What it says, and how it ends.
pub fn said(place: &Place, args: &[&str], stdin: &str) -> Said {
    let mut child = terminal(place, args).spawn().unwrap();
    // Dropped at the end of the statement: the end of its input. One that does not read is at its end.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// It must refuse, and say why.
pub fn refused(place: &Place, args: &[&str], why: &[&str]) {
    let said = said(place, args, "");
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
    why.iter().for_each(|part| assert!(said.err.contains(part), "{part}: {said:?}"));
}
