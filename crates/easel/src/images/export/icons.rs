//! The icons of an app: what each system wants to have.

use easel_picture::{Color, Fit, Picture, Transform, TransformError, to_icns, to_ico};

use super::{ExportFailure, Output};

/// The icons in the folders of an Android project, by the density of the screen (Android, "Support different pixel
/// densities").
const ANDROID: [(&str, u32); 6] = [
    ("mipmap-mdpi/ic_launcher.png", 48),
    ("mipmap-hdpi/ic_launcher.png", 72),
    ("mipmap-xhdpi/ic_launcher.png", 96),
    ("mipmap-xxhdpi/ic_launcher.png", 144),
    ("mipmap-xxxhdpi/ic_launcher.png", 192),
    ("ic_launcher-playstore.png", 512),
];
const WINDOWS: [u32; 7] = [16, 24, 32, 48, 64, 128, 256];
const APPLE: [u32; 6] = [32, 64, 128, 256, 512, 1_024];

/// A picture from which square icons are scaled: the whole of it is in the middle of each.
pub(super) struct Square {
    pub(super) picture: Picture,
    pub(super) background: Option<Color>,
}

impl Square {
    /// Creates the source of icons from a picture that is square, or that `fit` makes square. Without a background,
    /// what is added is transparent.
    pub(super) fn new(mut picture: Picture, fit: Fit, background: Option<Color>) -> Result<Self, ExportFailure> {
        let from = (picture.width, picture.height);
        let (long, short) = (from.0.max(from.1), from.0.min(from.1));
        match fit {
            Fit::Refuse if long != short => return Err(TransformError::Aspect { from, to: (long, long) }.into()),
            Fit::Cover if long != short => {
                picture = picture.transform(&Transform {
                    width: Some(short),
                    height: Some(short),
                    fit,
                    ..Transform::default()
                })?;
            }
            // What is added to the others is added at the size of each icon, where it needs the least memory.
            Fit::Refuse | Fit::Contain | Fit::Cover => {}
        }
        Ok(Self { picture, background })
    }

    /// Checks that no icon enlarges the picture.
    pub(super) fn require(&self, side: u32) -> Result<(), ExportFailure> {
        let found = self.picture.width.max(self.picture.height);
        if found >= side {
            return Ok(());
        }
        let reason = format!("has {found}x{found} pixels, the set needs {side}x{side}, and icons are not enlarged");
        Err(ExportFailure::field("imageId", reason))
    }

    /// Returns the picture at a size, with transparent pixels.
    pub(super) fn scale(&self, side: u32) -> Result<Picture, ExportFailure> {
        self.render(side, 0, None)
    }

    /// Returns the picture at a size, on its background if there is one.
    pub(super) fn scale_on_background(&self, side: u32) -> Result<Picture, ExportFailure> {
        self.render(side, 0, self.background)
    }

    /// Returns the picture for a file that must be opaque.
    pub(super) fn scale_opaque(&self, side: u32, file: &str) -> Result<Picture, ExportFailure> {
        let picture = self.scale_on_background(side)?;
        if picture.is_opaque() {
            return Ok(picture);
        }
        let reason = format!("is required: {file} must be opaque, and the image has transparent pixels");
        Err(ExportFailure::field("background", reason))
    }

    /// Returns the picture at a size, with padding on each side in it.
    pub(super) fn render(&self, side: u32, padding: u32, background: Option<Color>) -> Result<Picture, ExportFailure> {
        let (width, height) = (Some(side), Some(side));
        let transform = Transform { width, height, fit: Fit::Contain, padding, background, trim: false };
        Ok(self.picture.transform(&transform)?)
    }
}

/// Makes the icon of a macOS app, and the one of an iOS app, which must not have transparent pixels.
pub(super) fn apple(square: &Square) -> Result<Vec<Output>, ExportFailure> {
    square.require(1_024)?;
    let sizes = APPLE.into_iter().map(|side| square.scale(side)).collect::<Result<Vec<_>, _>>()?;
    let icns = Output { path: "icon.icns".into(), size: Some((1_024, 1_024)), bytes: to_icns(&sizes)? };
    Ok(vec![icns, Output::png("AppIcon.png", &square.scale_opaque(1_024, "AppIcon.png")?)?])
}

/// Makes the icon of a Windows program.
pub(super) fn windows(square: &Square) -> Result<Vec<Output>, ExportFailure> {
    square.require(256)?;
    let sizes = WINDOWS.into_iter().map(|side| square.scale_on_background(side)).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![Output { path: "icon.ico".into(), size: Some((256, 256)), bytes: to_ico(&sizes)? }])
}

/// Makes the icons of an Android app and of its page in the store. The system cuts out their shape.
pub(super) fn android(square: &Square) -> Result<Vec<Output>, ExportFailure> {
    square.require(512)?;
    ANDROID.into_iter().map(|(path, side)| Output::png(path, &square.scale_on_background(side)?)).collect()
}

/// Returns the paths of the files of [`android`].
pub(super) fn android_paths() -> impl Iterator<Item = &'static str> {
    ANDROID.into_iter().map(|(path, _)| path)
}
