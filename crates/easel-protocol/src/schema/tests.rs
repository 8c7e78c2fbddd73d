use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::{json_schema_files, typescript_files};

#[test]
fn committed_schema_matches_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    for (name, content) in json_schema_files().into_iter().chain(typescript_files()) {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        // Not assert_eq: the difference would fill the screen with two whole files.
        assert!(committed == content, "schema/{name} is out of date: run `just schema`");
    }
}

#[test]
fn both_schemas_declare_the_same_types() {
    // JSON Schema writes any value as `true`.
    let only_typescript = ["JsonValue".to_owned()];
    let json: BTreeSet<String> = bundle()["definitions"].as_object().unwrap().keys().cloned().collect();
    let (_, module) = typescript_files().remove(0);
    let typescript: BTreeSet<String> = module
        .lines()
        .filter_map(|line| line.strip_prefix("export type "))
        .filter_map(|rest| rest.split_once(" = ").map(|(name, _)| name.to_owned()))
        .collect();
    assert_eq!(json.into_iter().chain(only_typescript).collect::<BTreeSet<_>>(), typescript);
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
    assert_eq!(
        definitions["Event"]["oneOf"].as_array().unwrap().len(),
        bundle["notifications"].as_object().unwrap().len()
    );
}

/// What may be left out is said twice, in attributes for each language; a params type without `optional_fields` or a
/// field without `optional` would make TypeScript stricter or looser than the wire.
#[test]
fn both_schemas_agree_on_optional_fields() {
    let (_, module) = typescript_files().remove(0);
    let declarations: Vec<&str> = module.split("\nexport ").collect();
    for (name, definition) in bundle()["definitions"].as_object().unwrap() {
        let start = format!("type {name} = {{");
        let Some(declaration) = declarations.iter().find(|text| text.starts_with(&start)) else { continue };
        let required = definition["required"].as_array().cloned().unwrap_or_default();
        for field in definition["properties"].as_object().into_iter().flat_map(|fields| fields.keys()) {
            let mark = if required.contains(&json!(field)) { "" } else { "?" };
            let is_declared =
                [" ", "\n"].iter().any(|before| declaration.contains(&format!("{before}{field}{mark}: ")));
            assert!(is_declared, "no `{field}{mark}:` in {declaration}");
        }
    }
}

fn bundle() -> Value {
    let (_, bundle) = json_schema_files().remove(0);
    serde_json::from_str(&bundle).unwrap()
}
