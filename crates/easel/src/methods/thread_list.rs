use easel_protocol::method::ThreadList;
use easel_protocol::thread::{ThreadListParams, ThreadListResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadList {
    async fn handle(cx: Cx, params: ThreadListParams) -> Result<Answer<ThreadListResponse>, Refusal> {
        let page = cx.app.store.threads(params).await.map_err(|refused| Refusal::page(refused, None))?;
        let data = page.data.into_iter().map(|thread| cx.app.with_status(thread)).collect();
        Ok(Answer::new(ThreadListResponse { data, ..page }))
    }
}
