//! The arguments of `easel draw`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use easel_config::Invocation;
use serde_json::{Map, Value};

use super::ConfigArgs;
use crate::commands::draw::DrawOptions;
use crate::commands::draw::inline::InlineMode;

#[derive(Debug, Args)]
pub(super) struct DrawArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// What to draw, or how to change the images. `-` reads it from standard input.
    #[arg(required = true)]
    prompt: Vec<String>,
    /// An image to edit: a file, or the handle of an image that Easel has made. May be repeated; the order counts.
    #[arg(short = 'i', long = "image", value_name = "FILE|HANDLE")]
    images: Vec<String>,
    /// A mask for the first image: its transparent parts are changed.
    #[arg(long, value_name = "FILE|HANDLE")]
    mask: Option<String>,
    /// Put what is outside the mask back exactly as it was, in an image of its own.
    #[arg(long, requires = "mask")]
    preserve: bool,
    /// The size, such as 1024x1024, or auto.
    #[arg(long)]
    size: Option<String>,
    /// The quality, such as low, medium, high or auto.
    #[arg(long)]
    quality: Option<String>,
    /// The background, such as transparent, opaque or auto.
    #[arg(long)]
    background: Option<String>,
    /// The format to ask the provider for. --out converts the image if its extension names another one.
    #[arg(long)]
    format: Option<FileFormat>,
    /// The number of images.
    #[arg(short = 'n', long = "count", value_name = "NUMBER")]
    count: Option<u32>,
    /// Copy the image to this file, in the format of its extension. The second image of several gets -2 before the
    /// extension.
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Let --out replace a file.
    #[arg(long, requires = "out")]
    overwrite: bool,
    /// The provider, by its name in the configuration.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Continue the newest thread of this folder, to change its last image.
    #[arg(long = "continue")]
    continues: bool,
    /// Show this number of previews while the image is made, if the provider has them. OpenAI bills each as 100 output
    /// tokens.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(0..=3))]
    previews: Option<u32>,
    /// How to show pictures on the terminal. Default: what the terminal can.
    #[arg(long, value_name = "MODE")]
    inline: Option<InlineMode>,
    /// Print one JSON object with the images and their records.
    #[arg(long)]
    json: bool,
    /// Open the images with the program that the system has for them.
    #[arg(long)]
    open: bool,
}

/// A format of image files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileFormat {
    Png,
    Jpeg,
    Webp,
}

impl DrawArgs {
    /// Returns what to draw, and the configuration with `before`, the options before the subcommand.
    pub(super) fn into_options(self, before: ConfigArgs) -> (Invocation, DrawOptions) {
        let mut parameters = Map::new();
        let format = self.format.and_then(|format| format.to_possible_value()).map(|value| value.get_name().to_owned());
        let texts = [("size", self.size), ("quality", self.quality), ("background", self.background)];
        for (name, value) in texts.into_iter().chain([("output_format", format)]) {
            parameters.extend(value.map(|value| (name.to_owned(), Value::from(value))));
        }
        parameters.extend(self.count.map(|count| ("n".to_owned(), count.into())));
        parameters.extend(self.preserve.then(|| ("preserve".to_owned(), true.into())));
        let mut invocation = before.merge(self.config);
        invocation.overrides.extend(self.previews.map(|count| format!("images.partial_images={count}")));
        let options = DrawOptions {
            prompt: self.prompt,
            images: self.images,
            mask: self.mask,
            parameters,
            out: self.out,
            overwrite: self.overwrite,
            continues: self.continues,
            provider: self.provider,
            json: self.json,
            open: self.open,
            inline: self.inline,
            asks_for_previews: self.previews.is_some_and(|count| count > 0),
        };
        (invocation, options)
    }
}
