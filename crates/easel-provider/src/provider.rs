//! One provider over HTTP.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::ProviderInfo;

use crate::credential::Credentials;
use crate::endpoint::Endpoint;
use crate::record::Record;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    /// Between two pieces of the model's answer.
    pub stream_idle: Duration,
    /// For a whole answer of the model.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stream_idle: Duration::from_secs(300),
            answer: Duration::from_secs(3_600),
        }
    }
}

/// Implements the port for any provider that a [`Record`] describes.
#[derive(Debug)]
pub struct HttpProvider<C> {
    pub(crate) info: ProviderInfo,
    pub(crate) record: Record,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) credentials: C,
    pub(crate) timeouts: Timeouts,
}

impl<C: Credentials> HttpProvider<C> {
    pub fn new(info: ProviderInfo, record: Record, endpoint: Endpoint, credentials: C, timeouts: Timeouts) -> Self {
        Self { info, record, endpoint: Arc::new(endpoint), credentials, timeouts }
    }
}
