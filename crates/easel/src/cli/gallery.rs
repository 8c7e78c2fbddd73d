//! The arguments of `easel gallery`.

use std::path::PathBuf;

use clap::Args;
use easel_config::Invocation;

use super::ConfigArgs;
use crate::commands::faces::gallery::{GalleryOptions, PageFile};

#[derive(Debug, Args)]
pub(super) struct GalleryArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Serve the page on this machine until Ctrl-C. This is the default without --out.
    #[arg(long, conflicts_with = "out")]
    serve: bool,
    /// The port to serve on. 0 is a free one.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, conflicts_with = "out")]
    port: u16,
    /// Write the page to this file, with its images in it.
    #[arg(short = 'o', long, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// Let --out replace a file.
    #[arg(long, requires = "out")]
    overwrite: bool,
    /// The maximum number of images in the file, newest first.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 2_000, requires = "out")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=20_000))]
    limit: u32,
    /// The longest edge of a picture in the file, in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 320, requires = "out")]
    #[arg(value_parser = clap::value_parser!(u32).range(64..=2_048))]
    edge: u32,
    /// Open the page with the program that the system has for it.
    #[arg(long)]
    open: bool,
}

impl GalleryArgs {
    /// Returns what to do, and the configuration with `before`, the options before the subcommand.
    pub(super) fn into_options(self, before: ConfigArgs) -> (Invocation, GalleryOptions) {
        let Self { overwrite, limit, edge, .. } = self;
        let file = self.out.map(|path| PageFile { path, overwrite, limit, edge });
        (before.merge(self.config), GalleryOptions { file, port: self.port, open: self.open })
    }
}
