//! The end of what a program that died has left of its commands, where each of them was a session of its own
//! that only the death of its parent ends: the signal for that reaches the command's first process, and what
//! that had started lives on. Only Linux shows whose it is; elsewhere nothing is found.

use super::marked::Marked;

/// Kills what is left of the commands of a program that has ended; those that carry `NAME=value` in their
/// environment, with any of these values. Gives back what lives on: what has left its command on purpose, by a
/// session of its own (`setsid`), which cannot be told from one that somebody wants.
///
/// The program must have been waited for: its death has asked its commands to end by then.
#[cfg(target_os = "linux")]
pub async fn end_remains(name: &'static str, values: Vec<String>) -> Vec<Marked> {
    linux::end_remains(name, values).await
}

/// Nothing is found: this system shows nobody the environment of a process.
#[cfg(not(target_os = "linux"))]
pub async fn end_remains(_: &'static str, _: Vec<String>) -> Vec<Marked> {
    Vec::new()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{read_dir, read_link, read_to_string};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    use tokio::time::Instant;

    use crate::supervise::marked::{Marked, carries, marked_by};

    /// How long a command that was asked to end may take for it; what it leaves is killed then.
    const ASKED: Duration = Duration::from_secs(1);
    /// How long all may take.
    const LONGEST: Duration = Duration::from_secs(2);
    /// How often it is looked, and how often without finding anything to kill before the rest counts as escaped:
    /// a process may have been about to end, or to start another.
    const LOOK: Duration = Duration::from_millis(20);
    const LOOKS: u32 = 3;

    /// What one look has found.
    #[derive(Default)]
    struct Look {
        killed: bool,
        /// Some may still end by themselves.
        asked: bool,
        left: Vec<Marked>,
    }

    pub(super) async fn end_remains(name: &'static str, values: Vec<String>) -> Vec<Marked> {
        let marks: Arc<[String]> = values.into_iter().map(|value| format!("{name}={value}")).collect();
        let begun = Instant::now();
        let mut quiet = 0;
        while !marks.is_empty() {
            let wanted = marks.clone();
            let passed = begun.elapsed();
            let look = move || look(&wanted, passed >= ASKED);
            let seen = tokio::task::spawn_blocking(look).await.unwrap_or_default();
            quiet = if seen.killed { 0 } else { quiet + 1 };
            let over = quiet >= LOOKS && (!seen.asked || passed >= ASKED);
            if over || passed >= LONGEST || (!seen.killed && seen.left.is_empty()) {
                return seen.left;
            }
            tokio::time::sleep(LOOK).await;
        }
        Vec::new()
    }

    /// Kills what no living command has. `late`: who was asked to end has had the time for it.
    fn look(marks: &[String], late: bool) -> Look {
        let mut look = Look::default();
        for one in marked_by(marks) {
            // It has just ended.
            let Some(session) = session(one.pid) else { continue };
            match leader(session) {
                Leader::Gone | Leader::Deaf => look.killed |= kill(one.pid, marks),
                Leader::Asked if late && is_cut_off(session) => look.killed |= kill(one.pid, marks),
                Leader::Asked => {
                    look.asked |= !late;
                    look.left.push(one);
                }
                Leader::Lives => look.left.push(one),
            }
        }
        look
    }

    /// The first process of a session, which for a command is the one that the program had started.
    enum Leader {
        Gone,
        /// It ignores being asked, as no program does that somebody wants to be able to end.
        Deaf,
        /// It has an answer of its own to being asked, and may be at it; or is one that escaped, and has one too.
        Asked,
        /// Nobody has asked it: it was no child of the program, but is one that escaped.
        Lives,
    }

    fn leader(pid: i32) -> Leader {
        let Ok(status) = read_to_string(format!("/proc/{pid}/status")) else { return Leader::Gone };
        let of = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let dead = of("State:").is_none_or(|state| state.starts_with(['Z', 'X']));
        let has = |name: &str, signal: Signal| {
            let set = of(name).and_then(|set| u64::from_str_radix(set, 16).ok()).unwrap_or_default();
            set >> (signal.as_raw() - 1) & 1 == 1
        };
        let dies = ["SigPnd:", "ShdPnd:"].iter().any(|name| has(name, Signal::KILL));
        // What has no memory any more is about to be gone.
        if dead || dies || of("VmSize:").is_none() {
            Leader::Gone
        } else if has("SigIgn:", Signal::TERM) {
            Leader::Deaf
        } else if has("SigCgt:", Signal::TERM) {
            Leader::Asked
        } else {
            Leader::Lives
        }
    }

    /// Whether a process speaks into a pipe that nobody reads: into one of the program's, as its commands do until
    /// they are given another output. What was to outlive its command was given one.
    fn is_cut_off(pid: i32) -> bool {
        let pipe = |output: &str| {
            let target = read_link(format!("/proc/{pid}/fd/{output}")).ok()?;
            target.to_str()?.starts_with("pipe:").then_some(target)
        };
        ["1", "2"].into_iter().filter_map(pipe).any(|pipe| !is_read(&pipe))
    }

    /// Whether anybody has the end of a pipe from which it is read.
    fn is_read(pipe: &Path) -> bool {
        let processes = read_dir("/proc").into_iter().flatten().flatten();
        let mut files =
            processes.flat_map(|one| read_dir(one.path().join("fd")).into_iter().flatten().flatten());
        files.any(|file| {
            let path = file.path();
            let about = || {
                let (folder, number) = (path.parent()?.with_file_name("fdinfo"), path.file_name()?);
                read_to_string(folder.join(number)).ok()
            };
            // Octal, as `open` takes them: the last two bits say for what it is open.
            let writes = |about: String| {
                about
                    .lines()
                    .find_map(|line| line.strip_prefix("flags:"))
                    .is_some_and(|flags| flags.ends_with('1'))
            };
            read_link(&path).is_ok_and(|target| target == pipe) && !about().is_some_and(writes)
        })
    }

    fn session(pid: u32) -> Option<i32> {
        let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(3)?.parse().ok()
    }

    /// Whether it was killed: the very process that carries a mark, whoever has its number later.
    fn kill(pid: u32, marks: &[String]) -> bool {
        let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
        let held = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(held) => held,
            Err(error) => return note(pid, error),
        };
        // It is the one that was found, or has its number and is none of ours.
        if !carries(pid, marks) {
            return false;
        }
        match pidfd_send_signal(&held, Signal::KILL) {
            Ok(()) => {
                tracing::info!(pid, "killed: a command of codex had left it, which was killed");
                true
            }
            Err(error) => note(pid, error),
        }
    }

    fn note(pid: u32, error: Errno) -> bool {
        if error != Errno::SRCH {
            tracing::warn!(pid, %error, "what a command of codex has left could not be killed");
        }
        false
    }
}
