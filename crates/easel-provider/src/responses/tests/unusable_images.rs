//! Images that cannot be read, or that the provider does not accept: the request is sent without them.

use easel_imagegen::history::History;
use easel_imagegen::port::{ModelRequest, Reference};
use easel_protocol::response_item::{MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use serde_json::{Value, json};

use super::fixture::{MemoryFiles, PATIENT, PNG, all_with, events, provider, reference, request, response, stream};
use super::sending::{COMPLETED, complete_response, image, message, text};
use super::text::{completed, done};
use crate::profile::ApiProfile;
use easel_imagegen::preset::Preset;

/// Returns a request that shows two images in a message and one of the hosted tool, with the bytes of the images.
fn request_with_images() -> (ModelRequest, Vec<(Reference, Vec<u8>)>) {
    let images = ["img_a", "img_b", "img_c"].map(|id| reference(id, 400, 1));
    let hosted = ResponseItem::ImageGenerationCall {
        id: "ig_1".into(),
        status: "completed".to_owned(),
        revised_prompt: None,
        result: "easel:img_c".to_owned(),
    };
    let content = vec![image("img_a", None), text("a"), image("img_b", None), text("b")];
    let input =
        vec![message(MessageRole::Developer, vec![text("Be brief.")]), message(MessageRole::User, content), hosted];
    let request = ModelRequest {
        history: History { items: input.clone(), images: Vec::new() },
        input,
        images: images.iter().map(|(reference, _)| reference.clone()).collect(),
        ..request(ToolExposure::Standalone)
    };
    (request, images.into())
}

fn memory_files(images: &[(Reference, Vec<u8>)]) -> MemoryFiles {
    MemoryFiles(images.iter().map(|(reference, bytes)| (reference.path.clone(), bytes.clone())).collect())
}

/// Returns the texts of a request in their order, with `[image]` for each image.
fn shown_parts(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let mut shown = Vec::new();
    for item in body["input"].as_array().unwrap() {
        let content = item["content"].as_array().cloned().unwrap_or_else(|| vec![item.clone()]);
        shown.extend(content.iter().map(|part| part["text"].as_str().unwrap_or("[image]").to_owned()));
    }
    shown
}

const ALL: [&str; 6] = ["Be brief.", "[image]", "a", "[image]", "b", "[image]"];

fn without(positions: &[(usize, &str)], reason: &str) -> Vec<String> {
    let mut shown = ALL.map(str::to_owned);
    for (position, handle) in positions {
        shown[*position] = format!("Image {handle} cannot be shown: {reason}.");
    }
    shown.into()
}

#[tokio::test]
async fn missing_image_is_replaced_by_a_sentence() {
    let server = MockServer::play([complete_response()]);
    let (request, images) = request_with_images();
    assert_eq!(
        all_with(&provider(&server.base_url(), PATIENT, 0), request, memory_files(&images[1..2])).await,
        COMPLETED
    );
    let left_out = without(&[(1, "img_a"), (5, "img_c")], "its file is missing");
    assert_eq!(shown_parts(&server.requests()[0].body), left_out);
    let body: Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    assert_eq!(body["input"][1]["content"][0]["type"], "input_text");
    assert_eq!((&body["input"][2]["type"], &body["input"][2]["role"]), (&json!("message"), &json!("developer")));
}

#[tokio::test]
async fn changed_image_file_is_omitted() {
    let (_, images) = request_with_images();
    let whole = &images[0].1;
    let longer = [whole.as_slice(), b"x"].concat();
    let other = vec![b'x'; whole.len()];
    for changed in [&whole[..300], &longer, &other, b""] {
        let server = MockServer::play([complete_response()]);
        let (request, mut images) = request_with_images();
        images[0].1 = changed.to_vec();
        assert_eq!(
            all_with(&provider(&server.base_url(), PATIENT, 0), request, memory_files(&images)).await,
            COMPLETED
        );
        let left_out = without(&[(1, "img_a")], "its file can no longer be read as an image");
        assert_eq!(shown_parts(&server.requests()[0].body), left_out);
    }
}

#[tokio::test]
async fn hosted_image_references_the_sent_images() {
    let picture = json!({"type": "image_generation_call", "id": "ig_9", "status": "completed", "result": PNG});
    for (files, begun) in [(1, r#"started ig_9 Edit "a\nb" ["img_a"]"#), (0, r#"started ig_9 Generate "a\nb" []"#)] {
        let server = MockServer::play([vec![Step::Send(stream(events(&[done(&picture), completed(&[])])))]]);
        let (request, images) = request_with_images();
        let request = ModelRequest { exposure: ToolExposure::Hosted, ..request };
        let transcript =
            all_with(&provider(&server.base_url(), PATIENT, 0), request, memory_files(&images[..files])).await;
        assert_eq!(transcript.lines().next(), Some(begun));
    }
}

fn refusal(status: &str, error: &Value) -> Vec<Step> {
    vec![Step::Send(response(status, "content-type: application/json\r\n", error.to_string()))]
}

fn invalid(param: Option<&str>) -> Value {
    json!({"error": {"message": "The image data you provided does not represent a valid image.",
        "type": "invalid_request_error", "param": param, "code": "invalid_image"}})
}

/// Sends a request to a provider that rejects it this often before it responds. Returns the transcript, and the parts
/// of each request.
async fn send_with_refusals(preset: Preset, refusals: Vec<Vec<Step>>) -> (String, Vec<Vec<String>>) {
    let server = MockServer::play(refusals.into_iter().chain([complete_response()]));
    let (request, images) = request_with_images();
    let mut provider = provider(&server.base_url(), PATIENT, 0);
    provider.client.profile = ApiProfile::from_preset(preset);
    let transcript = all_with(&provider, request, memory_files(&images)).await;
    (transcript, server.requests().iter().map(|request| shown_parts(&request.body)).collect())
}

const REFUSED: &str = "the provider did not accept it";

fn without_all() -> Vec<String> {
    without(&[(1, "img_a"), (3, "img_b"), (5, "img_c")], REFUSED)
}

#[tokio::test]
async fn named_image_is_omitted_at_every_preset() {
    use Preset::*;
    let all = [Openai, Codex, Azure, AzureLegacy, Litellm, SdServer, Localai, VllmOmni, Sglang, Together, Xai, Generic];
    for preset in all {
        let (transcript, asked) = send_with_refusals(
            preset,
            vec![refusal("400 Bad Request", &invalid(Some("input[1].content[2].image_url")))],
        )
        .await;
        assert_eq!(transcript, COMPLETED, "{preset:?}");
        assert_eq!(asked, [ALL.map(str::to_owned).to_vec(), without(&[(3, "img_b")], REFUSED)], "{preset:?}");
    }
}

#[tokio::test]
async fn refused_image_is_not_sent_to_the_model_again() {
    let refused = refusal("400 Bad Request", &invalid(Some("input[1].content[2]")));
    let server = MockServer::play([refused, complete_response(), complete_response(), complete_response()]);
    let provider = provider(&server.base_url(), PATIENT, 0);
    for model in ["blind", "blind", "other"] {
        let (request, images) = request_with_images();
        let request = ModelRequest { model: model.to_owned(), ..request };
        assert_eq!(all_with(&provider, request, memory_files(&images)).await, COMPLETED);
    }
    let shown: Vec<Vec<String>> = server.requests().iter().map(|request| shown_parts(&request.body)).collect();
    let (all, without) = (ALL.map(str::to_owned).to_vec(), without(&[(3, "img_b")], REFUSED));
    assert_eq!(shown, [all.clone(), without.clone(), without, all]);
}

#[tokio::test]
async fn refused_image_is_found_in_each_spelling() {
    let in_words =
        json!({"error": {"message": "Invalid 'input[2].result'. Expected base64.", "code": "invalid_value"}});
    let fast_api = json!({"detail": [{"loc": ["body", "input", 2, "result"], "msg": "not base64"}]});
    for (status, error) in [
        ("400 Bad Request", invalid(Some("input[2]"))),
        ("400 Bad Request", in_words),
        ("422 Unprocessable Entity", fast_api),
    ] {
        let (transcript, asked) = send_with_refusals(Preset::Generic, vec![refusal(status, &error)]).await;
        assert_eq!((transcript.as_str(), &asked[1]), (COMPLETED, &without(&[(5, "img_c")], REFUSED)), "{error}");
    }
}

#[tokio::test]
async fn unnamed_refusal_omits_all_images() {
    let vllm = json!({"object": "error", "message": "Failed to load image: cannot identify image file",
        "type": "BadRequestError", "param": null, "code": 400});
    let blind = json!({"error": "this model does not support vision"});
    let large = json!({"error": {"message": "Image too large", "code": "image_too_large", "param": "image_url"}});
    for (status, error) in [
        ("400 Bad Request", invalid(None)),
        ("400 Bad Request", vllm),
        ("400 Bad Request", blind),
        ("413 Content Too Large", large),
        ("400 Bad Request", invalid(Some("input[7].content[0]"))),
    ] {
        let (transcript, asked) = send_with_refusals(Preset::Generic, vec![refusal(status, &error)]).await;
        assert_eq!(transcript, COMPLETED, "{error}");
        assert_eq!(asked, [ALL.map(str::to_owned).to_vec(), without_all()], "{error}");
    }
}

#[tokio::test]
async fn second_refusal_omits_all_images_third_is_final() {
    let refused = |param| refusal("400 Bad Request", &invalid(Some(param)));
    let (transcript, asked_) =
        send_with_refusals(Preset::Openai, vec![refused("input[1].content[0]"), refused("input[1].content[2]")]).await;
    assert_eq!(transcript, COMPLETED);
    let kept = |shown: &[String]| shown.iter().filter(|part| *part == "[image]").count();
    assert_eq!(asked_.iter().map(|shown| kept(shown)).collect::<Vec<_>>(), [3, 2, 0]);
    let every = vec![refused("input[1].content[0]"), refused("input[1].content[2]"), refused("input[2]")];
    let (transcript, asked_) = send_with_refusals(Preset::Openai, every).await;
    assert!(
        transcript.starts_with("error BadRequest: provider `test` refused the request: The image data"),
        "{transcript}"
    );
    assert_eq!(asked_.len(), 3);
}

#[tokio::test]
async fn unrelated_rejection_is_final() {
    for error in [
        json!({"error": {"message": "Unsupported value", "param": "reasoning.effort", "code": "unsupported_value"}}),
        json!({"error": {"message": "Unsupported image size", "param": "tools[0].size", "code": "invalid_value"}}),
        json!({"error": {"message": "Tool 'image_generation' is not supported with this model."}}),
        json!({"error": {"message": "Missing 'input[0].content[0].text'.", "param": "input[0].content[0].text"}}),
    ] {
        let (transcript, asked) = send_with_refusals(Preset::Openai, vec![refusal("400 Bad Request", &error)]).await;
        assert!(transcript.starts_with("error BadRequest: "), "{transcript}");
        assert_eq!(asked.len(), 1, "{error}");
    }
    for status in ["401 Unauthorized", "404 Not Found"] {
        assert_eq!(
            send_with_refusals(Preset::Openai, vec![refusal(status, &invalid(None))]).await.1.len(),
            1,
            "{status}"
        );
    }
}

#[tokio::test]
async fn image_refused_inside_the_response_is_omitted() {
    let failed = |message: &str, code: &str| {
        let response = json!({"status": "failed", "error": {"code": code, "message": message}});
        let begun = json!({"type": "response.created", "response": {}});
        vec![Step::Send(stream(events(&[begun, json!({"type": "response.failed", "response": response})])))]
    };
    let (transcript, shown) = send_with_refusals(Preset::Openai, vec![failed("no", "invalid_image_format")]).await;
    assert_eq!((transcript.as_str(), shown.len(), &shown[1]), (COMPLETED, 2, &without_all()));
    let (transcript, shown) = send_with_refusals(Preset::Openai, vec![failed("no image today", "server_error")]).await;
    assert!(transcript.starts_with("error InternalServerError: "), "{transcript}");
    assert_eq!(shown.len(), 1, "its words alone are not believed");
}

/// The caller compacts the conversation instead, which keeps the images that matter.
#[tokio::test]
async fn images_are_kept_when_the_conversation_is_too_long() {
    let error = json!({"object": "error", "message": "The prompt (total length 25938) is too long to fit into the model \
        (context length 4096): fewer text tokens and multimodal tokens are needed.", "code": 400});
    let (transcript, shown) = send_with_refusals(Preset::VllmOmni, vec![refusal("400 Bad Request", &error)]).await;
    assert!(transcript.starts_with("error ContextWindowExceeded: "), "{transcript}");
    assert_eq!(shown.len(), 1);
}
