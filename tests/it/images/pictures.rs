//! Pictures that are made from images: scaled, trimmed, padded, filled, and written in other formats.

use std::io::Cursor;
use std::path::Path;

use easel_picture::{Bounds, Color, Format, Limits, Picture};
use easel_protocol::image::{ExportFit, ExportFormat, ImageExportParams, ImageExportResponse};
use easel_protocol::method::ImageExport;
use easel_testkit::image::sha256;
use serde_json::json;

use super::preview::draw_file;
use crate::harness::read_file;

/// A transparent picture with a red rectangle in the middle.
pub(super) fn icon(width: u32, height: u32) -> Vec<u8> {
    let mut picture = Picture::blank(width, height, None);
    picture.place(&Picture::blank(width / 2, height / 2, Some(Color([200, 0, 0]))), width / 4, height / 4);
    picture.to_png().expect("a PNG")
}

pub(super) fn read_picture(path: impl AsRef<Path>) -> Picture {
    easel_picture::read(Cursor::new(read_file(path)), Bounds::edge(u32::MAX), Limits::default()).expect("pixels")
}

pub(super) fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 4] {
    let at = (y * picture.width + x) as usize * 4;
    picture.rgba[at..at + 4].try_into().expect("four channels")
}

fn to_file(path: &Path) -> ImageExportParams {
    ImageExportParams { path: path.display().to_string(), ..ImageExportParams::default() }
}

#[tokio::test]
async fn picture_is_trimmed_scaled_padded_and_filled() {
    let (_provider, sandbox, mut server, record) = draw_file(icon(400, 200)).await;
    let params = ImageExportParams {
        image_id: record.id.clone(),
        trim: Some(true),
        width: Some(100),
        height: Some(100),
        fit: Some(ExportFit::Contain),
        padding: Some(10),
        background: Some("#0000ff".to_owned()),
        ..to_file(&sandbox.project().join("icon.png"))
    };
    let original = read_file(&record.path);
    let written = server.request::<ImageExport>(&params).await;
    let bytes = read_file(&written.path);
    let ImageExportResponse { bytes: count, sha256: hash, width, height, .. } = written.clone();
    assert_eq!((count, hash, width, height), (bytes.len() as u64, sha256(&bytes), 100, 100));
    let picture = read_picture(&written.path);
    assert!(picture.is_opaque());
    // The red part has twice its height in width, so 80 by 40 pixels are left for it.
    for (x, y, expected) in
        [(50, 50, [200, 0, 0, 255]), (11, 50, [200, 0, 0, 255]), (9, 50, [0, 0, 255, 255]), (50, 28, [0, 0, 255, 255])]
    {
        assert_eq!(pixel(&picture, x, y), expected, "{x}, {y}");
    }

    let again = to_file(&sandbox.project().join("again.png")).path;
    server.request::<ImageExport>(&ImageExportParams { path: again.clone(), ..params }).await;
    assert_eq!(read_file(again), bytes, "the same request gives the same bytes");
    assert_eq!(read_file(&record.path), original);
    server.close().await;
}

#[tokio::test]
async fn copy_has_the_format_of_the_params() {
    let (_provider, sandbox, mut server, record) = draw_file(icon(64, 64)).await;
    let formats = [
        (ExportFormat::Webp, "a.webp", Format::WebP),
        (ExportFormat::Jpeg, "a.jpg", Format::Jpeg),
        (ExportFormat::Png, "a.png", Format::Png),
    ];
    for (format, name, expected) in formats {
        let params = ImageExportParams {
            image_id: record.id.clone(),
            format: Some(format),
            background: (format == ExportFormat::Jpeg).then(|| "#ffffff".to_owned()),
            ..to_file(&sandbox.project().join(name))
        };
        let written = server.request::<ImageExport>(&params).await;
        assert_eq!(Format::from_signature(&read_file(&written.path)), Some(expected));
        let picture = read_picture(&written.path);
        assert_eq!((picture.width, picture.height), (64, 64));
        assert_eq!(picture.is_opaque(), format == ExportFormat::Jpeg);
        let red = pixel(&picture, 32, 32);
        assert!(red[0].abs_diff(200) < 8 && red[1] < 8 && red[3] == 255, "{name}: {red:?}");
    }
    server.close().await;
}

#[tokio::test]
async fn own_format_without_changes_copies_the_bytes() {
    // Encoded again, its bytes would be others.
    let jpeg = Picture::blank(64, 64, Some(Color([200, 0, 0]))).to_jpeg(30).expect("a JPEG");
    let (_provider, sandbox, mut server, record) = draw_file(jpeg.clone()).await;
    let params = ImageExportParams {
        image_id: record.id,
        format: Some(ExportFormat::Jpeg),
        fit: Some(ExportFit::Cover),
        trim: Some(false),
        padding: Some(0),
        ..to_file(&sandbox.project().join("copy.jpg"))
    };
    let written = server.request::<ImageExport>(&params).await;
    assert_eq!(read_file(&written.path), jpeg);
    let path = sandbox.project().join("again.jpg").display().to_string();
    server.request::<ImageExport>(&ImageExportParams { quality: Some(90), path: path.clone(), ..params }).await;
    assert_ne!(read_file(path), jpeg);
    server.close().await;
}

#[tokio::test]
async fn pictures_that_cannot_be_made_are_refused() {
    let (_provider, sandbox, mut server, record) = draw_file(icon(64, 32)).await;
    let folder = sandbox.project();
    let mut messages = String::new();
    for (name, options) in [
        ("a.png", json!({"width": 0})),
        ("a.png", json!({"height": 16_385})),
        ("a.png", json!({"width": 16_384, "height": 16_384, "fit": "contain"})),
        ("a.png", json!({"width": 10, "height": 10})),
        ("a.png", json!({"width": 10, "padding": 5})),
        ("a.png", json!({"padding": 8_192})),
        ("a.png", json!({"quality": 80})),
        ("a.jpg", json!({"format": "jpeg", "quality": 0})),
        ("a.jpg", json!({"format": "jpeg"})),
        ("a.jpg", json!({"width": 10})),
        ("a.png", json!({"format": "jpeg", "background": "#ffffff"})),
        ("a.png", json!({"background": "white"})),
        ("a.avif", json!({"format": "avif"})),
        ("a.png", json!({"fit": "stretch"})),
    ] {
        let mut params = json!({"imageId": record.id, "path": folder.join(name)});
        options.as_object().into_iter().flatten().for_each(|(key, value)| params[key] = value.clone());
        let refused = server.call("image/export", &params).await.expect_err("a refusal");
        messages += &format!("{options}: {refused}\n");
    }
    insta::assert_snapshot!(messages);
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0, "nothing is written");
    server.close().await;
}

#[tokio::test]
async fn picture_of_one_color_has_nothing_to_trim() {
    let blank = Picture::blank(20, 20, Some(Color([9, 9, 9]))).to_png().expect("a PNG");
    let (_provider, sandbox, mut server, record) = draw_file(blank).await;
    let params =
        ImageExportParams { image_id: record.id, trim: Some(true), ..to_file(&sandbox.project().join("a.png")) };
    let refused = server.request_error::<ImageExport>(&params).await;
    assert_eq!(refused, "-32602 Invalid params: `trim`: would cut off everything: the picture has one color");
    server.close().await;
}
