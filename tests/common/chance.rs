//! Numbers by chance, and processes, of the rounds in which something is killed.

use rustix::process::{Pid, Signal, kill_process};

/// What a command calls the process by which it leaves its session: nobody promises to end that.
pub const ESCAPED: &str = "sleep 7790";

/// Numbers by chance (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// One below that.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let at = self.below(all.len() as u64);
        all[usize::try_from(at).unwrap()]
    }
}

/// One of those that carry the mark of a round.
#[derive(Debug)]
pub struct Process {
    pub pid: u32,
    pub words: String,
}

impl Process {
    pub fn is_bridge(&self) -> bool {
        self.words.split(' ').next().is_some_and(|program| program.ends_with("codex-bridge"))
    }

    pub fn is_daemon(&self) -> bool {
        self.is_bridge() && self.words.split(' ').any(|word| word == "daemon")
    }

    pub fn is_codex(&self) -> bool {
        !self.is_bridge() && self.words.split(' ').any(|word| word == "app-server")
    }

    pub fn is_escaped(&self) -> bool {
        self.words.trim_end() == ESCAPED
    }
}

/// Kills a process, which may have ended by itself.
pub fn kill(pid: u32) {
    let _ = kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL);
}

pub fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
