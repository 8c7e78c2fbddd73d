//! Runs a prompt as a turn.

use std::pin::pin;
use std::sync::Arc;

use easel_client::ClientError;
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::input::UserInput;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadTurnsList, TurnInterrupt, TurnStart};
use easel_protocol::thread::{SortDirection, ThreadTurnsListParams};
use easel_protocol::turn::{TurnInterruptParams, TurnItemsView, TurnStartParams, TurnStatus};
use easel_rpc::{Call, ErrorObjectOwned, code, failed};
use uuid::Uuid;

use super::Agent;
use super::errors::{app_error, turn_error};
use super::history::short_title;
use super::session::PromptPermit;
use crate::schema::{PromptParams, PromptResponse, StopReason};
use crate::translate::prompt_input;

const CANCELLED: PromptResponse = PromptResponse { stop_reason: StopReason::Cancelled };

impl Agent {
    /// Starts a prompt. Called in the order of the requests, so that a cancellation finds it.
    pub(crate) fn start_prompt(&self, session_id: &str) -> Result<PromptPermit, ErrorObjectOwned> {
        self.session(session_id)?.start_prompt()
    }

    /// Cancels the prompt of a session.
    pub(crate) fn cancel(&self, id: &ThreadId) {
        match self.session(id.as_str()) {
            Ok(session) => session.cancel(),
            Err(error) => tracing::debug!(%error, "a cancellation was ignored"),
        }
    }

    /// Runs a turn. Its updates are sent before this returns.
    pub(crate) async fn prompt(
        &self,
        mut permit: PromptPermit,
        call: &Call,
        params: PromptParams,
    ) -> Result<PromptResponse, ErrorObjectOwned> {
        let session = Arc::clone(&permit.session);
        let cwd = session.opened.lock().cwd.clone();
        let mut input = prompt_input(params.prompt, &cwd)?;
        let model = {
            let mut choices = session.choices.lock();
            if std::mem::take(&mut choices.untitled) {
                choices.title = first_text(&input).and_then(short_title);
            }
            input.extend(
                choices.sentence().map(|text| UserInput::Text { text: text.into(), text_elements: Vec::new() }),
            );
            choices.model().map(str::to_owned)
        };
        let (cancelled, request_cancelled) = (permit.cancelled.clone(), call.cancellation());
        let cancellation = async || {
            tokio::select! {
                () = cancelled.cancelled() => {}
                () = request_cancelled.cancelled() => {}
            }
        };
        let start = TurnStartParams {
            thread_id: session.id.clone(),
            input,
            model,
            client_user_message_id: Some(Uuid::now_v7().to_string()),
            ..TurnStartParams::default()
        };
        let Some(turn_id) = self.start_turn(&start, cancellation()).await? else { return Ok(CANCELLED) };
        let end = tokio::select! {
            end = permit.turn_end(&turn_id) => end,
            () = cancellation() => {
                let interrupt = TurnInterruptParams { thread_id: session.id.clone(), turn_id: turn_id.clone() };
                // It fails if the turn has ended in the meantime.
                let _ = self.app.request::<TurnInterrupt>(&interrupt).await;
                permit.turn_end(&turn_id).await
            }
        };
        let turn = end.ok_or_else(|| failed("the session was closed"))?;
        match turn.status {
            TurnStatus::Completed | TurnStatus::InProgress => Ok(PromptResponse { stop_reason: StopReason::EndTurn }),
            TurnStatus::Interrupted => Ok(CANCELLED),
            TurnStatus::Failed => Err(turn_error(&turn)),
        }
    }

    /// Starts a turn and returns its id; `None` if it was cancelled before it was stored.
    pub(super) async fn start_turn(
        &self,
        start: &TurnStartParams,
        cancellation: impl Future<Output = ()>,
    ) -> Result<Option<TurnId>, ErrorObjectOwned> {
        let mut cancellation = pin!(cancellation);
        let sent = tokio::select! {
            biased;
            () = &mut cancellation => return Ok(None),
            sent = self.app.start::<TurnStart>(start) => sent,
        };
        let mut request = sent.map_err(app_error)?;
        let started = tokio::select! {
            started = &mut request => started,
            () = cancellation => {
                request.cancel();
                match request.await {
                    Err(ClientError::Refused { code: code::CANCELLED, .. }) => return self.stored_turn(start).await,
                    started => started,
                }
            }
        };
        Ok(Some(started.map_err(app_error)?.turn.id))
    }

    /// Returns the turn of a request that was cancelled, if it was stored before the cancellation arrived: such a turn
    /// runs. The app-server reads the newest turn after it has completed the request, since both are of one thread.
    async fn stored_turn(&self, start: &TurnStartParams) -> Result<Option<TurnId>, ErrorObjectOwned> {
        let newest = ThreadTurnsListParams {
            thread_id: start.thread_id.clone(),
            cursor: None,
            limit: Some(1),
            sort_direction: Some(SortDirection::Desc),
            items_view: Some(TurnItemsView::Summary),
        };
        let turns = self.app.request::<ThreadTurnsList>(&newest).await.map_err(app_error)?.data;
        let is_of_request = |item: &ThreadItem| match item {
            ThreadItem::UserMessage(message) => message.client_id == start.client_user_message_id,
            ThreadItem::AgentMessage(_)
            | ThreadItem::Reasoning(_)
            | ThreadItem::ImageGeneration(_)
            | ThreadItem::ContextCompaction(_) => false,
        };
        Ok(turns.into_iter().find(|turn| turn.items.iter().any(is_of_request)).map(|turn| turn.id))
    }
}

fn first_text(input: &[UserInput]) -> Option<&str> {
    input.iter().find_map(|part| match part {
        UserInput::Text { text, .. } => Some(&**text),
        UserInput::Image { .. }
        | UserInput::LocalImage { .. }
        | UserInput::Skill { .. }
        | UserInput::Mention { .. } => None,
    })
}
