//! `easel export`: copies an image to a file, or writes a set of files, as a client of a server in the same process.

use std::error::Error;
use std::path::PathBuf;

use easel_client::Connection;
use easel_config::{Environment, Invocation};
use easel_imagegen::handle;
use easel_protocol::handshake::{ClientInfo, InitializeParams};
use easel_protocol::id::ImageId;
use easel_protocol::image::{ExportFit, ExportFormat, ExportSet, ImageExportParams, ImageExportSetParams};
use easel_protocol::method::{ImageExport, ImageExportSet, Initialize};
use serde::Serialize;

use super::format::bytes;
use super::{UsageError, print, refusal, to_utf8};
use crate::server::local::{self, Local};

/// The arguments of `easel export`.
#[derive(Debug)]
pub(crate) struct ExportOptions {
    /// The handles of the images, at least one.
    pub(crate) images: Vec<String>,
    pub(crate) target: ExportTarget,
    pub(crate) fit: Option<ExportFit>,
    pub(crate) background: Option<String>,
    pub(crate) overwrite: bool,
    pub(crate) json: bool,
}

/// What to write.
#[derive(Debug)]
pub(crate) enum ExportTarget {
    /// One file.
    File {
        path: PathBuf,
        /// The format of the extension.
        format: ExportFormat,
        width: Option<u32>,
        height: Option<u32>,
        quality: Option<u8>,
        trim: bool,
        padding: Option<u32>,
    },
    /// A set of files.
    Set { set: ExportSet, folder: PathBuf, sizes: Option<Vec<u32>>, name: Option<String> },
}

/// Writes the files, and prints their paths, sizes in pixels and sizes in bytes.
///
/// # Errors
/// [`UsageError`] for a text that is not a handle, several without sprites, or options that do not go with the image or
/// the files, and any error if nothing was written.
pub(crate) fn run(environment: &Environment, options: ExportOptions) -> Result<(), Box<dyn Error>> {
    if let Some(other) = options.images.iter().find(|image| !handle::is_handle(image)) {
        return Err(UsageError(format!("{other} is not a handle; `easel images` lists them")).into());
    }
    let is_sheet = matches!(options.target, ExportTarget::Set { set: ExportSet::Sprites, .. });
    if options.images.len() > 1 && !is_sheet {
        return Err(UsageError("only a sheet of sprites has several images".to_owned()).into());
    }
    let path = match &options.target {
        ExportTarget::File { path, .. } => environment.absolute(path),
        ExportTarget::Set { folder, .. } => environment.absolute(folder),
    };
    let path = to_utf8(&path)?.to_owned();
    local::run(environment, Invocation::default(), async |local: Local| {
        let connection = &local.connection;
        let (name, version) = ("easel_export".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let client_info = ClientInfo { name, title: Some("Easel export".to_owned()), version };
        connection.request::<Initialize>(&InitializeParams { client_info, capabilities: None }).await?;
        export(connection, path, options).await
    })
}

/// Writes the files to this absolute path.
async fn export(connection: &Connection, path: String, options: ExportOptions) -> Result<(), Box<dyn Error>> {
    let ExportOptions { images, target, fit, background, overwrite, json } = options;
    let mut images = images.into_iter().map(ImageId::from);
    let image_id = images.next().ok_or("no image")?;
    let overwrite = Some(overwrite);
    match target {
        ExportTarget::File { format, width, height, quality, trim, padding, .. } => {
            let params = ImageExportParams {
                image_id,
                path,
                overwrite,
                width,
                height,
                fit,
                format: Some(format),
                quality,
                background,
                trim: trim.then_some(true),
                padding,
            };
            let file =
                connection.request::<ImageExport>(&params).await.map_err(|error| refusal(error, with_options))?;
            if json {
                return print_json(&file);
            }
            Ok(print(&to_line(&file.path, Some((file.width, file.height)), file.bytes))?)
        }
        ExportTarget::Set { set, sizes, name, .. } => {
            let image_ids = Some(images.collect::<Vec<_>>()).filter(|others| !others.is_empty());
            let params = ImageExportSetParams {
                image_id,
                folder: path,
                set,
                sizes,
                image_ids,
                name,
                fit,
                background,
                overwrite,
            };
            let exported =
                connection.request::<ImageExportSet>(&params).await.map_err(|error| refusal(error, with_options))?;
            if json {
                return print_json(&exported);
            }
            for file in &exported.files {
                print(&to_line(&file.path, file.width.zip(file.height), file.bytes))?;
            }
            exported.snippet.iter().flat_map(|snippet| snippet.lines()).try_for_each(print)?;
            Ok(())
        }
    }
}

/// Returns a message of the server with the options of the command in place of the fields of the request.
fn with_options(message: &str) -> String {
    let options = [
        ("path", "--out"),
        ("format", "--out"),
        ("folder", "--set"),
        ("imageId", "HANDLE"),
        ("imageIds", "HANDLE"),
        ("sizes", "--sizes"),
        ("name", "--name"),
        ("width", "--width"),
        ("height", "--height"),
        ("fit", "--fit"),
        ("quality", "--quality"),
        ("background", "--background"),
        ("trim", "--trim"),
        ("padding", "--padding"),
        ("overwrite", "--overwrite"),
    ];
    let replace = |text: String, (field, option)| text.replace(&format!("`{field}`"), &format!("`{option}`"));
    options.into_iter().fold(message.to_owned(), replace)
}

fn to_line(path: &str, size: Option<(u32, u32)>, count: u64) -> String {
    let size = size.map(|(width, height)| format!("{width}x{height}")).unwrap_or_default();
    format!("{size:>9}  {:>8}  {path}", bytes(count))
}

fn print_json(response: &impl Serialize) -> Result<(), Box<dyn Error>> {
    Ok(print(&serde_json::to_string(response)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_options_of_the_command() {
        let named = [
            (
                "`path`: already exists; set `overwrite` to replace it",
                "`--out`: already exists; set `--overwrite` to replace it",
            ),
            ("`imageIds`: is for sprites only", "`HANDLE`: is for sprites only"),
            ("`fit`: must be contain or cover", "`--fit`: must be contain or cover"),
            ("image img_1 not found", "image img_1 not found"),
        ];
        for (message, expected) in named {
            assert_eq!(with_options(message), expected);
        }
    }
}
