//! What differs by operating system. Every function has a portable fallback.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use platform::open_plain;
pub(crate) use platform::{
    clone_file, create_private_file, create_private_folder, real_path, sync_folder, visible_file_in,
};
use tempfile::NamedTempFile;

/// Opens a regular file below `root` for reading; neither `..` nor a symbolic link leads out of it, not even one that
/// is put there meanwhile. A FIFO or device is [`io::ErrorKind::InvalidInput`] and never waited for; what lies outside is
/// [`io::ErrorKind::PermissionDenied`].
pub(crate) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if relative.as_os_str().is_empty() {
        return Err(not_regular());
    }
    regular(platform::open_beneath(root, relative)?)
}

/// Opens a regular file for reading, wherever it lies.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    regular(open_plain(path)?)
}

/// [`own_folder`], created if it is not there.
pub(crate) fn create_own_folder(shared: &Path) -> Option<PathBuf> {
    // If it cannot be created, it is not there.
    let _ = platform::create_one_private_folder(&shared.join(platform::name_of_own_folder()));
    own_folder(shared)
}

/// The folder of this user's in one that all users share; `None` when something else has its name, or others can get into
/// it.
pub(crate) fn own_folder(shared: &Path) -> Option<PathBuf> {
    let folder = shared.join(platform::name_of_own_folder());
    let metadata = folder.symlink_metadata().ok()?;
    (metadata.is_dir() && platform::is_private(&metadata)).then_some(folder)
}

/// Whether the path names a regular file of this user's and no link.
pub(crate) fn is_own_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && platform::is_own(&metadata))
}

/// The check is made on the open file, which nobody can swap.
fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(unix)]
mod platform {
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};

    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;

    use super::*;

    const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
    const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

    pub(super) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
        let root = rustix::fs::open(root, FOLDER, Mode::empty())?;
        match resolve_beneath(&root, relative) {
            // Kernels before 5.6 and sandboxes that do not know the call.
            Err(Errno::NOSYS | Errno::PERM) => open_each_part(root, relative),
            Err(Errno::XDEV | Errno::LOOP) => Err(io::ErrorKind::PermissionDenied.into()),
            opened => Ok(File::from(opened?)),
        }
    }

    #[cfg(target_os = "linux")]
    fn resolve_beneath(root: &OwnedFd, relative: &Path) -> rustix::io::Result<OwnedFd> {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);
        rustix::fs::openat2(root, relative, READ, Mode::empty(), resolve)
    }

    #[cfg(not(target_os = "linux"))]
    fn resolve_beneath(_root: &OwnedFd, _relative: &Path) -> rustix::io::Result<OwnedFd> {
        Err(Errno::NOSYS)
    }

    /// Stricter than the kernel's own resolution: refuses every symbolic link, also one that stays below the root.
    pub(super) fn open_each_part(root: OwnedFd, relative: &Path) -> io::Result<File> {
        let mut here = root;
        let mut parts = relative.components().peekable();
        while let Some(part) = parts.next() {
            let flags = if parts.peek().is_some() { FOLDER } else { READ };
            here = match rustix::fs::openat(&here, part.as_os_str(), flags | OFlags::NOFOLLOW, Mode::empty()) {
                // A symbolic link in the place of a folder is "not a directory" on some systems.
                Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => return Err(io::ErrorKind::PermissionDenied.into()),
                opened => opened?,
            };
        }
        Ok(File::from(here))
    }

    pub(super) fn open_plain(path: &Path) -> io::Result<File> {
        Ok(File::from(rustix::fs::open(path, READ, Mode::empty())?))
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
}

#[cfg(not(unix))]
mod platform {
    use super::*;

    /// Looks where the path really leads before it opens it: a link that is swapped in between is not seen.
    pub(super) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
        let path = fs::canonicalize(root.join(relative))?;
        if !path.starts_with(fs::canonicalize(root)?) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        File::open(path)
    }

    pub(super) fn open_plain(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    /// Without following links: the form that Windows gives to a path then is not one that other programs take.
    pub(crate) fn real_path(path: &Path) -> PathBuf {
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
    }

    pub(crate) fn clone_file(_from: &File, _to: &File) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    pub(super) fn create_one_private_folder(path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    pub(super) fn name_of_own_folder() -> String {
        "easel".into()
    }

    /// The temporary folder is in the user's own profile.
    pub(super) fn is_private(_metadata: &Metadata) -> bool {
        true
    }

    pub(super) fn is_own(_metadata: &Metadata) -> bool {
        true
    }

    pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
        File::options().create(true).truncate(false).read(true).write(true).open(path)
    }

    pub(crate) fn visible_file_in(folder: &Path) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(".easel-").tempfile_in(folder)
    }

    pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
