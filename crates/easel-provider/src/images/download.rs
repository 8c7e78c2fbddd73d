//! Downloads of images that a response names by URL.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::Files;
use reqwest::{Client, Response, Url};

use super::receive::{ReceiveError, next_chunk, run_blocking};
use crate::http::{Endpoint, LimitReached, NetworkLimit, NotPublic, Target, is_public, root_cause};
use crate::json_images::{ImageEvent, ImagePart, ImageParts};

/// Attempts to download one image. The image is already paid for, and another attempt costs nothing.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

/// The reason why a link led to no image. The message does not contain the link, because it may contain a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DownloadError {
    #[error("the provider's link to the image {message}")]
    Failed { message: String, is_retryable: bool },
    #[error("downloading the provider's link to the image took too long")]
    LimitReached(LimitReached),
}

impl From<LimitReached> for DownloadError {
    fn from(reason: LimitReached) -> Self {
        Self::LimitReached(reason)
    }
}

/// Downloads an image without credentials: from the provider's own origin, or over https from a public address.
///
/// # Errors
///
/// Fails if the link may not be followed or leads to no image.
pub(super) async fn download<F: Files>(
    endpoint: &Endpoint,
    link: &str,
    files: &Arc<F>,
    limit: &NetworkLimit,
) -> Result<ImagePart<F::Writer>, DownloadError> {
    let url = endpoint.base().join(link).map_err(|_| refuse("is not a URL"))?;
    let client = allowed_client(endpoint, &url).await?;
    let mut attempt = 1;
    loop {
        match download_once(client, url.clone(), Arc::clone(files), limit).await {
            Err(DownloadError::Failed { is_retryable: true, .. }) if attempt < ATTEMPTS => {
                attempt += 1;
                limit.sleep(PAUSE).await?;
            }
            result => return result,
        }
    }
}

/// Returns the client that may connect to the host of `url`.
async fn allowed_client<'e>(endpoint: &'e Endpoint, url: &Url) -> Result<&'e Client, DownloadError> {
    let is_own_origin = url.origin() == endpoint.base().origin();
    if !is_own_origin && url.scheme() != "https" {
        return Err(refuse("is not https"));
    }
    let target = if is_own_origin || url.host_str() == endpoint.base().host_str() {
        Target::Provider
    } else {
        // A host that is an IP address does not pass the resolver, so it is checked here.
        let address = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        if address.is_some_and(|address| !is_public(address)) {
            return Err(refuse("leads to an address that is not public"));
        }
        Target::Public
    };
    endpoint.client(target).await.map_err(|error| refuse(&format!("cannot be followed: {error}")))
}

async fn download_once<F: Files>(
    client: &Client,
    url: Url,
    files: Arc<F>,
    limit: &NetworkLimit,
) -> Result<ImagePart<F::Writer>, DownloadError> {
    let response = limit.run(client.get(url).send()).await?.map_err(|error| {
        let message = format!("could not be followed: {}", root_cause(&error));
        DownloadError::Failed { message, is_retryable: !is_not_public(&error) }
    })?;
    let status = response.status();
    if !status.is_success() {
        let message = format!("was answered with HTTP {}", status.as_u16());
        return Err(DownloadError::Failed { message, is_retryable: status.is_server_error() });
    }
    write(response, files, limit).await.map_err(|error| {
        let (message, is_retryable) = (format!("failed: {error}"), matches!(error, ReceiveError::Lost(_)));
        if let ReceiveError::LimitReached(reason) = error {
            return DownloadError::LimitReached(reason);
        }
        DownloadError::Failed { message, is_retryable }
    })
}

async fn write<F: Files>(
    mut response: Response,
    files: Arc<F>,
    limit: &NetworkLimit,
) -> Result<ImagePart<F::Writer>, ReceiveError> {
    let mut images = ImageParts::new(files, 1);
    images.push(&ImageEvent::Start)?;
    while let Some(chunk) = next_chunk(&mut response, limit).await? {
        images = run_blocking(move || images.push(&ImageEvent::Data(&chunk)).map(|()| images)).await??;
    }
    images.push(&ImageEvent::End(Ok(())))?;
    Ok(images.take().pop().unwrap_or(ImagePart::Empty))
}

fn is_not_public(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn refuse(message: &str) -> DownloadError {
    DownloadError::Failed { message: message.to_owned(), is_retryable: false }
}
