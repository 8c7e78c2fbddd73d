//! The addresses of the server.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use easel_protocol::id::ImageId;
use easel_protocol::image::PreviewSize;
use futures_util::stream;
use hyper::{Request, Response, StatusCode};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::admission::{Admission, PAGE_PATH};
use super::connection::TokenShown;
use super::response::{self, Body};
use crate::gallery::{Gallery, ReadError};

/// The size of a thumbnail. A cell of the grid is at most this wide, even with two pixels for one of the page.
const THUMBNAIL: PreviewSize = PreviewSize { max_edge: Some(320), max_bytes: Some(24 << 10) };

/// The size of a heat map. It is laid over a picture that is about as large.
const HEAT_MAP: PreviewSize = PreviewSize { max_edge: Some(1_024), max_bytes: Some(512 << 10) };

/// What has changed.
#[derive(Serialize)]
struct Change {
    /// The newest image. It is an older one than before if the newest was deleted.
    newest: Option<ImageId>,
}

/// Answers a request.
pub(super) async fn respond<B>(
    gallery: Arc<Gallery>,
    admission: &Admission,
    request: &Request<B>,
    (stopping, shown): (&CancellationToken, &TokenShown),
) -> Result<Response<Body>, Infallible> {
    if let Err((status, reason)) = admission.check(request) {
        return Ok(response::failure(status, reason));
    }
    let uri = request.uri();
    let read = async {
        if uri.path() == PAGE_PATH {
            return Ok(response::page());
        }
        shown.set();
        route(gallery, uri.path(), uri.query().unwrap_or_default()).await
    };
    let result = tokio::select! {
        result = read => result,
        () = stopping.cancelled() => return Ok(response::failure(StatusCode::SERVICE_UNAVAILABLE, "the server stops")),
    };
    Ok(result.unwrap_or_else(|error| response::read_failure(&error)))
}

/// Reads what a path of the API names.
async fn route(gallery: Arc<Gallery>, path: &str, query: &str) -> Result<Response<Body>, ReadError> {
    let missing = || response::failure(StatusCode::NOT_FOUND, "the path is unknown");
    let Some(path) = path.strip_prefix("/api/") else { return Ok(missing()) };
    let (name, id) = path.split_once('/').map_or((path, None), |(name, id)| (name, Some(id)));
    Ok(match (name, id.filter(|id| !id.is_empty())) {
        ("images", None) => response::json(&gallery.images(parameter(query, "cursor")).await?),
        ("threads", None) => response::json(&gallery.threads().await?),
        ("usage", None) => response::json(&gallery.usage().await?),
        ("changes", None) => {
            let newest = parameter(query, "newest").map(ImageId::from);
            response::json(&Change { newest: gallery.wait_for_change(newest.as_ref()).await? })
        }
        ("thumbnail", Some(id)) => {
            let thumbnail = gallery.preview(&ImageId::from(id), THUMBNAIL).await?;
            response::picture(thumbnail.media_type.as_str(), thumbnail.bytes)
        }
        ("compare", Some(ids)) => {
            let Some((base, edit)) = ids.split_once('/') else { return Ok(missing()) };
            let mask = parameter(query, "mask").map(ImageId::from);
            response::json(&gallery.compare((base.into(), edit.into()), mask, HEAT_MAP).await?)
        }
        ("picture", Some(id)) => stream_file(gallery, ImageId::from(id)).await?,
        _ => missing(),
    })
}

/// Sends a file in chunks. The next one is read when the browser has taken the last one.
async fn stream_file(gallery: Arc<Gallery>, id: ImageId) -> Result<Response<Body>, ReadError> {
    let first = gallery.chunk(&id, 0).await?;
    let (media_type, length) = (first.media_type.as_str(), first.file_bytes);
    let rest = stream::try_unfold((first.next, gallery, id), |(next, gallery, id)| async move {
        let Some(offset) = next else { return Ok(None) };
        let chunk = gallery.chunk(&id, offset).await?;
        Ok(Some((Bytes::from(chunk.bytes), (chunk.next, gallery, id))))
    });
    let chunks = futures_util::StreamExt::chain(stream::once(async { Ok(Bytes::from(first.bytes)) }), rest);
    Ok(response::streamed_picture(media_type, length, chunks))
}

/// Returns the value of a parameter in a query.
fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
