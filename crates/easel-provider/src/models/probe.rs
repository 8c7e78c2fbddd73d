//! A request that is never billed, to find out whether a provider can be used.

use reqwest::StatusCode;

use super::{ListError, TIMEOUT, fetch};
use crate::credential::Credentials;
use crate::http::ApiClient;

/// How a provider answered the request for its list of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It listed these chat models. None if the list has another shape.
    Models(Vec<String>),
    /// It has no list, and answered with this status.
    NoList(u16),
}

/// Why a provider cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// There is no credential.
    #[error("{0}")]
    Credential(String),
    /// The provider did not accept the credential.
    #[error("{0}")]
    Rejected(String),
    /// No request can be sent, or no answer came.
    #[error("{0}")]
    Unreachable(String),
}

/// Requests the list of models, even from a provider that is not expected to have one.
pub(crate) async fn probe<C: Credentials>(client: &ApiClient<C>, image_model: &str) -> Result<Probe, ProbeError> {
    let fetched = tokio::time::timeout(TIMEOUT, fetch(client, image_model)).await.unwrap_or(Err(ListError::Timeout));
    let unreachable = |reason: String| {
        let provider = client.description();
        ProbeError::Unreachable(format!("{provider} cannot be reached: {reason}"))
    };
    match fetched {
        Ok(models) => Ok(Probe::Models(models)),
        Err(ListError::TooLarge | ListError::InvalidJson(_)) => Ok(Probe::NoList(StatusCode::OK.as_u16())),
        Err(ListError::Credential(error)) => Err(ProbeError::Credential(error.to_string())),
        Err(ListError::Rejected(rejection)) => match StatusCode::from_u16(rejection.status) {
            Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
                Err(ProbeError::Rejected(rejection.model_error().message))
            }
            _ => Ok(Probe::NoList(rejection.status)),
        },
        Err(error @ (ListError::Timeout | ListError::Endpoint(_) | ListError::Connection(_))) => {
            Err(unreachable(error.to_string()))
        }
    }
}
