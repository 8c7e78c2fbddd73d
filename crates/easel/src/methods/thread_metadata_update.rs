use std::sync::Arc;

use easel_protocol::method::ThreadMetadataUpdate;
use easel_protocol::thread::{GitInfo, GitInfoPatch, ThreadMetadataUpdateParams, ThreadMetadataUpdateResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError, validate};
use crate::threads::Threads;

/// Maximum length of a value, in Unicode scalar values.
const MAX_CHARS: usize = 2_000;

impl Handler for ThreadMetadataUpdate {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadMetadataUpdateParams,
    ) -> HandlerResult<ThreadMetadataUpdateResponse> {
        let thread = match params.git_info {
            Some(patch) => threads.patch_git_info(&params.thread_id, |info| apply(info, patch)).await?,
            None => threads.require(&params.thread_id).await?,
        };
        Ok(HandlerOutput::new(ThreadMetadataUpdateResponse { thread }))
    }
}

/// Sets and removes the fields that the patch names; `None` if no field is left.
fn apply(info: Option<GitInfo>, patch: GitInfoPatch) -> Result<Option<GitInfo>, RequestError> {
    let mut info = info.unwrap_or_default();
    for (name, field, value) in [
        ("sha", &mut info.sha, patch.sha),
        ("branch", &mut info.branch, patch.branch),
        ("originUrl", &mut info.origin_url, patch.origin_url),
    ] {
        let Some(value) = value else { continue };
        if let Some(value) = &value {
            validate::length(&format!("gitInfo.{name}"), value, MAX_CHARS)?;
        }
        *field = value;
    }
    Ok((info != GitInfo::default()).then_some(info))
}
