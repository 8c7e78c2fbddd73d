use easel_protocol::method::ThreadMetadataUpdate;
use easel_protocol::thread::{GitInfo, GitInfoPatch, ThreadMetadataUpdateParams, ThreadMetadataUpdateResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Longest value, in Unicode scalar values.
const MAX_CHARS: usize = 2_000;

impl Handler for ThreadMetadataUpdate {
    async fn handle(
        cx: Cx,
        params: ThreadMetadataUpdateParams,
    ) -> Result<Answer<ThreadMetadataUpdateResponse>, Refusal> {
        let app = &cx.app;
        let thread_id = params.thread_id;
        let thread = app.store.thread(&thread_id).await?;
        let mut thread = thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
        if let Some(patch) = params.git_info {
            thread.git_info = patched(thread.git_info, patch)?;
            app.write(&thread_id, async { Ok(app.store.save_thread(thread.clone(), None).await?) }).await?;
        }
        let thread = app.with_status(thread);
        Ok(Answer::new(ThreadMetadataUpdateResponse { thread }))
    }
}

/// `None` when nothing is left.
fn patched(info: Option<GitInfo>, patch: GitInfoPatch) -> Result<Option<GitInfo>, Refusal> {
    let mut info = info.unwrap_or_default();
    for (name, field, value) in [
        ("sha", &mut info.sha, patch.sha),
        ("branch", &mut info.branch, patch.branch),
        ("originUrl", &mut info.origin_url, patch.origin_url),
    ] {
        let Some(value) = value else { continue };
        if value.as_ref().is_some_and(|value| !(1..=MAX_CHARS).contains(&value.chars().count())) {
            return Err(Refusal::field(format!("gitInfo.{name}"), format!("must have 1 to {MAX_CHARS} characters")));
        }
        *field = value;
    }
    Ok((info != GitInfo::default()).then_some(info))
}
