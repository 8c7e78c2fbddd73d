use std::path::Path;

use easel_config::{Environment, Invocation, Loader};
use serde_json::json;

use super::*;

/// Loads the configuration of a thread with a key in every layer.
fn load(root: &Path) -> Loaded {
    let (home, project) = (root.join("home"), root.join("project"));
    std::fs::create_dir_all(&home).unwrap();
    std::fs::create_dir_all(project.join(".easel")).unwrap();
    std::fs::write(
        home.join("config.toml"),
        "model = 'gpt-5.5'\n[profiles.fast]\nimages.parallel = 2\n[model_providers.x]\nhttp_headers = { A = 'canary' }",
    )
    .unwrap();
    std::fs::write(project.join(".easel/config.toml"), "[limits]\nimages_per_turn = 4").unwrap();
    let mut environment = Environment::default();
    environment.variables.insert("EASEL__FEATURES__IMAGEGENEXT".into(), "true".into());
    let invocation = Invocation {
        overrides: vec!["history.model_images=4".to_owned()],
        profile: Some("fast".to_owned()),
        ..Invocation::default()
    };
    let overrides = json!({ "wire.image_result": "inline" });
    Loader::new(environment, home, invocation).load_for_thread(&project, overrides.as_object().unwrap())
}

#[test]
fn description_has_config_layers_and_origins() {
    let root = tempfile::tempdir().unwrap();
    let loaded = load(root.path());
    assert_eq!(loaded.warnings, []);
    let description = serde_json::to_value(describe(&loaded, true).unwrap()).unwrap();
    let text = serde_json::to_string_pretty(&description).unwrap();
    assert!(!text.contains("canary"), "{text}");
    let escape = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let separator = escape(std::path::MAIN_SEPARATOR_STR);
    insta::assert_snapshot!(text.replace(&escape(&root.path().display().to_string()), "").replace(&separator, "/"));
    assert_eq!(describe(&loaded, false).unwrap().layers, None);
}
