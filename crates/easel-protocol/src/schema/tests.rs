use std::collections::BTreeSet;
use std::path::Path;

use easel_schema::{JSON_SCHEMA, TYPESCRIPT};
use serde_json::{Value, json};

use super::{json_schema, typescript};
use crate::tests::samples::{notifications, paths};

#[test]
fn committed_schema_matches_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    for (file, generated) in [(JSON_SCHEMA, json_schema()), (TYPESCRIPT, typescript())] {
        // Not assert_eq: the difference would fill the screen with two whole files.
        let is_current = std::io::read_to_string(file.reader()).unwrap() == generated;
        if std::env::var_os("EASEL_WRITE_SCHEMA").is_some() {
            std::fs::write(folder.join(file.name), generated).unwrap();
        } else {
            assert!(is_current, "schema/{} is out of date: run `just schema`", file.name);
        }
    }
}

#[test]
fn both_schemas_declare_the_same_types() {
    // JSON Schema writes any value as `true`, and any message is its root.
    let only_typescript = ["JsonValue".to_owned(), "Message".to_owned()];
    let bundle = bundle();
    let definitions = bundle["definitions"].as_object().unwrap();
    // TypeScript tells variants apart without names.
    let variants: BTreeSet<String> = definitions.values().flat_map(variants).collect();
    let json = definitions.keys().filter(|name| !variants.contains(*name)).cloned();
    let typescript: BTreeSet<String> = typescript()
        .lines()
        .filter_map(|line| line.strip_prefix("export type "))
        .filter_map(|rest| rest.split_once(" = ").map(|(name, _)| name.to_owned()))
        .collect();
    assert_eq!(json.chain(only_typescript).collect::<BTreeSet<_>>(), typescript);
}

#[test]
fn every_name_in_the_bundle_is_defined() {
    let bundle = bundle();
    let definitions = bundle["definitions"].as_object().unwrap();
    let methods = ["methods", "serverRequests"].into_iter().flat_map(|list| bundle[list].as_object().unwrap().values());
    let methods = methods.flat_map(|m| [&m["params"], &m["response"]]);
    let notifications = bundle["notifications"].as_object().unwrap().values();
    for name in methods.chain(notifications) {
        assert!(definitions.contains_key(name.as_str().unwrap()), "{name} is not defined");
    }
    for (union, list) in [("Event", "notifications"), ("ClientRequest", "methods"), ("ServerRequest", "serverRequests")]
    {
        assert_eq!(variants(&definitions[union]).count(), bundle[list].as_object().unwrap().len(), "{union}");
    }
}

/// Code generators invent a name, such as `ThreadItem3`, for an object inside a list or a field.
#[test]
fn every_object_is_a_definition_with_a_title() {
    let bundle = bundle();
    let mut names = BTreeSet::new();
    for (name, definition) in bundle["definitions"].as_object().unwrap() {
        assert_eq!(definition["title"], **name);
        for variant in variants(definition) {
            assert!(names.insert(variant.clone()), "{variant} is a variant of two unions");
        }
        for path in paths(definition) {
            let is_object = definition.pointer(&format!("{path}/properties")).is_some_and(Value::is_object);
            assert!(!is_object, "{name}{path} is an object without a name");
        }
    }
    assert!(names.contains("ImageGenerationThreadItem"), "{names:?}");
}

#[test]
fn every_definition_and_property_has_a_description() {
    let bundle = bundle();
    let is_described = |schema: &Value| schema["description"].as_str().is_some_and(|text| !text.is_empty());
    let mut properties = 0;
    for (name, definition) in bundle["definitions"].as_object().unwrap() {
        assert!(is_described(definition), "{name} has no description");
        for (property, schema) in definition["properties"].as_object().into_iter().flatten() {
            assert!(is_described(schema), "{name}.{property} has no description");
            properties += 1;
        }
    }
    assert!(properties > 700, "{properties}");
}

#[test]
fn root_accepts_exactly_the_messages_of_the_protocol() {
    let root = jsonschema::validator_for(&bundle()).unwrap();
    let message = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for mut event in notifications() {
        assert!(!root.is_valid(&event), "emittedAtMs is missing in {event}");
        event["emittedAtMs"] = json!(1);
        let errors: Vec<String> = root.iter_errors(&event).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} in {event}");
    }
    for valid in [
        r#"{"id":1,"method":"initialize","params":{"clientInfo":{"name":"ide","version":"1"}}}"#,
        r#"{"method":"initialized"}"#,
        r#"{"method":"$/cancelRequest","params":{"id":"a"}}"#,
        r#"{"id":1,"result":{}}"#,
        r#"{"id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
        r#"{"id":"a","jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params","data":{"field":"threadId"}}}"#,
    ] {
        assert!(root.is_valid(&message(valid)), "{valid}");
    }
    for invalid in ["{}", r#"{"id":1}"#, r#"{"id":1,"method":"image/draw","params":{}}"#, r#"{"id":1,"error":"no"}"#] {
        assert!(!root.is_valid(&message(invalid)), "{invalid}");
    }
}

/// The names of the variants of a union.
fn variants(definition: &Value) -> impl Iterator<Item = String> {
    let references =
        definition["oneOf"].as_array().into_iter().flatten().filter_map(|variant| variant["$ref"].as_str());
    references.map(|target| target.trim_start_matches("#/definitions/").to_owned())
}

fn bundle() -> Value {
    serde_json::from_str(&json_schema()).unwrap()
}
