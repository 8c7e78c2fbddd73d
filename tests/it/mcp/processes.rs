//! Handles and resources, which outlive the process of a server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::http::{MockServer, Response};
use easel_testkit::image::noise_png;
use serde_json::{Value, json};

use super::{Host, handle_of, record_of, text_of};
use crate::harness::events::completed_image;
use crate::harness::{Sandbox, read_file, text};

async fn resources(host: &mut Host) -> Vec<Value> {
    host.request("resources/list", json!({})).await["resources"].as_array().expect("resources").clone()
}

#[tokio::test]
async fn handle_of_an_earlier_process_can_be_edited() {
    let sandbox = Sandbox::new();
    let (mut first, _) = Host::legacy(&sandbox, &json!({})).await;
    let handle = handle_of(&first.call(json!({"prompt": "a red square"})).await);
    first.close().await;

    let mut second = Host::modern(&sandbox, &json!({}));
    let edited = second.call(json!({"prompt": "make it blue", "images": [handle]})).await;
    assert_eq!(edited["isError"], false, "{edited}");
    assert_eq!(record_of(&edited)["images"][0]["inputs"][0], handle.as_str(), "{edited}");
    assert_eq!(resources(&mut second).await.len(), 2);
    second.close().await;
}

#[tokio::test]
async fn handle_of_another_client_is_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let of_server = completed_image(&events).images[0].id.to_string();
    server.close().await;
    let (mut other, _) = Host::named(&sandbox, "other-host", &json!({})).await;
    let of_other = handle_of(&other.call(json!({"prompt": "a fox"})).await);
    other.close().await;

    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    assert!(resources(&mut host).await.is_empty());
    for handle in [of_server, of_other] {
        let result = host.call(json!({"prompt": "make it blue", "images": [handle]})).await;
        assert_eq!(result["isError"], true, "{result}");
        assert!(text_of(&result).contains(&handle), "{result}");
        let refusal = host.refusal("resources/read", json!({"uri": format!("easel://image/{handle}")})).await;
        assert!(refusal.contains("there is no resource"), "{refusal}");
        let view = json!({"name": "image_view", "arguments": {"image": handle}});
        assert_eq!(host.request("tools/call", view).await["isError"], true);
    }
    host.close().await;
}

#[tokio::test]
async fn resource_is_the_file() {
    let sandbox = Sandbox::new();
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let result = host.call(json!({"prompt": "a red square"})).await;
    let (link, listed) = (result["content"][2].clone(), resources(&mut host).await);
    assert_eq!(listed[0]["uri"], link["uri"]);
    let read = host.request("resources/read", json!({"uri": link["uri"]})).await["contents"][0].clone();
    let path = record_of(&result)["images"][0]["path"].as_str().expect("a path").to_owned();
    assert_eq!(STANDARD.decode(read["blob"].as_str().expect("a blob")).expect("base64"), read_file(path));
    assert_eq!((&read["mimeType"], &read["uri"]), (&json!("image/png"), &link["uri"]));
    let templates = host.request("resources/templates/list", json!({})).await;
    assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "easel://image/{handle}");
    for uri in ["easel://image/img_none", "file:///etc/passwd", ""] {
        let refusal = host.refusal("resources/read", json!({"uri": uri})).await;
        assert!(refusal.starts_with("-32002 there is no resource"), "{refusal}");
    }
    host.close().await;
}

/// The files of all reads together are larger than what is read at once.
#[tokio::test]
async fn reads_of_many_large_files_are_all_answered() {
    let image = noise_png(7 << 20);
    let file = STANDARD.encode(&image);
    let provider = MockServer::respond(move |_| Response::json(200, &json!({"data": [{"b64_json": file}]})));
    let sandbox = super::sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let uri = host.call(json!({"prompt": "noise"})).await["content"][2]["uri"].clone();
    for _ in 0..12 {
        let request =
            json!({"jsonrpc": "2.0", "id": host.last_id + 1, "method": "resources/read", "params": {"uri": uri}});
        host.last_id += 1;
        host.send_line(&request.to_string()).await;
    }
    for _ in 0..12 {
        let line = host.output.next_line().await.expect("a line").expect("the server still writes");
        let response: Value = serde_json::from_str(&line).expect("JSON");
        let blob = response["result"]["contents"][0]["blob"].as_str().expect("a blob");
        assert_eq!(STANDARD.decode(blob).expect("base64").len(), image.len());
    }
    host.close().await;
}

#[tokio::test]
async fn images_of_the_working_folder_can_be_edited() {
    let sandbox = Sandbox::new();
    let file = sandbox.write_file("a.png", &easel_testkit::image::solid_png(60, 40, [255, 0, 0]));
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let result = host.call(json!({"prompt": "make it blue", "images": [file]})).await;
    assert_eq!(result["isError"], false, "{result}");
    host.close().await;
}
