//! Images that an answer names by URL.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::Files;
use reqwest::{Client, Response, Url};

use super::receive::{Broken, blocking};
use crate::endpoint::{Endpoint, NotPublic, Target, is_public};
use crate::inline::{Piece, Slot, Slots};
use crate::waiting::{Over, Waiting};

/// A link is followed so often: the image is made and paid, and asking for it once more costs nothing.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

/// Why there is no image behind a link. The message does not repeat the link: it may be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotFetched {
    #[error("the provider's link to the image {message}")]
    Failed { message: String, again: bool },
    #[error("the provider's link to the image was not followed to its end in time")]
    Over(Over),
}

impl From<Over> for NotFetched {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

/// Fetches an image without credentials: from the provider's own origin, or over https from a public address.
pub(super) async fn fetch<F: Files>(
    endpoint: &Endpoint,
    link: &str,
    files: &Arc<F>,
    waiting: &Waiting,
) -> Result<Slot<F::Writer>, NotFetched> {
    let url = endpoint.base().join(link).map_err(|_| refused("is no URL"))?;
    let client = client(endpoint, &url).await?;
    let mut attempt = 1;
    loop {
        match once(client, url.clone(), Arc::clone(files), waiting).await {
            Err(NotFetched::Failed { again: true, .. }) if attempt < ATTEMPTS => {
                attempt += 1;
                waiting.on(tokio::time::sleep(PAUSE)).await?;
            }
            outcome => return outcome,
        }
    }
}

/// The client that may go there, if any may.
async fn client<'e>(endpoint: &'e Endpoint, url: &Url) -> Result<&'e Client, NotFetched> {
    let own_origin = url.origin() == endpoint.base().origin();
    if !own_origin && url.scheme() != "https" {
        return Err(refused("is not https"));
    }
    let target = if own_origin || url.host_str() == endpoint.base().host_str() {
        Target::Own
    } else {
        // A host that is an address never asks the resolver.
        let address = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        if address.is_some_and(|address| !is_public(address)) {
            return Err(refused("leads to an address that is not public"));
        }
        Target::Public
    };
    endpoint.client(target).await.map_err(|error| refused(&format!("cannot be followed: {error}")))
}

async fn once<F: Files>(
    client: &Client,
    url: Url,
    files: Arc<F>,
    waiting: &Waiting,
) -> Result<Slot<F::Writer>, NotFetched> {
    let response = waiting.on(client.get(url).send()).await?.map_err(|error| {
        let message = format!("could not be followed: {}", crate::failure::cause(&error));
        NotFetched::Failed { message, again: !is_not_public(&error) }
    })?;
    let status = response.status();
    if !status.is_success() {
        let message = format!("was answered with HTTP {}", status.as_u16());
        return Err(NotFetched::Failed { message, again: status.is_server_error() });
    }
    write(response, files, waiting).await.map_err(|broken| match broken {
        Broken::Over(over) => NotFetched::Over(over),
        Broken::Cut(_) => NotFetched::Failed { message: format!("broke: {broken}"), again: true },
        Broken::NotJson | Broken::Unfit(_) | Broken::Stopped => {
            NotFetched::Failed { message: format!("broke: {broken}"), again: false }
        }
    })
}

async fn write<F: Files>(mut response: Response, files: Arc<F>, waiting: &Waiting) -> Result<Slot<F::Writer>, Broken> {
    let mut slots = Slots::new(files, 1);
    slots.piece(&Piece::Begin)?;
    loop {
        let chunk = waiting.on(response.chunk()).await.map_err(Broken::Over)?;
        let Some(chunk) = chunk.map_err(|error| Broken::Cut(crate::failure::cause(&error)))? else { break };
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
    NotFetched::Failed { message: message.to_owned(), again: false }
}
