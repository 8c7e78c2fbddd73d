//! Previews for results.

use std::sync::Arc;

use easel_client::Connection;
use easel_protocol::id::ImageId;
use easel_protocol::image::{ImagePreview, ImageReadParams, PreviewSize};
use easel_protocol::method::ImageRead;
use tokio::task::JoinSet;

/// Makes a preview of each image with at most `max_bytes` before base64. `None` for one that has no preview, which
/// fails no call.
pub(crate) async fn previews(
    connection: &Connection,
    images: Vec<ImageId>,
    edge: u32,
    max_bytes: u32,
) -> Vec<Option<ImagePreview>> {
    let mut tasks = JoinSet::new();
    let mut previews: Vec<Option<ImagePreview>> = images.iter().map(|_| None).collect();
    for (index, image_id) in images.into_iter().enumerate() {
        let connection = connection.clone();
        tasks.spawn(async move { (index, preview(&connection, image_id, edge, max_bytes).await) });
    }
    while let Some(done) = tasks.join_next().await {
        if let Ok((index, preview)) = done
            && let Some(slot) = previews.get_mut(index)
        {
            *slot = preview;
        }
    }
    previews
}

async fn preview(connection: &Connection, image_id: ImageId, edge: u32, max_bytes: u32) -> Option<ImagePreview> {
    let size = PreviewSize { max_edge: Some(edge), max_bytes: Some(max_bytes) };
    let params = ImageReadParams { image_id, preview: Some(size), ..ImageReadParams::default() };
    let response = connection.request::<ImageRead>(&params).await;
    let error: Arc<str> = match response {
        Ok(response) => return response.preview,
        Err(error) => error.to_string().into(),
    };
    tracing::info!(%error, "a result has no preview");
    None
}
