//! `easel doctor` and `easel config check` on broken set-ups.

mod config_check;
mod setups;

use std::ffi::OsStr;

use easel_testkit::http::{MockServer, Response};
use serde_json::{Value, json};

use crate::harness::Sandbox;

/// The output of a command with the paths and ports of this test replaced: its exit code, stdout and stderr.
struct Report {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Report {
    async fn run(sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, &OsStr)]) -> Self {
        let mut command = sandbox.command(arguments);
        command.envs(variables.iter().copied());
        let output = command.output().await.expect("the program starts");
        let text = |bytes: &[u8]| {
            let text = sandbox.hide_root(&String::from_utf8_lossy(bytes), "/root");
            let words = text.split_inclusive(|c: char| c.is_whitespace()).map(hide_numbers);
            words.collect()
        };
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    fn shown(&self) -> String {
        format!("{}{}exit code {}", self.stdout, self.stderr, self.code.unwrap_or(-1))
    }

    /// The lines that are not about something healthy.
    fn problems(&self) -> String {
        let lines = self.stdout.lines().filter(|line| !line.starts_with("ok ")).collect::<Vec<_>>();
        format!("{}\n{}exit code {}", lines.join("\n"), self.stderr, self.code.unwrap_or(-1))
    }
}

/// Replaces the port of a loopback address, except port 1, which is always closed.
fn hide_numbers(word: &str) -> String {
    let Some((before, after)) = word.split_once("127.0.0.1:") else { return word.to_owned() };
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let port = if &after[..end] == "1" { "1" } else { "PORT" };
    format!("{before}127.0.0.1:{port}{}", &after[end..])
}

/// A provider that lists one model and accepts one key.
fn studio() -> MockServer {
    MockServer::respond(|request| match (request.endpoint(), request.bearer_token()) {
        ("models", "sk-good") => Response::json(200, &json!({ "data": [{ "id": "gpt-5.5" }] })),
        ("models", _) => {
            let error = json!({ "message": "Incorrect API key provided", "code": "invalid_api_key" });
            Response::json(401, &json!({ "error": error }))
        }
        _ => Response::json(500, &json!({ "error": { "message": "only the list may be requested" } })),
    })
}

/// The configuration of [`studio`], with further lines for its table.
fn studio_config(base_url: &str, lines: &str) -> String {
    format!(
        "model_provider = \"studio\"\nmodel = \"gpt-5.5\"\n[model_providers.studio]\npreset = \"openai\"\n\
         base_url = \"{base_url}\"\nenv_key = \"STUDIO_KEY\"\n{lines}\n"
    )
}

/// A key that [`studio`] accepts.
fn good_key() -> [(&'static str, &'static OsStr); 1] {
    [("STUDIO_KEY", OsStr::new("sk-good"))]
}

#[tokio::test]
async fn healthy_preview_passes_every_check() {
    let report = Report::run(&Sandbox::new(), &["doctor", "--enable", "imagegenext"], &[]).await;
    insta::assert_snapshot!(without_disk(&report));
}

/// The report without the line about the disk, which differs between machines.
fn without_disk(report: &Report) -> String {
    report.shown().lines().filter(|line| !line.contains(" disk ")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn healthy_provider_passes_without_a_billed_request() {
    let provider = studio();
    let sandbox = Sandbox::with_config(&studio_config(&provider.base_url(), ""));
    let report = Report::run(&sandbox, &["doctor"], &good_key()).await;
    insta::assert_snapshot!(without_disk(&report));
    let requests: Vec<String> = provider.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(requests, ["/v1/models"]);
}

#[tokio::test]
async fn report_is_one_json_object_with_remedies() {
    let sandbox = Sandbox::with_config("[features]\nimage_generation = false\n");
    let report = Report::run(&sandbox, &["doctor", "--json"], &[]).await;
    let object: Value = serde_json::from_str(&report.stdout).expect("JSON");
    assert_eq!((object["ok"].as_bool(), report.code), (Some(false), Some(1)));
    let checks = object["checks"].as_array().expect("checks");
    let failed: Vec<&Value> = checks.iter().filter(|check| check["status"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{object}");
    assert_eq!(failed[0]["name"], "image tool");
    assert!(failed[0]["remedy"].as_str().is_some_and(|remedy| remedy.contains("image_generation")), "{object}");
}
