//! A socket file that only this user's programs can connect to.

use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use easel_rpc::Socket;
use listenfd::ListenFd;
use rustix::process::geteuid;
use tokio::net::UnixListener;

/// Why the server cannot listen on a socket file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketFileError {
    #[error("cannot listen on {}: its folder must belong to you, and nobody else may write to it", .0.display())]
    UnsafeFolder(PathBuf),
    #[error("cannot listen on {}: another server uses it", .0.display())]
    InUse(PathBuf),
    #[error("cannot listen on {}: it exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
    #[error("cannot listen on {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cannot use the socket of the service manager; its unit must have one ListenStream= with a path")]
    Inherited(#[source] io::Error),
    #[error("the service manager passes {0} sockets; its unit must have one ListenStream= with a path")]
    SeveralInherited(usize),
}

/// A listening socket file.
#[derive(Debug)]
pub(crate) struct SocketFile {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the file that this process has created and removes on drop. A later file with the same name
    /// is not ours.
    identity: Option<(u64, u64)>,
}

impl SocketFile {
    /// Takes the socket that a service manager such as systemd has opened for this process (`LISTEN_FDS`), if there is
    /// one. Its unit sets the permissions of the file.
    pub(crate) fn inherit() -> Result<Option<Self>, SocketFileError> {
        let mut sockets = ListenFd::from_env();
        if sockets.len() > 1 {
            return Err(SocketFileError::SeveralInherited(sockets.len()));
        }
        let Some(listener) = sockets.take_unix_listener(0).map_err(SocketFileError::Inherited)? else {
            return Ok(None);
        };
        let opened = listener.local_addr().and_then(|address| {
            let path = address.as_pathname().ok_or(io::ErrorKind::AddrNotAvailable)?.to_owned();
            listener.set_nonblocking(true)?;
            Ok(Self { listener: UnixListener::from_std(listener)?, path, identity: None })
        });
        opened.map(Some).map_err(SocketFileError::Inherited)
    }

    /// Binds the socket, and replaces the file of a server that has died. A missing folder is created for this user
    /// only.
    pub(crate) fn bind(path: &Path) -> Result<Self, SocketFileError> {
        let failed = |source| SocketFileError::Io { path: path.to_owned(), source };
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        if !is_private(&folder.metadata().map_err(failed)?) {
            return Err(SocketFileError::UnsafeFolder(path.to_owned()));
        }
        // The lock keeps two servers from replacing the same stale file.
        let lock = File::open(folder).map_err(failed)?;
        lock.lock().map_err(failed)?;
        remove_stale(path)?;
        let listener = std::os::unix::net::UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        let identity = Some(identity(&path.symlink_metadata().map_err(failed)?));
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        Ok(Self { listener, path: path.to_owned(), identity })
    }

    /// Returns the path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the next client of this user. Clients of other users are disconnected; the file's permissions already
    /// keep them out, unless somebody has changed them.
    pub(crate) async fn accept(&self) -> io::Result<Socket> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let uid = stream.peer_cred()?.uid();
            if uid != geteuid().as_raw() {
                tracing::warn!(uid, "a client of another user was disconnected");
                continue;
            }
            let stream = stream.into_std()?;
            stream.set_nonblocking(false)?;
            return Ok(Socket::new(stream));
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let Some(ours) = self.identity else { return };
        if self.path.symlink_metadata().is_ok_and(|found| identity(&found) == ours) {
            // A file that cannot be removed is stale, and the next server replaces it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn remove_stale(path: &Path) -> Result<(), SocketFileError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(SocketFileError::Io { path: path.to_owned(), source }),
        Ok(found) if !found.file_type().is_socket() => return Err(SocketFileError::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(SocketFileError::InUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|source| SocketFileError::Io { path: path.to_owned(), source })
        }
        Err(source) => Err(SocketFileError::Io { path: path.to_owned(), source }),
    }
}

/// Returns whether the folder belongs to this user, and only this user can write to it.
fn is_private(folder: &Metadata) -> bool {
    folder.uid() == geteuid().as_raw() && folder.mode() & 0o022 == 0
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
