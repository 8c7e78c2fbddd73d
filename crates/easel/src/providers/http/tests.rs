use std::path::Path;

use easel_config::{CredentialsStore, ProviderAuth};
use easel_imagegen::capability::Parameter;
use easel_imagegen::port::Provider;
use secrecy::ExposeSecret;

use super::*;
use crate::credentials::LoginStore;

fn context_with(variables: &[(&str, &str)], home: &Path) -> ProviderContext {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let environment = Environment { variables, ..Environment::default() };
    let store = LoginStore::new(home.to_owned(), CredentialsStore::File);
    let account = Account::open(&environment, store);
    ProviderContext { environment, home: home.to_owned(), account: Arc::new(account) }
}

fn provider(base_url: &str) -> ProviderConfig {
    ProviderConfig { base_url: Some(base_url.to_owned()), ..ProviderConfig::default() }
}

/// Builds a provider, with a key of the account and one in `STUDIO_KEY`.
fn build_one(provider: &ProviderConfig) -> Result<HttpProvider<AnyCredentials>, ProviderError> {
    let home = tempfile::tempdir().unwrap();
    let context = context_with(&[("OPENAI_API_KEY", "sk-account"), ("STUDIO_KEY", "sk-studio")], home.path());
    build("studio", provider, &Config::default(), &context)
}

/// Builds a provider within `config`, with a key of the account.
fn build_in(config: &Config, provider: &ProviderConfig) -> Result<HttpProvider<AnyCredentials>, ProviderError> {
    let home = tempfile::tempdir().unwrap();
    build("studio", provider, config, &context_with(&[("OPENAI_API_KEY", "sk-account")], home.path()))
}

#[test]
fn account_key_is_sent_to_its_origin_only() {
    let account = |base_url| build_one(&ProviderConfig { requires_openai_auth: true, ..provider(base_url) });
    for elsewhere in [
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.evil.example/v1",
        "https://evil.example/api.openai.com/v1",
    ] {
        let refused = account(elsewhere).unwrap_err();
        assert!(refused.to_string().contains("env_key"), "{refused}");
    }
    assert_eq!(account("https://api.openai.com/v2").unwrap().auth(), AuthKind::ApiKey);
    assert_eq!(build_one(&provider("https://api.openai.com/v1")).unwrap().auth(), AuthKind::None);
}

#[test]
fn configured_gateway_is_the_only_origin() {
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
    let api = build_in(&config, &account(Preset::Openai, "http://127.0.0.1:4000/v2")).unwrap();
    assert_eq!(api.auth(), AuthKind::ApiKey);
    assert!(build_in(&config, &account(Preset::Openai, "https://api.openai.com/v1")).is_err());
    assert!(build_in(&config, &account(Preset::Openai, "https://gateway.example/v1")).is_err());
    let backend = build_in(&config, &account(Preset::Codex, "https://gateway.example/codex")).unwrap();
    assert_eq!(backend.auth(), AuthKind::None, "a key of the public API is not a ChatGPT token");
    assert!(build_in(&config, &account(Preset::Codex, "https://chatgpt.com/backend-api/codex")).is_err());
    assert_eq!(backend_url(&config), "https://gateway.example/backend-api/codex");
}

#[test]
fn actor_header_authorizes_images_of_the_codex_backend_only() {
    let actor = |preset, header: &str| ProviderConfig {
        preset: Some(preset),
        http_headers: [(header.to_owned(), "someone".into())].into(),
        env_key: Some("STUDIO_KEY".to_owned()),
        ..provider("https://h/v1")
    };
    for (preset, takes) in [(Preset::Codex, true), (Preset::Openai, false), (Preset::Generic, false)] {
        let built = build_one(&actor(preset, "X-OpenAI-Actor-Authorization")).unwrap();
        assert_eq!(built.auth(), AuthKind::Actor);
        assert_eq!(built.info().capabilities.image_auth.contains(&AuthKind::Actor), takes, "{preset:?}");
    }
    assert_eq!(build_one(&actor(Preset::Codex, "x-openai-actor")).unwrap().auth(), AuthKind::ApiKey);
}

#[test]
fn auth_command_excludes_other_credentials() {
    let auth = ProviderAuth { command: Some("token".to_owned()), ..ProviderAuth::default() };
    let program = ProviderConfig { auth, ..provider("https://api.openai.com/v1") };
    assert_eq!(build_one(&program).unwrap().auth(), AuthKind::ApiKey);
    let both = build_one(&ProviderConfig { env_key: Some("STUDIO_KEY".to_owned()), ..program.clone() }).unwrap_err();
    assert!(both.to_string().contains("auth.command"), "{both}");
    assert!(build_one(&ProviderConfig { requires_openai_auth: true, ..program }).is_err());
}

#[test]
fn missing_base_url_is_an_error() {
    let without_url = ProviderConfig { env_key: Some("STUDIO_KEY".to_owned()), ..ProviderConfig::default() };
    assert_eq!(
        build_one(&without_url).unwrap_err().to_string(),
        "Provider `studio` has no base_url; set model_providers.studio.base_url."
    );
    let openai = ProviderConfig { preset: Some(Preset::Openai), ..without_url };
    assert_eq!(build_one(&openai).unwrap().info().base_url.as_deref(), Some("https://api.openai.com/v1"));
}

#[test]
fn configuration_overrides_the_preset() {
    let images = ProviderImages {
        edit: Some(EditStyle::None),
        max_images: Some(7),
        max_n: Some(2),
        parameters: Some(vec![Parameter::Mask]),
        hosted: Some(true),
        namespace_tools: Some(false),
    };
    let capabilities =
        build_one(&ProviderConfig { images, ..provider("https://h/v1") }).unwrap().info().capabilities.clone();
    assert!(capabilities.hosted_image_generation && !capabilities.namespace_tools);
    assert_eq!((capabilities.max_references, capabilities.max_n), (0, 2));
    assert_eq!(capabilities.parameters, [Parameter::Mask].into());
}

#[test]
fn configured_key_is_accepted_without_preset_auth() {
    let sd_server = ProviderConfig { preset: Some(Preset::SdServer), ..provider("https://h/v1") };
    let without = build_one(&sd_server).unwrap();
    assert!(without.info().capabilities.image_auth.contains(&without.auth()));
    let with = build_one(&ProviderConfig { env_key: Some("STUDIO_KEY".to_owned()), ..sd_server }).unwrap();
    assert_eq!(with.auth(), AuthKind::ApiKey);
    assert!(with.info().capabilities.image_auth.contains(&AuthKind::ApiKey));
}

#[test]
fn headers_come_from_configuration_and_environment() {
    let provider = ProviderConfig {
        http_headers: [("X-A".to_owned(), "a".into())].into(),
        env_http_headers: [("X-B", "STUDIO_KEY"), ("X-C", "UNSET")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        query_params: [("api-version".to_owned(), "2".into())].into(),
        ..provider("https://h/v1")
    };
    let home = tempfile::tempdir().unwrap();
    let context = context_with(&[("STUDIO_KEY", "sk-studio")], home.path());
    let azure = ApiProfile::from_preset(Preset::AzureLegacy);
    let profile = configure_profile(azure, &provider, &AnyCredentials::None, &context.environment);
    let headers: Vec<(&str, &str)> =
        profile.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    assert_eq!(headers, [("x-a", "a"), ("x-b", "sk-studio")]);
    assert_eq!(profile.query["api-version"], "2");
    assert!(profile.image_auth.contains(&AuthKind::None), "its headers may authorize requests");
}

#[test]
fn image_model_of_the_provider_takes_precedence() {
    let general = build_one(&provider("https://h/v1")).unwrap();
    assert_eq!(general.info().image_model, "gpt-image-2");
    let own = build_one(&ProviderConfig { image_model: Some("sdxl".to_owned()), ..provider("https://h/v1") }).unwrap();
    assert_eq!(own.info().image_model, "sdxl");
}

#[test]
fn plain_http_with_a_key_needs_permission() {
    let key = |base_url| ProviderConfig { env_key: Some("STUDIO_KEY".to_owned()), ..provider(base_url) };
    let header =
        |base_url| ProviderConfig { http_headers: [("X-A".to_owned(), "a".into())].into(), ..provider(base_url) };
    let query =
        |base_url| ProviderConfig { query_params: [("key".to_owned(), "a".into())].into(), ..provider(base_url) };
    for secret in [key, header, query] {
        let refused = build_one(&secret("http://192.168.0.9:8080/v1")).unwrap_err();
        assert!(refused.to_string().contains("allow_plain_http"), "{refused}");
        assert!(build_one(&ProviderConfig { allow_plain_http: true, ..secret("http://192.168.0.9:8080/v1") }).is_ok());
        for safe in ["http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]/v1", "https://studio.example/v1"]
        {
            assert!(build_one(&secret(safe)).is_ok(), "{safe}");
        }
    }
    assert!(build_one(&provider("http://192.168.0.9:8080/v1")).is_ok(), "nothing secret goes there");
}

#[test]
fn account_credentials_use_plain_http_on_loopback_only() {
    let home = tempfile::tempdir().unwrap();
    let context = context_with(&[("OPENAI_API_KEY", "sk-account")], home.path());
    for (base_url, goes) in [("http://gateway.example/v1", false), ("http://127.0.0.1:4000/v1", true)] {
        for config in [
            Config { openai_base_url: Some(base_url.to_owned()), ..Config::default() },
            Config { chatgpt_base_url: Some(base_url.to_owned()), ..Config::default() },
        ] {
            assert_eq!(build_openai(&config, &context).is_ok(), goes, "{base_url}");
        }
    }
}
