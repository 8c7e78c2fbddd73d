use serde_json::{Value, json};

use super::Desk;
use easel_imagegen::preset::Preset;

use crate::{Detail, LayerName, Loaded};

const KEY: &str = "images.model";

fn won(loaded: &Loaded) -> (&str, &LayerName) {
    (&loaded.config.images.model, &loaded.origins[KEY])
}

/// The six layers from the bottom, each with its own value of one key.
const LAYERS: [&str; 6] = ["gpt-image-2", "home", "project", "environment", "command-line", "thread"];

fn desk_with(layers: &[&str]) -> (Desk, Value) {
    let mut desk = Desk::new();
    let mut overrides = json!({});
    for layer in layers {
        desk = match *layer {
            "home" => desk.with_home("[images]\nmodel = 'home'"),
            "project" => desk.with_project("images.model = 'project'").trusting(),
            "environment" => desk.with_variable("EASEL__IMAGES__MODEL", "environment"),
            "command-line" => desk.with_override("images.model=command-line"),
            "thread" => {
                overrides[KEY] = json!("thread");
                desk
            }
            _ => desk,
        };
    }
    (desk, overrides)
}

#[test]
fn every_layer_wins_over_every_layer_below_it() {
    for (position, high) in LAYERS.iter().enumerate() {
        let below = &LAYERS[..=position];
        for low in below {
            let (desk, overrides) = desk_with(&[low, high]);
            let loaded = desk.for_thread(overrides);
            assert_eq!(won(&loaded).0, *high, "{high} over {low}");
            assert_eq!(loaded.warnings, []);
        }
        let (desk, overrides) = desk_with(below);
        assert_eq!(won(&desk.for_thread(overrides)).0, *high, "{high} over all below");
    }
}

#[test]
fn the_origin_names_the_layer_that_won() {
    let (desk, overrides) = desk_with(&LAYERS);
    assert_eq!(won(&desk.for_thread(overrides)).1, &LayerName::Thread);
    assert_eq!(won(&desk.load()).1, &LayerName::CommandLine);
    let (desk, _) = desk_with(&LAYERS[..3]);
    let folder = desk.project().join(".easel");
    let file = folder.join("config.toml");
    assert_eq!(won(&desk.for_thread(json!({}))).1, &LayerName::Project { folder, file });
    assert_eq!(won(&desk.load()).1, &LayerName::Home { file: desk.home().join("config.toml") });
    assert_eq!(won(&Desk::new().load()).1, &LayerName::Defaults);
}

#[test]
fn the_process_itself_has_no_project() {
    let (desk, _) = desk_with(&["project"]);
    assert_eq!(won(&desk.load()).0, "gpt-image-2");
}

#[test]
fn a_layer_leaves_the_other_keys_of_a_section_alone() {
    let desk = Desk::new()
        .with_home("[images]\nparallel = 2\n[model_providers.Studio]\nname = 'Studio'\npreset = 'preview'")
        .with_project("[images]\ndetail = 'low'")
        .trusting();
    let loaded = desk.for_thread(json!({ "model_providers.Studio.delay_ms": 40 }));
    let images = &loaded.config.images;
    assert_eq!((images.parallel, images.detail, images.timeout_ms), (2, Detail::Low, 600_000));
    let studio = &loaded.config.model_providers["Studio"];
    assert_eq!((studio.name.as_deref(), studio.preset, studio.delay_ms), (Some("Studio"), Some(Preset::Preview), 40));
    assert_eq!(loaded.origins["model_providers.Studio.delay_ms"], LayerName::Thread);
    assert!(matches!(loaded.origins["model_providers.Studio.name"], LayerName::Home { .. }));
}

#[test]
fn a_provider_with_a_dot_in_its_name_is_one_provider_in_every_layer() {
    let loaded = Desk::new()
        .with_home("[model_providers.\"my.studio-2\"]\nname = 'A'")
        .with_override("model_providers={\"my.studio-2\"={bills=true}}")
        .load();
    let studio = &loaded.config.model_providers["my.studio-2"];
    assert_eq!((studio.name.as_deref(), studio.bills, loaded.config.model_providers.len()), (Some("A"), true, 1));
}

#[test]
fn the_chosen_profile_stands_above_the_home_file_and_below_the_project() {
    let mut desk = Desk::new().with_home(
        "images.model = 'home'\nimages.parallel = 1\nmodel = 'home'\n\
         [profiles.fast]\nmodel = 'fast'\nimages = { model = 'fast', parallel = 2 }\n[profiles.slow]\nmodel = 'slow'",
    );
    assert_eq!(won(&desk.load()).0, "home");
    desk.invocation.profile = Some("fast".to_owned());
    let desk = desk.with_project("images.model = 'project'").trusting();
    let loaded = desk.for_thread(json!({}));
    assert_eq!(won(&loaded).0, "project");
    assert_eq!((loaded.config.model.as_deref(), loaded.config.images.parallel), (Some("fast"), 2));
    let file = desk.home().join("config.toml");
    assert_eq!(loaded.origins["model"], LayerName::Profile { file, name: "fast".to_owned() });
}

#[test]
fn an_unknown_profile_is_a_warning() {
    let mut desk = Desk::new().with_home("[profiles.fast]\nmodel = 'fast'");
    desk.invocation.profile = Some("fats".to_owned());
    let loaded = desk.load();
    assert_eq!(loaded.config.model, None);
    insta::assert_snapshot!(desk.shown(&loaded.warnings), @"home/config.toml: `--profile` asks for `profiles.fats`, which is not in the home configuration.");
}

#[test]
fn the_nearest_project_rules_and_the_home_is_never_one() {
    let desk = Desk::new().with_project("images.model = 'outer'").trusting();
    let trust = desk.trust(&desk.project()) + &desk.trust(&desk.project().join("src"));
    std::fs::write(desk.home().join("config.toml"), trust).unwrap();
    let inner = desk.project().join("src/.easel");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("config.toml"), "images.model = 'inner'").unwrap();
    assert_eq!(won(&desk.for_thread(json!({}))).0, "inner");

    let home = desk.project().join(".easel");
    let loader = crate::Loader::new(desk.environment.clone(), home.join("../.easel"), desk.invocation.clone());
    let loaded = loader.for_thread(&desk.project(), &serde_json::Map::new());
    assert!(matches!(won(&loaded).1, LayerName::Home { .. }), "{:?}", won(&loaded));
    assert!(loaded.layers.iter().all(|layer| !matches!(layer.name, LayerName::Project { .. })));
}

#[test]
fn an_easel_folder_without_a_file_is_no_project() {
    let desk = Desk::new().with_project("images.model = 'outer'").trusting();
    std::fs::create_dir(desk.project().join("src/.easel")).unwrap();
    assert_eq!(won(&desk.for_thread(json!({}))).0, "outer");
}

#[test]
fn a_relative_working_directory_is_meant_from_that_of_the_process() {
    let (desk, _) = desk_with(&["project"]);
    let loaded = desk.loader().for_thread("project/src".as_ref(), &serde_json::Map::new());
    assert_eq!(won(&loaded).0, "project");
}

#[test]
fn a_thread_hears_of_the_mistakes_of_its_own_layers_only() {
    let desk = Desk::new().with_home("nonsense = 1").with_project("[images]\nspeed = 9").with_override("more=1");
    assert_eq!(desk.load().warnings.len(), 2);
    let loaded = desk.for_thread(json!({ "images.size": 1 }));
    insta::assert_snapshot!(desk.shown(&loaded.warnings), @r"
    project/.easel/config.toml:2: Unknown key `images.speed` in the project configuration was ignored.
    Unknown key `images.size` in the thread's configuration was ignored.
    ");
}
