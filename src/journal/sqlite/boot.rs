//! Which start of the machine this is. After another one, what was not yet on the disk is gone.

/// The name of this start; `None` where the system gives it none.
#[cfg(target_os = "linux")]
pub(super) fn boot() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The name of this start; `None` where the system gives it none.
#[cfg(not(target_os = "linux"))]
pub(super) fn boot() -> Option<String> {
    None
}
