//! Reads what the gallery shows, as a client of the app-server.

mod compare;
mod picture;
mod threads;
mod usage;

use std::time::Duration;

use easel_client::{ClientError, Connection, Messages};
use easel_protocol::handshake::{ClientCapabilities, ClientInfo, ImageResult, InitializeParams};
use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageListParams, ImageListResponse};
use easel_protocol::method::{ImageList, Initialize};
use easel_rpc::code;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) use self::picture::Picture;
pub(crate) use self::threads::ThreadName;

/// Images in a page of `image/list`.
const LIST_PAGE: u32 = 50;
/// Images that are read for one page of the gallery.
const MAX_PAGE: usize = 500;
/// Bytes of prompts and records after which a page of the gallery ends.
const MAX_PAGE_BYTES: usize = 1 << 20;
/// Bytes of a record without its prompts, about.
const RECORD_BYTES: usize = 1_024;
/// How often a change is looked for. Other processes write to the same store, and tell nobody.
const CHANGE_INTERVAL: Duration = Duration::from_secs(1);
/// How long a request for changes waits.
const CHANGE_WAIT: Duration = Duration::from_secs(25);

/// A client that reads images, threads and usage.
#[derive(Debug)]
pub struct Gallery {
    connection: Connection,
    /// Reads the events, which nobody needs, so that responses are not held up behind them.
    _events: JoinSet<()>,
}

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The image does not exist, or was deleted.
    #[error("the image does not exist anymore")]
    NotFound,
    /// The request has an invalid value, such as a cursor of another list.
    #[error("{0}")]
    Invalid(String),
    /// Too many requests are running.
    #[error("too many requests are running; try again")]
    Busy,
    /// The app-server failed.
    #[error(transparent)]
    Client(ClientError),
}

impl From<ClientError> for ReadError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused { code: code::INVALID_PARAMS, message } => Self::Invalid(message),
            ClientError::Refused { code: code::OVERLOADED, .. } => Self::Busy,
            error @ (ClientError::Refused { .. }
            | ClientError::TooLong { .. }
            | ClientError::Closed
            | ClientError::Protocol(_)
            | ClientError::Io(_)) => Self::Client(error),
        }
    }
}

impl Gallery {
    /// Opens the connection, which is one before `initialize`.
    ///
    /// # Errors
    /// If the app-server refuses the handshake.
    pub async fn open(connection: Connection, mut messages: Messages, version: &str) -> Result<Self, ClientError> {
        let mut events = JoinSet::new();
        events.spawn(async move { while let Ok(Some(_)) = messages.next().await {} });
        let client_info = ClientInfo {
            name: "easel_gallery".to_owned(),
            title: Some("Easel gallery".to_owned()),
            version: version.to_owned(),
        };
        let capabilities =
            ClientCapabilities { image_result: Some(ImageResult::None), ..ClientCapabilities::default() };
        let params = InitializeParams { client_info, capabilities: Some(capabilities) };
        connection.request::<Initialize>(&params).await?;
        Ok(Self { connection, _events: events })
    }

    /// Returns a page of images, newest first. It is longer than one of `image/list`.
    pub(crate) async fn images(&self, mut cursor: Option<String>) -> Result<ImageListResponse, ReadError> {
        let (mut data, mut bytes) = (Vec::new(), 0);
        loop {
            let params = ImageListParams { cursor, limit: Some(LIST_PAGE), ..ImageListParams::default() };
            let page = self.connection.request::<ImageList>(&params).await?;
            for entry in page.data {
                let rewritten = entry.image.revised_prompt.as_ref().map_or(0, String::len);
                bytes += RECORD_BYTES + entry.image.requested.prompt.len() + rewritten;
                data.push(entry);
            }
            cursor = page.next_cursor;
            if cursor.is_none() || data.len() >= MAX_PAGE || bytes >= MAX_PAGE_BYTES {
                return Ok(ImageListResponse { data, next_cursor: cursor });
            }
        }
    }

    /// Waits until another image than `newest` is the newest one, or for 25 s, and returns which one it is.
    pub(crate) async fn wait_for_change(&self, newest: Option<&ImageId>) -> Result<Option<ImageId>, ReadError> {
        let end = Instant::now() + CHANGE_WAIT;
        loop {
            let params = ImageListParams { limit: Some(1), ..ImageListParams::default() };
            let page = self.connection.request::<ImageList>(&params).await?;
            let found = page.data.into_iter().next().map(|entry| entry.image.id);
            if found.as_ref() != newest || Instant::now() >= end {
                return Ok(found);
            }
            tokio::time::sleep(CHANGE_INTERVAL).await;
        }
    }
}
