use std::path::Path;

use easel_config::{CredentialsStore, ProviderAuth};
use easel_imagegen::capability::Parameter;
use easel_imagegen::port::Provider;
use secrecy::ExposeSecret;

use super::*;
use crate::credentials::store::LoginStore;

fn sources(variables: &[(&str, &str)], home: &Path) -> Sources {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let environment = Environment { variables, ..Environment::default() };
    let store = LoginStore::new(home.to_owned(), CredentialsStore::File);
    let account = Account::open(&environment, store);
    Sources { environment, home: home.to_owned(), account: Arc::new(account) }
}

fn provider(base_url: &str) -> ProviderConfig {
    ProviderConfig { base_url: Some(base_url.to_owned()), ..ProviderConfig::default() }
}

/// What became of a provider with this configuration, when there is a key of the account and one in `STUDIO_KEY`.
fn made(provider: &ProviderConfig) -> Result<HttpProvider<AnyCredentials>, String> {
    let home = tempfile::tempdir().unwrap();
    let sources = sources(&[("OPENAI_API_KEY", "sk-account"), ("STUDIO_KEY", "sk-studio")], home.path());
    configured("studio", provider, &Config::default(), &sources)
}

/// The same with another configuration around it.
fn made_in(config: &Config, provider: &ProviderConfig) -> Result<HttpProvider<AnyCredentials>, String> {
    let home = tempfile::tempdir().unwrap();
    configured("studio", provider, config, &sources(&[("OPENAI_API_KEY", "sk-account")], home.path()))
}

#[test]
fn the_accounts_key_goes_to_its_own_origin_only() {
    let account = |base_url| made(&ProviderConfig { requires_openai_auth: true, ..provider(base_url) });
    for elsewhere in [
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.evil.example/v1",
        "https://evil.example/api.openai.com/v1",
    ] {
        let refused = account(elsewhere).unwrap_err();
        assert!(refused.contains("env_key"), "{refused}");
    }
    assert_eq!(account("https://api.openai.com/v2").unwrap().auth(), AuthKind::ApiKey);
    assert_eq!(made(&provider("https://api.openai.com/v1")).unwrap().auth(), AuthKind::None);
}

#[test]
fn a_gateway_of_the_users_own_is_the_only_origin_of_the_account_then() {
    let config = Config {
        openai_base_url: Some("http://127.0.0.1:4000/openai/v1".to_owned()),
        chatgpt_base_url: Some("https://gateway.example/backend-api/".to_owned()),
        ..Config::default()
    };
    let account = |preset, base_url: &str| ProviderConfig {
        preset: Some(preset),
        requires_openai_auth: true,
        ..provider(base_url)
    };
    let api = made_in(&config, &account(Preset::Openai, "http://127.0.0.1:4000/v2")).unwrap();
    assert_eq!(api.auth(), AuthKind::ApiKey);
    assert!(made_in(&config, &account(Preset::Openai, "https://api.openai.com/v1")).is_err());
    assert!(made_in(&config, &account(Preset::Openai, "https://gateway.example/v1")).is_err());
    let backend = made_in(&config, &account(Preset::Codex, "https://gateway.example/codex")).unwrap();
    assert_eq!(backend.auth(), AuthKind::None, "a key of the public API is no ChatGPT token");
    assert!(made_in(&config, &account(Preset::Codex, "https://chatgpt.com/backend-api/codex")).is_err());
    assert_eq!(backend_url(&config), "https://gateway.example/backend-api/codex");
}

#[test]
fn the_header_of_an_actor_authorises_images_of_the_codex_backend_only() {
    let actor = |preset, header: &str| ProviderConfig {
        preset: Some(preset),
        http_headers: [(header.to_owned(), "someone".into())].into(),
        env_key: Some("STUDIO_KEY".to_owned()),
        ..provider("https://h/v1")
    };
    for (preset, takes) in [(Preset::Codex, true), (Preset::Openai, false), (Preset::Generic, false)] {
        let made = made(&actor(preset, "X-OpenAI-Actor-Authorization")).unwrap();
        assert_eq!(made.auth(), AuthKind::Actor);
        assert_eq!(made.info().capabilities.image_auth.contains(&AuthKind::Actor), takes, "{preset:?}");
    }
    assert_eq!(made(&actor(Preset::Codex, "x-openai-actor")).unwrap().auth(), AuthKind::ApiKey);
}

#[test]
fn a_program_for_the_credential_stands_alone() {
    let auth = ProviderAuth { command: Some("token".to_owned()), ..ProviderAuth::default() };
    let program = ProviderConfig { auth, ..provider("https://api.openai.com/v1") };
    assert_eq!(made(&program).unwrap().auth(), AuthKind::ApiKey);
    let both = made(&ProviderConfig { env_key: Some("STUDIO_KEY".to_owned()), ..program.clone() }).unwrap_err();
    assert!(both.contains("auth.command"), "{both}");
    assert!(made(&ProviderConfig { requires_openai_auth: true, ..program }).is_err());
}

#[test]
fn a_provider_without_a_place_says_so() {
    let nowhere = ProviderConfig { env_key: Some("STUDIO_KEY".to_owned()), ..ProviderConfig::default() };
    assert_eq!(made(&nowhere).unwrap_err(), "Provider `studio` has no base_url.");
    let openai = ProviderConfig { preset: Some(Preset::Openai), ..nowhere };
    assert_eq!(made(&openai).unwrap().info().base_url.as_deref(), Some("https://api.openai.com/v1"));
}

#[test]
fn single_fields_stand_over_those_of_the_preset() {
    let images = ProviderImages {
        edit: Some(EditStyle::None),
        max_images: Some(7),
        max_n: Some(2),
        parameters: Some(vec![Parameter::Mask]),
        hosted: Some(true),
        namespace_tools: Some(false),
    };
    let capabilities =
        made(&ProviderConfig { images, ..provider("https://h/v1") }).unwrap().info().capabilities.clone();
    assert!(capabilities.hosted_image_generation && !capabilities.namespace_tools);
    assert_eq!((capabilities.max_references, capabilities.max_n), (0, 2));
    assert_eq!(capabilities.parameters, [Parameter::Mask].into());
}

#[test]
fn a_key_is_sent_where_the_preset_knows_of_none_and_counts_as_taken() {
    let sd_server = ProviderConfig { preset: Some(Preset::SdServer), ..provider("https://h/v1") };
    let without = made(&sd_server).unwrap();
    assert!(without.info().capabilities.image_auth.contains(&without.auth()));
    let with = made(&ProviderConfig { env_key: Some("STUDIO_KEY".to_owned()), ..sd_server }).unwrap();
    assert_eq!(with.auth(), AuthKind::ApiKey);
    assert!(with.info().capabilities.image_auth.contains(&AuthKind::ApiKey));
}

#[test]
fn headers_come_from_the_configuration_and_from_variables_that_are_set() {
    let provider = ProviderConfig {
        http_headers: [("X-A".to_owned(), "a".into())].into(),
        env_http_headers: [("X-B", "STUDIO_KEY"), ("X-C", "UNSET")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        query_params: [("api-version".to_owned(), "2".into())].into(),
        ..provider("https://h/v1")
    };
    let home = tempfile::tempdir().unwrap();
    let sources = sources(&[("STUDIO_KEY", "sk-studio")], home.path());
    let azure = ApiProfile::from_preset(Preset::AzureLegacy);
    let profile = configured_profile(azure, &provider, &AnyCredentials::None, &sources.environment);
    let headers: Vec<(&str, &str)> =
        profile.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    assert_eq!(headers, [("X-A", "a"), ("X-B", "sk-studio")]);
    assert_eq!(profile.query["api-version"], "2");
    assert!(profile.image_auth.contains(&AuthKind::None), "its headers may be what authorises it");
}

#[test]
fn the_image_model_is_the_providers_then_the_general_one() {
    let general = made(&provider("https://h/v1")).unwrap();
    assert_eq!(general.info().image_model, "gpt-image-2");
    let own = made(&ProviderConfig { image_model: Some("sdxl".to_owned()), ..provider("https://h/v1") }).unwrap();
    assert_eq!(own.info().image_model, "sdxl");
}

#[test]
fn a_key_over_plain_http_to_another_machine_needs_leave() {
    let key = |base_url| ProviderConfig { env_key: Some("STUDIO_KEY".to_owned()), ..provider(base_url) };
    let header =
        |base_url| ProviderConfig { http_headers: [("X-A".to_owned(), "a".into())].into(), ..provider(base_url) };
    let query =
        |base_url| ProviderConfig { query_params: [("key".to_owned(), "a".into())].into(), ..provider(base_url) };
    for secret in [key, header, query] {
        let refused = made(&secret("http://192.168.0.9:8080/v1")).unwrap_err();
        assert!(refused.contains("allow_plain_http"), "{refused}");
        assert!(made(&ProviderConfig { allow_plain_http: true, ..secret("http://192.168.0.9:8080/v1") }).is_ok());
        for safe in ["http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]/v1", "https://studio.example/v1"]
        {
            assert!(made(&secret(safe)).is_ok(), "{safe}");
        }
    }
    assert!(made(&provider("http://192.168.0.9:8080/v1")).is_ok(), "nothing secret goes there");
}

#[test]
fn the_accounts_credentials_go_over_plain_http_to_this_machine_alone() {
    let home = tempfile::tempdir().unwrap();
    let sources = sources(&[("OPENAI_API_KEY", "sk-account")], home.path());
    for (base_url, goes) in [("http://gateway.example/v1", false), ("http://127.0.0.1:4000/v1", true)] {
        for config in [
            Config { openai_base_url: Some(base_url.to_owned()), ..Config::default() },
            Config { chatgpt_base_url: Some(base_url.to_owned()), ..Config::default() },
        ] {
            assert_eq!(openai(&config, &sources).is_ok(), goes, "{base_url}");
        }
    }
}
