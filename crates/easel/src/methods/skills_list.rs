use std::sync::Arc;

use easel_protocol::absent::{SkillsListEntry, SkillsListParams, SkillsListResponse};
use easel_protocol::method::SkillsList;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::threads::Threads;

impl Handler for SkillsList {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: SkillsListParams,
    ) -> HandlerResult<SkillsListResponse> {
        let cwds = validate::paths("cwds", params.cwds.unwrap_or_default())?;
        let folders = threads.list_folders(cwds, None).await?;
        let data = folders.into_iter().map(|cwd| SkillsListEntry { cwd, ..SkillsListEntry::default() });
        Ok(HandlerOutput::new(SkillsListResponse { data: data.collect() }))
    }
}
