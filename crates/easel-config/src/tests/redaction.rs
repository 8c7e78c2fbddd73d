use serde_json::json;

use super::Sandbox;
use crate::keys::{KEYS, Kind};
use crate::{Config, HIDDEN, LayerName, Loaded};

/// Everything that the crate shows of a configuration.
fn show_all(loaded: &Loaded) -> String {
    let config = serde_json::to_string(&loaded.config).unwrap();
    let layers: Vec<_> = loaded.layers.iter().map(crate::Layer::redacted_values).collect();
    format!("{config} {layers:?} {loaded:?}")
}

#[test]
fn home_layer_exists_without_a_file() {
    let loaded = Sandbox::new().load();
    let names: Vec<_> = loaded.layers.iter().map(|layer| &layer.name).collect();
    assert!(matches!(names.as_slice(), [LayerName::Defaults, LayerName::Home { .. }]), "{names:?}");
    assert!(loaded.origins.values().all(|name| *name == LayerName::Defaults));
    assert_eq!(loaded.config, Config::default());
}

#[test]
fn version_depends_on_values_only() {
    let version = |text: &str| {
        let loaded = Sandbox::new().with_home(text).load();
        loaded.layers.last().unwrap().version.clone()
    };
    assert_eq!(version("images.parallel = 2\nmodel = 'a'"), version("# why\nmodel = \"a\"\n[images]\nparallel = 0x2"));
    assert_ne!(version("images.parallel = 2"), version("images.parallel = 3"));
}

#[test]
fn secrets_in_wrong_places_are_hidden() {
    let sandbox = Sandbox::new()
        .with_home("[model_providers.x]\nbase_url = 'https://u:canary@h'\nenv_key = 'sk-canary'\nkey = 'canary'")
        .with_variable("OPENAI_API_KEY", "canary")
        .with_override("canary")
        .with_override("images.parallel=canary");
    let shown = format!("{} {:?}", show_all(&sandbox.load()), sandbox.loader());
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn headers_and_query_parameters_are_kept_but_hidden() {
    let sandbox = Sandbox::new()
        .with_home("[model_providers.x]\nhttp_headers = { X-Key = 'canary-1' }\nquery_params.key = 'canary-2'")
        .with_override("model_providers.x.http_headers.X-Other='canary-3'");
    let loaded = sandbox.load_for_thread(json!({ "model_providers.x.query_params": { "sig": "canary-4" } }));
    assert_eq!(loaded.warnings, []);
    let x = &loaded.config.model_providers["x"];
    assert_eq!(x.http_headers["X-Key"].expose(), "canary-1");
    assert_eq!(x.http_headers["X-Other"].expose(), "canary-3");
    assert_eq!((x.query_params["key"].expose(), x.query_params["sig"].expose()), ("canary-2", "canary-4"));
    let home = loaded.layers.iter().find(|layer| matches!(layer.name, LayerName::Home { .. })).unwrap();
    let hidden = json!({ "x": { "http_headers": { "X-Key": HIDDEN }, "query_params": { "key": HIDDEN } } });
    assert_eq!(home.redacted_values()["model_providers"], hidden);
    let shown = show_all(&loaded);
    assert!(!shown.contains("canary") && shown.contains(HIDDEN), "{shown}");
}

#[test]
fn every_secret_key_of_the_table_is_hidden() {
    for key in KEYS.iter().filter(|key| key.is_secret) {
        let value = match key.kind {
            Kind::TextList(..) => "['canary', 'canary']",
            Kind::Hooks => "[{ command = ['canary'] }]",
            Kind::CodexHooks => "[{ hooks = [{ type = 'command', command = 'canary' }] }]",
            Kind::Bool
            | Kind::Number(..)
            | Kind::Price
            | Kind::Text(_)
            | Kind::MultilineText(_)
            | Kind::Enum(_)
            | Kind::Url
            | Kind::VariableName
            | Kind::VariableNameList(_)
            | Kind::EnumList(_) => "'canary'",
        };
        let loaded = Sandbox::new().with_home(format!("{} = {value}", key.path.replace('*', "x"))).load();
        let exposed = serde_json::to_string(&loaded.layers.last().unwrap().values).unwrap();
        assert!(exposed.contains("canary"), "{} was not loaded: {:?}", key.path, loaded.warnings);
        let shown = show_all(&loaded);
        assert!(!shown.contains("canary") && shown.contains(HIDDEN), "{}: {shown}", key.path);
    }
}
