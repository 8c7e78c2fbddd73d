//! A socket file that this user's programs alone can reach.

use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use easel_rpc::Socket;
use rustix::process::geteuid;
use tokio::net::UnixListener;

/// Why there is no socket file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("cannot listen on {}: its folder must belong to you, and nobody else may write into it", .0.display())]
    Folder(PathBuf),
    #[error("cannot listen on {}: another server does", .0.display())]
    Living(PathBuf),
    #[error("cannot listen on {}: it is there and is not a socket", .0.display())]
    NotASocket(PathBuf),
    #[error("cannot listen on {}: {}", path.display(), source)]
    Io { path: PathBuf, source: io::Error },
}

/// A bound socket file; removed when dropped.
#[derive(Debug)]
pub(super) struct SocketFile {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode: a file of this name that came later is not ours.
    identity: (u64, u64),
}

impl SocketFile {
    /// Takes the place of a file whose server is dead. A missing folder is made, for this user alone.
    pub(super) fn bind(path: &Path) -> Result<Self, Refused> {
        let failed = |source| Refused::Io { path: path.to_owned(), source };
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        if !is_ours_alone(&folder.metadata().map_err(failed)?) {
            return Err(Refused::Folder(path.to_owned()));
        }
        // Two servers that find the same stale file do not both take its place.
        let lock = File::open(folder).map_err(failed)?;
        lock.lock().map_err(failed)?;
        remove_stale(path)?;
        let listener = std::os::unix::net::UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        let identity = identity(&path.symlink_metadata().map_err(failed)?);
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        Ok(Self { listener, path: path.to_owned(), identity })
    }

    /// The next client of this user. Others are closed unheard: the file's permissions keep them out already, unless
    /// somebody changed them.
    pub(super) async fn accept(&self) -> io::Result<Socket> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let uid = stream.peer_cred()?.uid();
            if uid != geteuid().as_raw() {
                tracing::warn!(uid, "a client of another user was refused");
                continue;
            }
            let stream = stream.into_std()?;
            stream.set_nonblocking(false)?;
            return Ok(Socket::Unix(stream));
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.path.symlink_metadata().is_ok_and(|found| identity(&found) == self.identity) {
            // What cannot be removed is stale, and the next server takes its place.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn remove_stale(path: &Path) -> Result<(), Refused> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Refused::Io { path: path.to_owned(), source }),
        Ok(found) if !found.file_type().is_socket() => return Err(Refused::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(Refused::Living(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|source| Refused::Io { path: path.to_owned(), source })
        }
        Err(source) => Err(Refused::Io { path: path.to_owned(), source }),
    }
}

fn is_ours_alone(folder: &Metadata) -> bool {
    folder.uid() == geteuid().as_raw() && folder.mode() & 0o022 == 0
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
