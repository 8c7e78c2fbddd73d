//! Invalid params, generated from Easel's schema. Each has one mistake, and new fields are covered automatically.

use serde_json::{Map, Value, json};

use crate::harness::conformance::schemas::DOCUMENT;

/// One mistake in some params.
#[derive(Debug, Clone)]
pub(super) struct InvalidParams {
    /// The wrong field, such as `a.b[0].c`.
    pub(super) field: String,
    /// The wrong value, or `None` if the field is missing.
    pub(super) wrong: Option<Value>,
    pub(super) params: Value,
}

/// The schema of a method's params.
pub(super) fn schema_of(method: &str) -> &'static Value {
    let name = DOCUMENT["methods"][method]["params"].as_str().unwrap_or_else(|| panic!("{method} is in no schema"));
    &DOCUMENT["definitions"][name]
}

/// The field names of a method's params.
pub(super) fn fields_of(method: &str) -> Vec<&'static str> {
    let fields = variants(schema_of(method)).into_iter().filter_map(|variant| variant["properties"].as_object());
    fields.flatten().map(|(name, _)| name.as_str()).collect()
}

/// The names of fields that accept any text.
pub(super) fn texts_of(method: &str) -> Vec<&'static str> {
    let is_text = |schema: &'static Value| {
        let schema = variants(schema)[0];
        types(schema) == ["string"] && schema.get("const").or(schema.get("enum")).is_none()
    };
    let fields = variants(schema_of(method)).into_iter().filter_map(|variant| variant["properties"].as_object());
    fields.flatten().filter(|(_, schema)| is_text(schema)).map(|(name, _)| name.as_str()).collect()
}

/// The smallest value that satisfies a schema.
pub(super) fn example(schema: &'static Value) -> Value {
    let schema = variants(schema)[0];
    if let Some(only) = schema.get("const").or_else(|| schema["enum"].get(0)) {
        return only.clone();
    }
    match types(schema).first() {
        Some(&"integer" | &"number") => json!(1),
        Some(&"boolean") => json!(true),
        Some(&"array") => json!([example(&schema["items"])]),
        Some(&"object") => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            required.map(|name| (name.to_owned(), example(&schema["properties"][name]))).collect::<Map<_, _>>().into()
        }
        Some(_) | None => json!("x"),
    }
}

/// Variants of the schema's example with one wrong field, at any depth.
pub(super) fn invalid_variants(schema: &'static Value) -> Vec<InvalidParams> {
    variants(schema)
        .into_iter()
        .flat_map(|variant| [invalid_lists(variant), invalid_objects(variant)].concat())
        .collect()
}

fn invalid_lists(schema: &'static Value) -> Vec<InvalidParams> {
    let Some(items) = schema.get("items") else { return Vec::new() };
    let at = |InvalidParams { field, wrong, params }: InvalidParams| {
        let dot = if field.is_empty() { "" } else { "." };
        InvalidParams { field: format!("[0]{dot}{field}"), wrong, params: json!([params]) }
    };
    let own = wrong_values(items).into_iter().map(|value| InvalidParams {
        field: String::new(),
        wrong: Some(value.clone()),
        params: value,
    });
    own.chain(invalid_variants(items)).map(at).collect()
}

fn invalid_objects(schema: &'static Value) -> Vec<InvalidParams> {
    let Some(fields) = schema["properties"].as_object() else { return Vec::new() };
    let base = example(schema);
    let with = |name: &str, value: Value| {
        let mut params = base.clone();
        params[name] = value;
        params
    };
    let mut all = Vec::new();
    for (name, inner) in fields {
        if base.get(name).is_some() {
            let mut params = base.clone();
            params.as_object_mut().expect("an object").remove(name);
            all.push(InvalidParams { field: name.clone(), wrong: None, params });
        }
        for value in wrong_values(inner) {
            all.push(InvalidParams { field: name.clone(), wrong: Some(value.clone()), params: with(name, value) });
        }
        for InvalidParams { field, wrong, params } in invalid_variants(inner) {
            let dot = if field.starts_with('[') { "" } else { "." };
            all.push(InvalidParams { field: format!("{name}{dot}{field}"), wrong, params: with(name, params) });
        }
    }
    all
}

/// Values that do not satisfy the schema. There are none if it accepts anything.
fn wrong_values(schema: &'static Value) -> Vec<Value> {
    let variants = variants(schema);
    let types: Vec<&str> = variants.iter().flat_map(|variant| types(variant)).collect();
    if types.is_empty() {
        return Vec::new();
    }
    let is_number = types.iter().any(|kind| matches!(*kind, "integer" | "number"));
    let is_closed = variants.iter().any(|variant| variant.get("const").or(variant.get("enum")).is_some());
    let mut wrong = vec![if is_number { json!("nothing") } else { json!(7) }];
    if is_closed {
        wrong.push(json!("nothing"));
    }
    if variants.iter().any(|variant| variant["minimum"] == 0) {
        wrong.push(json!(-1));
    }
    wrong
}

/// The alternatives of a schema, without `null`.
fn variants(schema: &'static Value) -> Vec<&'static Value> {
    if let Some(name) = schema["$ref"].as_str() {
        return variants(&DOCUMENT["definitions"][name.trim_start_matches("#/definitions/")]);
    }
    let several = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    let Some(several) = several.or(schema["allOf"].as_array()) else { return vec![schema] };
    several.iter().filter(|variant| variant["type"] != "null").flat_map(variants).collect()
}

fn types(schema: &'static Value) -> Vec<&'static str> {
    let named = schema["type"].as_array().map_or(std::slice::from_ref(&schema["type"]), Vec::as_slice);
    named.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect()
}
