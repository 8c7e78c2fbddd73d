//! The provider's own list of its models, asked for when somebody wants it and kept for a while.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::ACCEPT;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::credential::Credentials;
use crate::failure::{Masks, cause, refused};
use crate::provider::HttpProvider;

const FRESH: Duration = Duration::from_secs(300);
/// A provider that does not answer is not asked again at once.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(10);
const MAX_BYTES: usize = 1 << 20;
/// Models that are looked at.
const MAX_MODELS: usize = 1_000;
/// Characters of an id. A longer one is none that anybody can choose.
const MAX_ID: usize = 128;

/// The last list. Who asks while another asks already waits for that answer.
#[derive(Debug, Default)]
pub(crate) struct Listed(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    ids: Vec<String>,
    until: Instant,
}

impl<C: Credentials> HttpProvider<C> {
    /// Ids of the chat models that the provider lists, in its order. Empty where it has no list or does not give it
    /// within ten seconds and one MiB, which the log says. Kept for five minutes.
    pub async fn list_models(&self) -> Vec<String> {
        if !self.record.models_endpoint {
            return Vec::new();
        }
        let mut kept = self.listed.0.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.until) {
            return kept.ids.clone();
        }
        let listed = tokio::time::timeout(DEADLINE, self.list()).await;
        let (ids, keep) = match listed.unwrap_or_else(|_| Err(format!("no answer within {} s", DEADLINE.as_secs()))) {
            Ok(ids) => (ids, FRESH),
            Err(reason) => {
                tracing::debug!(provider = %self.info.id, reason, "the provider's models are not known");
                (Vec::new(), AFTER_FAILURE)
            }
        };
        *kept = Some(Kept { ids: ids.clone(), until: Instant::now() + keep });
        ids
    }

    async fn list(&self) -> Result<Vec<String>, String> {
        let credential = self.credentials.current().await.map_err(|error| error.message)?;
        let masks = Masks::of(&self.record, credential.as_ref());
        let request = self.endpoint.get(&self.record, "models", credential.as_ref()).await?;
        let lost = |error: &reqwest::Error| masks.words(&cause(error));
        let response = request.header(ACCEPT, "application/json").send().await.map_err(|error| lost(&error))?;
        if !response.status().is_success() {
            return Err(refused(response, &masks).await.model_error().message);
        }
        let body = body(response).await.map_err(|error| error.map_or_else(too_large, |error| lost(&error)))?;
        let json = serde_json::from_slice(&body).map_err(|_| "the answer is no JSON".to_owned())?;
        let mut ids = ids(&json);
        // An id that is not fit to be shown, or repeats a secret, is none.
        ids.retain(|id| *id != self.info.image_model && masks.text(id, MAX_ID) == *id);
        Ok(ids)
    }
}

/// `None` as the error of a body that is too large.
async fn body(mut response: Response) -> Result<Vec<u8>, Option<reqwest::Error>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn too_large() -> String {
    "the answer is over 1 MiB".to_owned()
}

/// Of `{"data": [{"id"}]}` or a bare list. Some providers say which of their models do not chat.
fn ids(json: &Value) -> Vec<String> {
    let entries = json.get("data").unwrap_or(json).as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ids: Vec<String> = Vec::new();
    for entry in entries.iter().take(MAX_MODELS) {
        let kind = entry.get("type").and_then(Value::as_str);
        let chats = kind.is_none_or(|kind| matches!(kind, "model" | "chat" | "language" | "code"));
        let id = entry.get("id").and_then(Value::as_str).filter(|id| !id.is_empty() && chats);
        if let Some(id) = id.filter(|id| !ids.iter().any(|known| known == id)) {
            ids.push(id.to_owned());
        }
    }
    ids
}

#[cfg(test)]
mod tests;
