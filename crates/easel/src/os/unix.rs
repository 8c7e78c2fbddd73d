//! Unix: limits of the process, process groups, and socket files.

mod process_group;
mod socket_file;

use std::io;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

pub(crate) use process_group::ProcessGroup;
pub(crate) use socket_file::SocketFile;

/// The variables that are passed to programs: the folders of programs, the home, temporary files and certificates, the
/// user, the language, and the desktop session, with which a program prompts its user or opens a keychain.
///
/// The variables of proxies are not passed, because their URLs may contain passwords.
pub(crate) const PROGRAM_VARIABLES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "LANG",
    "LANGUAGE",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Returns whether two names are those of one variable.
pub(crate) fn is_same_variable(one: &str, other: &str) -> bool {
    one == other
}

pub(super) fn limit_core_files() -> io::Result<()> {
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

#[cfg(target_os = "linux")]
pub(super) fn forbid_dumps() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// On other systems the limit of core files is enough.
#[cfg(not(target_os = "linux"))]
pub(super) fn forbid_dumps() -> io::Result<()> {
    Ok(())
}

/// Raises the limit of open files to the maximum of the user. The usual soft limits (1,024, or 256 on macOS) exist for
/// programs that call `select`. Child processes inherit the limit.
pub(crate) fn raise_open_files() {
    /// `OPEN_MAX` of macOS, which allows no more although its hard limit is infinite.
    const MACOS_MAX: u64 = 10_240;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = match maximum {
        maximum if cfg!(target_os = "macos") => Some(maximum.map_or(MACOS_MAX, |max| max.min(MACOS_MAX))),
        maximum => maximum,
    };
    // `None` means that there is no limit.
    let is_lower = current.is_some_and(|current| wanted.is_none_or(|wanted| current < wanted));
    if is_lower && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum }) {
        tracing::warn!(%error, ?current, "cannot raise the limit of open files");
    }
}

/// The modes of the terminal at standard input, such as whether it shows what is typed.
pub(crate) struct TerminalModes(Option<Termios>);

impl TerminalModes {
    /// Returns the current modes.
    pub(crate) fn current() -> Self {
        Self(tcgetattr(rustix::stdio::stdin()).ok())
    }

    /// Sets these modes again.
    pub(crate) fn restore(&self) {
        if let Some(modes) = &self.0 {
            // It fails if the terminal is gone.
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, modes);
        }
    }
}

/// Returns the number of bytes that the user may still write to the disk of a folder; `None` if it is unknown.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Checks that this user may create files in a folder. It creates none: a full disk is no reason not to start.
///
/// # Errors
/// That of the operating system, for example for a file system that is mounted read-only.
pub(crate) fn check_writable(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}
