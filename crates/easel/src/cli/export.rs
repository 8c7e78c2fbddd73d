//! The arguments of `easel export`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use easel_protocol::image::{ExportFit, ExportSet};

use crate::commands::export::{ExportOptions, ExportTarget};
use crate::commands::{UsageError, file_format};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("target").args(["out", "set"]).required(true)))]
pub(super) struct ExportArgs {
    /// The handle of the image, such as img_…; for a sheet of sprites, of all its images in order.
    #[arg(required = true, value_name = "HANDLE")]
    images: Vec<String>,
    /// Write one file, in the format of its extension.
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a set of files to a folder: web, apple, windows, android, sizes or sprites.
    #[arg(long, num_args = 2, value_names = ["SET", "DIR"])]
    set: Option<Vec<String>>,
    /// The width in pixels. Default: it follows from the height.
    #[arg(long, value_name = "PIXELS", conflicts_with = "set")]
    width: Option<u32>,
    /// The height in pixels. Default: it follows from the width.
    #[arg(long, value_name = "PIXELS", conflicts_with = "set")]
    height: Option<u32>,
    /// How the image fills a size of another aspect.
    #[arg(long)]
    fit: Option<Fit>,
    /// The quality of a JPEG, from 1 to 100. Default: 90.
    #[arg(long, value_name = "NUMBER", conflicts_with = "set")]
    quality: Option<u8>,
    /// The color below transparent pixels, such as #ffffff.
    #[arg(long, value_name = "COLOR")]
    background: Option<String>,
    /// Cut off a transparent border, or one of a single color.
    #[arg(long, conflicts_with = "set")]
    trim: bool,
    /// Leave this number of pixels on each side.
    #[arg(long, value_name = "PIXELS", conflicts_with = "set")]
    padding: Option<u32>,
    /// The sides of the pictures of the set sizes, such as 64,128, or the side of each sprite.
    #[arg(long, value_name = "PIXELS", value_delimiter = ',', requires = "set", conflicts_with = "out")]
    sizes: Option<Vec<u32>>,
    /// The beginning of the file names of sizes and sprites, or the name of the app in the manifest of web.
    #[arg(long, requires = "set", conflicts_with = "out")]
    name: Option<String>,
    /// Replace existing files.
    #[arg(long)]
    overwrite: bool,
    /// Print one JSON object, as in image/export and image/exportSet.
    #[arg(long)]
    json: bool,
}

/// How an image fills a size of another aspect.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Fit {
    /// Show the whole image, with the background around it.
    Contain,
    /// Fill the whole size, and cut off two sides of the image.
    Cover,
}

impl ExportArgs {
    pub(super) fn into_options(self) -> Result<ExportOptions, UsageError> {
        let Self { images, out, set, width, height, quality, trim, padding, sizes, name, overwrite, json, .. } = self;
        let target = match (out, set.as_deref()) {
            (Some(path), _) => ExportTarget::File {
                format: file_format::of_extension(&path)?,
                path,
                width,
                height,
                quality,
                trim,
                padding,
            },
            (None, Some([set, folder])) => {
                ExportTarget::Set { set: parse_set(set)?, folder: folder.into(), sizes, name }
            }
            (None, _) => return Err(UsageError("either -o or --set is required".to_owned())),
        };
        let fit = self.fit.map(|fit| match fit {
            Fit::Contain => ExportFit::Contain,
            Fit::Cover => ExportFit::Cover,
        });
        Ok(ExportOptions { images, target, fit, background: self.background, overwrite, json })
    }
}

fn parse_set(name: &str) -> Result<ExportSet, UsageError> {
    Ok(match name {
        "web" => ExportSet::Web,
        "apple" => ExportSet::Apple,
        "windows" => ExportSet::Windows,
        "android" => ExportSet::Android,
        "sizes" => ExportSet::Sizes,
        "sprites" => ExportSet::Sprites,
        _ => {
            let sets = "web, apple, windows, android, sizes or sprites";
            return Err(UsageError(format!("{name} is not a set; it is one of {sets}")));
        }
    })
}
