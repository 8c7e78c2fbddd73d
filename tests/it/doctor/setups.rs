//! Set-ups that are broken in one way each: cause and remedy are in one line.

use std::ffi::OsStr;

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
