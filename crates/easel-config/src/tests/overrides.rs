use serde_json::json;

use super::Sandbox;
use crate::{LayerName, Loaded};

/// Returns the values of a layer as JSON.
fn values_of(loaded: &Loaded, layer: &LayerName) -> String {
    loaded
        .layers
        .iter()
        .find(|l| l.name == *layer)
        .map_or("{}".to_owned(), |l| serde_json::to_string(&l.values).unwrap())
}

#[test]
fn override_value_is_toml_or_else_a_string() {
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
        ("features.telepathy=false", "{}", 1),
        ("model_reasoning_effort=\"high\"", r#"{"model_reasoning_effort":"high"}"#, 0),
        ("model_reasoning_summary=detailed", r#"{"model_reasoning_summary":"detailed"}"#, 0),
        ("model_reasoning_summary=long", "{}", 1),
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
    for (text, expected, warnings) in table {
        let loaded = Sandbox::new().with_override(text).load();
        assert_eq!(values_of(&loaded, &LayerName::CommandLine), expected, "{text}");
        assert_eq!(loaded.warnings.len(), warnings, "{text}: {:?}", loaded.warnings);
    }
}

#[test]
fn disable_overrides_enable_and_enable_overrides_c() {
    let mut sandbox = Sandbox::new().with_override("images.parallel=2").with_override("images.parallel=3");
    assert_eq!(sandbox.load().config.images.parallel, 3);
    sandbox = sandbox.with_override("features.imagegenext=false");
    sandbox.invocation.enable = vec!["imagegenext".to_owned()];
    assert!(sandbox.load().config.features.imagegenext);
    sandbox.invocation.disable = vec!["imagegenext".to_owned()];
    assert!(!sandbox.load().config.features.imagegenext);
}

#[test]
fn command_line_warnings_never_repeat_a_value() {
    let mut sandbox = Sandbox::new().with_override("sk-canary").with_override("images.parallel=sk-canary");
    sandbox.invocation.enable = vec!["telepathy".to_owned(), "imagegennext".to_owned()];
    sandbox.invocation.disable = vec!["shell.tool".to_owned()];
    insta::assert_snapshot!(sandbox.show(&sandbox.load().warnings), @r"
    Option `-c` number 1 was ignored: it is not `key=value`.
    `images.parallel` on the command line was ignored: it must be a whole number from 1 to 16.
    Unknown feature `telepathy` on the command line was ignored.
    Unknown feature `imagegennext` on the command line was ignored; did you mean `imagegenext`?
    Unknown feature `shell.tool` on the command line was ignored.
    ");
}

#[test]
fn key_decides_the_type_of_a_variable() {
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
        ("EASEL__FEATURES__TELEPATHY", "true", "{}", 1),
        ("EASEL__FEATURES", "true", "{}", 1),
        ("EASEL__", "x", "{}", 1),
        ("EASEL____MODEL", "x", "{}", 1),
        ("EASEL__SANDBOX_MODE", "x", "{}", 0),
        ("EASEL_HOME", "/x", "{}", 0),
        ("EASEL_MODEL", "x", "{}", 0),
        ("easel__model", "x", "{}", 0),
    ];
    for (name, value, expected, warnings) in table {
        let loaded = Sandbox::new().with_variable(name, value).load();
        assert_eq!(values_of(&loaded, &LayerName::Environment), expected, "{name}={value}");
        assert_eq!(loaded.warnings.len(), warnings, "{name}={value}: {:?}", loaded.warnings);
    }
}

#[cfg(unix)]
#[test]
fn variable_that_is_not_utf_8_is_reported() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let bytes = || OsString::from_vec(b"caf\xe9".to_vec());
    let mut sandbox = Sandbox::new().with_variable("EASEL__MODEL", bytes()).with_variable("OTHER", bytes());
    sandbox.environment.variables.insert(OsString::from_vec(b"EASEL__\xe9".to_vec()), "x".into());
    let loaded = sandbox.load();
    assert_eq!(loaded.config, crate::Config::default());
    insta::assert_snapshot!(sandbox.show(&loaded.warnings), @"Variable `EASEL__MODEL` in the environment was ignored: its value is not UTF-8.");
}

#[test]
fn thread_overrides_are_dotted_keys_or_objects() {
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
        (json!({ "features.telepathy": false }), "{}", 1),
        (json!({ "model_verbosity": "high", "mcp_servers": { "x": {} } }), "{}", 0),
        (json!({ "": 1 }), "{}", 1),
        (json!({ "wire.image_result": "inline" }), r#"{"wire":{"image_result":"inline"}}"#, 0),
    ];
    for (overrides, expected, warnings) in table {
        let loaded = Sandbox::new().load_for_thread(overrides.clone());
        assert_eq!(values_of(&loaded, &LayerName::Thread), expected, "{overrides}");
        assert_eq!(loaded.warnings.len(), warnings, "{overrides}: {:?}", loaded.warnings);
    }
}
