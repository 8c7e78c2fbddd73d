use std::sync::Arc;

use easel_protocol::event::{Event, ThreadRevertedNotification};
use easel_protocol::id::ThreadId;
use easel_protocol::method::ThreadRevert;
use easel_protocol::thread::{
    SortDirection, ThreadItemsListParams, ThreadRevertParams, ThreadRevertResponse, ThreadTurnsListParams,
};
use easel_protocol::turn::TurnItemsView;
use easel_store::RevertRange;

use crate::app::{App, Cx};
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadRevert {
    async fn handle(cx: Cx, params: ThreadRevertParams) -> Result<Answer<ThreadRevertResponse>, Refusal> {
        let app = &cx.app;
        let thread_id = params.thread_id;
        take_back(app, &thread_id, RevertRange::From(params.before_turn_id.to_string())).await?;
        let response = read_back(app, &thread_id).await;
        Ok(Answer::after(response, async move { tell(&cx, thread_id).await }))
    }
}

async fn read_back(app: &App, thread_id: &str) -> Result<ThreadRevertResponse, Refusal> {
    let thread = app.store.thread(thread_id).await?;
    let thread = thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.into()))?;
    let (turns_backwards_cursor, items_backwards_cursor) = last_places(app, thread_id).await?;
    Ok(ThreadRevertResponse { thread: app.with_status(thread), turns_backwards_cursor, items_backwards_cursor })
}

/// Takes turns back, unless one runs.
pub(super) async fn take_back(app: &Arc<App>, thread_id: &str, reverted: RevertRange) -> Result<(), Refusal> {
    let turn_id = match &reverted {
        RevertRange::From(turn_id) => turn_id.clone(),
        RevertRange::Newest(_) => String::new(),
    };
    let change = async {
        let reverted = app.store.revert_turns(thread_id, reverted).await;
        reverted.map_err(|refused| Refusal::history(refused, thread_id, &turn_id))
    };
    app.rewrite(thread_id, change).await
}

pub(super) async fn tell(cx: &Cx, thread_id: ThreadId) {
    let event = Event::ThreadReverted(ThreadRevertedNotification { thread_id: thread_id.clone() });
    cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
}

/// Cursors at the newest turn and the newest item.
async fn last_places(app: &App, thread_id: &str) -> Result<(Option<String>, Option<String>), Refusal> {
    let (thread_id, sort_direction) = (thread_id.to_owned(), Some(SortDirection::Desc));
    let items_view = Some(TurnItemsView::NotLoaded);
    let turns = ThreadTurnsListParams {
        thread_id: thread_id.clone().into(),
        cursor: None,
        limit: Some(1),
        sort_direction,
        items_view,
    };
    let items = ThreadItemsListParams {
        thread_id: thread_id.clone().into(),
        turn_id: None,
        cursor: None,
        limit: Some(1),
        sort_direction,
    };
    let refusal = |refused| Refusal::page(refused, Some(&thread_id));
    let turns = app.store.list_turns(turns).await.map_err(refusal)?;
    let items = app.store.list_items(items).await.map_err(refusal)?;
    Ok((turns.backwards_cursor, items.backwards_cursor))
}
