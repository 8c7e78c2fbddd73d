//! `easel gallery`: shows the images in a browser, as a client of a server in this process.

use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use easel_config::{Environment, Invocation};
use easel_gallery::{ExportOptions, Gallery, Server};
use easel_store::{ExistingFile, NewFile};
use tempfile::NamedTempFile;

use crate::commands::format::bytes;
use crate::commands::{Interrupted, UsageError, print, report};
use crate::server::local::{self, Local};

/// The bytes of a file after which no more pictures are embedded. Browsers open files of this size quickly.
const MAX_FILE_BYTES: u64 = 128 << 20;

/// The arguments of `easel gallery`.
#[derive(Debug)]
pub(crate) struct GalleryOptions {
    /// The file to write instead of serving.
    pub(crate) file: Option<PageFile>,
    pub(crate) port: u16,
    pub(crate) open: bool,
}

/// A page with its data in it.
#[derive(Debug)]
pub(crate) struct PageFile {
    pub(crate) path: PathBuf,
    pub(crate) overwrite: bool,
    /// The maximum number of images.
    pub(crate) limit: u32,
    /// The longest edge of a picture in pixels.
    pub(crate) edge: u32,
}

/// Serves the page until a signal, or writes it to a file.
///
/// # Errors
/// [`UsageError`] for a file that cannot be written, and any error if the images cannot be read or the port is in use.
pub(crate) fn run(
    environment: &Environment,
    invocation: Invocation,
    options: &GalleryOptions,
) -> Result<(), Box<dyn Error>> {
    let target = options.file.as_ref().map(|file| file.check(environment)).transpose()?;
    local::run(environment, invocation, async |local: Local| {
        let Local { connection, messages, stopping, .. } = local;
        let gallery = Gallery::open(connection, messages, env!("CARGO_PKG_VERSION")).await?;
        if let Some((file, path)) = options.file.as_ref().zip(target) {
            tokio::select! {
                result = file.write(&gallery, &path) => result?,
                // The temporary file is removed when it is dropped.
                () = stopping.cancelled() => return Err(Interrupted("interrupted; no file was written".to_owned()).into()),
            }
            if options.open {
                open(&path);
            }
            return Ok(());
        }
        let token = easel_gallery::new_token()?;
        let server = Server::listen(options.port, &token).await;
        let server = server.map_err(|error| format!("cannot listen on 127.0.0.1:{}: {error}", options.port))?;
        let address = format!("{}#token={token}", server.url()?);
        print(&address)?;
        report("serving the gallery on this machine; Ctrl-C stops it");
        let redirect = options.open.then(|| write_redirect(&address)).transpose()?;
        redirect.iter().for_each(|file| open(file.path()));
        server.serve(gallery, stopping).await;
        Ok(())
    })
}

impl PageFile {
    /// Checks that the file can be written, and returns its absolute path.
    fn check(&self, environment: &Environment) -> Result<PathBuf, UsageError> {
        let path = environment.absolute(&self.path);
        let shown = path.display();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if !matches!(extension.to_ascii_lowercase().as_str(), "html" | "htm") {
            return Err(UsageError(format!("{shown} needs the extension .html")));
        }
        if !self.overwrite && path.symlink_metadata().is_ok() {
            return Err(UsageError(format!("{shown} already exists; --overwrite replaces it")));
        }
        if path.is_dir() {
            return Err(UsageError(format!("{shown} is a folder")));
        }
        if !path.parent().is_some_and(Path::is_dir) {
            return Err(UsageError(format!("the folder of {shown} does not exist")));
        }
        Ok(path)
    }

    /// Writes the page, and gives it its name when it is complete.
    async fn write(&self, gallery: &Gallery, path: &Path) -> Result<(), Box<dyn Error>> {
        let folder = path.parent().ok_or("the file has no folder")?;
        let shown = path.display();
        let failed = |error: std::io::Error| format!("{shown} was not written: {error}");
        let mut file = NewFile::create_private(folder).map_err(failed)?;
        let options = ExportOptions { max_images: self.limit as usize, max_edge: self.edge, max_bytes: MAX_FILE_BYTES };
        let export = easel_gallery::export(gallery, options, BufWriter::new(file.as_file_mut())).await?;
        file.as_file_mut().sync_all().map_err(failed)?;
        file.persist(path, if self.overwrite { ExistingFile::Replace } else { ExistingFile::Keep }).map_err(failed)?;
        print(&shown.to_string())?;
        let more = if export.has_more { "; --limit writes more" } else { "" };
        report(&format!("{}, {}{more}", count_images(export.images), bytes(export.bytes)));
        if export.without_picture > 0 {
            report(&format!(
                "{} without a picture: a file cannot be read, or the page would be larger than {}; a smaller --edge or \
                 --limit makes it smaller",
                count_images(export.without_picture),
                bytes(MAX_FILE_BYTES)
            ));
        }
        Ok(())
    }
}

fn count_images(number: usize) -> String {
    if number == 1 { "1 image".to_owned() } else { format!("{number} images") }
}

/// Writes a file that leads to the address. Other users can see the arguments of a browser, but not this file.
fn write_redirect(address: &str) -> Result<NamedTempFile, Box<dyn Error>> {
    let mut file = tempfile::Builder::new().prefix("easel-gallery-").suffix(".html").tempfile()?;
    let meta = format!("<meta http-equiv=\"refresh\" content=\"0; url={address}\">");
    writeln!(file, "<!doctype html><title>Easel gallery</title>{meta}")?;
    file.flush()?;
    Ok(file)
}

fn open(path: &Path) {
    if let Err(error) = open::that_detached(path) {
        report(&format!("{} cannot be opened: {error}", path.display()));
    }
}
