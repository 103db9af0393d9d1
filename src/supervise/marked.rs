//! Processes that are known by a variable of their environment, as what has escaped every group and session is.
//! Only Linux shows the environment of other processes; elsewhere none is found.

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The system's name of it.
    pub pid: u32,
    /// Its program, without arguments: they may be secret.
    pub program: String,
}

/// The processes of this user that were started with `NAME=value` in their environment. One that has ended
/// and was not waited for is none. It reads files of the system, some for each process.
#[cfg(target_os = "linux")]
#[must_use]
pub fn marked(name: &str, value: &str) -> Vec<Marked> {
    marked_by(&[format!("{name}={value}")])
}

/// Those that carry any of these marks, each `NAME=value`.
#[cfg(target_os = "linux")]
pub(super) fn marked_by(marks: &[String]) -> Vec<Marked> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| carries(*pid, marks))
        .map(|pid| {
            let program = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            Marked { pid, program: program.trim().to_owned() }
        })
        .collect()
}

/// Whether a process carries any of these marks.
#[cfg(target_os = "linux")]
pub(super) fn carries(pid: u32, marks: &[String]) -> bool {
    // Those of other users cannot be read, nor those that have just ended.
    let env = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    env.split(|byte| *byte == 0).any(|entry| marks.iter().any(|mark| entry == mark.as_bytes()))
}

/// None: this system shows nobody the environment of a process.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn marked(_: &str, _: &str) -> Vec<Marked> {
    Vec::new()
}
