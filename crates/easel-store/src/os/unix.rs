//! The versions for Unix. Linux has stricter system calls; the others get the nearest equivalent.

use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::*;

const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
/// The folder with a link to each open file of this process.
#[cfg(target_os = "linux")]
const OPEN_FILES: &str = "/proc/self/fd";
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

pub(super) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
    let root = rustix::fs::open(root, FOLDER, Mode::empty())?;
    match open_checked(|flags| resolve_beneath(&root, relative, flags)) {
        // Linux before 5.6, and sandboxes that do not know the call.
        Err(OpenError::System(Errno::NOSYS | Errno::PERM)) => open_each_part(root, relative),
        Err(OpenError::System(Errno::XDEV | Errno::LOOP)) => Err(io::ErrorKind::PermissionDenied.into()),
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

/// Opens the path part by part. Stricter than the kernel's own resolution: refuses every symbolic link, also one that
/// stays below the root.
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
            open(FOLDER).map_err(OpenError::System)
        } else {
            let stat = || rustix::fs::statat(&here, part, AtFlags::SYMLINK_NOFOLLOW);
            check_before_open(stat).and_then(|()| open_checked(open)).map(OwnedFd::from)
        };
        here = match opened {
            // Some systems report a symbolic link as "not a directory" when a folder is expected.
            Err(OpenError::System(Errno::LOOP | Errno::NOTDIR | Errno::MLINK)) => {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            opened => opened?,
        };
    }
    Ok(File::from(here))
}

pub(super) fn open_plain(path: &Path) -> io::Result<File> {
    check_before_open(|| rustix::fs::stat(path))?;
    Ok(open_checked(|flags| rustix::fs::open(path, flags, Mode::empty()))?)
}

/// Why a file was not opened.
enum OpenError {
    System(Errno),
    NotRegular,
}

impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::System(errno) => errno.into(),
            OpenError::NotRegular => not_regular_error(),
        }
    }
}

fn require_regular_stat(stat: rustix::io::Result<Stat>) -> Result<(), OpenError> {
    let is_regular = FileType::from_raw_mode(stat.map_err(OpenError::System)?.st_mode) == FileType::RegularFile;
    if is_regular { Ok(()) } else { Err(OpenError::NotRegular) }
}

/// Opens a file only if it is regular. Takes a handle without access rights (`O_PATH`), checks it, and reopens the
/// handle itself, so that nothing can be swapped between check and opening.
#[cfg(target_os = "linux")]
fn open_checked(open: impl Fn(OFlags) -> rustix::io::Result<OwnedFd>) -> Result<File, OpenError> {
    use std::os::fd::AsRawFd;
    let handle = open(OFlags::PATH.union(OFlags::CLOEXEC)).map_err(OpenError::System)?;
    require_regular_stat(rustix::fs::fstat(&handle))?;
    let opened = match rustix::fs::open(format!("{OPEN_FILES}/{}", handle.as_raw_fd()), READ, Mode::empty()) {
        // Without /proc the name is opened again.
        Err(Errno::NOENT) => open(READ),
        opened => opened,
    };
    opened.map(File::from).map_err(OpenError::System)
}

#[cfg(not(target_os = "linux"))]
fn open_checked(open: impl Fn(OFlags) -> rustix::io::Result<OwnedFd>) -> Result<File, OpenError> {
    open(READ).map(File::from).map_err(OpenError::System)
}

/// Checks a path before it is opened, on systems without `O_PATH`. The file may be swapped in between, so the open file
/// is checked again.
#[cfg(not(target_os = "linux"))]
fn check_before_open(stat: impl FnOnce() -> rustix::io::Result<Stat>) -> Result<(), OpenError> {
    require_regular_stat(stat())
}

#[cfg(target_os = "linux")]
fn check_before_open(_stat: impl FnOnce() -> rustix::io::Result<Stat>) -> Result<(), OpenError> {
    Ok(())
}

/// Makes `to` share the blocks of `from`; a later write to either copies them. Fails where the file system cannot.
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

/// Creates the last folder of the path only. Fails if it exists.
pub(super) fn create_one_private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

pub(super) fn own_folder_name() -> String {
    format!("easel-{}", rustix::process::geteuid().as_raw())
}

pub(super) fn is_private(metadata: &Metadata) -> bool {
    is_own(metadata) && metadata.mode() & 0o077 == 0
}

pub(super) fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Opens a file for reading and writing, and creates it if it does not exist.
pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)
}

/// Makes an open file readable and writable for its owner only.
pub(crate) fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

/// Creates a temporary file that other users may read if the umask allows it.
pub(crate) fn create_visible_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mode = fs::Permissions::from_mode(0o666);
    hidden_names().permissions(mode).tempfile_in(folder)
}

/// Creates a file without a name, which other users may read if the umask allows it. [`link_file`] gives it a name.
///
/// # Errors
/// If the file system or the operating system does not know such files.
#[cfg(target_os = "linux")]
pub(crate) fn create_unnamed_file(folder: &Path) -> io::Result<File> {
    if !Path::new(OPEN_FILES).is_dir() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let flags = OFlags::TMPFILE.union(OFlags::RDWR).union(OFlags::CLOEXEC);
    Ok(rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666))?.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn create_unnamed_file(_folder: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Gives a name to a file of [`create_unnamed_file`].
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the name is taken.
#[cfg(target_os = "linux")]
pub(crate) fn link_file(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let open = format!("{OPEN_FILES}/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(rustix::fs::CWD, open, rustix::fs::CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn link_file(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Flushes the names in a folder to the disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().read(true).custom_flags(OFlags::DIRECTORY.bits().cast_signed()).open(path)?.sync_all()
}

/// What tells a file from another one that has its name later: device and inode.
pub(crate) type FileIdentity = (u64, u64);

pub(crate) fn file_identity(path: &Path) -> io::Result<FileIdentity> {
    let metadata = path.symlink_metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}
