use serde_json::json;

use super::Desk;
use crate::{LayerName, Loaded};

/// The layer's own JSON, so that a table can say what a text became.
fn said(loaded: &Loaded, layer: &LayerName) -> String {
    loaded
        .layers
        .iter()
        .find(|l| l.name == *layer)
        .map_or("{}".to_owned(), |l| serde_json::to_string(&l.config).unwrap())
}

#[test]
fn an_override_is_a_dotted_key_and_a_toml_value_or_else_a_string() {
    let table = [
        (r#"model="gpt-5.5""#, r#"{"model":"gpt-5.5"}"#, 0),
        ("model='gpt-5.5'", r#"{"model":"gpt-5.5"}"#, 0),
        ("model=gpt-5.5", r#"{"model":"gpt-5.5"}"#, 0),
        ("model=two words", r#"{"model":"two words"}"#, 0),
        ("  model  =  gpt  ", r#"{"model":"gpt"}"#, 0),
        ("model=a=b=c", r#"{"model":"a=b=c"}"#, 0),
        ("model=", "{}", 1),
        ("model=\"\"", "{}", 1),
        ("model=5", "{}", 1),
        ("model=a\nb=1", "{}", 1),
        ("model=\"unclosed", r#"{"model":"\"unclosed"}"#, 0),
        ("images.parallel=2", r#"{"images":{"parallel":2}}"#, 0),
        ("images.parallel=0x10", r#"{"images":{"parallel":16}}"#, 0),
        ("images.timeout_ms=60_000", r#"{"images":{"timeout_ms":60000}}"#, 0),
        ("images.parallel=2.0", "{}", 1),
        ("images.parallel=\"2\"", "{}", 1),
        ("images.parallel=[1,2]", "{}", 1),
        ("images.parallel=two", "{}", 1),
        ("images={parallel=2, detail='low'}", r#"{"images":{"detail":"low","parallel":2}}"#, 0),
        ("features.imagegenext=true", r#"{"features":{"imagegenext":true}}"#, 0),
        ("features.imagegenext=True", "{}", 1),
        ("features . imagegenext = true", r#"{"features":{"imagegenext":true}}"#, 0),
        (
            "model_providers.x.base_url=http://localhost:1/v1",
            r#"{"model_providers":{"x":{"base_url":"http://localhost:1/v1"}}}"#,
            0,
        ),
        ("model_providers.x={}", r#"{"model_providers":{"x":{}}}"#, 0),
        ("model_providers={x={bills=true},x.bills=false}", "{}", 1),
        ("features=true", "{}", 1),
        ("features.plugins=false", "{}", 1),
        ("model_reasoning_effort=\"high\"", "{}", 0),
        ("sandbox_mode=read-only", "{}", 0),
        ("approval_policy=never", "{}", 0),
        ("analytics.enabled=false", "{}", 0),
        ("mcp_servers.x.args=[\"a\", \"b\"]", "{}", 0),
        ("profiles.x.model=a", "{}", 1),
        ("no equals sign", "{}", 1),
        ("=value", "{}", 1),
        (".model=a", "{}", 1),
        ("images..parallel=2", "{}", 1),
        ("", "{}", 1),
    ];
    for (given, expected, warnings) in table {
        let loaded = Desk::new().with_override(given).load();
        assert_eq!(said(&loaded, &LayerName::CommandLine), expected, "{given}");
        assert_eq!(loaded.warnings.len(), warnings, "{given}: {:?}", loaded.warnings);
    }
}

#[test]
fn later_overrides_win_and_disable_wins_over_all() {
    let mut desk = Desk::new().with_override("images.parallel=2").with_override("images.parallel=3");
    assert_eq!(desk.load().config.images.parallel, 3);
    desk = desk.with_override("features.imagegenext=false");
    desk.invocation.enable = vec!["imagegenext".to_owned()];
    assert!(desk.load().config.features.imagegenext);
    desk.invocation.disable = vec!["imagegenext".to_owned()];
    assert!(!desk.load().config.features.imagegenext);
}

#[test]
fn warnings_of_the_command_line_name_the_key_and_never_the_value() {
    let mut desk = Desk::new().with_override("sk-canary").with_override("images.parallel=sk-canary");
    desk.invocation.enable = vec!["plugins".to_owned()];
    desk.invocation.disable = vec!["shell.tool".to_owned()];
    insta::assert_snapshot!(desk.shown(&desk.load().warnings), @r"
    The command line has a `-c` that is not `key=value` and was ignored (number 1).
    `images.parallel` on the command line was ignored: it must be a whole number from 1 to 16.
    Unknown feature `plugins` on the command line was ignored.
    Unknown feature `shell.tool` on the command line was ignored.
    ");
}

#[test]
fn a_variable_is_read_as_its_key_wants_it() {
    let table = [
        ("EASEL__FEATURES__IMAGEGENEXT", "true", r#"{"features":{"imagegenext":true}}"#, 0),
        ("EASEL__FEATURES__IMAGEGENEXT", "TRUE", r#"{"features":{"imagegenext":true}}"#, 0),
        ("EASEL__FEATURES__IMAGEGENEXT", "1", "{}", 1),
        ("EASEL__FEATURES__IMAGE_GENERATION", "false", r#"{"features":{"image_generation":false}}"#, 0),
        ("EASEL__IMAGES__PARALLEL", " 3 ", r#"{"images":{"parallel":3}}"#, 0),
        ("EASEL__IMAGES__PARALLEL", "99", "{}", 1),
        ("EASEL__MODEL", "5", r#"{"model":"5"}"#, 0),
        ("EASEL__MODEL", "", "{}", 0),
        ("EASEL__MODEL_PROVIDERS__STUDIO__BILLS", "true", r#"{"model_providers":{"studio":{"bills":true}}}"#, 0),
        ("EASEL__FEATURES__PLUGINS", "true", "{}", 1),
        ("EASEL__FEATURES", "true", "{}", 1),
        ("EASEL__", "x", "{}", 1),
        ("EASEL____MODEL", "x", "{}", 1),
        ("EASEL__SANDBOX_MODE", "x", "{}", 0),
        ("EASEL_HOME", "/x", "{}", 0),
        ("EASEL_MODEL", "x", "{}", 0),
        ("easel__model", "x", "{}", 0),
    ];
    for (name, value, expected, warnings) in table {
        let loaded = Desk::new().with_variable(name, value).load();
        assert_eq!(said(&loaded, &LayerName::Environment), expected, "{name}={value}");
        assert_eq!(loaded.warnings.len(), warnings, "{name}={value}: {:?}", loaded.warnings);
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_named_and_ignored() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let bytes = || OsString::from_vec(b"caf\xe9".to_vec());
    let mut desk = Desk::new().with_variable("EASEL__MODEL", bytes()).with_variable("OTHER", bytes());
    desk.environment.variables.insert(OsString::from_vec(b"EASEL__\xe9".to_vec()), "x".into());
    let loaded = desk.load();
    assert_eq!(loaded.config, crate::Config::default());
    insta::assert_snapshot!(desk.shown(&loaded.warnings), @"The environment has a variable that was ignored: `EASEL__MODEL`.");
}

#[test]
fn a_thread_overrides_by_dotted_keys_objects_and_both() {
    let table = [
        (json!({ "features.image_generation": false }), r#"{"features":{"image_generation":false}}"#, 0),
        (json!({ "features": { "imagegenext": true } }), r#"{"features":{"imagegenext":true}}"#, 0),
        (json!({ "images": { "parallel": 1 }, "images.parallel": 2 }), r#"{"images":{"parallel":2}}"#, 0),
        (json!({ "images.model": null, "model": null }), "{}", 0),
        (json!({ "images": { "model": null } }), "{}", 0),
        (json!({ "images.parallel": 3.0 }), "{}", 1),
        (json!({ "images.parallel": -3 }), "{}", 1),
        (json!({ "images.parallel": 18446744073709551615_u64 }), "{}", 1),
        (json!({ "images.parallel": "3" }), "{}", 1),
        (json!({ "model": ["a"] }), "{}", 1),
        (json!({ "features.plugins": false }), "{}", 1),
        (json!({ "model_reasoning_effort": "high", "mcp_servers": { "x": {} } }), "{}", 0),
        (json!({ "": 1 }), "{}", 1),
        (json!({ "wire.image_result": "inline" }), r#"{"wire":{"image_result":"inline"}}"#, 0),
    ];
    for (overrides, expected, warnings) in table {
        let loaded = Desk::new().for_thread(overrides.clone());
        assert_eq!(said(&loaded, &LayerName::Thread), expected, "{overrides}");
        assert_eq!(loaded.warnings.len(), warnings, "{overrides}: {:?}", loaded.warnings);
    }
}
