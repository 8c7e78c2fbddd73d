//! Memory stays flat whatever a provider or a client sends.

#[cfg(target_os = "linux")]
mod answers;
#[cfg(unix)]
mod handles;
mod names;
#[cfg(target_os = "linux")]
mod threads;

use crate::harness::Server;

/// The most bytes that the server held at once so far, where the system counts them.
fn peak(server: &Server) -> Option<u64> {
    let pid = server.client.pid().expect("a running server");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}
