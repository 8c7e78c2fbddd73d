use std::fs;

use serde_json::{Value, json};

use super::Desk;
use crate::{Edit, Invocation, Merge, WriteRefused, overridden};

fn edit(key: &str, value: Value) -> Edit {
    Edit { key_path: key.to_owned(), value, merge: Merge::Replace }
}

fn home_text(desk: &Desk) -> String {
    fs::read_to_string(desk.home().join("config.toml")).unwrap_or_default()
}

fn version(desk: &Desk) -> String {
    let loaded = desk.load();
    let home = loaded.layers.iter().find(|layer| matches!(layer.name, crate::LayerName::Home { .. }));
    home.unwrap().version.clone()
}

#[test]
fn a_write_is_what_the_next_load_says_under_the_version_that_was_told() {
    let desk = Desk::new();
    let written = desk.loader().write(&[edit("images.parallel", json!(2)), edit("model", json!("a"))], None).unwrap();
    assert_eq!(home_text(&desk), "model = \"a\"\n\n[images]\nparallel = 2\n");
    assert_eq!((written.version, written.file), (version(&desk), fs::canonicalize(desk.loader().file()).unwrap()));
    assert_eq!(desk.load().config.images.parallel, 2);
    desk.loader().write(&[edit("model", Value::Null)], None).unwrap();
    assert_eq!(desk.load().config.model, None);
}

#[test]
fn what_loading_would_not_take_is_refused_in_its_words_and_nothing_is_written() {
    let before = "model = 'a' # mine\n";
    let desk = Desk::new().with_home(before);
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
    let mut said = String::new();
    for (key, value) in table {
        let edits = [edit("images.detail", json!("low")), edit(key, value)];
        let refusal = desk.loader().write(&edits, None).unwrap_err().to_string();
        said += &format!("{refusal}\n");
    }
    assert_eq!(home_text(&desk), before);
    assert!(!said.contains("canary"), "{said}");
    insta::assert_snapshot!(said, @r#"
    `images.parallel` in the home configuration was ignored: it must be a whole number from 1 to 16.
    `images.parallel` in the home configuration was ignored: it must be a whole number from 1 to 16.
    `images.parallel` in the home configuration was ignored: it must be a whole number from 1 to 16.
    Unknown key `images.speed` in the home configuration was ignored.
    `images` in the home configuration must be a table and was ignored.
    Unknown key `colour` in the home configuration was ignored.
    Unknown feature `teleport` in the home configuration was ignored.
    `model_providers.a b` in the home configuration was ignored: a name is 1 to 64 letters, digits, dots, hyphens and underscores.
    `model_providers.x.base_url` in the home configuration was ignored: it must be an http or https URL without user name, query or fragment.
    Unknown key `profiles` in the home configuration was ignored.
    `images.detail` in the profile was ignored: it must be one of "auto", "low", "high", "original".
    Unknown key `colour` in the profile was ignored.
    `keyPath` is not a dotted key.
    `keyPath` is not a dotted key.
    `keyPath` is not a dotted key.
    `keyPath` is not a dotted key.
    "#);
    for deep in [format!("{}a", "a.".repeat(500_000)), "a.".repeat(100) + "a", "x".repeat(2 << 20)] {
        desk.loader().write(&[edit(&deep, json!(1))], None).unwrap_err();
    }
}

#[test]
fn a_sentence_of_a_refusal_is_the_one_of_loading() {
    let desk = Desk::new().with_home("images.parallel = 17");
    let warning = desk.load().warnings[0].summary.clone();
    let refusal = desk.loader().write(&[edit("images.parallel", json!(17))], None).unwrap_err();
    assert_eq!(refusal.to_string(), warning);
}

#[test]
fn a_version_that_is_no_longer_true_is_a_conflict_and_one_that_is_true_is_none() {
    let desk = Desk::new().with_home("model = 'a'");
    let read = version(&desk);
    let desk = desk.with_home("model = 'b'");
    let refused = desk.loader().write(&[edit("model", json!("c"))], Some(&read));
    assert!(matches!(refused, Err(WriteRefused::Conflict)));
    assert_eq!(home_text(&desk), "model = 'b'");
    let written = desk.loader().write(&[edit("model", json!("c"))], Some(&version(&desk))).unwrap();
    desk.loader().write(&[edit("model", json!("d"))], Some(&written.version)).unwrap();
}

#[test]
fn a_file_that_is_no_toml_is_left_alone() {
    let desk = Desk::new().with_home("model = \"a\nb");
    let refused = desk.loader().write(&[edit("model", json!("c"))], None).unwrap_err();
    let said = refused.to_string();
    assert!(said.contains(": The home configuration was ignored: it is not valid TOML"), "{said}");
    assert_eq!(home_text(&desk), "model = \"a\nb");
}

#[test]
fn a_file_may_not_grow_beyond_what_loading_takes() {
    let desk = Desk::new();
    let long = "x".repeat(4_096);
    let table: serde_json::Map<String, Value> = (0..300).map(|n| (format!("X-{n}"), json!(long))).collect();
    let refused = desk.loader().write(&[edit("model_providers.x.http_headers", table.into())], None).unwrap_err();
    assert!(refused.to_string().contains("larger than"), "{refused}");
    assert!(!desk.loader().file().exists());
}

#[test]
fn keys_of_the_peer_and_of_any_profile_can_be_written() {
    let mut desk = Desk::new();
    desk.invocation = Invocation { profile: Some("p".to_owned()), ..Invocation::default() };
    let edits = [edit("sandbox_mode", json!("read-only")), edit("profiles.p.images.detail", json!("low"))];
    desk.loader().write(&edits, None).unwrap();
    let loaded = desk.load();
    assert_eq!((loaded.warnings.len(), loaded.config.images.detail), (0, crate::Detail::Low));
}

#[test]
fn a_key_that_a_stronger_layer_sets_is_told_with_what_holds_and_no_secret() {
    let desk =
        Desk::new().with_override("images.parallel=3").with_override("model_providers.x.http_headers.X-Key='canary-1'");
    let told = |edits: &[Edit]| {
        let written = desk.loader().write(edits, None).unwrap();
        overridden(&desk.load(), &written.keys)
    };
    assert_eq!(told(&[edit("images.detail", json!("low"))]), None);
    let metadata = told(&[edit("images", json!({"detail": "low", "parallel": 2}))]).unwrap();
    assert_eq!(metadata["message"], "`images.parallel` on the command line says something else, which holds.");
    assert_eq!(
        (&metadata["effectiveValue"], &metadata["overridingLayer"]["name"]["type"]),
        (&json!(3), &json!("sessionFlags"))
    );
    let metadata = told(&[edit("model_providers.x.http_headers.X-Key", json!("canary-2"))]).unwrap();
    assert_eq!(metadata["effectiveValue"], "***");
    assert!(!metadata.to_string().contains("canary"), "{metadata}");
    assert_eq!(told(&[edit("images.parallel", Value::Null)]), None);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_the_mode_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let real = desk.project().join("dotfile.toml");
    fs::write(&real, "model = 'a'\n").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, desk.loader().file()).unwrap();
    let written = desk.loader().write(&[edit("model", json!("b"))], None).unwrap();
    assert_eq!(written.file, fs::canonicalize(&real).unwrap());
    assert_eq!(fs::read_to_string(&real).unwrap(), "model = \"b\"\n");
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(desk.loader().file().symlink_metadata().unwrap().is_symlink());
    let fresh = Desk::new();
    let written = fresh.loader().write(&[edit("model", json!("b"))], None).unwrap();
    assert_eq!(fs::metadata(written.file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn writes_of_many_at_once_are_all_kept() {
    let desk = Desk::new();
    let loader = desk.loader();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let loader = &loader;
            scope.spawn(move || {
                loader.write(&[edit(&format!("model_providers.p{number}.preset"), json!("preview"))], None).unwrap()
            });
        }
    });
    assert_eq!(desk.load().config.model_providers.len(), 8);
}

#[test]
fn switches_stand_above_the_command_line_and_a_thread_cannot_undo_the_kill_switch() {
    let mut desk = Desk::new().with_home("features.imagegenext = false");
    desk.invocation.enable.push("imagegenext".to_owned());
    let mut loader = desk.loader();
    let wish = |on: bool| [("imagegenext".to_owned(), on), ("plugins".to_owned(), on)].into();
    assert_eq!(loader.switch(&wish(false)), [("imagegenext".to_owned(), false)].into());
    assert!(!loader.load().config.features.imagegenext);
    let of_thread =
        |loader: &crate::Loader, overrides: Value| loader.for_thread(&desk.project(), &super::object(overrides));
    assert!(of_thread(&loader, json!({"features.imagegenext": true})).config.features.imagegenext);

    loader.switch(&[("image_generation".to_owned(), false)].into());
    assert!(!loader.load().config.features.image_generation);
    let loaded = of_thread(&loader, json!({"features": {"image_generation": true}}));
    assert!(!loaded.config.features.image_generation);
    insta::assert_snapshot!(desk.shown(&loaded.warnings), @"`features.image_generation` in the thread's configuration was refused: it is switched off for the whole server.");
    loader.switch(&[("image_generation".to_owned(), true)].into());
    assert!(!of_thread(&loader, json!({"features.image_generation": false})).config.features.image_generation);
    assert!(of_thread(&loader, json!({})).config.features.image_generation);
}

#[cfg(unix)]
#[test]
fn lock_is_its_owners_alone_even_if_it_was_made_otherwise() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let path = desk.home().join("config.lock");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    for _ in 0..2 {
        desk.loader().write(&[edit("model", json!("a"))], None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn foreign_lock_is_an_error_that_names_it() {
    let desk = Desk::new();
    let held = fs::File::create(desk.home().join("config.lock")).unwrap();
    held.lock().unwrap();
    let edit = edit("model", json!("a"));
    let refused = desk.loader().write(std::slice::from_ref(&edit), None).unwrap_err();
    assert!(matches!(refused, WriteRefused::Busy { .. }) && refused.to_string().contains("config.lock"), "{refused}");
    held.unlock().unwrap();
    desk.loader().write(&[edit], None).unwrap();
}
