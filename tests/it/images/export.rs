//! Copies of images at paths that the client names.

use std::path::Path;

use easel_protocol::image::{ImageExportParams, ImageExportResponse};
use easel_protocol::method::ImageExport;
use easel_protocol::record::ImageFacts;
use serde_json::json;

use super::draw;
use crate::harness::{STANDALONE, Sandbox};

fn export_params(image_id: &str, path: &Path) -> ImageExportParams {
    let path = path.display().to_string();
    ImageExportParams { image_id: image_id.into(), path, ..ImageExportParams::default() }
}

#[tokio::test]
async fn export_copies_the_image_byte_by_byte() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (_, records) = draw(&mut server, &["draw a red square", "draw a fox"]).await;
    let target = dunce::canonicalize(sandbox.project()).expect("a folder").join("Fox.PNG");
    let response = server.request::<ImageExport>(&export_params(&records[1].id, &target)).await;
    let ImageFacts { bytes, width, height, sha256, .. } = records[1].facts.clone();
    let expected = ImageExportResponse { path: target.display().to_string(), bytes, width, height, sha256 };
    assert_eq!(response, expected);
    let original = std::fs::read(&records[1].path).expect("the original");
    assert_eq!(std::fs::read(&target).expect("a copy"), original);

    let refused = server.request_error::<ImageExport>(&export_params(&records[0].id, &target)).await;
    assert_eq!(refused, "-32602 Invalid params: `path`: already exists; set `overwrite` to replace it");
    assert_eq!(std::fs::read(&target).expect("the copy"), original);
    let replace = ImageExportParams { overwrite: Some(true), ..export_params(&records[0].id, &target) };
    server.request::<ImageExport>(&replace).await;
    assert_eq!(std::fs::read(&target).expect("a copy"), std::fs::read(&records[0].path).expect("the original"));
    server.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn export_rejects_sensitive_paths() {
    use std::os::unix::fs::symlink;
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (_, records) = draw(&mut server, &["draw a red square"]).await;
    let (project, root) = (sandbox.project(), sandbox.root());
    std::fs::create_dir_all(project.join(".git/hooks")).expect("a folder");
    std::fs::create_dir_all(root.join(".config/app")).expect("a folder");
    std::fs::create_dir(project.join("folder.png")).expect("a folder");
    sandbox.write_file("victim.txt", b"mine");
    symlink(project.join(".git/hooks"), project.join("plain")).expect("a link");
    symlink(project.join("victim.txt"), project.join("link.png")).expect("a link");
    symlink(project.join("nowhere.txt"), project.join("dangling.png")).expect("a link");
    let home = sandbox.home();
    let targets = [
        "cat.png".into(),
        project.join(".git/hooks/a.png"),
        project.join("plain/a.png"),
        project.join("x/../.git/hooks/a.png"),
        root.join(".config/app/a.png"),
        project.join(".png"),
        project.join(".a.png"),
        project.join("a"),
        project.join("a.jpg"),
        project.join("a.png.sh"),
        project.join("a\n.png"),
        project.join("absent/a.png"),
        project.join("victim.txt/a.png"),
        project.join("folder.png"),
        project.join("link.png"),
        project.join("dangling.png"),
        home.join("a.png"),
        home.join("generated_images/a.png"),
        "/".into(),
        "".into(),
    ];
    let mut messages = String::new();
    for target in targets {
        let params = ImageExportParams { overwrite: Some(true), ..export_params(&records[0].id, &target) };
        let refused = server.request_error::<ImageExport>(&params).await;
        let target = target.display().to_string().replace(&root.display().to_string(), "").replace('\n', "\\n");
        messages += &format!("{target}: {}\n", refused.trim_start_matches("-32602 Invalid params: `path`: "));
    }
    insta::assert_snapshot!(messages);
    assert_eq!(std::fs::read(project.join("victim.txt")).expect("the file"), b"mine");
    assert!(!project.join("nowhere.txt").exists());
    assert_eq!(std::fs::read_dir(project.join(".git/hooks")).expect("a folder").count(), 0);
    let left = std::fs::read_dir(&project).expect("a folder").flatten();
    assert!(left.map(|entry| entry.file_name()).all(|name| !name.to_string_lossy().starts_with(".easel-")));
    server.close().await;
}

#[tokio::test]
async fn invalid_exports_are_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let refused = server.request_error::<ImageExport>(&export_params("img_0", &sandbox.project().join("a.png"))).await;
    assert_eq!(refused, "-32600 image img_0 not found");
    for (params, messages) in [
        (json!({"imageId": "img_0"}), "-32602 Invalid params: `path`: missing field"),
        (json!({"path": "/a.png"}), "-32602 Invalid params: `imageId`: missing field"),
        (
            json!({"imageId": "img_0", "path": "/a.png", "overwrite": "yes"}),
            "-32602 Invalid params: `overwrite`: invalid type: string, expected a boolean",
        ),
    ] {
        assert_eq!(server.call("image/export", &params).await, Err(messages.to_owned()));
    }
    server.close().await;
}
