use std::sync::Arc;

use easel_protocol::image::{ImageDeleteParams, ImageDeleteResponse};
use easel_protocol::method::ImageDelete;

use crate::images::Images;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ImageDelete {
    type Service = Images;

    async fn handle(
        images: Arc<Images>,
        cx: RequestContext,
        params: ImageDeleteParams,
    ) -> HandlerResult<ImageDeleteResponse> {
        let deleted = images.delete(params.image_id, params.thread_id).await?;
        let response = ImageDeleteResponse { thread_id: deleted.thread_id.clone(), file_deleted: deleted.file_deleted };
        Ok(HandlerOutput::with_follow_up(response, async move { images.publish_deleted(&cx.client, deleted).await }))
    }
}
