//! `image/exportSet`: several files, all or none.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;

use easel_picture::{Color, Fit};
use easel_protocol::id::ImageId;
use easel_protocol::image::{ExportSet, ImageExportSetParams, ImageExportSetResponse};
use easel_store::FileOfSet;

use super::icons::{self, Square};
use super::sprites::{self, SpriteOptions};
use super::workers::{Rendered, decode};
use super::{ExportFailure, Output, background, existing, fit, web};
use crate::images::Images;
use crate::requests::RequestError;

/// The most pictures of `sizes`.
const MAX_SIZES: usize = 32;
/// The most pixels of a side.
const MAX_SIDE: u32 = 4_096;
/// The most pixels of all pictures of `sizes`, which are in memory as files until they are written.
const MAX_PIXELS: u64 = 50 << 20;
/// The most images of a sheet.
const MAX_SPRITES: usize = 256;
/// The most characters of a name.
const MAX_NAME_CHARS: usize = 64;

/// The set that the params ask for.
struct SetRequest {
    set: ExportSet,
    images: Vec<ImageId>,
    sizes: Vec<u32>,
    name: Option<String>,
    fit: Fit,
    background: Option<Color>,
}

impl Images {
    /// Writes a set of files.
    ///
    /// # Errors
    /// [`RequestError::ImageNotFound`], [`RequestError::BadField`] for a folder or file that cannot be written or a
    /// picture that cannot be made, [`RequestError::NotExported`], and those of the store.
    pub(crate) async fn export_set(
        &self,
        params: ImageExportSetParams,
    ) -> Result<ImageExportSetResponse, RequestError> {
        let (folder, existing) = (PathBuf::from(&params.folder), existing(params.overwrite));
        let image_id = params.image_id.clone();
        let request = SetRequest::new(params)?;
        let mut sources = Vec::with_capacity(request.images.len());
        for image in &request.images {
            sources.push(self.stored_image(image).await?.path().to_owned());
        }
        let folder = self.store.check_export_set(folder, self.cwd.clone(), request.paths(), existing).await;
        let folder = folder.map_err(RequestError::export_set)?;
        let snippet = (request.set == ExportSet::Web).then(|| web::SNIPPET.to_owned());
        let render = move |files: Vec<File>| {
            let outputs = request.render(files)?;
            let files: Vec<_> = outputs.iter().map(Output::describe).collect();
            let contents = outputs.into_iter().map(|Output { path, bytes, .. }| FileOfSet { path, bytes });
            Ok((files, contents.collect()))
        };
        let rendered = self.exports.run(sources, render).await;
        let Rendered { output: (mut files, contents), worker } =
            rendered.map_err(|error| RequestError::export_failure(error, &image_id))?;
        let paths = self.store.write_export_set(folder, contents, existing).await.map_err(RequestError::export_set)?;
        drop(worker);
        for (file, path) in files.iter_mut().zip(paths) {
            file.path = path.display().to_string();
        }
        Ok(ImageExportSetResponse { files, snippet })
    }
}

impl SetRequest {
    fn new(params: ImageExportSetParams) -> Result<Self, RequestError> {
        let ImageExportSetParams { image_id, set, sizes, image_ids, name, .. } = params;
        let name = name.map(|name| check_name(set, name)).transpose()?;
        let sizes = check_sizes(set, sizes)?;
        if image_ids.is_some() && set != ExportSet::Sprites {
            return Err(RequestError::field("imageIds", "is for sprites only"));
        }
        let images = [vec![image_id], image_ids.unwrap_or_default()].concat();
        if images.len() > MAX_SPRITES {
            return Err(RequestError::field("imageIds", format!("must have at most {} images", MAX_SPRITES - 1)));
        }
        let mut names = HashSet::new();
        if let Some(twice) = images.iter().find(|image| !names.insert(*image)) {
            return Err(RequestError::field("imageIds", format!("has {twice} twice")));
        }
        let (fit, background) = (fit(params.fit), background(params.background.as_deref())?);
        Ok(Self { set, images, sizes, name, fit, background })
    }

    /// Returns the name of the files of `sizes` and `sprites`.
    fn stem(&self) -> &str {
        let default = if self.set == ExportSet::Sprites { "sprites" } else { "icon" };
        self.name.as_deref().unwrap_or(default)
    }

    /// Returns the paths of the files below the folder.
    fn paths(&self) -> Vec<PathBuf> {
        let stem = self.stem();
        match self.set {
            ExportSet::Web => web::PATHS.map(PathBuf::from).to_vec(),
            ExportSet::Apple => ["icon.icns", "AppIcon.png"].map(PathBuf::from).to_vec(),
            ExportSet::Windows => vec!["icon.ico".into()],
            ExportSet::Android => icons::android_paths().map(PathBuf::from).collect(),
            ExportSet::Sizes => self.sizes.iter().map(|side| format!("{stem}-{side}.png").into()).collect(),
            ExportSet::Sprites => ["png", "json"].map(|extension| format!("{stem}.{extension}").into()).to_vec(),
        }
    }

    /// Makes the files, in the order of [`paths`](Self::paths).
    fn render(&self, files: Vec<File>) -> Result<Vec<Output>, ExportFailure> {
        if self.set == ExportSet::Sprites {
            let side = self.sizes.first().copied();
            let options = SpriteOptions { side, fit: self.fit, background: self.background };
            return sprites::sprites(files, &self.images, self.stem(), options);
        }
        let file = files.into_iter().next().ok_or(ExportFailure::Panic)?;
        let square = Square::new(decode(file)?, self.fit, self.background)?;
        match self.set {
            ExportSet::Web => web::web(&square, self.name.as_deref()),
            ExportSet::Apple => icons::apple(&square),
            ExportSet::Windows => icons::windows(&square),
            ExportSet::Android => icons::android(&square),
            ExportSet::Sizes | ExportSet::Sprites => {
                let output = |(path, side): (PathBuf, &u32)| Output::png(path, &square.scale_on_background(*side)?);
                self.paths().into_iter().zip(&self.sizes).map(output).collect()
            }
        }
    }
}

/// Checks a name: it becomes that of files, or of the app in the manifest of `web`.
fn check_name(set: ExportSet, name: String) -> Result<String, RequestError> {
    let has_length = (1..=MAX_NAME_CHARS).contains(&name.chars().count());
    let is_plain = !name.chars().any(char::is_control);
    let reason = match set {
        ExportSet::Web if has_length && is_plain => return Ok(name),
        ExportSet::Web => format!("must have 1 to {MAX_NAME_CHARS} characters, and no control characters"),
        ExportSet::Sizes | ExportSet::Sprites => {
            let is_file_name = !name.starts_with('.') && !name.contains(|c| r#"/\:*?"<>|"#.contains(c));
            if has_length && is_plain && is_file_name {
                return Ok(name);
            }
            format!("must have 1 to {MAX_NAME_CHARS} characters that file names can have, and no dot at its start")
        }
        ExportSet::Apple | ExportSet::Windows | ExportSet::Android => {
            "is for the sets web, sizes and sprites only".to_owned()
        }
    };
    Err(RequestError::field("name", reason))
}

/// Checks the sizes, which only `sizes` must have.
fn check_sizes(set: ExportSet, sizes: Option<Vec<u32>>) -> Result<Vec<u32>, RequestError> {
    let max = match set {
        ExportSet::Sizes => MAX_SIZES,
        ExportSet::Sprites => 1,
        ExportSet::Web | ExportSet::Apple | ExportSet::Windows | ExportSet::Android => 0,
    };
    let Some(sizes) = sizes else {
        if set == ExportSet::Sizes {
            return Err(RequestError::field("sizes", "is required"));
        }
        return Ok(Vec::new());
    };
    if max == 0 {
        return Err(RequestError::field("sizes", "is for the sets sizes and sprites only"));
    }
    if !(1..=max).contains(&sizes.len()) {
        let reason =
            if max == 1 { "must be one number for sprites".to_owned() } else { format!("must be 1 to {max} numbers") };
        return Err(RequestError::field("sizes", reason));
    }
    if sizes.iter().any(|side| !(1..=MAX_SIDE).contains(side)) {
        return Err(RequestError::field("sizes", format!("must be between 1 and {MAX_SIDE}")));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = sizes.iter().find(|side| !seen.insert(**side)) {
        return Err(RequestError::field("sizes", format!("has {twice} twice")));
    }
    if sizes.iter().map(|side| u64::from(*side).pow(2)).sum::<u64>() > MAX_PIXELS {
        return Err(RequestError::field("sizes", format!("must have at most {MAX_PIXELS} pixels together")));
    }
    Ok(sizes)
}
