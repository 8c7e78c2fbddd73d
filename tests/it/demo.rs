//! The commands beside the server.

use easel_protocol::event::Event;
use serde_json::Value;

use crate::harness::Place;
use crate::harness::pictures::{Picture, read};
use crate::storage::below;

fn stdout(output: &std::process::Output) -> String {
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}{failed}");
    said.into_owned()
}

fn pictures(place: &Place) -> usize {
    let files = below(&place.home().join("generated_images")).into_iter().filter(|path| path.is_file());
    files.inspect(|path| drop(Picture::decode(&read(path)))).count()
}

#[tokio::test]
async fn the_demo_tells_a_story_and_leaves_two_pictures() {
    let place = Place::new();
    let said = stdout(&place.run(&["demo"]).await);
    assert_eq!(pictures(&place), 2);
    let named = said.lines().filter(|line| line.trim().ends_with(".png")).collect::<Vec<_>>();
    assert_eq!(named.len(), 2, "{said}");
    assert!(named.iter().all(|line| std::path::Path::new(line.trim()).exists()), "{said}");
    assert!(said.contains("image_gen.imagegen") && said.contains("reads the thread back"), "{said}");
}

#[tokio::test]
async fn the_demo_shows_every_line_that_passes_as_json() {
    let place = Place::new();
    let said = stdout(&place.run(&["demo", "--json"]).await);
    assert_eq!(pictures(&place), 2);
    let mut events = 0;
    for line in said.lines() {
        let (arrow, line) = line.split_once(' ').expect("an arrow");
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert!(arrow == "->" && line["method"].is_string() || arrow == "<-", "{line}");
        if arrow == "<-" && line["method"].is_string() {
            serde_json::from_value::<Event>(line).expect("a known event");
            events += 1;
        }
    }
    assert!(events > 20, "{events}");
}

#[tokio::test]
async fn the_features_are_listed_with_stage_and_state() {
    let place = Place::with_config("[features]\nimagegenext = true\n");
    let said = stdout(&place.run(&["features", "list", "--disable", "image_generation"]).await);
    insta::assert_snapshot!(said, @r"
    image_generation   stable             off  Kill switch: when off, no image tool of any kind is offered, on every face.
    imagegenext        under development  on   Offer the standalone tool image_gen.imagegen to the model.
    ");
}

#[tokio::test]
async fn a_wrong_configuration_fails_the_command_line_and_names_the_line() {
    let place = Place::with_config("\n[features]\nteleport = true\n");
    let output = place.run(&["features", "list"]).await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("config.toml:3: Unknown feature `teleport`"), "{said}");
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_says_nothing_on_stdout() {
    let place = Place::new();
    for arguments in
        [["paint"].as_slice(), &["app-server", "--listen", "ws://0.0.0.0:1"], &["app-server", "--teleport"]]
    {
        let output = place.run(arguments).await;
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[tokio::test]
async fn the_generators_write_what_is_committed() {
    let committed = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema"));
    let place = Place::new();
    let out = place.root().join("out");
    let folder = out.display().to_string();
    for generator in ["generate-json-schema", "generate-ts"] {
        stdout(&place.run(&["app-server", generator, "--out", &folder]).await);
    }
    let names = |folder: &std::path::Path| {
        let mut names: Vec<_> =
            below(folder).iter().filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect();
        names.sort();
        names
    };
    assert_eq!(names(&out), names(committed), "run `just schema`");
    for name in names(committed) {
        assert!(read(out.join(&name)) == read(committed.join(&name)), "{}: run `just schema`", name.display());
    }
}
