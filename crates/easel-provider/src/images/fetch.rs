//! Images that an answer names by URL.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::Files;
use reqwest::{Client, Response, Url};

use super::address::{NotPublic, PublicOnly, is_public};
use super::receive::{Broken, blocking};
use crate::endpoint::Endpoint;
use crate::inline::{Piece, Slot, Slots};

/// A link is followed so often: the image is made and paid, and asking for it once more costs nothing.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

/// Why there is no image behind a link. The message does not repeat the link: it may be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider's link to the image {message}")]
pub(super) struct NotFetched {
    message: String,
    again: bool,
}

/// Fetches an image without credentials: from the provider's own origin, or over https from a public address.
pub(super) async fn fetch<F: Files>(
    endpoint: &Endpoint,
    link: &str,
    files: &Arc<F>,
) -> Result<Slot<F::Writer>, NotFetched> {
    let url = endpoint.base().join(link).map_err(|_| refused("is no URL"))?;
    let client = client(endpoint, &url)?;
    let mut attempt = 1;
    loop {
        match once(&client, url.clone(), Arc::clone(files)).await {
            Err(error) if error.again && attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// The client that may go there, if any may.
fn client(endpoint: &Endpoint, url: &Url) -> Result<Client, NotFetched> {
    if url.origin() == endpoint.base().origin() {
        return endpoint.client().cloned().map_err(|error| refused(&error));
    }
    if url.scheme() != "https" {
        return Err(refused("is not https"));
    }
    let own_host = url.host_str() == endpoint.base().host_str();
    // A host that is an address never asks the resolver.
    let address = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    if !own_host && address.is_some_and(|address| !is_public(address)) {
        return Err(refused("leads to an address that is not public"));
    }
    let client = endpoint.builder();
    // A proxy would look names up by itself, where nobody checks what comes out.
    let client = if own_host { client } else { client.no_proxy().dns_resolver(PublicOnly) };
    client.build().map_err(|error| refused(&format!("cannot be followed: {error}")))
}

async fn once<F: Files>(client: &Client, url: Url, files: Arc<F>) -> Result<Slot<F::Writer>, NotFetched> {
    let response = client.get(url).send().await.map_err(|error| {
        let message = format!("could not be followed: {}", crate::failure::cause(&error));
        NotFetched { message, again: !is_not_public(&error) }
    })?;
    let status = response.status();
    if !status.is_success() {
        let message = format!("was answered with HTTP {}", status.as_u16());
        return Err(NotFetched { message, again: status.is_server_error() });
    }
    write(response, files)
        .await
        .map_err(|error| NotFetched { message: format!("broke: {error}"), again: matches!(error, Broken::Cut(_)) })
}

async fn write<F: Files>(mut response: Response, files: Arc<F>) -> Result<Slot<F::Writer>, Broken> {
    let mut slots = Slots::new(files, 1);
    slots.piece(&Piece::Begin)?;
    while let Some(chunk) = response.chunk().await.map_err(|error| Broken::Cut(crate::failure::cause(&error)))? {
        slots = blocking(move || slots.piece(&Piece::Bytes(&chunk)).map(|()| slots)).await??;
    }
    slots.piece(&Piece::End(Ok(())))?;
    Ok(slots.take().pop().unwrap_or(Slot::Empty))
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

fn refused(message: &str) -> NotFetched {
    NotFetched { message: message.to_owned(), again: false }
}
