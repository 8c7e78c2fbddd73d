use easel_protocol::image::{ImageListParams, ImageListResponse};
use easel_protocol::method::ImageList;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ImageList {
    async fn handle(cx: Cx, params: ImageListParams) -> Result<Answer<ImageListResponse>, Refusal> {
        let thread_id = params.thread_id.clone();
        let page = cx.app.store.list_images(params).await;
        Ok(Answer::new(page.map_err(|refused| Refusal::page(refused, thread_id.as_deref()))?))
    }
}
