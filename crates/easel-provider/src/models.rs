//! The provider's own list of its models, fetched on demand and cached.

pub(crate) mod probe;

use std::time::Duration;

use reqwest::Response;
use reqwest::header::ACCEPT;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::credential::{CredentialError, Credentials};
use crate::http::{ApiClient, EndpointError, Unreachable, describe_unreachable, root_cause};
use crate::rejection::{Redactor, Rejection};

/// How long a list is cached.
const CACHE_TIME: Duration = Duration::from_secs(300);
/// How long a failure is cached, so that a provider that does not respond does not delay every call.
const FAILURE_CACHE_TIME: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BYTES: usize = 1 << 20;
/// Entries of the list that are read.
const MAX_MODELS: usize = 1_000;
/// Characters of an id. A user cannot choose a model with a longer id.
const MAX_ID: usize = 128;

/// The cached list of models. Concurrent callers share one request.
#[derive(Debug, Default)]
pub(crate) struct ModelList(Mutex<Option<CachedIds>>);

#[derive(Debug)]
struct CachedIds {
    ids: Vec<String>,
    expires: Instant,
}

/// The reason why the list is unknown.
#[derive(Debug, thiserror::Error)]
enum ListError {
    #[error("no response within {} s", TIMEOUT.as_secs())]
    Timeout,
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("{}", .0.message)]
    Unreachable(Unreachable),
    #[error("{0}")]
    Connection(String),
    #[error("{}", .0.model_error().message)]
    Rejected(Box<Rejection>),
    #[error("the response is larger than 1 MiB")]
    TooLarge,
    #[error("the response is not valid JSON: {0}")]
    InvalidJson(#[from] serde_json::Error),
}

impl ModelList {
    /// Returns the ids of the chat models, from the cache or from the provider. `image_model` is not one of them.
    pub(crate) async fn get<C: Credentials>(&self, client: &ApiClient<C>, image_model: &str) -> Vec<String> {
        if !client.profile.models_endpoint {
            return Vec::new();
        }
        let mut cached = self.0.lock().await;
        if let Some(cached) = cached.as_ref().filter(|cached| Instant::now() < cached.expires) {
            return cached.ids.clone();
        }
        let fetched = tokio::time::timeout(TIMEOUT, fetch(client, image_model)).await;
        let (ids, time) = match fetched.unwrap_or(Err(ListError::Timeout)) {
            Ok(ids) => (ids, CACHE_TIME),
            Err(error) => {
                tracing::debug!(provider = client.provider_id, %error, "the provider's models cannot be listed");
                (Vec::new(), FAILURE_CACHE_TIME)
            }
        };
        *cached = Some(CachedIds { ids: ids.clone(), expires: Instant::now() + time });
        ids
    }
}

async fn fetch<C: Credentials>(client: &ApiClient<C>, image_model: &str) -> Result<Vec<String>, ListError> {
    let credential = client.credentials.current().await?;
    let redactor = Redactor::new(&client.profile, credential.as_ref());
    let cause = |error: &reqwest::Error| redactor.clean_message(&root_cause(error));
    let unreachable = |error: reqwest::Error| {
        let cause = cause(&error);
        ListError::Unreachable(describe_unreachable(&client.description(), &client.endpoint, &error, &cause))
    };
    let request = client.endpoint.get(&client.profile, "models", credential.as_ref()).await?;
    let response = request.header(ACCEPT, "application/json").send().await.map_err(unreachable)?;
    if !response.status().is_success() {
        return Err(ListError::Rejected(Box::new(Rejection::read(response, &redactor).await)));
    }
    let body = read_body(response).await.map_err(|error| ListError::Connection(cause(&error)))?;
    let body = body.ok_or(ListError::TooLarge)?;
    let mut ids = chat_model_ids(&serde_json::from_slice(&body)?);
    // Drops ids that are not safe to show or that contain a secret.
    ids.retain(|id| id != image_model && redactor.clean_text(id, MAX_ID) == *id);
    Ok(ids)
}

/// Reads a body. Returns `None` if it is too large.
async fn read_body(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// Returns the ids in `{"data": [{"id"}]}` or in a bare list. Some providers mark models that do not chat with a
/// `type`.
fn chat_model_ids(json: &Value) -> Vec<String> {
    let entries = json.get("data").unwrap_or(json).as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ids: Vec<String> = Vec::new();
    for entry in entries.iter().take(MAX_MODELS) {
        let kind = entry.get("type").and_then(Value::as_str);
        let can_chat = kind.is_none_or(|kind| matches!(kind, "model" | "chat" | "language" | "code"));
        let id = entry.get("id").and_then(Value::as_str).filter(|id| !id.is_empty() && can_chat);
        if let Some(id) = id.filter(|id| !ids.iter().any(|known| known == id)) {
            ids.push(id.to_owned());
        }
    }
    ids
}

#[cfg(test)]
mod tests;
