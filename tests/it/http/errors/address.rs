//! Errors about addresses: wrong paths, redirects, web pages and time limits.

use easel_testkit::http::{MockServer, Request, Response, Step};
use serde_json::json;

use super::{error_at, error_of_turn, provider_at};

#[tokio::test]
async fn wrong_path_is_named() {
    let page = |_: &Request| Response::new(404, "text/html", "<html><title>Not Found</title></html>");
    insta::assert_snapshot!(error_at(page).await, @"provider `studio` has nothing at this path: Not Found [HTTP 404, POST HOST/v1/responses]; check the base_url of the provider");
    let json = |_: &Request| Response::json(404, &json!({ "detail": "Not Found" }));
    insta::assert_snapshot!(error_at(json).await, @"provider `studio` has nothing at this path: Not Found [HTTP 404, POST HOST/v1/responses]; check the base_url of the provider");
}

#[tokio::test]
async fn redirect_names_its_target() {
    let redirect = |_: &Request| {
        Response::new(302, "text/plain", "").with_header("location", "https://elsewhere.example/v1?key=canary")
    };
    insta::assert_snapshot!(error_at(redirect).await, @"provider `studio` redirects to https://elsewhere.example, and redirects are not followed [HTTP 302, POST HOST/v1/responses]; set the base_url of the provider to the address that answers");
}

#[tokio::test]
async fn web_page_is_named() {
    let page = |_: &Request| Response::new(200, "text/html", "<html><title>Welcome</title></html>");
    insta::assert_snapshot!(error_at(page).await, @"provider `studio` at HOST sent a web page instead of a response; check its base_url");
}

#[tokio::test]
async fn time_limits_name_their_settings() {
    let backend = MockServer::choose(|_, _| vec![Step::AwaitDisconnect]);
    let host = backend.address().to_string();
    let config = provider_at(&format!("http://{host}/v1"), "stream_idle_timeout_ms = 1000\n");
    insta::assert_snapshot!(error_of_turn(&config, &[]).await.replace(&host, "HOST"), @"provider `studio` at HOST sent nothing for 1 s (stream_idle_timeout_ms)");

    let backend = MockServer::choose(|_, sent| match sent.path.ends_with("/responses") {
        true => vec![Step::Send(Response::image_calls(&[json!({ "prompt": "a square" })]).to_bytes())],
        false => vec![Step::AwaitDisconnect],
    });
    let host = backend.address().to_string();
    let config = format!(
        "images.timeout_ms = 1000\nimages.closing_answer = false\n{}",
        provider_at(&format!("http://{host}/v1"), "")
    );
    insta::assert_snapshot!(error_of_turn(&config, &[]).await.replace(&host, "HOST"), @"Timeout: provider `studio` at HOST took longer than 1 s (images.timeout_ms)");
}
