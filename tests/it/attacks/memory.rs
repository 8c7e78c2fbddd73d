//! Memory stays flat whatever providers and clients send.

#[cfg(unix)]
mod handles;
mod names;
#[cfg(target_os = "linux")]
mod responses;
#[cfg(target_os = "linux")]
mod threads;

use crate::harness::Server;

/// The peak of the server's resident memory in bytes, on systems that report it.
fn peak(server: &Server) -> Option<u64> {
    let pid = server.client.pid().expect("a running server");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}
