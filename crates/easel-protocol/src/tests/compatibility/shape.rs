//! What two JSON Schemas say of one value, side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A schema and the document that its references lead through.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) document: &'a Value,
    pub(super) schema: &'a Value,
}

/// What only one side has, as paths of fields. A path ends where a named type begins.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) peer_only: BTreeSet<String>,
    pub(super) own_only: BTreeSet<String>,
}

/// Named types that stand at the same place on both sides, by the peer's name.
pub(super) type Pairs<'a> = BTreeMap<String, (At<'a>, At<'a>)>;

type Fields<'a> = BTreeMap<String, &'a Value>;

enum Shape<'a> {
    Object(Fields<'a>),
    /// By the value of `type`.
    Variants(BTreeMap<String, Fields<'a>>),
    Values(BTreeSet<String>),
    Other,
}

/// Compares two types field by field. Named types within them are added to `pairs` and not looked into.
pub(super) fn compare<'a>(peer: At<'a>, own: At<'a>, pairs: &mut Pairs<'a>) -> Difference {
    let mut difference = Difference::default();
    walk("", peer, own, &mut difference, pairs);
    difference
}

fn walk<'a>(path: &str, peer: At<'a>, own: At<'a>, difference: &mut Difference, pairs: &mut Pairs<'a>) {
    match (shape(peer), shape(own)) {
        (Shape::Object(theirs), Shape::Object(ours)) => fields(path, (peer, theirs), (own, ours), difference, pairs),
        (Shape::Variants(mut theirs), Shape::Variants(mut ours)) => {
            let (one, other) = (theirs.keys().cloned().collect(), ours.keys().cloned().collect());
            only(path, "type ", &one, &other, difference);
            for name in one.intersection(&other) {
                let pair = (theirs.remove(name).unwrap_or_default(), ours.remove(name).unwrap_or_default());
                fields(&join(path, name), (peer, pair.0), (own, pair.1), difference, pairs);
            }
        }
        (Shape::Values(theirs), Shape::Values(ours)) => only(path, "value ", &theirs, &ours, difference),
        // Of different kinds, or without fields.
        (Shape::Object(_) | Shape::Variants(_) | Shape::Values(_) | Shape::Other, _) => {}
    }
}

fn fields<'a>(
    path: &str,
    (peer, theirs): (At<'a>, Fields<'a>),
    (own, ours): (At<'a>, Fields<'a>),
    difference: &mut Difference,
    pairs: &mut Pairs<'a>,
) {
    only(path, "", &theirs.keys().cloned().collect(), &ours.keys().cloned().collect(), difference);
    for (name, schema) in theirs {
        let Some(other) = ours.get(&name) else { continue };
        let (peer, own) = (At { schema, ..peer }, At { schema: other, ..own });
        let (path, peer, own) = elements(join(path, &name), peer, own);
        match type_name(peer) {
            Some(name) => _ = pairs.entry(name).or_insert((peer, own)),
            None => walk(&path, peer, own, difference, pairs),
        }
    }
}

/// Goes into lists, as long as both are lists.
fn elements<'a>(mut path: String, mut peer: At<'a>, mut own: At<'a>) -> (String, At<'a>, At<'a>) {
    while let (Some(theirs), Some(ours)) = (resolve(peer).schema.get("items"), resolve(own).schema.get("items")) {
        path.push_str("[]");
        (peer, own) = (At { schema: theirs, ..peer }, At { schema: ours, ..own });
    }
    (path, peer, own)
}

fn only(path: &str, what: &str, theirs: &BTreeSet<String>, ours: &BTreeSet<String>, difference: &mut Difference) {
    let named = |name: &String| format!("{what}{}", join(path, name));
    difference.peer_only.extend(theirs.difference(ours).map(named));
    difference.own_only.extend(ours.difference(theirs).map(named));
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The schema without what does not change its fields: `null` beside it, a wrapper around one reference.
fn unwrap<'a>(at: At<'a>) -> At<'a> {
    let alternatives = ["anyOf", "allOf"].into_iter().filter_map(|key| at.schema[key].as_array());
    for list in alternatives {
        let real: Vec<&Value> = list.iter().filter(|schema| schema["type"] != "null").collect();
        if let ([schema], true) = (real.as_slice(), at.schema.get("properties").is_none()) {
            return unwrap(At { schema, ..at });
        }
    }
    at
}

fn reference(at: At<'_>) -> Option<&str> {
    unwrap(at).schema["$ref"].as_str()
}

/// The last part of a reference's path.
fn type_name(at: At<'_>) -> Option<String> {
    reference(at).and_then(|target| target.rsplit('/').next()).map(str::to_owned)
}

fn resolve<'a>(at: At<'a>) -> At<'a> {
    // In the peer's bundle a file of one type refers to others as if it were alone.
    let nested = |target: &str| target.replace("/definitions/", "/definitions/v2/");
    let found = |target: &str| at.document.pointer(target).or_else(|| at.document.pointer(&nested(target)));
    match reference(at).and_then(|target| found(target.trim_start_matches('#'))) {
        Some(schema) => resolve(At { schema, ..at }),
        None => unwrap(at),
    }
}

fn shape<'a>(at: At<'a>) -> Shape<'a> {
    let at = resolve(at);
    let values = values(at);
    if !values.is_empty() {
        return Shape::Values(values);
    }
    let common = object(at);
    let alternatives = ["oneOf", "anyOf"].into_iter().find_map(|key| at.schema[key].as_array());
    let tagged = alternatives.into_iter().flatten().filter_map(|schema| {
        let mut fields = object(At { schema, ..at });
        let tag = fields.remove("type")?;
        let tag = tag["const"].as_str().or(tag["enum"][0].as_str())?;
        fields.extend(common.clone());
        Some((tag.to_owned(), fields))
    });
    let variants: BTreeMap<String, Fields<'a>> = tagged.collect();
    match (variants.is_empty(), common.is_empty()) {
        (false, _) => Shape::Variants(variants),
        (true, false) => Shape::Object(common),
        (true, true) => Shape::Other,
    }
}

fn object<'a>(at: At<'a>) -> Fields<'a> {
    let at = resolve(at);
    let own = at.schema["properties"].as_object().into_iter().flatten().map(|(name, schema)| (name.clone(), schema));
    let parts = at.schema["allOf"].as_array().into_iter().flatten();
    // Alternatives without a tag: any of their fields may be there.
    let either =
        at.schema["anyOf"].as_array().into_iter().flatten().filter(|part| part["properties"]["type"].is_null());
    own.chain(parts.chain(either).flat_map(|schema| object(At { schema, ..at }))).collect()
}

/// The words of an enum, in one list or, where single values have comments, in several.
fn values(at: At<'_>) -> BTreeSet<String> {
    let listed = at.schema["enum"].as_array().into_iter().flatten().chain(at.schema.get("const"));
    let alternatives = ["oneOf", "anyOf"].into_iter().filter_map(|key| at.schema[key].as_array()).flatten();
    let nested = alternatives.flat_map(|schema| values(At { schema, ..at }));
    listed.filter_map(|value| value.as_str().map(str::to_owned)).chain(nested).collect()
}
