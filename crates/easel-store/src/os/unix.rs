//! Unix: Linux, and what else has its calls.

use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::*;

const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

pub(super) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
    let root = rustix::fs::open(root, FOLDER, Mode::empty())?;
    match look_then_open(|flags| resolve_beneath(&root, relative, flags)) {
        // Kernels before 5.6 and sandboxes that do not know the call.
        Err(Refused::System(Errno::NOSYS | Errno::PERM)) => open_each_part(root, relative),
        Err(Refused::System(Errno::XDEV | Errno::LOOP)) => Err(io::ErrorKind::PermissionDenied.into()),
        opened => Ok(opened?),
    }
}

#[cfg(target_os = "linux")]
fn resolve_beneath(root: &OwnedFd, relative: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);
    rustix::fs::openat2(root, relative, flags, Mode::empty(), resolve)
}

#[cfg(not(target_os = "linux"))]
fn resolve_beneath(_root: &OwnedFd, _relative: &Path, _flags: OFlags) -> rustix::io::Result<OwnedFd> {
    Err(Errno::NOSYS)
}

/// Stricter than the kernel's own resolution: refuses every symbolic link, also one that stays below the root.
pub(super) fn open_each_part(root: OwnedFd, relative: &Path) -> io::Result<File> {
    let mut here = root;
    let mut parts = relative.components().peekable();
    while let Some(part) = parts.next() {
        let part = part.as_os_str();
        let is_link = rustix::fs::statat(&here, part, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink);
        if is_link {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let open = |flags| rustix::fs::openat(&here, part, flags | OFlags::NOFOLLOW, Mode::empty());
        let opened = if parts.peek().is_some() {
            open(FOLDER).map_err(Refused::System)
        } else {
            let look = || rustix::fs::statat(&here, part, AtFlags::SYMLINK_NOFOLLOW);
            look_first(look).and_then(|()| look_then_open(open)).map(OwnedFd::from)
        };
        here = match opened {
            // A symbolic link in the place of a folder is "not a directory" on some systems.
            Err(Refused::System(Errno::LOOP | Errno::NOTDIR | Errno::MLINK)) => {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            opened => opened?,
        };
    }
    Ok(File::from(here))
}

pub(super) fn open_plain(path: &Path) -> io::Result<File> {
    look_first(|| rustix::fs::stat(path))?;
    Ok(look_then_open(|flags| rustix::fs::open(path, flags, Mode::empty()))?)
}

/// Why a file was not opened.
enum Refused {
    System(Errno),
    NotRegular,
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::System(error) => error.into(),
            Refused::NotRegular => not_regular(),
        }
    }
}

fn judge(stat: rustix::io::Result<Stat>) -> Result<(), Refused> {
    let is_regular = FileType::from_raw_mode(stat.map_err(Refused::System)?.st_mode) == FileType::RegularFile;
    if is_regular { Ok(()) } else { Err(Refused::NotRegular) }
}

/// Opens what a handle without any access shows to be a regular file. Between the look and the opening nothing can be
/// swapped, since the handle itself is opened.
#[cfg(target_os = "linux")]
fn look_then_open(open: impl Fn(OFlags) -> rustix::io::Result<OwnedFd>) -> Result<File, Refused> {
    use std::os::fd::AsRawFd;
    let handle = open(OFlags::PATH.union(OFlags::CLOEXEC)).map_err(Refused::System)?;
    judge(rustix::fs::fstat(&handle))?;
    let opened = match rustix::fs::open(format!("/proc/self/fd/{}", handle.as_raw_fd()), READ, Mode::empty()) {
        // Without /proc the name has to do.
        Err(Errno::NOENT) => open(READ),
        opened => opened,
    };
    opened.map(File::from).map_err(Refused::System)
}

#[cfg(not(target_os = "linux"))]
fn look_then_open(open: impl Fn(OFlags) -> rustix::io::Result<OwnedFd>) -> Result<File, Refused> {
    open(READ).map(File::from).map_err(Refused::System)
}

/// Looks at a name before it is opened, where there are no handles without access. Somebody may swap the file in between;
/// the open file is looked at again.
#[cfg(not(target_os = "linux"))]
fn look_first(look: impl FnOnce() -> rustix::io::Result<Stat>) -> Result<(), Refused> {
    judge(look())
}

#[cfg(target_os = "linux")]
fn look_first(_look: impl FnOnce() -> rustix::io::Result<Stat>) -> Result<(), Refused> {
    Ok(())
}

/// The path without symbolic links, or as it is where it cannot be followed.
pub(crate) fn real_path(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Shares the blocks of two files until one is written to. Fails where the file system cannot.
#[cfg(target_os = "linux")]
pub(crate) fn clone_file(from: &File, to: &File) -> io::Result<()> {
    Ok(rustix::fs::ioctl_ficlone(to, from)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn clone_file(_from: &File, _to: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The last folder of the path alone, which must not be there.
pub(super) fn create_one_private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

pub(super) fn name_of_own_folder() -> String {
    format!("easel-{}", rustix::process::geteuid().as_raw())
}

pub(super) fn is_private(metadata: &Metadata) -> bool {
    is_own(metadata) && metadata.mode() & 0o077 == 0
}

pub(super) fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Creates an empty file unless it is there.
pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)
}

/// A file without a name of its own yet, that others may read as the user's umask says.
pub(crate) fn visible_file_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mode = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(".easel-").permissions(mode).tempfile_in(folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().read(true).custom_flags(OFlags::DIRECTORY.bits().cast_signed()).open(path)?.sync_all()
}
