//! The icons of a web site, and the manifest that names them.

use easel_picture::{Picture, to_ico};
use serde_json::json;

use super::icons::Square;
use super::{ExportFailure, Output};

/// The files of the set.
pub(super) const PATHS: [&str; 6] =
    ["favicon.ico", "icon-192.png", "icon-512.png", "icon-mask.png", "apple-touch-icon.png", "manifest.webmanifest"];

/// The lines for the head of a page.
pub(super) const SNIPPET: &str = r#"<link rel="icon" href="/favicon.ico" sizes="32x32">
<link rel="icon" href="/icon-192.png" type="image/png" sizes="192x192">
<link rel="apple-touch-icon" href="/apple-touch-icon.png">
<link rel="manifest" href="/manifest.webmanifest">
"#;

/// The side of the icon from which systems cut out a shape, in pixels.
const MASK_SIDE: u32 = 512;
/// Pixels around the picture in it. Every shape shows the circle in the middle whose diameter is 80 % of the side
/// (W3C, Web Application Manifest, 4.3 "Icon masks and safe zone").
const MASK_PADDING: u32 = 52;

/// Makes the icons and the manifest. `name` is the name of the app.
pub(super) fn web(square: &Square, name: Option<&str>) -> Result<Vec<Output>, ExportFailure> {
    square.require(512)?;
    let favicon = to_ico(&[square.scale(16)?, square.scale(32)?])?;
    let icon =
        |side: u32| json!({"src": format!("icon-{side}.png"), "type": "image/png", "sizes": format!("{side}x{side}")});
    let mut mask = icon(MASK_SIDE);
    (mask["src"], mask["purpose"]) = ("icon-mask.png".into(), "maskable".into());
    let mut manifest = json!({"icons": [icon(192), mask, icon(512)]});
    if let Some(name) = name {
        manifest["name"] = name.into();
    }
    let [favicon_path, small, large, mask_path, touch, manifest_path] = PATHS;
    Ok(vec![
        Output { path: favicon_path.into(), size: Some((32, 32)), bytes: favicon },
        Output::png(small, &square.scale(192)?)?,
        Output::png(large, &square.scale(512)?)?,
        Output::png(mask_path, &mask_icon(square)?)?,
        Output::png(touch, &square.scale_opaque(180, touch)?)?,
        Output { path: manifest_path.into(), size: None, bytes: format!("{manifest:#}\n").into_bytes() },
    ])
}

/// Makes the icon from which systems cut out a shape: opaque, and with a border in the background or in the color that
/// the outermost pixels share.
fn mask_icon(square: &Square) -> Result<Picture, ExportFailure> {
    let Some(color) = square.background.or_else(|| square.picture.border_color()) else {
        let reason = "is required: icon-mask.png has a border, and the image has no single opaque color at its edges";
        return Err(ExportFailure::field("background", reason));
    };
    square.render(MASK_SIDE, MASK_PADDING, Some(color))
}
