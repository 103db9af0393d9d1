//! Commands that run, as codex runs them: each is a session of its own, has the name of its thread in its
//! environment, and its first process, that one alone, is asked to end when this process dies. The end of input
//! ends all of its group. Elsewhere than on Unix there are none.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

/// The flag with which this program becomes a command.
const AS_COMMAND: &str = "--as-command";

type Order = (Command, Sender<io::Result<Child>>);

/// Starts a command of a thread. The system asks it to end when the *thread of this process* that started it ends:
/// so that is one that never does.
pub fn start(thread: &str, cwd: &str, command: &str) -> io::Result<Child> {
    static STARTER: OnceLock<Sender<Order>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (send, orders) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, started) in orders {
                let _ = started.send(command.spawn());
            }
        });
        send
    });
    let mut program = Command::new(std::env::current_exe()?);
    let parent = std::process::id().to_string();
    program.args([AS_COMMAND, &parent, command]).env("CODEX_THREAD_ID", thread).current_dir(cwd);
    // What they say nobody wants to know; that there is a pipe for it, as codex has one, counts.
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (send, started) = channel();
    starter.send((program, send)).map_err(io::Error::other)?;
    started.recv().map_err(io::Error::other)?
}

/// Becomes the command, where this process was started as one.
#[cfg(unix)]
pub fn become_one() {
    use std::os::unix::process::CommandExt;

    let args: Vec<String> = std::env::args().collect();
    let [_, flag, parent, command] = &args[..] else { return };
    if flag != AS_COMMAND {
        return;
    }
    rustix::process::setsid().unwrap();
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM)).unwrap();
    // It may have died before it could be asked for.
    let now = rustix::process::getppid().map(|pid| pid.as_raw_pid().to_string());
    if now.as_ref() == Some(parent) {
        panic!("{}", Command::new("/bin/bash").args(["-c", command]).exec());
    }
    std::process::exit(1);
}

#[cfg(not(unix))]
pub fn become_one() {}

/// Ends all of a command's group, which may be gone.
pub fn end(pid: u32) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = pid;
}
