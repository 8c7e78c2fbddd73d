use std::sync::Arc;

use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::ProviderInfo;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::credential::{Credential, CredentialError};
use crate::http::Endpoint;
use crate::profile::ApiProfile;
use crate::provider::HttpProvider;
use crate::settings::{Retries, Timeouts};
use easel_imagegen::preset::Preset;

struct NoKey;

impl Credentials for NoKey {
    fn kind(&self) -> AuthKind {
        AuthKind::None
    }

    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        Ok(None)
    }

    async fn refresh(&self, _rejected: &Credential) -> Result<Option<Credential>, CredentialError> {
        Ok(None)
    }
}

fn provider(port: u16) -> HttpProvider<NoKey> {
    let profile = ApiProfile::from_preset(Preset::Generic);
    let info = ProviderInfo {
        id: "test".to_owned(),
        name: "Test".to_owned(),
        base_url: None,
        models: Vec::new(),
        image_model: "draws".to_owned(),
        synthetic: false,
        capabilities: profile.capabilities(),
    };
    let base = format!("http://127.0.0.1:{port}/v1").parse().unwrap();
    let endpoint = Endpoint::new(base, Duration::from_secs(60));
    HttpProvider::new(info, profile, endpoint, NoKey, Timeouts::default(), Retries::default())
}

#[test]
fn ids_are_read_from_each_shape_without_duplicates() {
    let models = json!([{"id": "a", "object": "model"}, {"id": "b", "type": "chat"}, {"id": "a"}, {"id": "c", "type": "image"},
        {"id": 7}, {"id": ""}, {}, null, "d"]);
    for list in [json!({"object": "list", "data": models}), models] {
        assert_eq!(chat_model_ids(&list), ["a", "b"]);
    }
    for none in [json!({"data": null}), json!({}), json!(null), json!([]), json!({"models": [{"id": "a"}]})] {
        assert!(chat_model_ids(&none).is_empty(), "{none}");
    }
    let many: Vec<Value> = (0..2_000).map(|i| json!({"id": i.to_string()})).collect();
    assert_eq!(chat_model_ids(&json!(many)).len(), MAX_MODELS);
}

/// The clock is paused, so that the test does not take ten seconds.
#[tokio::test(start_paused = true)]
async fn silent_server_times_out_and_is_not_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider = Arc::new(provider(listener.local_addr().unwrap().port()));
    let began = Instant::now();
    let (first, second) = tokio::join!(provider.list_models(), provider.list_models());
    assert_eq!((first.len(), second.len()), (0, 0));
    assert_eq!(began.elapsed().as_secs(), TIMEOUT.as_secs(), "both callers share one request");
    assert!(provider.list_models().await.is_empty());
    assert_eq!(began.elapsed().as_secs(), TIMEOUT.as_secs());
}
