//! What Easel writes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::samples::{notifications, paths, response, round_trip, without_optional_values};
use crate::event::Event;
use crate::method::{Method, MethodVisitor, visit_methods};

#[test]
fn notifications_are_written_with_empty_fields() {
    let lines: Vec<String> = notifications()
        .iter()
        .map(|sample| serde_json::from_value::<Event>(without_optional_values::<Event>(sample)).unwrap())
        .map(|event| serde_json::to_string(&event).unwrap())
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_notification_has_a_sample() {
    let bundle: Value = serde_json::from_str(&crate::schema::json_schema()).unwrap();
    let described: BTreeSet<String> = bundle["notifications"].as_object().unwrap().keys().cloned().collect();
    let sampled = notifications().iter().map(|sample| sample["method"].as_str().unwrap().to_owned()).collect();
    assert_eq!(described, sampled);
}

/// The methods whose responses have no content.
const ALWAYS_EMPTY: [&str; 12] = [
    "account/securitySetup/read",
    "account/workspaceMessages/read",
    "app/installed",
    "app/list",
    "hooks/list",
    "mcpServerStatus/list",
    "permissionProfile/list",
    "plugin/installed",
    "plugin/list",
    "skills/list",
    "thread/goal/get",
    "threadSection/list",
];

/// A field that was added to a type and not to its sample shows up here as null, empty or missing.
#[test]
fn samples_fill_every_field() {
    struct Filled;
    impl MethodVisitor for Filled {
        fn visit<M: Method>(&mut self) {
            if !ALWAYS_EMPTY.contains(&M::NAME) {
                assert_filled(&round_trip::<M::Response>(&response(M::NAME)), &response(M::NAME));
            }
        }
    }
    visit_methods(&mut Filled);
    for sample in notifications() {
        assert_filled(&round_trip::<Event>(&sample), &sample);
    }
}

fn assert_filled(written: &Value, sample: &Value) {
    assert_eq!(written, sample);
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let empty: Vec<String> =
        paths(written).into_iter().filter(|path| written.pointer(path).is_none_or(is_empty)).collect();
    assert!(empty.is_empty(), "no value at {empty:?} of {sample}");
}
