//! OpenAI's API document as strict schemas: unknown fields and nulls are errors.

use std::path::Path;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// A kind of request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Response,
    Generation,
    EditForm,
    EditJson,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Response, Kind::Generation, Kind::EditForm, Kind::EditJson];

impl Kind {
    const fn schema(self) -> &'static str {
        match self {
            Self::Response => "CreateResponse",
            Self::Generation => "CreateImageRequest",
            Self::EditForm => "CreateImageEditRequest",
            Self::EditJson => "EditImageBodyJsonParam",
        }
    }
}

pub(crate) struct Document([Validator; KINDS.len()]);

impl Document {
    pub(crate) fn read(path: &Path) -> Self {
        let document = std::fs::read(path).expect("the document that EASEL_OPENAI_SPEC names");
        let document: Value = serde_json::from_slice(&document).expect("JSON");
        let schemas = &document["components"]["schemas"];
        let strict = strict(schemas, schemas);
        let validator = |kind: Kind| {
            let reference = format!("#/components/schemas/{}", kind.schema());
            let schema = json!({"$ref": reference, "components": {"schemas": strict}});
            jsonschema::validator_for(&schema).expect("a schema")
        };
        Self(KINDS.map(validator))
    }

    /// Everything that is wrong with a body.
    pub(crate) fn problems(&self, kind: Kind, body: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        nulls(body, "", &mut problems);
        for error in self.0[kind as usize].iter_errors(body) {
            let value: String = error.instance().to_string().chars().take(400).collect();
            problems.push(format!("{}: {:.200}: {value}", error.instance_path(), error.kind().keyword()));
        }
        problems
    }
}

/// The API accepts nulls where the document allows them. Easel omits fields without a value.
fn nulls(value: &Value, path: &str, problems: &mut Vec<String>) {
    match value {
        Value::Null => problems.push(format!("{path}: null")),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                nulls(item, &format!("{path}/{index}"), problems);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                nulls(field, &format!("{path}/{name}"), problems);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A schema in which objects with named properties have no others. `oneOf` becomes `anyOf`, because the document's
/// alternatives overlap and a discriminator selects one.
fn strict(schema: &Value, all: &Value) -> Value {
    let fields = match schema {
        Value::Object(fields) => fields,
        Value::Array(items) => return items.iter().map(|item| strict(item, all)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return schema.clone(),
    };
    let mut fields = fields.clone();
    if let Some(parts) = fields.remove("allOf") {
        merge(&parts, all, &mut fields);
    }
    if let Some(alternatives) = fields.remove("oneOf") {
        fields.insert("anyOf".to_owned(), alternatives);
    }
    let strict_fields = fields.iter().filter(|(name, _)| !name.starts_with("example"));
    let mut strict_fields: Map<_, _> = strict_fields.map(|(name, field)| (name.clone(), strict(field, all))).collect();
    let names_some = |properties: &Value| properties.as_object().is_some_and(|properties| !properties.is_empty());
    if strict_fields.get("properties").is_some_and(names_some) {
        strict_fields.entry("additionalProperties").or_insert(json!(false));
    }
    Value::Object(strict_fields)
}

/// Adds the properties of all parts. If each part were closed, they would reject each other's properties.
fn merge(parts: &Value, all: &Value, into: &mut Map<String, Value>) {
    for part in parts.as_array().expect("a list of schemas") {
        let named = part["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        let part = named.map_or(part, |name| &all[name]);
        if part["allOf"].is_array() {
            merge(&part["allOf"], all, into);
        }
        let properties = into.entry("properties").or_insert(json!({})).as_object_mut().expect("an object");
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        let required = into.entry("required").or_insert(json!([])).as_array_mut().expect("a list");
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
}
