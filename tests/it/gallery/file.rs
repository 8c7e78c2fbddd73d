//! `easel gallery --out`: one file with everything in it, which is never half written and replaces nothing.

use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::{HOSTILE, common_policy, draw, sandbox};
use crate::harness::{Sandbox, read_file};

async fn write(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.run(&[&["gallery"], arguments].concat()).await
}

/// Writes the page, which must succeed, and returns it with what is printed to stderr.
async fn page(sandbox: &Sandbox, arguments: &[&str]) -> (String, String) {
    let output = write(sandbox, &[&["--out", "page.html"], arguments].concat()).await;
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let path = sandbox.project().join("page.html");
    assert_eq!(output.stdout, format!("{}\n", path.display()).as_bytes());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&path.metadata().expect("a file")) & 0o777, 0o600);
    (String::from_utf8(read_file(path)).expect("text"), stderr)
}

/// The JSON in the element with this id.
fn embedded(page: &str, id: &str) -> Value {
    let (_, rest) = page.split_once(&format!("<script type=\"application/json\" id=\"{id}\">")).expect("the element");
    serde_json::from_str(rest.split("</script>").next().expect("the end of the element")).expect("JSON")
}

#[tokio::test]
async fn file_has_records_pictures_and_a_policy() {
    let sandbox = sandbox();
    draw(&sandbox, "a sea").await;
    draw(&sandbox, "a hill").await;
    let (page, stderr) = page(&sandbox, &[]).await;
    assert!(stderr.starts_with("easel: 2 images, "), "{stderr}");
    let snapshot = embedded(&page, "snapshot");
    let prompts: Vec<&str> =
        (0..2).filter_map(|index| snapshot["images"][index]["image"]["requested"]["prompt"].as_str()).collect();
    assert_eq!(prompts, ["a hill", "a sea"]);
    assert_eq!((&snapshot["usage"]["totals"]["images"], &snapshot["note"]), (&2.into(), &Value::Null));
    for picture in embedded(&page, "thumbnails-0").as_array().expect("a list") {
        assert!(picture.as_str().is_some_and(|url| url.starts_with("data:image/jpeg;base64,")), "{picture}");
    }
    let meta = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", common_policy(&page));
    assert!(page.contains(&meta), "{meta}");
    // The policy forbids the page to load anything, and nothing in it tries.
    for reference in ["src=\"http", "href=\"http", "src=\"//", "href=\"//", "@import", "url(http"] {
        assert!(!page.contains(reference), "{reference}");
    }
}

#[tokio::test]
async fn file_has_the_heat_maps_of_edits() {
    let sandbox = sandbox();
    draw(&sandbox, "a red star").await;
    let output = sandbox.run(&["draw", "--continue", "make the star yellow"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let (page, _) = page(&sandbox, &[]).await;
    let images = &embedded(&page, "snapshot")["images"];
    let maps = embedded(&page, "heat-maps");
    let map = &maps[images[0]["image"]["id"].as_str().expect("a handle")];
    assert!(map.as_str().is_some_and(|url| url.starts_with("data:image/png;base64,")), "{maps}");
    assert_eq!(maps.as_object().map(serde_json::Map::len), Some(1));
}

#[tokio::test]
async fn edit_without_its_base_has_no_heat_map() {
    let sandbox = sandbox();
    draw(&sandbox, "a red star").await;
    let output = sandbox.run(&["draw", "--continue", "make the star yellow"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let (page, _) = page(&sandbox, &["--limit", "1"]).await;
    assert!(embedded(&page, "snapshot")["images"][0]["image"]["edit"].is_object());
    assert_eq!(embedded(&page, "heat-maps"), serde_json::json!({}));
}

#[tokio::test]
async fn edit_of_an_attached_image_has_a_heat_map() {
    let sandbox = sandbox();
    draw(&sandbox, "a red star").await;
    let before = page(&sandbox, &[]).await.0;
    let handle = embedded(&before, "snapshot")["images"][0]["image"]["id"].as_str().expect("a handle").to_owned();
    let output = sandbox.run(&["draw", "make the star yellow", "-i", &handle]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let (page, _) = page(&sandbox, &["--overwrite"]).await;
    let edit = &embedded(&page, "snapshot")["images"][0]["image"];
    assert_ne!(edit["edit"]["base"], handle.as_str(), "the attached image has a handle of its own");
    let map = &embedded(&page, "heat-maps")[edit["id"].as_str().expect("a handle")];
    assert!(map.as_str().is_some_and(|url| url.starts_with("data:image/png;base64,")), "{map}");
}

#[tokio::test]
async fn hostile_prompt_is_only_data() {
    let sandbox = sandbox();
    draw(&sandbox, HOSTILE).await;
    let (page, _) = page(&sandbox, &[]).await;
    assert_eq!(embedded(&page, "snapshot")["images"][0]["image"]["requested"]["prompt"], HOSTILE);
    // The script itself, the snapshot, one element of thumbnails and one of heat maps.
    assert_eq!(page.matches("</script").count(), 4);
    assert!(!page.contains("<img") && !page.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn limit_keeps_the_newest_and_says_so() {
    let sandbox = sandbox();
    draw(&sandbox, "a secret sea").await;
    draw(&sandbox, "a hill").await;
    let (page, stderr) = page(&sandbox, &["--limit", "1"]).await;
    assert!(stderr.contains("--limit writes more"), "{stderr}");
    let snapshot = embedded(&page, "snapshot");
    assert_eq!(snapshot["images"].as_array().map(Vec::len), Some(1));
    assert_eq!(snapshot["images"][0]["image"]["requested"]["prompt"], "a hill");
    // What is not in the file leaves no trace in it: no prompt, name of a thread or usage.
    assert!(!page.contains("secret"), "{snapshot}");
    assert_eq!(snapshot["threads"].as_array().map(Vec::len), Some(1));
    let usage = snapshot["usage"]["data"].as_array().expect("a list");
    assert!(!usage.is_empty() && usage.iter().all(|entry| entry["threadId"] == snapshot["images"][0]["threadId"]));
    assert_eq!(snapshot["usage"]["totals"]["images"], 1);
    assert_eq!(snapshot["note"], "This file has the newest image only.");
}

#[tokio::test]
async fn large_edge_makes_large_pictures() {
    let sandbox = sandbox();
    for background in ["opaque", "transparent"] {
        let output = sandbox.run(&["draw", "--size", "1024x1024", "--background", background, "a red fox"]).await;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (page, _) = page(&sandbox, &["--edge", "1024"]).await;
    let pictures = embedded(&page, "thumbnails-0");
    let bytes = |index: usize, prefix: &str| {
        let url = pictures[index].as_str().expect("a picture");
        BASE64.decode(url.strip_prefix(prefix).expect("the format")).expect("base64")
    };
    // The first chunk has the width and the height.
    assert_eq!(bytes(0, "data:image/png;base64,")[16..24], [0, 0, 4, 0, 0, 0, 4, 0]);
    let jpeg = bytes(1, "data:image/jpeg;base64,");
    // The frame header has the height and the width.
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame");
    assert_eq!(jpeg[frame + 5..frame + 9], [4, 0, 4, 0]);
}

#[tokio::test]
async fn image_without_a_readable_file_has_no_picture() {
    let sandbox = sandbox();
    draw(&sandbox, "a sea").await;
    let (first, _) = page(&sandbox, &[]).await;
    let path = embedded(&first, "snapshot")["images"][0]["image"]["path"].as_str().expect("a path").to_owned();
    std::fs::write(path, "no image").expect("a file");
    let (second, stderr) = page(&sandbox, &["--overwrite"]).await;
    assert!(stderr.contains("1 image without a picture"), "{stderr}");
    assert_eq!(embedded(&second, "thumbnails-0"), serde_json::json!([null]));
}

#[tokio::test]
async fn gallery_replaces_a_file_only_on_request() {
    let sandbox = sandbox();
    let path = sandbox.write_file("page.html", b"mine");
    let output = write(&sandbox, &["--out", "page.html"]).await;
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("already exists; --overwrite replaces it"), "{stderr}");
    assert_eq!(read_file(&path), b"mine");
    page(&sandbox, &["--overwrite"]).await;
    assert!(read_file(&path).starts_with(b"<!doctype html>"));
    let left: Vec<_> = std::fs::read_dir(sandbox.project()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn unusable_target_is_refused_before_reading() {
    let sandbox = sandbox();
    std::fs::create_dir(sandbox.project().join("folder.html")).expect("a folder");
    for (target, reason) in
        [("page.txt", "needs the extension .html"), ("no/page.html", "does not exist"), ("folder.html", "is a folder")]
    {
        let output = write(&sandbox, &["--out", target, "--overwrite"]).await;
        assert_eq!(output.status.code(), Some(2), "{target}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(reason), "{target}");
    }
    for wrong in [&["--serve", "--out", "page.html"][..], &["--limit", "5"], &["--port", "1", "--out", "page.html"]] {
        assert_eq!(write(&sandbox, wrong).await.status.code(), Some(2), "{wrong:?}");
    }
}
