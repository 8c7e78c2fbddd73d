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

fn with(key: &str, value: &Json, merge: Merge) -> String {
    let names = key.split('.').map(str::to_owned).collect();
    changed(FILE, &[Change { names, value, merge }]).unwrap()
}

/// The lines that went and came.
fn difference(after: &str) -> String {
    let gone = FILE.lines().filter(|line| !after.lines().any(|l| l == *line)).map(|line| format!("- {line}\n"));
    let come = after.lines().filter(|line| !FILE.lines().any(|l| l == *line)).map(|line| format!("+ {line}\n"));
    gone.chain(come).collect()
}

#[test]
fn a_value_is_changed_where_it_stands_and_keeps_its_comment() {
    insta::assert_snapshot!(with("images.parallel", &json!(3), Merge::Replace).lines().skip(4).take(3).collect::<Vec<_>>().join("\n"), @r#"
    [images]
    detail = "low"
    parallel = 3 # slow machine
    "#);
    insta::assert_snapshot!(difference(&with("model", &json!("other"), Merge::Upsert)), @r#"
    - model = "gpt-5.5" # the good one
    + model = "other" # the good one
    "#);
}

#[test]
fn a_new_key_goes_into_its_table_and_a_new_table_to_the_end() {
    insta::assert_snapshot!(with("images.timeout_ms", &json!(5000), Merge::Replace).lines().skip(4).take(4).collect::<Vec<_>>().join("\n"), @r#"
    [images]
    detail = "low"
    parallel = 2 # slow machine
    timeout_ms = 5000
    "#);
    let after = with("features.imagegenext", &json!(true), Merge::Replace);
    insta::assert_snapshot!(after.strip_prefix(FILE).unwrap().trim(), @r"
    [features]
    imagegenext = true
    ");
    let after = with("model_providers.b.images", &json!({"parameters": ["size"], "edit": null}), Merge::Replace);
    insta::assert_snapshot!(difference(&after), @r#"
    + [model_providers.b.images]
    + parameters = ["size"]
    "#);
    insta::assert_snapshot!(difference(&with("model_provider", &json!("studio"), Merge::Replace)), @r#"+ model_provider = "studio""#);
}

#[test]
fn a_table_is_replaced_or_merged_as_asked() {
    let value = json!({"detail": "high", "timeout_ms": 9000});
    insta::assert_snapshot!(difference(&with("images", &value, Merge::Replace)), @r#"
    - detail = "low"
    - parallel = 2 # slow machine
    + detail = "high"
    + timeout_ms = 9000
    "#);
    insta::assert_snapshot!(difference(&with("images", &value, Merge::Upsert)), @r#"
    - detail = "low"
    + detail = "high"
    + timeout_ms = 9000
    "#);
    insta::assert_snapshot!(difference(&with("model_providers.studio.http_headers", &json!({"X-More": "b"}), Merge::Upsert)), @r#"
    - http_headers = { X-Team = "a" }
    + http_headers = { X-Team = "a" , X-More = "b" }
    "#);
    insta::assert_snapshot!(difference(&with("model_providers.studio.http_headers.X-Team", &json!("b"), Merge::Upsert)), @r#"
    - http_headers = { X-Team = "a" }
    + http_headers = { X-Team = "b" }
    "#);
}

#[test]
fn null_removes_a_key_and_what_is_not_there_stays_so() {
    insta::assert_snapshot!(difference(&with("images.parallel", &Json::Null, Merge::Replace)), @"- parallel = 2 # slow machine");
    insta::assert_snapshot!(difference(&with("images", &Json::Null, Merge::Replace)), @r#"
    - # Pictures.
    - [images]
    - detail = "low"
    - parallel = 2 # slow machine
    "#);
    for absent in ["history.model_images", "images.model", "model.a.b", "other.a"] {
        assert_eq!(with(absent, &Json::Null, Merge::Replace), FILE, "{absent}");
    }
}

#[test]
fn the_head_of_the_file_outlives_the_first_key() {
    let without = |text: &str| {
        changed(text, &[Change { names: vec!["model".to_owned()], value: &Json::Null, merge: Merge::Replace }]).unwrap()
    };
    assert_eq!(without("# Head.\n\n# Why.\nmodel = 1\nn = 2\n"), "# Head.\n\nn = 2\n");
    assert_eq!(without("# Head.\n\nmodel = 1\n\n# T.\n[t]\n"), "# Head.\n\n# T.\n[t]\n");
    assert_eq!(without("# Why.\nmodel = 1\nn = 2\n"), "n = 2\n");
}

#[test]
fn what_stands_in_the_way_of_a_table_gives_way() {
    let after = with("model.name", &json!("x"), Merge::Replace);
    assert!(after.parse::<DocumentMut>().unwrap()["model"]["name"].as_str() == Some("x"), "{after}");
    let after = with("other", &json!([1, 2]), Merge::Replace);
    assert!(after.parse::<DocumentMut>().unwrap()["other"].as_array().is_some_and(|a| a.len() == 2), "{after}");
}
