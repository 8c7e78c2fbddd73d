use std::sync::Arc;

use easel_protocol::absent::{HooksListEntry, HooksListParams, HooksListResponse};
use easel_protocol::method::HooksList;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::threads::Threads;

impl Handler for HooksList {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: HooksListParams,
    ) -> HandlerResult<HooksListResponse> {
        let cwds = validate::paths("cwds", params.cwds.unwrap_or_default())?;
        let folders = threads.list_folders(cwds, params.thread_id.as_deref()).await?;
        let data = folders.into_iter().map(|cwd| HooksListEntry { cwd, ..HooksListEntry::default() });
        Ok(HandlerOutput::new(HooksListResponse { data: data.collect() }))
    }
}
