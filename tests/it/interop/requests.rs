//! Checks every request body that the tests send against OpenAI's API document.

use std::collections::BTreeMap;
use std::path::Path;

use easel_testkit::request_log::DIALECT_HEADER;
use serde_json::{Value, json};

use super::document::{Document, KINDS, Kind};
use super::{form, path_from_env, print_line};

/// The fewest bodies of each kind in a complete test run. A check without requests would prove nothing.
const MIN_REQUESTS: [(Kind, usize); KINDS.len()] =
    [(Kind::Response, 100), (Kind::Generation, 100), (Kind::EditForm, 1), (Kind::EditJson, 2)];

/// A request as the request log has it.
struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("a recorded request");
        let end = bytes.windows(2).position(|window| window == b"\n\n").expect("the end of the headers");
        let head = std::str::from_utf8(&bytes[..end]).expect("text");
        let mut lines = head.lines().map(str::to_owned);
        let line = lines.next().unwrap_or_default();
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        });
        Self { line, headers: headers.collect(), body: bytes[end + 2..].to_vec() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The path without the query.
    fn path(&self) -> &str {
        let target = self.line.split(' ').nth(1).unwrap_or_default();
        target.split('?').next().unwrap_or_default()
    }

    /// The reason that OpenAI's document says nothing about this request.
    fn outside_document(&self) -> Option<&'static str> {
        if self.line.starts_with("GET ") {
            return Some("without a body");
        }
        // The collector's endpoint in the OTLP specification.
        (self.path() == "/v1/traces").then_some("spans for a collector of OpenTelemetry")
    }

    /// The endpoint and the kind of its body.
    fn kind(&self) -> Result<(&'static str, Kind), String> {
        let endpoints = [
            ("responses", Kind::Response),
            ("images/generations", Kind::Generation),
            ("images/edits", if self.is_form() { Kind::EditForm } else { Kind::EditJson }),
        ];
        let found = endpoints.into_iter().find(|(endpoint, _)| self.path().ends_with(&format!("/{endpoint}")));
        found.ok_or_else(|| "not an endpoint of OpenAI's".to_owned())
    }

    fn is_form(&self) -> bool {
        self.header("content-type").starts_with("multipart/form-data")
    }

    fn problems(&self, kind: Kind, document: &Document) -> Vec<String> {
        let body = if self.is_form() {
            form::parts(self.header("content-type"), &self.body).and_then(|parts| form::object(&parts))
        } else if self.header("content-type") == "application/json" {
            serde_json::from_slice(&self.body).map_err(|error| error.to_string())
        } else {
            Err(format!("a body of type {:?}", self.header("content-type")))
        };
        body.map_or_else(|problem| vec![problem], |body| document.problems(kind, &body))
    }
}

#[test]
fn every_test_request_satisfies_the_openai_document() {
    let Some(document) = document() else { return };
    let Some(folder) = path_from_env("EASEL_REQUEST_LOG") else { return };
    let mut checked: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut other: BTreeMap<String, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for file in std::fs::read_dir(folder).expect("the folder of requests").flatten() {
        let request = Request::read(&file.path());
        if let Some(reason) = request.outside_document() {
            *other.entry(reason.to_owned()).or_default() += 1;
            continue;
        }
        match request.kind() {
            Ok((endpoint, _)) if request.header(DIALECT_HEADER).contains(endpoint) => {
                *other.entry(format!("another API by design, {}", request.header(DIALECT_HEADER))).or_default() += 1;
            }
            Ok((_, kind)) => {
                *checked.entry(kind).or_default() += 1;
                let found = request.problems(kind, &document);
                problems.extend(found.into_iter().map(|problem| (request.line.clone(), file.path(), problem)));
            }
            Err(problem) => problems.push((request.line.clone(), file.path(), problem)),
        }
    }
    print_line(&format!("checked against OpenAI's document: {checked:?}, invalid: {}", problems.len()));
    for (what, count) in other {
        print_line(&format!("not checked: {count} {what}"));
    }
    assert!(problems.is_empty(), "{problems:#?}");
    for (kind, floor) in MIN_REQUESTS {
        let count = checked.get(&kind).copied().unwrap_or(0);
        assert!(
            count >= floor,
            "the request log has {count} bodies of the kind {kind:?}, expected {floor}; failed or missing test runs \
             leave requests out"
        );
    }
}

#[test]
fn checks_find_every_planted_mistake() {
    let Some(document) = document() else { return };
    for (kind, right, mistakes) in planted() {
        assert_eq!(document.problems(kind, &right), Vec::<String>::new(), "{kind:?}");
        for (at, mistake) in mistakes {
            let mut wrong = right.clone();
            let (parent, name) = at.rsplit_once('/').expect("a path");
            wrong.pointer_mut(parent).expect("an object at this path")[name] = mistake;
            assert!(!document.problems(kind, &wrong).is_empty(), "{kind:?}: no problem was found in {wrong}");
        }
        let mut without_prompt = right.clone();
        let prompt = without_prompt.as_object_mut().expect("an object").remove("prompt");
        assert!(prompt.is_none() || !document.problems(kind, &without_prompt).is_empty(), "{kind:?}");
    }
}

type Planted = (Kind, Value, Vec<(&'static str, Value)>);

/// A valid body of each kind, with changes that make it invalid.
fn planted() -> [Planted; 4] {
    let fields = || {
        vec![
            ("/guidance", json!(7)),
            ("/background", json!("blue")),
            ("/quality", Value::Null),
            ("/n", json!("two")),
            ("/prompt", json!(["a cat"])),
        ]
    };
    let image = |name, value| fields().into_iter().chain([(name, value), ("/mask", json!(1))]).collect();
    let input = json!([
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a cat"}]},
        {"type": "message", "role": "assistant", "content": "Here it is."},
        {"type": "function_call", "call_id": "call_1", "namespace": "image_gen", "name": "imagegen", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": [{"type": "input_text", "text": "shown"}]},
    ]);
    let function = json!({"type": "function", "name": "imagegen", "parameters": {"type": "object"}, "strict": false});
    let tool = json!({"type": "namespace", "name": "image_gen", "description": "Images.", "tools": [function]});
    let response = json!({"model": "gpt-5.5", "input": input, "tools": [tool], "stream": true, "store": false});
    let output_text = json!([{"type": "output_text", "text": "Here it is."}]);
    let wrong = vec![
        ("/idempotency_key", json!("k")),
        ("/store", Value::Null),
        ("/tool_choice", json!("maybe")),
        ("/input/0/role", json!("tool")),
        ("/input/0/content/0/kind", json!("text")),
        ("/input/1/content", output_text),
        ("/input/2/arguments", json!({})),
        ("/input/3/success", json!(true)),
        ("/tools/0/tools", json!([])),
        ("/tools/0/tools/0/handler", json!("h")),
    ];
    [
        (Kind::Response, response, wrong),
        (Kind::Generation, json!({"model": "gpt-image-2", "prompt": "a cat", "size": "auto", "n": 2}), fields()),
        (Kind::EditForm, json!({"prompt": "a cat", "image": ["file"]}), image("/image[]", json!("file"))),
        (
            Kind::EditJson,
            json!({"prompt": "a cat", "images": [{"image_url": "data:image/png;base64,AA=="}]}),
            image("/images/0/detail", json!("high")),
        ),
    ]
}

#[test]
fn forms_are_parsed_as_servers_do() {
    let part =
        |head: &str, content: &str| format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n");
    let png = |name: &str| {
        part(&format!("name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png"), "\\x89PNG\r\n\\x1a\n")
    };
    let read = |parts: &[String]| {
        let body = (parts.concat() + "--b--\r\n").replace("\\x89", "\u{1}").replace("\\x1a", "\x1a");
        // JSON strings cannot contain the first byte of a PNG.
        let body: Vec<u8> = body.bytes().map(|byte| if byte == 1 { 0x89 } else { byte }).collect();
        form::parts("multipart/form-data; boundary=b", &body).and_then(|parts| form::object(&parts))
    };
    let prompt = || part("name=\"prompt\"", "a cat");
    let whole = [prompt(), part("name=\"n\"", "2"), png("image[]"), png("image[]"), png("mask")];
    let expected = json!({"prompt": "a cat", "n": 2, "image": ["file", "file"], "mask": "file"});
    assert_eq!(read(&whole), Ok(expected));
    for wrong in [
        vec![prompt(), prompt()],
        vec![png("image"), png("image[]")],
        vec![part("name=\"image\"", "a cat")],
        vec![part("name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png", "a cat")],
        vec![part("name=\"image\"; filename=\"a.png\"", "a cat")],
        vec!["--c\r\n".to_owned()],
    ] {
        assert!(read(&wrong).is_err(), "{wrong:?}");
    }
}

fn document() -> Option<Document> {
    path_from_env("EASEL_OPENAI_SPEC").map(|path| Document::read(&path))
}
