//! `easel export` in a pipe.

mod other_programs;

use std::path::Path;

use easel_testkit::image::DecodedPng;
use serde_json::Value;

use crate::harness::{FAST_AND_ENDLESS, Sandbox, read_file};

/// Handles without images.
const ONE: &str = "img_00000000000000000000000000000001";
const TWO: &str = "img_00000000000000000000000000000002";

/// A sandbox with a drawn image. Returns its handle.
async fn draw(options: &[&str]) -> (Sandbox, String) {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let output = sandbox.run(&[&["draw", "a red star", "--json"], options].concat()).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let drawn: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let handle = drawn["images"][0]["record"]["id"].as_str().expect("a handle").to_owned();
    (sandbox, handle)
}

/// Exit code, stdout and stderr of `easel export`.
async fn export(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = sandbox.run(&[&["export"], arguments].concat()).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn shown(path: &Path) -> String {
    dunce::canonicalize(path).expect("a file").display().to_string()
}

#[tokio::test]
async fn file_has_the_size_and_format_of_its_options() {
    let (sandbox, image) = draw(&[]).await;
    let (code, stdout, stderr) = export(&sandbox, &[&image, "-o", "small.png", "--width", "64"]).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let path = sandbox.project().join("small.png");
    assert_eq!(DecodedPng::decode(&read_file(&path)).width, 64);
    assert!(stdout.trim_start().starts_with("64x64 ") && stdout.trim_end().ends_with(&shown(&path)), "{stdout}");

    let (code, stdout, stderr) = export(&sandbox, &[&image, "-o", "star.webp", "--json"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    let written: Value = serde_json::from_str(&stdout).expect("one JSON object");
    assert_eq!(written["width"], 1_024);
    assert_eq!(&read_file(sandbox.project().join("star.webp"))[8..12], b"WEBP");
}

#[tokio::test]
async fn same_format_without_options_is_a_copy_of_the_bytes() {
    let (sandbox, image) = draw(&["-o", "drawn.png"]).await;
    let (code, _, stderr) = export(&sandbox, &[&image, "-o", "copy.png"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(read_file(sandbox.project().join("copy.png")), read_file(sandbox.project().join("drawn.png")));
}

#[tokio::test]
async fn set_is_listed_with_the_lines_for_a_page() {
    let (sandbox, image) = draw(&["--background", "transparent"]).await;
    let arguments = [image.as_str(), "--set", "web", ".", "--background", "#ffffff"];
    let (code, stdout, stderr) = export(&sandbox, &arguments).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout.lines().filter(|line| line.contains(&shown(&sandbox.project()))).count(), 6, "{stdout}");
    assert!(stdout.contains(r#"<link rel="manifest" href="/manifest.webmanifest">"#), "{stdout}");

    let (code, stdout, stderr) = export(&sandbox, &arguments).await;
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("favicon.ico already exists"), "{stderr}");
    let (code, ..) = export(&sandbox, &[&arguments[..], &["--overwrite"]].concat()).await;
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn wrong_arguments_of_an_export_are_named() {
    let sandbox = Sandbox::new();
    for (arguments, reason) in [
        (&["img_1", "-o", "a.avif"][..], "AVIF cannot be written; use .webp, .png or .jpg"),
        (&["img_1", "-o", "a.bmp"], "needs the extension .png, .jpg or .webp"),
        (&["img_1", "--set", "tvos", "."], "tvos is not a set"),
        (&["cat.png", "-o", "a.png"], "cat.png is not a handle"),
        (&[ONE, TWO, "-o", "a.png"], "only a sheet of sprites has several images"),
        (&["img_1"], "<--out <FILE>|--set <SET> <DIR>>"),
        (&["img_1", "-o", "a.png", "--set", "web", "."], "cannot be used with"),
        (&["img_1", "-o", "a.png", "--sizes", "5"], "cannot be used with"),
        (&["img_1", "-o", "a.png", "--name", "star"], "cannot be used with"),
    ] {
        let (code, stdout, stderr) = export(&sandbox, arguments).await;
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn absent_image_is_not_exported() {
    let sandbox = Sandbox::new();
    let (code, stdout, stderr) = export(&sandbox, &[ONE, "-o", "a.png"]).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("not found"), "{stderr}");
}

#[tokio::test]
async fn wrong_usage_of_an_image_is_a_sentence() {
    let (sandbox, image) = draw(&["-o", "star.png"]).await;
    for (options, reason) in [
        (&["-o", "star.png"][..], "already exists; set `--overwrite` to replace it"),
        (&["-o", "a.png", "--width", "0"], "`--width`: "),
        (&["-o", "a.png", "--quality", "90"], "`--quality`: "),
        (&["-o", "missing/a.png"], "`--out`: "),
        (&["--set", "web", "missing"], "`--set`: "),
    ] {
        let (code, stdout, stderr) = export(&sandbox, &[&[image.as_str()], options].concat()).await;
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{options:?}: {stderr}");
        assert!(stderr.starts_with("easel: `--") && stderr.contains(reason), "{options:?}: {stderr}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn export_to_a_name_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let (sandbox, image) = draw(&[]).await;
    let mut command = sandbox.command(&["export", &image, "-o"]);
    let output = command.arg(std::ffi::OsStr::from_bytes(b"\xff.png")).output().await.expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains(".png is not UTF-8"), "{stderr}");
    assert_eq!(std::fs::read_dir(sandbox.project()).expect("a folder").count(), 0, "nothing was written");
}
