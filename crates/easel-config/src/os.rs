//! What differs by operating system. No other file of this crate has code for one system only.
//!
//! Systems that are neither Unix nor Windows get a portable version.

#[cfg(not(any(unix, windows)))]
mod portable;
#[cfg(any(windows, test))]
mod sddl;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(not(any(unix, windows)))]
use portable as platform;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use platform::{
    create_private_folder, flush_folder, is_exposed, is_foreign, is_foreign_path, is_in_use, is_superuser,
    make_private, open_lock_file,
};

/// Whether a hook's command for Windows takes the place of the other one.
pub(crate) const IS_WINDOWS: bool = cfg!(windows);

/// The options of a file that is created if it does not exist, and is otherwise left as it is.
fn lock_file_options() -> std::fs::OpenOptions {
    let mut options = std::fs::File::options();
    options.create(true).truncate(false).write(true);
    options
}
