//! What is made, printed and kept.

use serde_json::Value;

use super::{decode, draw, json, paths, sandbox};
use crate::harness::{Sandbox, read_file};
use crate::http::backend::Backend;
use crate::http::provider_config;

#[tokio::test]
async fn drawing_in_a_pipe_prints_the_path_only() {
    let sandbox = sandbox();
    let (code, stdout, stderr) = draw(&sandbox, &["a", "red", "star"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    let path = std::path::PathBuf::from(stdout.trim_end());
    decode(&path);
    assert!(path.starts_with(sandbox.home()), "{stdout}");
    let steps: Vec<&str> = stderr.lines().take(3).collect();
    assert_eq!(steps, ["easel: asking the model", "easel: drawing", "easel: finishing"]);
    assert!(!stderr.contains('\u{1b}') && !stdout.contains('\u{1b}'), "{stderr}");
}

#[tokio::test]
async fn copy_goes_to_the_named_file() {
    let sandbox = sandbox();
    let copy = sandbox.project().join("star.png");
    let printed = paths(&sandbox, &["a red star", "-o", "star.png"]).await;
    assert_eq!(
        printed.iter().map(|path| dunce::canonicalize(path).expect("a file")).collect::<Vec<_>>(),
        [dunce::canonicalize(&copy).expect("a file")]
    );
    decode(&copy);
    let kept = read_file(&copy);

    let (code, stdout, stderr) = draw(&sandbox, &["a blue star", "-o", "star.png"]).await;
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("already exists; --overwrite replaces it"), "{stderr}");
    assert_eq!(read_file(&copy), kept);
    assert_eq!(String::from_utf8_lossy(&sandbox.run(&["images"]).await.stdout).lines().count(), 1, "nothing was drawn");

    paths(&sandbox, &["a blue star", "-o", "star.png", "--overwrite"]).await;
    assert_ne!(read_file(&copy), kept);
}

#[tokio::test]
async fn wrong_arguments_cost_nothing() {
    let sandbox = sandbox();
    for arguments in [
        &["x", "-i", "missing.png"][..],
        &["x", "-o", "missing/x.png"],
        &["x", "-o", "x.bmp"],
        &["x", "--overwrite"],
        &["x", "--continue"],
        &[],
    ] {
        let (code, stdout, stderr) = draw(&sandbox, arguments).await;
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
    }
    assert_eq!(sandbox.run(&["threads"]).await.stdout, b"");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn copy_that_would_be_refused_costs_nothing() {
    let sandbox = sandbox();
    std::fs::create_dir(sandbox.project().join(".git")).expect("a folder");
    sandbox.write_file("star-2.png", b"mine");
    let in_home = sandbox.home().join("star.png").display().to_string();
    for (arguments, reason) in [
        // Nobody can create a file there.
        (&["-o", "/proc/star.png"][..], "could not write to the folder"),
        (&["-o", ".git/star.png"], "begins with a dot"),
        (&["-o", &in_home], "is in Easel's own home"),
        (&["-o", "star.png", "-n", "2"], "star-2.png already exists; --overwrite replaces it"),
    ] {
        let (code, stdout, stderr) = draw(&sandbox, &[&["a red star"], arguments].concat()).await;
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
    }
    assert_eq!(sandbox.run(&["threads"]).await.stdout, b"", "nothing was drawn");
    assert_eq!(std::fs::read_dir(sandbox.project()).expect("a folder").count(), 2, "nothing was written");
}

#[tokio::test]
async fn file_and_handle_are_edited() {
    let sandbox = sandbox();
    let first = json(&sandbox, &["a red star"]).await;
    let handle = first["images"][0]["record"]["id"].as_str().expect("a handle");
    let file = sandbox.write_file("in.png", &read_file(first["images"][0]["path"].as_str().expect("a path")));
    let edited = json(&sandbox, &["make it blue", "-i", handle, "-i", &file.display().to_string()]).await;
    let record = &edited["images"][0]["record"];
    assert_eq!(record["requested"]["action"], "edit", "{record}");
    assert_eq!(record["inputs"].as_array().map(Vec::len), Some(2), "{record}");
}

#[tokio::test]
async fn next_command_continues_the_thread_of_the_folder() {
    let sandbox = sandbox();
    let first = json(&sandbox, &["a red star"]).await;
    let second = json(&sandbox, &["edit it: make it blue", "--continue"]).await;
    assert_eq!(first["threadId"], second["threadId"]);
    let record = &second["images"][0]["record"];
    assert_eq!(record["inputs"][0]["id"], first["images"][0]["record"]["id"], "{record}");
}

#[tokio::test]
async fn generate_is_another_name() {
    let sandbox = sandbox();
    let output = sandbox.run(&["generate", "a red star"]).await;
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn kill_switch_holds_for_draw() {
    let (code, stdout, stderr) = draw(&sandbox(), &["a red star", "--disable", "image_generation"]).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("easel: no image was made. "), "{stderr}");
}

#[tokio::test]
async fn refused_image_says_that_nothing_was_billed() {
    let Some(backend) = Backend::start().await else { return };
    backend.configure(r#"{"image_mode": "400"}"#);
    let sandbox = Sandbox::with_config(&provider_config(&backend.base_url()));
    let mut program = sandbox.command(&["draw", "a cat", "--provider", "mock"]);
    let output = program.env("MOCK_KEY", "sk-mock").output().await.expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{stderr}");
    assert!(stderr.contains("Nothing was billed."), "{stderr}");
}

#[tokio::test]
async fn failure_as_json_is_an_object_too() {
    let (code, stdout, _) = draw(&sandbox(), &["a red star", "--provider", "openai", "--json"]).await;
    assert_eq!(code, Some(1));
    let object: Value = serde_json::from_str(&stdout).expect("one JSON object");
    assert!(object["reason"].as_str().is_some_and(|reason| reason.contains("key")), "{object}");
}

#[tokio::test]
async fn unknown_provider_is_wrong_usage() {
    let (code, stdout, stderr) = draw(&sandbox(), &["a red star", "--provider", "nosuch"]).await;
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.starts_with("easel: provider `nosuch` does not exist; choose one of: "), "{stderr}");
}

#[tokio::test]
async fn parameters_go_to_the_image_tool() {
    let sandbox = sandbox();
    let result = json(&sandbox, &["a red star", "--size", "1536x1024", "--background", "transparent"]).await;
    let record = &result["images"][0]["record"];
    assert_eq!((record["width"].as_u64(), record["height"].as_u64()), (Some(1536), Some(1024)), "{record}");
    assert_eq!(
        (record["hasAlpha"].as_bool(), record["requested"]["prompt"].as_str()),
        (Some(true), Some("a red star"))
    );
}

#[tokio::test]
async fn several_images_get_numbered_copies() {
    let sandbox = sandbox();
    let printed = paths(&sandbox, &["a red star", "-n", "2", "-o", "star.png"]).await;
    assert_eq!(printed.len(), 2);
    for name in ["star.png", "star-2.png"] {
        decode(&sandbox.project().join(name));
    }
}

#[tokio::test]
async fn file_outside_the_folder_is_edited_with_parameters() {
    let sandbox = sandbox();
    let first = json(&sandbox, &["a red star"]).await;
    let file = sandbox.root().join("outside.png");
    std::fs::write(&file, read_file(first["images"][0]["path"].as_str().expect("a path"))).expect("a file");
    let handle = first["images"][0]["record"]["id"].as_str().expect("a handle");
    let arguments = ["make it blue", "--size", "1024x1024", "-i", &file.display().to_string(), "-i", handle];
    let record = &json(&sandbox, &arguments).await["images"][0]["record"];
    assert_eq!(
        (record["requested"]["action"].as_str(), record["inputs"].as_array().map(Vec::len)),
        (Some("edit"), Some(2))
    );

    let continued = json(&sandbox, &["make it green", "--size", "1024x1024", "--continue"]).await;
    assert_eq!(continued["images"][0]["record"]["requested"]["action"], "edit", "{continued}");
}

#[tokio::test]
async fn parameter_that_the_provider_lacks_costs_nothing() {
    let (code, stdout, stderr) = draw(&sandbox(), &["a red star", "--format", "jpeg"]).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("output_format") && stderr.contains("Nothing was billed."), "{stderr}");
}

#[tokio::test]
async fn problem_of_the_configuration_stops_the_command_before_it_draws() {
    let sandbox = sandbox();
    for option in ["limits.images_per_dya=1", "approval=sometimes"] {
        let (code, stdout, stderr) = draw(&sandbox, &["a star", "-c", option]).await;
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{option}: {stderr}");
        assert!(stderr.contains("the configuration has a problem"), "{stderr}");
    }
    assert_eq!(sandbox.run(&["threads"]).await.stdout, b"");
}

#[tokio::test]
async fn thread_without_an_image_is_not_continued() {
    let sandbox = sandbox();
    let drawn = json(&sandbox, &["a star"]).await;
    let (code, _, stderr) = draw(&sandbox, &["a cat", "--quality", "high"]).await;
    assert_eq!(code, Some(1), "the preview has no quality: {stderr}");
    let continued = json(&sandbox, &["make it blue", "--continue"]).await;
    assert_eq!(continued["threadId"], drawn["threadId"], "{continued}");
    assert_eq!(continued["images"][0]["record"]["requested"]["action"], "edit", "{continued}");
}
