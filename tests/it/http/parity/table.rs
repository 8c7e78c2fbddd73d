//! Compares the two tables of `docs/PARITY.md` with what both tools show.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

/// What the client sees, and the source of it with the hosted and with the standalone tool, in the order of the
/// session.
const SOURCES: [[&str; 3]; 13] = [
    ["`thread/status/changed` active", "`turn/start`", "the same"],
    ["`turn/started`", "`turn/start`", "the same"],
    ["`item/started` userMessage", "the input of `turn/start`", "the same"],
    ["`item/completed` userMessage", "the same", "the same"],
    [
        "`item/started` imageGeneration",
        "`response.output_item.added`, or the first event that names the `image_generation_call`",
        "`function_call` of `image_gen.imagegen`, before the request to the images endpoint",
    ],
    [
        "`item/imageGeneration/preview`",
        "`response.image_generation_call.partial_image`",
        "`image_generation.partial_image` or `image_edit.partial_image`",
    ],
    [
        "`item/completed` imageGeneration completed",
        "`response.output_item.done`, once its image is stored",
        "the response of `images/generations` or `images/edits`, once its image is stored",
    ],
    ["`item/started` agentMessage", "the first `response.output_text.delta`", "the same"],
    ["`item/agentMessage/delta`", "`response.output_text.delta`", "the same"],
    ["`item/completed` agentMessage", "`response.output_item.done`", "the same"],
    ["`thread/status/changed` idle", "`response.completed`", "`response.completed` of the response without a call"],
    ["`turn/completed`", "`response.completed`", "`response.completed` of the response without a call"],
    [
        "`item/completed` imageGeneration failed",
        "`error` in the `image_generation_call`",
        "the error of the images endpoint, by status and body",
    ],
];

/// Fields that differ, and the reason.
const DIFFERENCES: [[&str; 2]; 4] = [
    ["`error.httpStatus`", "the status of the response with the refusal"],
    ["`error.message`", "it repeats the status"],
    ["`generationId`", "the images endpoint gives its images no id"],
    ["`images[].usage`", "a model response counts the tokens of its text and of its images together"],
];

/// Compares the document with the events of a session.
pub(super) fn is_in_the_document(hosted: &[Value], standalone: &[Value]) {
    let kinds = |events: &[Value]| {
        let mut kinds: Vec<String> = Vec::new();
        for kind in events.iter().map(kind) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    };
    assert_eq!(kinds(standalone), SOURCES.map(|[kind, ..]| kind), "what the client sees of the standalone path");
    assert_eq!(kinds(hosted), kinds(standalone));
    assert_eq!(hosted.len(), standalone.len());
    let mut differences = BTreeSet::new();
    for (hosted, standalone) in hosted.iter().zip(standalone) {
        collect("", hosted, standalone, &mut differences);
    }
    assert_eq!(differences, DIFFERENCES.map(|[field, _]| field.to_owned()).into(), "fields that differ");

    let mut text =
        "| the client sees | hosted: it comes from | standalone: it comes from |\n|---|---|---|\n".to_owned();
    for [kind, hosted, standalone] in SOURCES {
        writeln!(text, "| {kind} | {hosted} | {standalone} |").expect("a string takes every write");
    }
    text.push_str("\n| field of the image item that differs | because |\n|---|---|\n");
    for [field, reason] in DIFFERENCES {
        writeln!(text, "| {field} | {reason} |").expect("a string takes every write");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/PARITY.md");
    let document = std::fs::read_to_string(path).expect("the document");
    let (_, rest) = document.split_once("<!-- parity -->\n").expect("the start of the tables");
    let (found, _) = rest.split_once("<!-- /parity -->").expect("the end of the tables");
    assert!(found == text, "replace the tables in docs/PARITY.md with:\n{text}");
}

/// An event as the document names it.
fn kind(event: &Value) -> String {
    let (method, params) = (event["method"].as_str().expect("a method"), &event["params"]);
    let item = &params["item"];
    let ended = item["status"].as_str().filter(|_| method == "item/completed");
    let words = [item["type"].as_str(), ended, params["status"]["type"].as_str()];
    let words: String = words.into_iter().flatten().map(|word| format!(" {word}")).collect();
    format!("`{method}`{words}")
}

fn collect(path: &str, hosted: &Value, standalone: &Value, differences: &mut BTreeSet<String>) {
    match (hosted, standalone) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                collect(&format!("{path}.{name}"), &hosted[name], &standalone[name], differences);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (left, right) in left.iter().zip(right) {
                collect(&format!("{path}[]"), left, right, differences);
            }
        }
        _ if hosted != standalone => {
            differences.insert(format!("`{}`", path.trim_start_matches(".params.item.")));
        }
        _ => {}
    }
}
