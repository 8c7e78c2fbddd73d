//! Set-ups that are broken in one way each: cause and remedy are in one line.

use std::ffi::OsStr;

use easel_testkit::http::{MockServer, Response};
use serde_json::json;

use super::{Report, good_key, studio, studio_config};
use crate::harness::Sandbox;

/// The doctor's lines about what is wrong with a configuration.
async fn problems(config: &str, variables: &[(&str, &OsStr)]) -> String {
    Report::run(&Sandbox::with_config(config), &["doctor"], variables).await.problems()
}

#[tokio::test]
async fn home_is_a_file() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.home(), "").expect("a file in place of the home");
    insta::assert_snapshot!(Report::run(&sandbox, &["doctor"], &[]).await.problems());
}

#[tokio::test]
async fn database_is_damaged() {
    let sandbox = Sandbox::with_config("");
    std::fs::write(sandbox.home().join("easel.db"), "this is not a database, but a text".repeat(100)).expect("a file");
    insta::assert_snapshot!(Report::run(&sandbox, &["doctor"], &[]).await.problems());
}

#[tokio::test]
async fn key_of_the_configuration_is_misspelled() {
    insta::assert_snapshot!(problems("[imgaes]\nparallel = 2\n[features]\nimagegennext = true\n", &[]).await);
}

#[tokio::test]
async fn provider_is_misspelled() {
    let config = studio_config("http://127.0.0.1:1/v1", "").replace("\"studio\"", "\"stuido\"");
    insta::assert_snapshot!(problems(&config, &[]).await);
}

#[tokio::test]
async fn provider_has_no_base_url() {
    insta::assert_snapshot!(problems("model_provider = \"studio\"\n[model_providers.studio]\n", &[]).await);
}

#[tokio::test]
async fn variable_of_the_key_is_not_set() {
    let provider = studio();
    insta::assert_snapshot!(problems(&studio_config(&provider.base_url(), ""), &[]).await);
}

#[tokio::test]
async fn account_has_no_key() {
    insta::assert_snapshot!(problems("model_provider = \"openai\"\n", &[]).await, @r"
    FAILED   credential   No API key. Run `easel login --with-api-key`, or set OPENAI_API_KEY.
    skipped  provider     There is no credential to try it with.
    skipped  image tool   There is no credential to choose it by.
    easel: one check failed
    exit code 1
    ");
}

#[tokio::test]
async fn value_of_the_key_is_not_a_key() {
    insta::assert_snapshot!(problems("", &[("OPENAI_API_KEY", OsStr::new("two words"))]).await);
}

#[tokio::test]
async fn provider_rejects_the_key() {
    let provider = studio();
    let variables = [("STUDIO_KEY", OsStr::new("sk-wrong"))];
    insta::assert_snapshot!(problems(&studio_config(&provider.base_url(), ""), &variables).await);
}

#[tokio::test]
async fn port_of_the_provider_is_closed() {
    insta::assert_snapshot!(problems(&studio_config("http://127.0.0.1:1/v1", ""), &good_key()).await);
}

#[tokio::test]
async fn proxy_is_dead() {
    let config = studio_config("http://images.example.com/v1", "allow_plain_http = true");
    let variables =
        [("STUDIO_KEY", OsStr::new("sk-good")), ("HTTP_PROXY", OsStr::new("http://user:secret@127.0.0.1:1"))];
    insta::assert_snapshot!(problems(&config, &variables).await);
}

#[tokio::test]
async fn file_of_certificates_does_not_exist() {
    let variables = [("STUDIO_KEY", OsStr::new("sk-good")), ("SSL_CERT_FILE", OsStr::new("/nowhere/roots.pem"))];
    insta::assert_snapshot!(problems(&studio_config("https://127.0.0.1:1/v1", ""), &variables).await);
}

#[tokio::test]
async fn provider_does_not_speak_tls() {
    let provider = studio();
    let config = studio_config(&provider.base_url().replace("http://", "https://"), "");
    insta::assert_snapshot!(problems(&config, &good_key()).await);
}

#[tokio::test]
async fn model_is_not_listed() {
    let provider = studio();
    let config = studio_config(&provider.base_url(), "").replace("gpt-5.5", "gpt-5.6");
    insta::assert_snapshot!(problems(&config, &good_key()).await);
}

#[tokio::test]
async fn program_of_the_credential_does_not_exist() {
    let config = studio_config("http://127.0.0.1:1/v1", "")
        .replace("env_key = \"STUDIO_KEY\"", "[model_providers.studio.auth]\ncommand = \"/nowhere/studio-token\"");
    insta::assert_snapshot!(problems(&config, &[]).await);
}

#[tokio::test]
async fn image_generation_is_off() {
    insta::assert_snapshot!(problems("[features]\nimage_generation = false\n", &[]).await);
}

/// A provider at whose address something else answers `models`.
async fn problems_with_answer(preset: &str, respond: impl Fn() -> Response + Send + Sync + 'static) -> String {
    let provider = MockServer::respond(move |_| respond());
    let config = studio_config(&provider.base_url(), "").replace("\"openai\"", &format!("\"{preset}\""));
    problems(&config, &good_key()).await
}

#[tokio::test]
async fn path_of_the_base_url_is_wrong() {
    let not_found = || Response::json(404, &json!({ "error": { "message": "no such path" } }));
    let page = || Response::new(200, "text/html", "<html>It works!</html>");
    let openai = problems_with_answer("openai", not_found).await;
    assert!(openai.contains("FAILED   provider") && openai.contains("HTTP 404"), "{openai}");
    assert!(openai.contains("Check base_url") && openai.contains("exit code 1"), "{openai}");
    let openai = problems_with_answer("openai", page).await;
    assert!(openai.contains("FAILED   provider") && openai.contains("HTTP 200"), "{openai}");
    let generic = problems_with_answer("generic", page).await;
    assert!(generic.contains("WARNING  provider") && generic.contains("Check base_url"), "{generic}");
}

#[tokio::test]
async fn provider_fails_internally_or_has_no_time() {
    let broken = problems_with_answer("generic", || Response::json(502, &json!({ "error": "bad gateway" }))).await;
    assert!(broken.contains("FAILED   provider") && broken.contains("502"), "{broken}");
    let limited = problems_with_answer("openai", || Response::json(429, &json!({ "error": "later" }))).await;
    assert!(limited.contains("WARNING  provider") && limited.contains("Try again later."), "{limited}");
}

/// Each of two providers is checked at its own address, and a model that no provider has is not looked for.
#[tokio::test]
async fn provider_of_images_is_checked_too() {
    let chat = studio();
    let config = format!(
        "{}\n[images]\nprovider = \"local\"\n[model_providers.local]\npreset = \"sd-server\"\n\
         base_url = \"http://images.example.com/v1\"\n",
        studio_config(&chat.base_url(), "")
    );
    let variables = [good_key()[0], ("HTTP_PROXY", OsStr::new("http://127.0.0.1:1"))];
    let found = problems(&config, &variables).await;
    assert!(found.contains("FAILED   proxy        `local`: The proxy 127.0.0.1:1 of HTTP_PROXY"), "{found}");
    let listing = MockServer::respond(|_| Response::json(200, &json!({ "data": [{ "id": "sdxl" }] })));
    let config = format!(
        "model_provider = \"local\"\n[model_providers.local]\npreset = \"sd-server\"\nbase_url = \"{}\"\n",
        listing.base_url()
    );
    let found = problems(&config, &[]).await;
    assert!(!found.contains("preview-1") && found.ends_with("exit code 0"), "{found}");
}

#[tokio::test]
async fn proxy_is_not_used_for_hosts_of_no_proxy() {
    let config = studio_config("http://images.example.invalid/v1", "allow_plain_http = true");
    let variables =
        [good_key()[0], ("HTTP_PROXY", OsStr::new("http://127.0.0.1:1")), ("NO_PROXY", OsStr::new("example.invalid"))];
    let found = problems(&config, &variables).await;
    assert!(!found.contains(" proxy "), "{found}");
}

#[tokio::test]
async fn configuration_that_is_no_toml_is_to_be_mended() {
    let found = problems("model = \n", &[]).await;
    assert!(found.contains("FAILED   config") && found.contains("Mend the file."), "{found}");
}

#[cfg(unix)]
#[tokio::test]
async fn disk_of_the_images_is_not_mounted() {
    let sandbox = Sandbox::with_config("");
    std::os::unix::fs::symlink("/nowhere/images", sandbox.home().join("generated_images")).expect("a link");
    let found = Report::run(&sandbox, &["doctor"], &[]).await.problems();
    assert!(found.contains("FAILED   disk") && found.contains("generated_images is a link"), "{found}");
}

/// The history of a newer version must not be moved away.
#[tokio::test]
async fn database_of_a_newer_version_stays() {
    let sandbox = Sandbox::with_config("");
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("a database");
    database.pragma_update(None, "user_version", 9_999).expect("a version");
    drop(database);
    let found = Report::run(&sandbox, &["doctor"], &[]).await.problems();
    assert!(found.contains("FAILED   database") && found.contains("Update Easel."), "{found}");
    assert!(!found.contains("away"), "{found}");
}
