//! The service of `tool/call`: runs the image tool for a client that has its own model loop.
//!
//! A call is made once. Its id and a hash of its arguments are stored before its item, so that a request which repeats
//! it gets the result of the first: from the running call, or from history.

mod pictures;
mod running;

use std::sync::Arc;

use easel_imagegen::host_call;
use easel_imagegen::plan::named_images;
use easel_imagegen::port::{FunctionCall, Provider, Store};
use easel_imagegen::spec::{FUNCTION, NAMESPACE};
use easel_imagegen::tool_result::{self, ToolOutput};
use easel_protocol::id::{CallId, ThreadId};
use easel_protocol::input::ImageDetail;
use easel_protocol::thread::Thread;
use easel_protocol::tool::{ToolArguments, ToolCallFormat, ToolCallPictures, ToolCallResponse, ToolExposure};
use easel_store::{EaselStore, HostCallEnd, HostCallRequest, KnownHostCall};
use easel_thread::{HostCall, ThreadConfig};

use crate::images::Previews;
use crate::providers::ThreadProvider;
use crate::requests::{RequestContext, RequestError};
use crate::threads::{LoadedThreads, require_thread};
use crate::tools::to_held_back;
use crate::turns::Turns;
pub(crate) use running::RunningCalls;
use running::Waiter;

/// The service of `tool/call`.
pub(crate) struct ToolCalls {
    pub(crate) store: EaselStore,
    pub(crate) loaded: Arc<LoadedThreads>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) previews: Previews,
    pub(crate) running: RunningCalls,
}

/// A call. Its texts have valid lengths.
pub(crate) struct NewToolCall {
    pub(crate) thread_id: ThreadId,
    pub(crate) call_id: CallId,
    pub(crate) arguments: ToolArguments,
}

/// The form of a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResultForm {
    pub(crate) format: ToolCallFormat,
    pub(crate) pictures: ToolCallPictures,
}

/// A call that has begun or ended.
pub(crate) struct StartedCall {
    request: HostCallRequest,
    state: CallState,
    /// Whether an earlier request has begun it.
    is_repeated: bool,
}

enum CallState {
    Running(Waiter),
    Ended(Box<HostCallEnd>),
}

impl ToolCalls {
    /// Begins a call, or finds the one that it repeats. The caller is at the head of the thread's queue.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadNotLoaded`], [`RequestError::ToolNotOffered`],
    /// [`RequestError::TurnRunning`] if a turn of a model runs, or one that takes no more calls,
    /// [`RequestError::CallIdUsed`], [`RequestError::TooManyCalls`], [`RequestError::Cancelled`], and those of the
    /// store. Nothing has begun then.
    pub(crate) async fn begin(&self, cx: &RequestContext, call: NewToolCall) -> Result<StartedCall, RequestError> {
        let NewToolCall { thread_id, call_id, arguments } = call;
        let request = HostCallRequest {
            preferred_item_id: host_call::preferred_item_id(&call_id),
            hash: host_call::hash(&arguments),
            thread_id,
            call_id,
        };
        if let Some(waiter) = self.running.join(&request)? {
            return Ok(StartedCall { request, state: CallState::Running(waiter), is_repeated: true });
        }
        let thread = require_thread(&self.store, &request.thread_id).await?;
        let Some((config, provider)) = self.loaded.actors.config_and_provider(&thread.id).await? else {
            return Err(self.loaded.leases.not_loaded_error(&thread.id).await);
        };
        match self.store.find_host_call(request.clone()).await? {
            KnownHostCall::New => {}
            KnownHostCall::Different => return Err(RequestError::CallIdUsed(request.call_id)),
            KnownHostCall::Ended(end) => {
                return Ok(StartedCall { request, state: CallState::Ended(end), is_repeated: true });
            }
        }
        check_offered(&config, &provider, &thread)?;
        let call = FunctionCall {
            call_id: request.call_id.clone(),
            namespace: Some(NAMESPACE.to_owned()),
            name: FUNCTION.to_owned(),
            arguments: host_call::to_json(&arguments),
        };
        let waiter = self.run(cx, &thread, &request, call, &provider).await?;
        Ok(StartedCall { request, state: CallState::Running(waiter), is_repeated: false })
    }

    /// Adds a new call to the thread's host turn.
    async fn run(
        &self,
        cx: &RequestContext,
        thread: &Thread,
        request: &HostCallRequest,
        call: FunctionCall,
        provider: &ThreadProvider,
    ) -> Result<Waiter, RequestError> {
        let client = &cx.client;
        let names = named_images(&call, &provider.image_info().capabilities);
        if client.face().is_some() && !names.is_empty() {
            // The conversation of a host outlives this process, and its handles must too.
            self.store.adopt_images(&thread.id, names.clone()).await?;
        }
        let images = if names.is_empty() { Vec::new() } else { self.store.find_images(&thread.id, names).await? };
        loop {
            // A call that finds the thread busy leaves nothing behind.
            let turn = self.turns.host_turn(&thread.id).await?;
            // Nothing is stored or sent yet, so a cancelled request leaves nothing behind.
            if cx.cancellation.is_cancelled() {
                return Err(RequestError::Cancelled);
            }
            let item_id = self.store.begin_host_call(request.clone()).await?;
            let (running, waiter) = self.running.add(request);
            let call = HostCall { item_id, call: call.clone(), images: images.clone() };
            if self.turns.add_host_call(client, thread, turn, || running.queue(client, call)).await? {
                return Ok(waiter);
            }
        }
    }

    /// Waits for the end of a call and returns its result. If the request is cancelled, so is the call, unless another
    /// request waits for it.
    ///
    /// # Errors
    /// [`RequestError::Cancelled`], and those of the store.
    pub(crate) async fn finish(
        &self,
        cx: &RequestContext,
        call: StartedCall,
        form: ResultForm,
    ) -> Result<ToolCallResponse, RequestError> {
        let StartedCall { request, state, is_repeated } = call;
        let end = match state {
            CallState::Ended(end) => *end,
            CallState::Running(waiter) => match waiter.wait(&cx.cancellation).await {
                Some(end) => end,
                // The turn has failed inside Easel, and history has how the call ended.
                None => match self.store.find_host_call(request.clone()).await? {
                    KnownHostCall::Ended(end) => *end,
                    KnownHostCall::New | KnownHostCall::Different => return Err(RequestError::CallLost),
                },
            },
        };
        if cx.cancellation.is_cancelled() {
            return Err(RequestError::Cancelled);
        }
        self.respond(cx, request, end, is_repeated, form).await
    }

    async fn respond(
        &self,
        cx: &RequestContext,
        request: HostCallRequest,
        end: HostCallEnd,
        replayed: bool,
        form: ResultForm,
    ) -> Result<ToolCallResponse, RequestError> {
        let HostCallRequest { thread_id, call_id, .. } = request;
        let HostCallEnd { turn_id, item_id, images, error } = end;
        let config = self.loaded.actors.config_and_provider(&thread_id).await?;
        let detail = config.map_or(ImageDetail::High, |(config, _)| config.detail);
        let pictures = self.read_pictures(cx, &images, form).await;
        let result =
            ToolOutput { call_id: &call_id, images: &images, pictures, error: error.as_ref(), replayed, detail };
        let (result, content_items) = tool_result::format(result, form.format);
        let success = !images.is_empty();
        Ok(ToolCallResponse {
            thread_id,
            turn_id,
            item_id,
            call_id,
            success,
            replayed,
            images,
            error,
            result,
            content_items,
        })
    }
}

fn check_offered(config: &ThreadConfig, provider: &ThreadProvider, thread: &Thread) -> Result<(), RequestError> {
    let decision = config.choose_tool(provider, thread.model.as_deref().unwrap_or_default());
    if decision.exposure == ToolExposure::Standalone {
        return Ok(());
    }
    Err(RequestError::ToolNotOffered { reasons: to_held_back(&decision.standalone_held_back) })
}
