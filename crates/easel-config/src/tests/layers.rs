use easel_imagegen::preset::Preset;
use serde_json::{Value, json};

use super::Sandbox;
use crate::{Detail, LayerName, Loaded};

const KEY: &str = "images.model";

fn winner(loaded: &Loaded) -> (&str, &LayerName) {
    (&loaded.config.images.model, &loaded.origins[KEY])
}

/// The layers that set one key to their own name, lowest precedence first.
const LAYERS: [&str; 6] = ["gpt-image-2", "home", "project", "environment", "command-line", "thread"];

fn sandbox_with(layers: &[&str]) -> (Sandbox, Value) {
    let mut sandbox = Sandbox::new();
    let mut overrides = json!({});
    for layer in layers {
        sandbox = match *layer {
            "home" => sandbox.with_home("[images]\nmodel = 'home'"),
            "project" => sandbox.with_project("images.model = 'project'").with_trust(),
            "environment" => sandbox.with_variable("EASEL__IMAGES__MODEL", "environment"),
            "command-line" => sandbox.with_override("images.model=command-line"),
            "thread" => {
                overrides[KEY] = json!("thread");
                sandbox
            }
            _ => sandbox,
        };
    }
    (sandbox, overrides)
}

#[test]
fn every_layer_overrides_all_layers_below_it() {
    for (position, high) in LAYERS.iter().enumerate() {
        let below = &LAYERS[..=position];
        for low in below {
            let (sandbox, overrides) = sandbox_with(&[low, high]);
            let loaded = sandbox.load_for_thread(overrides);
            assert_eq!(winner(&loaded).0, *high, "{high} over {low}");
            assert_eq!(loaded.warnings, []);
        }
        let (sandbox, overrides) = sandbox_with(below);
        assert_eq!(winner(&sandbox.load_for_thread(overrides)).0, *high, "{high} over all below");
    }
}

#[test]
fn origin_is_the_layer_with_the_effective_value() {
    let (sandbox, overrides) = sandbox_with(&LAYERS);
    assert_eq!(winner(&sandbox.load_for_thread(overrides)).1, &LayerName::Thread);
    assert_eq!(winner(&sandbox.load()).1, &LayerName::CommandLine);
    let (sandbox, _) = sandbox_with(&LAYERS[..3]);
    let folder = sandbox.project().join(".easel");
    let file = folder.join("config.toml");
    assert_eq!(winner(&sandbox.load_for_thread(json!({}))).1, &LayerName::Project { folder, file });
    assert_eq!(winner(&sandbox.load()).1, &LayerName::Home { file: sandbox.home().join("config.toml") });
    assert_eq!(winner(&Sandbox::new().load()).1, &LayerName::Defaults);
}

#[test]
fn configuration_of_the_process_has_no_project() {
    let (sandbox, _) = sandbox_with(&["project"]);
    assert_eq!(winner(&sandbox.load()).0, "gpt-image-2");
}

#[test]
fn layer_keeps_other_keys_of_a_section() {
    let sandbox = Sandbox::new()
        .with_home("[images]\nparallel = 2\n[model_providers.Studio]\nname = 'Studio'\npreset = 'preview'")
        .with_project("[images]\ndetail = 'low'")
        .with_trust();
    let loaded = sandbox.load_for_thread(json!({ "model_providers.Studio.delay_ms": 40 }));
    let images = &loaded.config.images;
    assert_eq!((images.parallel, images.detail, images.timeout_ms), (2, Detail::Low, 600_000));
    let studio = &loaded.config.model_providers["Studio"];
    assert_eq!((studio.name.as_deref(), studio.preset, studio.delay_ms), (Some("Studio"), Some(Preset::Preview), 40));
    assert_eq!(loaded.origins["model_providers.Studio.delay_ms"], LayerName::Thread);
    assert!(matches!(loaded.origins["model_providers.Studio.name"], LayerName::Home { .. }));
}

#[test]
fn provider_name_may_contain_a_dot() {
    let loaded = Sandbox::new()
        .with_home("[model_providers.\"my.studio-2\"]\nname = 'A'")
        .with_override("model_providers={\"my.studio-2\"={bills=true}}")
        .load();
    let studio = &loaded.config.model_providers["my.studio-2"];
    assert_eq!((studio.name.as_deref(), studio.bills, loaded.config.model_providers.len()), (Some("A"), true, 1));
}

#[test]
fn profile_overrides_the_home_but_not_the_project() {
    let mut sandbox = Sandbox::new().with_home(
        "images.model = 'home'\nimages.parallel = 1\nmodel = 'home'\n\
         [profiles.fast]\nmodel = 'fast'\nimages = { model = 'fast', parallel = 2 }\n[profiles.slow]\nmodel = 'slow'",
    );
    assert_eq!(winner(&sandbox.load()).0, "home");
    sandbox.invocation.profile = Some("fast".to_owned());
    let sandbox = sandbox.with_project("images.model = 'project'").with_trust();
    let loaded = sandbox.load_for_thread(json!({}));
    assert_eq!(winner(&loaded).0, "project");
    assert_eq!((loaded.config.model.as_deref(), loaded.config.images.parallel), (Some("fast"), 2));
    let file = sandbox.home().join("config.toml");
    assert_eq!(loaded.origins["model"], LayerName::Profile { file, name: "fast".to_owned() });
}

#[test]
fn missing_profile_is_reported_with_a_suggestion() {
    let mut sandbox = Sandbox::new().with_home("[profiles.fast]\nmodel = 'fast'");
    sandbox.invocation.profile = Some("fats".to_owned());
    let loaded = sandbox.load();
    assert_eq!(loaded.config.model, None);
    insta::assert_snapshot!(sandbox.show(&loaded.warnings), @"~/config.toml: Profile `fats` of `--profile` does not exist; did you mean `fast`?");
}

#[test]
fn nearest_project_is_used_and_never_the_home() {
    let sandbox = Sandbox::new().with_project("images.model = 'outer'").with_trust();
    let trust = sandbox.trust(&sandbox.project()) + &sandbox.trust(&sandbox.project().join("src"));
    std::fs::write(sandbox.home().join("config.toml"), trust).unwrap();
    let inner = sandbox.project().join("src/.easel");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("config.toml"), "images.model = 'inner'").unwrap();
    assert_eq!(winner(&sandbox.load_for_thread(json!({}))).0, "inner");

    let home = sandbox.project().join(".easel");
    let loader = crate::Loader::new(sandbox.environment.clone(), home.join("../.easel"), sandbox.invocation.clone());
    let loaded = loader.load_for_thread(&sandbox.project(), &serde_json::Map::new());
    assert!(matches!(winner(&loaded).1, LayerName::Home { .. }), "{:?}", winner(&loaded));
    assert!(loaded.layers.iter().all(|layer| !matches!(layer.name, LayerName::Project { .. })));
}

#[test]
fn easel_folder_without_a_file_is_no_project() {
    let sandbox = Sandbox::new().with_project("images.model = 'outer'").with_trust();
    std::fs::create_dir(sandbox.project().join("src/.easel")).unwrap();
    assert_eq!(winner(&sandbox.load_for_thread(json!({}))).0, "outer");
}

#[test]
fn relative_cwd_starts_at_the_working_directory() {
    let (sandbox, _) = sandbox_with(&["project"]);
    let loaded = sandbox.loader().load_for_thread("project/src".as_ref(), &serde_json::Map::new());
    assert_eq!(winner(&loaded).0, "project");
}

#[test]
fn thread_gets_warnings_of_its_own_layers_only() {
    let sandbox = Sandbox::new().with_home("nonsense = 1").with_project("[images]\nspeed = 9").with_override("more=1");
    assert_eq!(sandbox.load().warnings.len(), 2);
    let loaded = sandbox.load_for_thread(json!({ "images.size": 1 }));
    insta::assert_snapshot!(sandbox.show(&loaded.warnings), @r"
    project/.easel/config.toml:2: Unknown key `images.speed` was ignored.
    Unknown key `images.size` in the thread's configuration was ignored.
    ");
}
