use serde_json::json;

use super::*;

const FILE: &str = r#"# Mine.
model = "gpt-5.5" # the good one

# Pictures.
[images]
detail = "low"
parallel = 2 # slow machine

[model_providers.studio]
http_headers = { X-Team = "a" }

[[other]]
a = 1
"#;

fn apply_to_file(key: &str, value: &Json, merge: Merge) -> String {
    let path = key.split('.').map(str::to_owned).collect();
    apply_all(FILE, &[Change { path, value, merge }]).unwrap()
}

/// Returns the removed and the added lines.
fn diff(after: &str) -> String {
    let removed = FILE.lines().filter(|line| !after.lines().any(|l| l == *line)).map(|line| format!("- {line}\n"));
    let added = after.lines().filter(|line| !FILE.lines().any(|l| l == *line)).map(|line| format!("+ {line}\n"));
    removed.chain(added).collect()
}

#[test]
fn changed_value_keeps_its_position_and_comment() {
    insta::assert_snapshot!(apply_to_file("images.parallel", &json!(3), Merge::Replace).lines().skip(4).take(3).collect::<Vec<_>>().join("\n"), @r#"
    [images]
    detail = "low"
    parallel = 3 # slow machine
    "#);
    insta::assert_snapshot!(diff(&apply_to_file("model", &json!("other"), Merge::Upsert)), @r#"
    - model = "gpt-5.5" # the good one
    + model = "other" # the good one
    "#);
}

#[test]
fn new_key_goes_into_its_table_or_a_new_one() {
    insta::assert_snapshot!(apply_to_file("images.timeout_ms", &json!(5000), Merge::Replace).lines().skip(4).take(4).collect::<Vec<_>>().join("\n"), @r#"
    [images]
    detail = "low"
    parallel = 2 # slow machine
    timeout_ms = 5000
    "#);
    let after = apply_to_file("features.imagegenext", &json!(true), Merge::Replace);
    insta::assert_snapshot!(after.strip_prefix(FILE).unwrap().trim(), @r"
    [features]
    imagegenext = true
    ");
    let after =
        apply_to_file("model_providers.b.images", &json!({"parameters": ["size"], "edit": null}), Merge::Replace);
    insta::assert_snapshot!(diff(&after), @r#"
    + [model_providers.b.images]
    + parameters = ["size"]
    "#);
    insta::assert_snapshot!(diff(&apply_to_file("model_provider", &json!("studio"), Merge::Replace)), @r#"+ model_provider = "studio""#);
}

#[test]
fn table_is_replaced_or_merged() {
    let value = json!({"detail": "high", "timeout_ms": 9000});
    insta::assert_snapshot!(diff(&apply_to_file("images", &value, Merge::Replace)), @r#"
    - detail = "low"
    - parallel = 2 # slow machine
    + detail = "high"
    + timeout_ms = 9000
    "#);
    insta::assert_snapshot!(diff(&apply_to_file("images", &value, Merge::Upsert)), @r#"
    - detail = "low"
    + detail = "high"
    + timeout_ms = 9000
    "#);
    insta::assert_snapshot!(diff(&apply_to_file("model_providers.studio.http_headers", &json!({"X-More": "b"}), Merge::Upsert)), @r#"
    - http_headers = { X-Team = "a" }
    + http_headers = { X-Team = "a" , X-More = "b" }
    "#);
    insta::assert_snapshot!(diff(&apply_to_file("model_providers.studio.http_headers.X-Team", &json!("b"), Merge::Upsert)), @r#"
    - http_headers = { X-Team = "a" }
    + http_headers = { X-Team = "b" }
    "#);
}

#[test]
fn null_removes_a_key() {
    insta::assert_snapshot!(diff(&apply_to_file("images.parallel", &Json::Null, Merge::Replace)), @"- parallel = 2 # slow machine");
    insta::assert_snapshot!(diff(&apply_to_file("images", &Json::Null, Merge::Replace)), @r#"
    - # Pictures.
    - [images]
    - detail = "low"
    - parallel = 2 # slow machine
    "#);
    for absent in ["history.model_images", "images.model", "model.a.b", "other.a"] {
        assert_eq!(apply_to_file(absent, &Json::Null, Merge::Replace), FILE, "{absent}");
    }
}

#[test]
fn comment_at_the_top_survives_the_first_key() {
    let without = |text: &str| {
        apply_all(text, &[Change { path: vec!["model".to_owned()], value: &Json::Null, merge: Merge::Replace }])
            .unwrap()
    };
    assert_eq!(without("# Head.\n\n# Why.\nmodel = 1\nn = 2\n"), "# Head.\n\nn = 2\n");
    assert_eq!(without("# Head.\n\nmodel = 1\n\n# T.\n[t]\n"), "# Head.\n\n# T.\n[t]\n");
    assert_eq!(without("# Why.\nmodel = 1\nn = 2\n"), "n = 2\n");
}

#[test]
fn plain_value_and_table_replace_each_other() {
    let after = apply_to_file("model.name", &json!("x"), Merge::Replace);
    assert!(after.parse::<DocumentMut>().unwrap()["model"]["name"].as_str() == Some("x"), "{after}");
    let after = apply_to_file("other", &json!([1, 2]), Merge::Replace);
    assert!(after.parse::<DocumentMut>().unwrap()["other"].as_array().is_some_and(|a| a.len() == 2), "{after}");
}
