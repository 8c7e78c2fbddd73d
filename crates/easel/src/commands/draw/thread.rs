//! The thread of a request: a new one, or the newest of the folder.

use std::error::Error;

use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageListParams;
use easel_protocol::method::{
    ImageList, ThreadDelete, ThreadList, ThreadNameSet, ThreadResume, ThreadStart, ThreadTurnsList,
};
use easel_protocol::thread::{
    CwdFilter, Thread, ThreadDeleteParams, ThreadListParams, ThreadResumeParams, ThreadSetNameParams, ThreadSortKey,
    ThreadStartParams, ThreadTurnsListParams,
};

use super::request::Request;
use super::session::DrawSession;
use crate::commands::UsageError;
use crate::commands::format::shorten;

/// Maximum number of characters of the name of a thread.
const NAME_CHARS: usize = 120;

impl DrawSession<'_> {
    /// Starts a thread in the folder, or continues the newest one that has an image, with the provider of the request
    /// instead of its own.
    pub(super) async fn open_thread(&self, request: &Request) -> Result<ThreadId, Box<dyn Error>> {
        let model_provider = request.provider.clone();
        if !request.continues {
            let cwd = Some(request.cwd.clone());
            let params = ThreadStartParams { cwd, model_provider, ..ThreadStartParams::default() };
            let thread_id = self.connection.request::<ThreadStart>(&params).await?.thread.id;
            if request.is_direct() {
                // No message follows that would be its title.
                let params =
                    ThreadSetNameParams { thread_id: thread_id.clone(), name: shorten(&request.prompt, NAME_CHARS) };
                self.connection.request::<ThreadNameSet>(&params).await?;
            }
            return Ok(thread_id);
        }
        let params = ThreadResumeParams {
            thread_id: self.newest_with_image(&request.cwd).await?,
            cwd: None,
            model: None,
            model_provider,
            config: None,
            base_instructions: None,
            developer_instructions: None,
            exclude_turns: Some(true),
            experimental_raw_events: None,
        };
        Ok(self.connection.request::<ThreadResume>(&params).await?.settings.thread.id)
    }

    /// Returns the newest thread of the folder that has an image. A thread whose only call has failed has none.
    async fn newest_with_image(&self, cwd: &str) -> Result<ThreadId, Box<dyn Error>> {
        let mut cursor = None;
        loop {
            let params = ThreadListParams {
                cursor,
                cwd: Some(CwdFilter::One(cwd.to_owned())),
                sort_key: Some(ThreadSortKey::UpdatedAt),
                ..ThreadListParams::default()
            };
            let page = self.connection.request::<ThreadList>(&params).await?;
            for Thread { id, .. } in page.data {
                let params =
                    ImageListParams { thread_id: Some(id.clone()), limit: Some(1), ..ImageListParams::default() };
                if !self.connection.request::<ImageList>(&params).await?.data.is_empty() {
                    return Ok(id);
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Err(UsageError("no thread of this folder has an image to continue with".to_owned()).into());
            }
        }
    }

    /// Deletes a thread without turns. Returns whether it was deleted; one that cannot be deleted does no harm.
    pub(super) async fn delete_if_empty(&self, thread_id: ThreadId) -> bool {
        let params = ThreadTurnsListParams {
            thread_id: thread_id.clone(),
            cursor: None,
            limit: Some(1),
            sort_direction: None,
            items_view: None,
        };
        let turns = self.connection.request::<ThreadTurnsList>(&params).await;
        turns.is_ok_and(|turns| turns.data.is_empty())
            && self.connection.request::<ThreadDelete>(&ThreadDeleteParams { thread_id }).await.is_ok()
    }
}
