//! A request that is never billed, to find out whether a provider can be used.

use reqwest::StatusCode;

use super::{ListError, TIMEOUT, fetch};
use crate::credential::Credentials;
use crate::http::{ApiClient, Unreachable};

/// How a provider answered the request for its list of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It listed these chat models. None if the list has another shape.
    Models(Vec<String>),
    /// It listed more than is read.
    LongList,
    /// It answered with this status and no list: its base URL may be wrong.
    NoList {
        /// The status of the response.
        status: u16,
        /// Whether the provider documents its list, so that the base URL is certainly wrong.
        is_documented: bool,
    },
    /// It allows no more requests for now.
    Limited(u16),
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
    /// The provider failed internally.
    #[error("{0}")]
    Failed(String),
    /// No request can be sent, or no answer came.
    #[error("{message}")]
    Unreachable {
        /// What happened.
        message: String,
        /// What to do.
        remedy: String,
    },
}

/// Requests the list of models, even from a provider that is not expected to have one.
pub(crate) async fn probe<C: Credentials>(client: &ApiClient<C>, image_model: &str) -> Result<Probe, ProbeError> {
    let fetched = tokio::time::timeout(TIMEOUT, fetch(client, image_model)).await.unwrap_or(Err(ListError::Timeout));
    let unreachable = |reason: String| ProbeError::Unreachable {
        message: format!("{} cannot be reached: {reason}", client.description()),
        remedy: "check base_url in config.toml, the network and the proxy".to_owned(),
    };
    let no_list = |status| Probe::NoList { status, is_documented: client.profile.documents_models };
    match fetched {
        Ok(models) => Ok(Probe::Models(models)),
        Err(ListError::TooLarge) => Ok(Probe::LongList),
        Err(ListError::InvalidJson(_)) => Ok(no_list(StatusCode::OK.as_u16())),
        Err(ListError::Credential(error)) => Err(ProbeError::Credential(error.to_string())),
        Err(ListError::Rejected(rejection)) => match StatusCode::from_u16(rejection.status) {
            Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
                Err(ProbeError::Rejected(rejection.model_error().message))
            }
            Ok(StatusCode::TOO_MANY_REQUESTS) => Ok(Probe::Limited(rejection.status)),
            Ok(status) if status.is_server_error() => Err(ProbeError::Failed(rejection.model_error().message)),
            _ => Ok(no_list(rejection.status)),
        },
        Err(ListError::Unreachable(Unreachable { message, remedy })) => {
            Err(ProbeError::Unreachable { message, remedy })
        }
        Err(error @ (ListError::Timeout | ListError::Endpoint(_) | ListError::Connection(_))) => {
            Err(unreachable(error.to_string()))
        }
    }
}
