use std::fs;

use serde_json::{Value, json};

use super::Sandbox;
use crate::{Edit, HIDDEN, Invocation, LayerName, Merge, WriteError};

fn edit(key: &str, value: Value) -> Edit {
    Edit { key_path: key.to_owned(), value, merge: Merge::Replace }
}

fn home_text(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.home().join("config.toml")).unwrap_or_default()
}

fn version(sandbox: &Sandbox) -> String {
    let loaded = sandbox.load();
    let home = loaded.layers.iter().find(|layer| matches!(layer.name, LayerName::Home { .. }));
    home.unwrap().version.clone()
}

#[test]
fn next_load_has_the_written_values_and_version() {
    let sandbox = Sandbox::new();
    let written =
        sandbox.loader().write(&[edit("images.parallel", json!(2)), edit("model", json!("a"))], None).unwrap();
    assert_eq!(home_text(&sandbox), "model = \"a\"\n\n[images]\nparallel = 2\n");
    assert_eq!(
        (written.version, written.file),
        (version(&sandbox), dunce::canonicalize(sandbox.loader().file()).unwrap())
    );
    assert_eq!(sandbox.load().config.images.parallel, 2);
    sandbox.loader().write(&[edit("model", Value::Null)], None).unwrap();
    assert_eq!(sandbox.load().config.model, None);
}

#[test]
fn invalid_change_is_refused_and_nothing_is_written() {
    let before = "model = 'a' # mine\n";
    let sandbox = Sandbox::new().with_home(before);
    let table = [
        ("images.parallel", json!("canary")),
        ("images.parallel", json!(17)),
        ("images.parallel", json!(1.5)),
        ("images", json!({"parallel": 2, "speed": "canary"})),
        ("images", json!("canary")),
        ("colour", json!("canary")),
        ("features.teleport", json!(true)),
        ("model_providers.\"a b\"", json!({})),
        ("model_providers.x.base_url", json!("https://u:canary@h")),
        ("profiles", json!("canary")),
        ("profiles.p.images.detail", json!("canary")),
        ("profiles.p", json!({"colour": 1})),
        ("", json!(1)),
        ("images..parallel", json!(1)),
        ("images = 1", json!(1)),
        ("[images]", json!(1)),
    ];
    let mut refusals = String::new();
    for (key, value) in table {
        let edits = [edit("images.detail", json!("low")), edit(key, value)];
        let refusal = sandbox.loader().write(&edits, None).unwrap_err().to_string();
        refusals += &format!("{refusal}\n");
    }
    assert_eq!(home_text(&sandbox), before);
    assert!(!refusals.contains("canary"), "{refusals}");
    insta::assert_snapshot!(refusals, @r#"
    `images.parallel` must be a whole number from 1 to 16.
    `images.parallel` must be a whole number from 1 to 16.
    `images.parallel` must be a whole number from 1 to 16.
    Unknown key `images.speed`.
    `images` must be a table.
    Unknown key `colour`.
    Unknown feature `teleport`.
    `model_providers.a b` must be a name of 1 to 64 letters, digits, `.`, `-` and `_`.
    `model_providers.x.base_url` must be an http or https URL without user name, query or fragment.
    Unknown key `profiles`.
    `profiles.p.images.detail` must be one of "auto", "low", "high", "original".
    Unknown key `profiles.p.colour`.
    `keyPath` is not a dotted key.
    `keyPath` is not a dotted key.
    `keyPath` is not a dotted key.
    `keyPath` is not a dotted key.
    "#);
    for deep in [format!("{}a", "a.".repeat(500_000)), "a.".repeat(100) + "a", "x".repeat(2 << 20)] {
        sandbox.loader().write(&[edit(&deep, json!(1))], None).unwrap_err();
    }
}

#[test]
fn outdated_version_is_a_conflict() {
    let sandbox = Sandbox::new().with_home("model = 'a'");
    let read = version(&sandbox);
    let sandbox = sandbox.with_home("model = 'b'");
    let refused = sandbox.loader().write(&[edit("model", json!("c"))], Some(&read));
    assert!(matches!(refused, Err(WriteError::Conflict)));
    assert_eq!(home_text(&sandbox), "model = 'b'");
    let written = sandbox.loader().write(&[edit("model", json!("c"))], Some(&version(&sandbox))).unwrap();
    sandbox.loader().write(&[edit("model", json!("d"))], Some(&written.version)).unwrap();
}

#[test]
fn invalid_file_is_not_changed() {
    let sandbox = Sandbox::new().with_home("model = \"a\nb");
    let refused = sandbox.loader().write(&[edit("model", json!("c"))], None).unwrap_err();
    let refusal = refused.to_string();
    assert!(refusal.contains(": The file was ignored: it is not valid TOML"), "{refusal}");
    assert_eq!(home_text(&sandbox), "model = \"a\nb");
}

#[test]
fn file_cannot_grow_beyond_its_limit() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(4_096);
    let table: serde_json::Map<String, Value> = (0..300).map(|n| (format!("X-{n}"), json!(long))).collect();
    let refused = sandbox.loader().write(&[edit("model_providers.x.http_headers", table.into())], None).unwrap_err();
    assert!(refused.to_string().contains("larger than"), "{refused}");
    assert!(!sandbox.loader().file().exists());
}

#[test]
fn keys_of_codex_and_of_profiles_can_be_written() {
    let mut sandbox = Sandbox::new();
    sandbox.invocation = Invocation { profile: Some("p".to_owned()), ..Invocation::default() };
    let edits = [edit("sandbox_mode", json!("read-only")), edit("profiles.p.images.detail", json!("low"))];
    sandbox.loader().write(&edits, None).unwrap();
    let loaded = sandbox.load();
    assert_eq!((loaded.warnings.len(), loaded.config.images.detail), (0, crate::Detail::Low));
}

#[test]
fn overridden_key_is_reported_without_a_secret() {
    let sandbox = Sandbox::new()
        .with_override("images.parallel=3")
        .with_override("model_providers.x.http_headers.X-Key='canary-1'");
    let find_override = |edits: &[Edit]| {
        let written = sandbox.loader().write(edits, None).unwrap();
        sandbox.load().find_override(&written.keys)
    };
    assert_eq!(find_override(&[edit("images.detail", json!("low"))]), None);
    let found = find_override(&[edit("images", json!({"detail": "low", "parallel": 2}))]).unwrap();
    assert_eq!(found.to_string(), "`images.parallel` is overridden by the command line.");
    assert_eq!((found.effective_value, found.layer.name), (json!(3), LayerName::CommandLine));
    let found = find_override(&[edit("model_providers.x.http_headers.X-Key", json!("canary-2"))]).unwrap();
    assert_eq!(found.effective_value, HIDDEN);
    assert!(!format!("{found:?}").contains("canary"), "{found:?}");
    assert_eq!(find_override(&[edit("images.parallel", Value::Null)]), None);
}

#[cfg(unix)]
#[test]
fn write_follows_a_link_and_keeps_the_mode() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let real = sandbox.project().join("dotfile.toml");
    fs::write(&real, "model = 'a'\n").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, sandbox.loader().file()).unwrap();
    let written = sandbox.loader().write(&[edit("model", json!("b"))], None).unwrap();
    assert_eq!(written.file, dunce::canonicalize(&real).unwrap());
    assert_eq!(fs::read_to_string(&real).unwrap(), "model = \"b\"\n");
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(sandbox.loader().file().symlink_metadata().unwrap().is_symlink());
    let fresh = Sandbox::new();
    let written = fresh.loader().write(&[edit("model", json!("b"))], None).unwrap();
    assert_eq!(fs::metadata(written.file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn concurrent_writes_are_all_kept() {
    let sandbox = Sandbox::new();
    let loader = sandbox.loader();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let loader = &loader;
            scope.spawn(move || {
                loader.write(&[edit(&format!("model_providers.p{number}.preset"), json!("preview"))], None).unwrap()
            });
        }
    });
    assert_eq!(sandbox.load().config.model_providers.len(), 8);
}

#[test]
fn switched_features_override_the_command_line() {
    let mut sandbox = Sandbox::new().with_home("features.imagegenext = false");
    sandbox.invocation.enable.push("imagegenext".to_owned());
    let mut loader = sandbox.loader();
    let request = |on: bool| [("imagegenext".to_owned(), on), ("plugins".to_owned(), on)].into();
    assert_eq!(loader.switch_features(&request(false)), [("imagegenext".to_owned(), false)].into());
    assert!(!loader.load().config.features.imagegenext);
    let load_for_thread = |loader: &crate::Loader, overrides: Value| {
        loader.load_for_thread(&sandbox.project(), &super::object(overrides))
    };
    assert!(load_for_thread(&loader, json!({"features.imagegenext": true})).config.features.imagegenext);

    loader.switch_features(&[("image_generation".to_owned(), false)].into());
    assert!(!loader.load().config.features.image_generation);
    let loaded = load_for_thread(&loader, json!({"features": {"image_generation": true}}));
    assert!(!loaded.config.features.image_generation);
    insta::assert_snapshot!(sandbox.show(&loaded.warnings), @"`features.image_generation` in the thread's configuration was ignored: image generation is switched off for the whole server.");
    loader.switch_features(&[("image_generation".to_owned(), true)].into());
    assert!(!load_for_thread(&loader, json!({"features.image_generation": false})).config.features.image_generation);
    assert!(load_for_thread(&loader, json!({})).config.features.image_generation);
}

#[cfg(unix)]
#[test]
fn lock_file_gets_mode_0600_even_if_it_exists() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let path = sandbox.home().join("config.lock");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    for _ in 0..2 {
        sandbox.loader().write(&[edit("model", json!("a"))], None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn lock_of_another_process_is_an_error_with_its_path() {
    let sandbox = Sandbox::new();
    let held = fs::File::create(sandbox.home().join("config.lock")).unwrap();
    held.lock().unwrap();
    let edit = edit("model", json!("a"));
    let refused = sandbox.loader().write(std::slice::from_ref(&edit), None).unwrap_err();
    assert!(matches!(refused, WriteError::Busy { .. }) && refused.to_string().contains("config.lock"), "{refused}");
    drop(held);
    sandbox.loader().write(&[edit], None).unwrap();
}
