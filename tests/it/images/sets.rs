//! Sets of files: icons and sheets, all or none.

use std::collections::BTreeMap;
use std::path::Path;

use easel_picture::{Color, Picture};
use easel_protocol::image::{ExportFit, ExportSet, ExportedFile, ImageExportSetParams, ImageExportSetResponse};
use easel_protocol::method::ImageExportSet;
use easel_testkit::image::sha256;
use serde_json::{Value, json};

use super::draw;
use super::pictures::{icon, pixel, read_picture};
use super::preview::draw_file;
use crate::harness::{STANDALONE, Sandbox, Server, read_file};
use crate::storage::list_recursively;

const RED: [u8; 4] = [200, 0, 0, 255];
const WHITE: [u8; 4] = [255; 4];

fn set_params(image_id: &str, set: ExportSet, folder: &Path) -> ImageExportSetParams {
    let folder = folder.display().to_string();
    ImageExportSetParams {
        image_id: image_id.into(),
        folder,
        set,
        sizes: None,
        image_ids: None,
        name: None,
        fit: None,
        background: None,
        overwrite: None,
    }
}

/// Writes a set, and checks that the response describes the files.
async fn write(server: &mut Server, params: &ImageExportSetParams) -> ImageExportSetResponse {
    let response = server.request::<ImageExportSet>(params).await;
    for ExportedFile { path, bytes, sha256: hash, .. } in &response.files {
        let content = read_file(path);
        assert_eq!((content.len() as u64, &sha256(&content)), (*bytes, hash), "{path}");
    }
    response
}

/// The content of every file below a folder.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = list_recursively(folder).into_iter().filter(|path| path.is_file());
    let name = |path: &Path| path.strip_prefix(folder).expect("a file below it").display().to_string();
    files.map(|path| (name(&path), read_file(&path))).collect()
}

#[tokio::test]
async fn web_set_has_icons_a_manifest_and_a_snippet() {
    let (_provider, sandbox, mut server, record) = draw_file(icon(600, 600)).await;
    let folder = sandbox.project();
    let mut params = set_params(&record.id, ExportSet::Web, &folder);
    (params.background, params.name) = (Some("#ffffff".to_owned()), Some("What's up?".to_owned()));
    let response = write(&mut server, &params).await;
    let sizes: Vec<_> = response.files.iter().map(|file| file.width.unwrap_or(0)).collect();
    assert_eq!(sizes, [32, 192, 512, 512, 180, 0]);
    assert!(!read_picture(folder.join("icon-192.png")).is_opaque(), "only what must be opaque is");

    let touch = read_picture(folder.join("apple-touch-icon.png"));
    assert_eq!((touch.is_opaque(), pixel(&touch, 90, 90), pixel(&touch, 0, 0)), (true, RED, WHITE));
    let mask = read_picture(folder.join("icon-mask.png"));
    assert!(mask.is_opaque());
    assert_eq!((pixel(&mask, 256, 256), pixel(&mask, 0, 0)), (RED, WHITE));

    let manifest: Value = serde_json::from_slice(&read_file(folder.join("manifest.webmanifest"))).expect("JSON");
    assert_eq!(manifest["name"], "What's up?");
    for icon in manifest["icons"].as_array().expect("icons") {
        let picture = read_picture(folder.join(icon["src"].as_str().expect("a path")));
        assert_eq!(icon["sizes"], format!("{0}x{0}", picture.width));
    }
    insta::assert_snapshot!(response.snippet.expect("a snippet"));
    server.close().await;
}

#[tokio::test]
async fn mask_shows_the_whole_image_in_its_middle() {
    let filled = Picture::blank(600, 600, Some(Color([200, 0, 0]))).to_png().expect("a PNG");
    let (_provider, sandbox, mut server, record) = draw_file(filled).await;
    let mut params = set_params(&record.id, ExportSet::Web, &sandbox.project());
    params.background = Some("#ffffff".to_owned());
    write(&mut server, &params).await;
    let mask = read_picture(sandbox.project().join("icon-mask.png"));
    // Systems show at least the circle of 80 % of the side, so 408 of 512 pixels.
    let mut expected = Picture::blank(512, 512, Some(Color([255, 255, 255])));
    expected.place(&Picture::blank(408, 408, Some(Color([200, 0, 0]))), 52, 52);
    assert!(mask.rgba == expected.rgba, "the image is not in the middle 408 pixels");
    server.close().await;
}

#[tokio::test]
async fn long_image_becomes_small_icons() {
    // A square around it would have more pixels than a picture may have.
    let long = Picture::blank(9_000, 1_000, Some(Color([200, 0, 0]))).to_png().expect("a PNG");
    let (_provider, sandbox, mut server, record) = draw_file(long).await;
    let mut params = set_params(&record.id, ExportSet::Sizes, &sandbox.project());
    (params.sizes, params.fit) = (Some(vec![36]), Some(ExportFit::Contain));
    write(&mut server, &params).await;
    let icon = read_picture(sandbox.project().join("icon-36.png"));
    let rows = [0, 15, 16, 19, 20, 35].map(|y| pixel(&icon, 18, y));
    assert_eq!(rows, [[0; 4], [0; 4], RED, RED, [0; 4], [0; 4]]);
    server.close().await;
}

#[tokio::test]
async fn every_set_is_written_with_equal_bytes_again() {
    let (_provider, sandbox, mut server, record) = draw_file(icon(1_024, 1_024)).await;
    let original = read_file(&record.path);
    let mut listing = String::new();
    for (set, sizes) in [
        (ExportSet::Web, None),
        (ExportSet::Apple, None),
        (ExportSet::Windows, None),
        (ExportSet::Android, None),
        (ExportSet::Sizes, Some(vec![16, 2_048])),
        (ExportSet::Sprites, Some(vec![64])),
    ] {
        let mut written = Vec::new();
        for attempt in ["first", "second"] {
            let folder = sandbox.project().join(format!("{set:?}-{attempt}"));
            std::fs::create_dir(&folder).expect("a folder");
            let mut params = set_params(&record.id, set, &folder);
            (params.sizes, params.background) = (sizes.clone(), Some("#00ff00".to_owned()));
            let response = write(&mut server, &params).await;
            written.push(contents(&folder));
            if attempt == "first" {
                for ExportedFile { path, width, height, .. } in response.files {
                    let name = Path::new(&path).strip_prefix(dunce::canonicalize(&folder).expect("a folder"));
                    let size = width.zip(height).map(|(width, height)| format!(" {width}x{height}"));
                    listing += &format!("{set:?}: {}{}\n", name.expect("in it").display(), size.unwrap_or_default());
                }
            }
        }
        assert_eq!(written[0], written[1], "{set:?}");
    }
    insta::assert_snapshot!(listing);
    assert_eq!(read_file(&record.path), original);
    server.close().await;
}

#[tokio::test]
async fn existing_file_keeps_a_set_from_being_written() {
    let (_provider, sandbox, mut server, record) = draw_file(icon(512, 512)).await;
    let folder = sandbox.project();
    sandbox.write_file("ic_launcher-playstore.png", b"mine");
    sandbox.write_file("other.txt", b"mine");
    let before = contents(&folder);
    let mut params = set_params(&record.id, ExportSet::Android, &folder);
    let refused = server.request_error::<ImageExportSet>(&params).await;
    let reason = "ic_launcher-playstore.png already exists; set `overwrite` to replace it";
    assert_eq!(refused, format!("-32602 Invalid params: `folder`: {reason}"));
    assert_eq!(contents(&folder), before);

    params.overwrite = Some(true);
    write(&mut server, &params).await;
    let after = contents(&folder);
    assert_eq!((after.len(), after["other.txt"].as_slice()), (7, &b"mine"[..]));
    server.close().await;
}

#[tokio::test]
async fn sets_that_cannot_be_made_are_refused() {
    let (_provider, sandbox, mut server, record) = draw_file(icon(600, 500)).await;
    let folder = sandbox.project();
    let hidden = sandbox.root().join(".git/hooks");
    std::fs::create_dir_all(&hidden).expect("a folder");
    let mut messages = String::new();
    for options in [
        json!({"set": "web"}),
        json!({"set": "web", "fit": "cover"}),
        json!({"set": "web", "fit": "contain"}),
        json!({"set": "apple", "fit": "contain", "background": "#ffffff"}),
        json!({"set": "windows", "sizes": [16]}),
        json!({"set": "windows", "imageIds": ["img_1"]}),
        json!({"set": "windows", "fit": "contain", "background": "#12"}),
        json!({"set": "sizes"}),
        json!({"set": "sizes", "sizes": []}),
        json!({"set": "sizes", "sizes": [16, 16]}),
        json!({"set": "sizes", "sizes": [0]}),
        json!({"set": "sizes", "sizes": [4_097]}),
        json!({"set": "sizes", "sizes": [4_096, 4_095, 4_094, 4_093]}),
        json!({"set": "sizes", "sizes": [16], "name": "../x"}),
        json!({"set": "sizes", "sizes": [16], "name": ".x"}),
        json!({"set": "web", "name": "a\nb"}),
        json!({"set": "windows", "name": "star"}),
        json!({"set": "sprites", "sizes": [16, 32]}),
        json!({"set": "sprites", "imageIds": [record.id]}),
        json!({"set": "sprites", "imageIds": ["img_1"]}),
        json!({"set": "tvos"}),
        json!({"set": "windows", "fit": "contain", "folder": folder.join("absent")}),
        json!({"set": "windows", "fit": "contain", "folder": sandbox.home()}),
        json!({"set": "windows", "fit": "contain", "folder": "project"}),
        json!({"set": "windows", "fit": "contain", "folder": hidden}),
    ] {
        let mut params = json!({"imageId": record.id, "folder": folder});
        options.as_object().into_iter().flatten().for_each(|(key, value)| params[key] = value.clone());
        let refused = server.call("image/exportSet", &params).await.expect_err("a refusal");
        let line = format!("{options}: {refused}\n").replace(&*record.id, "IMAGE");
        messages += &sandbox.hide_root(&line, "[root]").replace("[root]", "");
    }
    insta::assert_snapshot!(messages);
    for folder in [folder, hidden] {
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0, "nothing is written");
    }
    server.close().await;
}

#[tokio::test]
async fn mask_takes_the_color_of_an_opaque_edge() {
    let opaque = Picture::blank(512, 512, Some(Color([1, 2, 3]))).to_png().expect("a PNG");
    let (_provider, sandbox, mut server, record) = draw_file(opaque).await;
    write(&mut server, &set_params(&record.id, ExportSet::Web, &sandbox.project())).await;
    let mask = read_picture(sandbox.project().join("icon-mask.png"));
    assert_eq!(mask.rgba, Picture::blank(512, 512, Some(Color([1, 2, 3]))).rgba);
    server.close().await;
}

#[tokio::test]
async fn frames_of_a_sheet_show_their_images() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (_, records) = draw(&mut server, &["a red square", "a blue circle", "a green star"]).await;
    let folder = sandbox.project();
    let mut params = set_params(&records[0].id, ExportSet::Sprites, &folder);
    params.image_ids = Some(records[1..].iter().map(|record| record.id.clone()).collect());
    (params.sizes, params.name) = (Some(vec![128]), Some("shapes".to_owned()));
    write(&mut server, &params).await;
    let sheet = read_picture(folder.join("shapes.png"));
    assert_eq!((sheet.width, sheet.height), (256, 256));
    let list: Value = serde_json::from_slice(&read_file(folder.join("shapes.json"))).expect("JSON");
    assert_eq!((&list["image"], &list["width"]), (&json!("shapes.png"), &json!(256)));
    let frames = list["frames"].as_array().expect("frames");
    assert_eq!(frames.len(), 3);
    for (frame, record) in frames.iter().zip(&records) {
        assert_eq!(frame["name"], *record.id);
        let number = |key: &str| u32::try_from(frame[key].as_u64().expect("a number")).expect("a side");
        let (x, y, w, h) = (number("x"), number("y"), number("w"), number("h"));
        assert_eq!((w, h), (128, 128));
        let original = read_picture(&record.path);
        let middle = pixel(&original, original.width / 2, original.height / 2);
        let shown = pixel(&sheet, x + w / 2, y + h / 2);
        let difference = middle.iter().zip(shown).map(|(one, other)| one.abs_diff(other)).max();
        assert!(difference <= Some(12), "{middle:?} is shown as {shown:?}");
    }
    server.close().await;
}
