//! Errors about keys, permissions and models.

use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use super::{error_at, error_of_turn, provider_at};

/// OpenAI's error for an organization that is not verified. It has no code.
const UNVERIFIED: &str = "Your organization must be verified to use the model `gpt-image-2`. Please go to \
    https://platform.openai.com/settings/organization/general and click on Verify Organization.";

/// Responds to the model's requests with a call of the image tool, and to those for images with this error.
fn fail_images(status: u16, code: Option<&'static str>, message: &'static str) -> impl Fn(&Request) -> Response {
    move |sent| {
        if sent.path.ends_with("/responses") {
            return match sent.json()["input"].as_array().is_some_and(|input| input.len() > 1) {
                true => Response::message("I could not draw it."),
                false => Response::image_calls(&[json!({ "prompt": "a square" })]),
            };
        }
        error(status, code, message)
    }
}

fn error(status: u16, code: Option<&str>, message: &str) -> Response {
    let error = json!({ "error": { "message": message, "type": "invalid_request_error", "code": code } });
    Response::json(status, &error).with_header("x-request-id", "req_1")
}

#[tokio::test]
async fn missing_key_names_provider_and_setting() {
    let config = provider_at("http://127.0.0.1:1/v1", "").replace("STUDIO_KEY", "OTHER_KEY");
    insta::assert_snapshot!(error_of_turn(&config, &[]).await, @"the environment variable OTHER_KEY, from which provider `studio` takes its key (model_providers.studio.env_key), is not set; set it before Easel starts");
    insta::assert_snapshot!(error_of_turn(&config, &[("OTHER_KEY", " ")]).await, @"the environment variable OTHER_KEY, from which provider `studio` takes its key (model_providers.studio.env_key), is empty; set it before Easel starts");
}

#[tokio::test]
async fn refused_key_names_its_source() {
    let refused = |_: &Request| error(401, Some("invalid_api_key"), "Incorrect API key provided: sk-canary.");
    insta::assert_snapshot!(error_at(refused).await, @"provider `studio` did not accept the key from the environment variable STUDIO_KEY (env_key): Incorrect API key provided: ***. [HTTP 401, invalid_api_key, request req_1, POST HOST/v1/responses]; check that the key is valid for this provider");
}

#[tokio::test]
async fn key_of_a_header_is_named_and_the_only_one() {
    let backend = MockServer::respond(|_| error(401, Some("invalid_api_key"), "Incorrect API key."));
    let base_url = format!("http://{}/v1", backend.address());
    let config =
        provider_at(&base_url, "[model_providers.studio.http_headers]\nAuthorization = \"Bearer sk-canary\"\n");
    let error = error_of_turn(&config.replace("env_key = \"STUDIO_KEY\"\n", ""), &[]).await;
    assert!(error.contains("provider `studio` did not accept the key from the configured headers: Inc"), "{error}");
    let two = error_of_turn(&config.replace("Authorization", "AUTHORIZATION"), &[]).await;
    let expected =
        "Provider `studio` has a configured header authorization and another credential for it; set only one";
    assert!(two.starts_with(expected) && backend.requests_to("").len() == 1, "{two}");
    let config = provider_at(&base_url, "").replace("env_key = \"STUDIO_KEY\"\n", "");
    let error = error_of_turn(&config, &[]).await;
    assert!(error.contains("provider `studio` did not accept a request without a credential: Incorrect"), "{error}");
}

#[tokio::test]
async fn missing_permission_does_not_blame_the_key() {
    insta::assert_snapshot!(error_at(fail_images(403, None, UNVERIFIED)).await, @"Configuration: provider `studio` wants the organization to be verified before it uses the model `gpt-image-2`: Your organization must be verified to use the model `gpt-image-2`. Please go to https://platform.openai.com/settings/organization/general and click on Verify Organization. [HTTP 403, invalid_request_error, request req_1, POST HOST/v1/images/generations]; verify it in its settings at the provider, then try again");
    let forbidden = |_: &Request| error(403, None, "You have insufficient permissions for this operation.");
    insta::assert_snapshot!(error_at(forbidden).await, @"provider `studio` does not allow the request with the key from the environment variable STUDIO_KEY (env_key): You have insufficient permissions for this operation. [HTTP 403, invalid_request_error, request req_1, POST HOST/v1/responses]; check the permissions of the key");
}

#[tokio::test]
async fn unknown_model_names_its_setting() {
    let chat = |_: &Request| error(404, Some("model_not_found"), "The model `gpt-5.5` does not exist.");
    insta::assert_snapshot!(error_at(chat).await, @"provider `studio` does not know the model `gpt-5.5`: The model `gpt-5.5` does not exist. [HTTP 404, model_not_found, request req_1, POST HOST/v1/responses]; set `model` to a model of the provider");
    let without_code = |_: &Request| error(404, None, "The model `gpt-5.5` does not exist.");
    insta::assert_snapshot!(error_at(without_code).await, @"provider `studio` does not know the model `gpt-5.5`: The model `gpt-5.5` does not exist. [HTTP 404, invalid_request_error, request req_1, POST HOST/v1/responses]; set `model` to a model of the provider");
    let image = fail_images(404, Some("model_not_found"), "The model `gpt-image-2` does not exist.");
    insta::assert_snapshot!(error_at(image).await, @"Configuration: provider `studio` does not know the model `gpt-image-2`: The model `gpt-image-2` does not exist. [HTTP 404, model_not_found, request req_1, POST HOST/v1/images/generations]; set `images.model` or `model_providers.studio.image_model` to a model of the provider");
}
