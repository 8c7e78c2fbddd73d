use serde_json::json;

use super::Desk;
use crate::describe;

#[test]
fn the_answer_has_config_layers_from_the_top_and_origins_in_the_shape_of_the_peer() {
    let mut desk = Desk::new()
        .with_home("model = 'gpt-5.5'\n[profiles.fast]\nimages.parallel = 2")
        .with_project("[limits]\nimages_per_turn = 4")
        .with_variable("EASEL__FEATURES__IMAGEGENEXT", "true")
        .with_override("history.model_images=4");
    desk.invocation.profile = Some("fast".to_owned());
    let answer = describe(&desk.for_thread(json!({ "wire.image_result": "inline" })));
    let text = serde_json::to_string_pretty(&answer).unwrap();
    insta::assert_snapshot!(text.replace(&desk.root.path().display().to_string(), ""));
}

#[test]
fn the_home_layer_is_told_even_when_there_is_no_file() {
    let answer = describe(&Desk::new().load());
    assert_eq!(answer["layers"].as_array().unwrap().len(), 1);
    assert_eq!(answer["layers"][0]["name"]["type"], "user");
    assert_eq!(answer["origins"], json!({}));
    assert_eq!(answer["config"]["images"]["model"], "gpt-image-2");
}

#[test]
fn a_version_changes_with_what_the_layer_says_and_not_with_how_it_is_written() {
    let version = |text: &str| describe(&Desk::new().with_home(text).load())["layers"][0]["version"].clone();
    assert_eq!(version("images.parallel = 2\nmodel = 'a'"), version("# why\nmodel = \"a\"\n[images]\nparallel = 0x2"));
    assert_ne!(version("images.parallel = 2"), version("images.parallel = 3"));
}

#[test]
fn no_secret_that_stands_in_the_wrong_place_is_told() {
    let desk = Desk::new()
        .with_home("[model_providers.x]\nbase_url = 'https://u:canary@h'\nenv_key = 'sk-canary'\nkey = 'canary'")
        .with_variable("OPENAI_API_KEY", "canary")
        .with_override("canary")
        .with_override("images.parallel=canary");
    let loaded = desk.load();
    let told = format!("{} {loaded:?} {:?}", describe(&loaded), desk.loader());
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn values_of_headers_and_query_parameters_arrive_and_are_shown_nowhere() {
    let desk = Desk::new()
        .with_home("[model_providers.x]\nhttp_headers = { X-Key = 'canary-1' }\nquery_params.key = 'canary-2'")
        .with_override("model_providers.x.http_headers.X-Other='canary-3'");
    let loaded = desk.for_thread(json!({ "model_providers.x.query_params": { "sig": "canary-4" } }));
    assert_eq!(loaded.warnings, []);
    let x = &loaded.config.model_providers["x"];
    assert_eq!(x.http_headers["X-Key"].expose(), "canary-1");
    assert_eq!(x.http_headers["X-Other"].expose(), "canary-3");
    assert_eq!((x.query_params["key"].expose(), x.query_params["sig"].expose()), ("canary-2", "canary-4"));
    let told = format!("{} {loaded:?}", describe(&loaded));
    assert!(!told.contains("canary") && told.contains("***"), "{told}");
}
