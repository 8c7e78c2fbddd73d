//! Runs the programs of docs/HOSTS.md.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::tool::{ToolCallFormat, ToolCallPictures};
use easel_testkit::http::{MockServer, Response};
use easel_testkit::image::{RED, solid_png};
use serde_json::{Value, json};

use super::{call, draw, in_format, provider, sandbox, start};
use crate::clients::node22;
use crate::harness::EASEL;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[test]
fn hosts_page_shows_the_programs() {
    let page = std::fs::read_to_string(repository("docs/HOSTS.md")).expect("the page");
    for path in ["docs/hosts/openai_host.py", "docs/hosts/mappings.ts"] {
        let text = std::fs::read_to_string(repository(path)).expect("the program");
        assert!(page.contains(&text), "docs/HOSTS.md does not show {path} as it is");
    }
}

/// A model that draws, then edits the image by its id, then speaks. It also draws the images.
fn model() -> MockServer {
    MockServer::respond(|request| {
        if request.path.contains("/images/") {
            let image = BASE64.encode(solid_png(8, 8, RED));
            return Response::json(200, &json!({"data": [{"b64_json": image}]}));
        }
        let body = request.json();
        let input = body["input"].as_array().expect("a conversation");
        let outputs: Vec<&Value> = input.iter().filter(|item| item["type"] == "function_call_output").collect();
        let call = |id: &str, arguments: Value| {
            json!({
                "type": "function_call", "id": format!("fc_{id}"), "call_id": id, "namespace": "image_gen",
                "name": "imagegen", "arguments": arguments.to_string(), "status": "completed",
            })
        };
        let item = match outputs.as_slice() {
            [] => call("call_a", json!({"prompt": "a cat"})),
            [drawn] => {
                let text = drawn["output"][1]["text"].as_str().expect("a text");
                let id = text.split(' ').find(|word| word.starts_with("img_")).expect("an id");
                call("call_b", json!({"prompt": "make it green", "images": [id]}))
            }
            _ => json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}),
        };
        Response::json(200, &json!({"output": [item]}))
    })
}

#[test]
fn python_host_draws_and_edits() {
    let has_python = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_python {
        return easel_testkit::skip("hosts", "python3 is not installed");
    }
    let model = model();
    let sandbox = sandbox(&model);
    let mut command = Command::new("python3");
    command.arg(repository("docs/hosts/openai_host.py")).args([EASEL, "draw a cat, then make it green"]);
    command.env("EASEL_HOME", sandbox.home()).env("OPENAI_BASE_URL", model.base_url()).env("OPENAI_API_KEY", "sk-mock");
    let output = command.current_dir(sandbox.project()).output().expect("it starts");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "Done.", "{error}");
    let requests: Vec<Value> = model.requests_to("/responses").iter().map(|request| request.json()).collect();
    assert_eq!(requests[0]["tools"][0]["name"], "image_gen");
    let last = requests[2]["input"].as_array().expect("a conversation");
    let kinds: Vec<&str> = last.iter().map(|item| item["type"].as_str().unwrap_or("user")).collect();
    let pair = ["function_call", "function_call_output"];
    assert_eq!(kinds, [&["user"][..], &pair, &pair].concat());
    let url = last[4]["output"][0]["image_url"].as_str().expect("a data URL");
    assert!(url.starts_with("data:image/png;base64,"), "{url}");
    let posts = |path: &str| model.requests_to(path).len();
    assert_eq!((posts("/images/generations"), posts("/images/edits")), (1, 1));
}

#[tokio::test]
async fn mappings_have_the_forms_of_other_libraries() {
    const TYPES: &str = "--experimental-strip-types";
    let run_with =
        |node: &Path, script: &str| Command::new(node).args([TYPES, "--input-type=module", "-e", script]).output();
    let is_new = |node: &PathBuf| run_with(node, "0").is_ok_and(|output| output.status.success());
    let Some(node) = [PathBuf::from("node"), node22()].into_iter().find(is_new) else {
        return easel_testkit::skip("clients", "node 22.6 or newer is not installed");
    };
    let run = |script: &str| run_with(&node, script);
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let mut results = Vec::new();
    for (call_id, prompt) in [("call_1", "a cat"), ("call_2", "bad")] {
        let params =
            in_format(draw(&thread_id, call_id, prompt), ToolCallFormat::Anthropic, ToolCallPictures::Original);
        let response = serde_json::to_string(&call(&mut server, &params).await).expect("JSON");
        let module = repository("docs/hosts/mappings.ts");
        let script = format!(
            "import {{ toAiSdk, toLangChain, toChat }} from {:?};\nconst answer = {response};\n\
             console.log(JSON.stringify([toAiSdk(answer), toLangChain(answer), toChat(answer)]));",
            module.display().to_string()
        );
        let output = run(&script).expect("node");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        results.push(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"));
    }
    let [made, failed] = results.try_into().expect("two results");
    let picture = &made[0]["value"][0];
    assert_eq!(
        (&made[0]["type"], &picture["type"], &picture["mediaType"]),
        (&json!("content"), &json!("file"), &json!("image/png"))
    );
    assert!(picture["data"]["data"].as_str().is_some_and(|data| BASE64.decode(data).is_ok()));
    assert_eq!((&made[1]["content"][0]["type"], &made[1]["status"]), (&json!("image"), &json!("success")));
    assert_eq!((&made[2][0]["role"], &made[2][1]["content"][0]["type"]), (&json!("tool"), &json!("image_url")));
    assert_eq!(
        (&failed[0]["type"], &failed[1]["status"], failed[2].as_array().map(Vec::len)),
        (&json!("error-text"), &json!("error"), Some(1))
    );
    server.close().await;
}
