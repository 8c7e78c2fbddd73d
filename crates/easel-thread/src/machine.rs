//! The turn machine: decides what a turn does next. It does no IO and reads no clock; the caller passes the time in.
//!
//! A turn sends the conversation to the model, runs the tool calls of the response in parallel, adds their outputs to
//! the conversation in call order, and repeats that until a response contains no call, or no call that needs an answer.
//! However the turn ends, every item that was started is completed exactly once before `turn/completed`.
//!
//! A host turn has no model: a client calls the tool, and the turn ends when none of its calls runs.

mod approval;
mod call_start;
mod calls;
mod compaction;
mod effect;
mod ending;
mod events;
mod failure;
mod host_calls;
mod image_item;
mod input;
mod lookups;
mod messages;
mod reasoning;
#[cfg(test)]
mod tests;

use easel_imagegen::capability::Capabilities;
use easel_imagegen::gate;
use easel_imagegen::history::ImageBudget;
use easel_imagegen::port::ModelEvent;
use easel_protocol::event::TokenUsage;
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::input::ImageDetail;
use easel_protocol::item::{AgentMessageItem, UserMessageItem};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::ThreadStatus;
use easel_protocol::tool::{HeldBackReason, ToolExposure};
use easel_protocol::turn::CodexErrorInfo;

use crate::conversation::Conversation;
use approval::Approvals;
use calls::{CallOutputs, Calls};
pub(crate) use effect::Effect;
use ending::StopReason;
use events::Step;
pub(crate) use input::{CallOutput, Input, PreviewFile};
pub use input::{HostCall, SteerMessage};
pub(crate) use lookups::Lookups;
use reasoning::Reasoning;

/// Maximum number of consecutive responses that call a tool, so that a model which never stops calling is stopped.
const MAX_RESPONSES: u32 = 32;

/// The configuration of one turn, fixed when the turn starts. Only `max_images` may change later.
#[derive(Debug, Clone)]
pub(crate) struct TurnConfig {
    pub(crate) exposure: ToolExposure,
    pub(crate) capabilities: Capabilities,
    pub(crate) detail: ImageDetail,
    /// Whether the model is asked again after calls that all succeeded.
    pub(crate) closing_answer: bool,
    /// Maximum number of images of the turn. A call of the standalone tool counts for the number of images that it
    /// requests, a call of the hosted tool for one.
    pub(crate) max_images: u32,
    /// The limits for the images that a request sends.
    pub(crate) budget: ImageBudget,
    /// The number of tokens in a request above which the conversation is compacted.
    pub(crate) context_tokens: u64,
    /// What withholds the hosted tool, if the turn would offer it otherwise.
    pub(crate) hosted_withheld: Option<HeldBackReason>,
}

/// What a turn is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To respond to a message of the user.
    Respond,
    /// To compact the conversation, without a message and without a request to the model.
    Compact,
    /// To run the calls of a client, without a message and without a request to the model.
    Host,
}

/// The state of one running turn.
#[derive(Debug)]
pub(crate) struct Turn {
    thread_id: ThreadId,
    turn_id: TurnId,
    config: TurnConfig,
    purpose: Purpose,
    started_at_ms: i64,
    /// Number of responses requested so far, without those that a message of the user caused.
    responses: u32,
    response: ResponseState,
    /// Whether the response has produced anything so far.
    has_output: bool,
    calls: Calls,
    approvals: Approvals,
    reasoning: Reasoning,
    open_message: Option<AgentMessageItem>,
    last_message: Option<AgentMessageItem>,
    /// Paths of images that no agent message has followed yet.
    unannounced: Vec<String>,
    /// Messages that the user added to the turn and that the model has not read yet.
    steers: Vec<SteerMessage>,
    /// The tool that the last request to the model offered.
    requested_with: ToolExposure,
    /// Whether the conversation was compacted because the provider refused it as too long, since the last complete
    /// response.
    was_too_long: bool,
    /// Why the turn's tool was withdrawn while the turn ran. In a host turn it may be offered again.
    withdrawn: Option<HeldBackReason>,
    /// The limit of spending for which the hosted tool is no longer offered.
    limit_reached: Option<String>,
    stop_reason: Option<StopReason>,
    /// Whether the provider may have billed a hosted image that has no item.
    has_lost_image: bool,
    has_ended: bool,
}

/// The state of the model response that was requested last.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ResponseState {
    Open,
    /// The turn runner is closing it. Hosted images that have arrived still come.
    Closing,
    Complete(TokenUsage),
    Closed,
}

impl Turn {
    /// Creates a turn that starts with a user message, which the model reads as `model_item`, and returns its first
    /// effects, which are events.
    ///
    /// The conversation is not needed yet: the caller adds the message with [`Conversation::open_turn`] once the
    /// events of these effects are written, and passes [`Input::Begin`] to the turn.
    pub(crate) fn begin(
        thread_id: ThreadId,
        turn_id: TurnId,
        config: TurnConfig,
        message: UserMessageItem,
        model_item: ResponseItem,
    ) -> (Self, Vec<Effect>) {
        let at = message.started_at_ms;
        Self::begin_with(thread_id, turn_id, config, Purpose::Respond, at, |turn, step| {
            turn.add_user_message(step, message, model_item);
        })
    }

    /// Creates a turn that compacts the conversation, and returns its first effects as [`Turn::begin`] does. `at` is
    /// in Unix milliseconds.
    pub(crate) fn begin_compaction(
        thread_id: ThreadId,
        turn_id: TurnId,
        config: TurnConfig,
        at: i64,
    ) -> (Self, Vec<Effect>) {
        Self::begin_with(thread_id, turn_id, config, Purpose::Compact, at, |_, _| {})
    }

    fn begin_with(
        thread_id: ThreadId,
        turn_id: TurnId,
        config: TurnConfig,
        purpose: Purpose,
        at: i64,
        open: impl FnOnce(&Self, &mut Step<'_>),
    ) -> (Self, Vec<Effect>) {
        let turn = Self {
            thread_id,
            turn_id,
            config,
            purpose,
            started_at_ms: at,
            responses: 1,
            response: ResponseState::Open,
            has_output: false,
            calls: Calls::default(),
            approvals: Approvals::default(),
            reasoning: Reasoning::default(),
            open_message: None,
            last_message: None,
            unannounced: Vec::new(),
            steers: Vec::new(),
            requested_with: ToolExposure::None,
            was_too_long: false,
            withdrawn: None,
            limit_reached: None,
            stop_reason: None,
            has_lost_image: false,
            has_ended: false,
        };
        let mut unused = Conversation::default();
        let mut step = Step::new(&mut unused, at);
        turn.emit_status(&mut step, ThreadStatus::Active { active_flags: Vec::new() });
        turn.emit_started(&mut step);
        open(&turn, &mut step);
        (turn, step.effects)
    }

    /// Handles one input at the time `at`, in Unix milliseconds. Ignores an input that comes too late.
    pub(crate) fn handle(&mut self, conversation: &mut Conversation, at: i64, input: Input) -> Vec<Effect> {
        if self.is_late(&input) {
            return Vec::new();
        }
        let mut step = Step::new(conversation, at);
        match input {
            Input::Begin => self.on_begin(&mut step),
            Input::ModelEvent(event) => self.on_model_event(&mut step, event),
            Input::ResponseFailed(error) => self.on_response_failed(&mut step, error),
            Input::Preview { item_id, file } => self.on_preview(&mut step, &item_id, &file),
            Input::HostedArrived { item_id } => self.calls.note_arrival(&item_id),
            Input::CallEnded { item_id, outcome } => self.on_call_ended(&mut step, &item_id, outcome),
            Input::ApprovalNeeded { item_id } => self.on_approval_needed(&mut step, item_id),
            Input::ApprovalEnded { item_id } => self.end_approval(&mut step, &item_id),
            Input::Steer(message) => self.steers.push(*message),
            Input::HostCalls(calls, limits) => self.on_host_calls(&mut step, calls, limits),
            Input::LimitsChanged(limits) => self.change_limits(&mut step, limits),
            Input::HostedRefused(reason) => self.on_hosted_refused(&mut step, reason),
            Input::HostedOverLimit(reason) => self.limit_reached = Some(reason),
            Input::Interrupt => self.stop(&mut step, StopReason::Interrupted),
            Input::ResponseClosed { has_lost_image } => {
                self.response = ResponseState::Closed;
                self.has_lost_image = has_lost_image;
            }
            Input::PersistFailed { effects, message, host_calls } => {
                self.on_persist_failed(&mut step, effects, &message, host_calls);
            }
        }
        self.advance(&mut step);
        step.effects
    }

    /// Returns whether the turn, or the response that the input belongs to, is over.
    fn is_late(&self, input: &Input) -> bool {
        match input {
            Input::ModelEvent(ModelEvent::HostedStarted { .. }) if self.response == ResponseState::Closing => false,
            // The request that it refuses was not sent.
            Input::HostedRefused(_) if self.requested_with != ToolExposure::Hosted || self.has_output => true,
            Input::ModelEvent(_) | Input::ResponseFailed(_) | Input::HostedRefused(_) => {
                self.has_ended || self.response != ResponseState::Open
            }
            Input::ResponseClosed { .. } => self.response != ResponseState::Closing,
            // The events that could not be written may be those that end the turn.
            Input::PersistFailed { .. } => false,
            Input::Begin
            | Input::Preview { .. }
            | Input::HostedArrived { .. }
            | Input::CallEnded { .. }
            | Input::ApprovalNeeded { .. }
            | Input::ApprovalEnded { .. }
            | Input::Steer(_)
            | Input::HostCalls(..)
            | Input::LimitsChanged(_)
            | Input::HostedOverLimit(_)
            | Input::Interrupt => self.has_ended,
        }
    }

    fn on_model_event(&mut self, step: &mut Step<'_>, event: ModelEvent) {
        self.has_output = true;
        match event {
            ModelEvent::Reasoning { item_id, event } => self.on_reasoning(step, &item_id, event),
            ModelEvent::TextDelta { item_id, delta } => self.on_text_delta(step, &item_id, delta),
            ModelEvent::Message { item_id, text } => self.on_message(step, &item_id, text),
            ModelEvent::FunctionCall(call) => self.on_function_call(step, call),
            ModelEvent::HostedStarted { call_id, requested, references } => {
                self.on_hosted_started(step, call_id, requested, references);
            }
            ModelEvent::Completed { usage } => {
                self.response = ResponseState::Complete(usage);
                self.was_too_long = false;
            }
            // The turn runner handles these. Some own files: it passes on `Input::Preview` and `Input::CallEnded`.
            ModelEvent::RequestId { .. } | ModelEvent::HostedPreview { .. } | ModelEvent::HostedEnded { .. } => {}
        }
    }

    /// Returns the tool that the next request to the model offers. A call of the hosted tool cannot be refused, so that
    /// tool is withdrawn once it has made as many images as the turn may have.
    pub(crate) fn tool_to_offer(&self) -> ToolExposure {
        match self.config.exposure {
            _ if self.withdrawn.is_some() => ToolExposure::None,
            ToolExposure::Hosted if self.limit_reached.is_some() => ToolExposure::None,
            ToolExposure::Hosted if self.calls.images() >= self.config.max_images => ToolExposure::None,
            exposure @ (ToolExposure::Standalone | ToolExposure::Hosted | ToolExposure::None) => exposure,
        }
    }

    /// Returns a note for the model if a limit of spending withholds the hosted tool.
    pub(crate) fn withheld_note(&self) -> Option<String> {
        let reason = self.limit_reached.as_ref()?;
        Some(format!("The image tool is not available now: {reason}. If the user wants an image, tell them so."))
    }

    /// Returns whether the turn's tool was turned off while the turn ran.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }

    /// Returns whether the turn takes no more messages and calls.
    pub(crate) fn is_closed(&self) -> bool {
        self.has_ended || (self.purpose == Purpose::Host && self.stop_reason.is_some())
    }

    /// Returns the number of messages that the user added to the turn and that the model has not read.
    pub(crate) fn unread_messages(&self) -> usize {
        self.steers.len()
    }

    /// Returns whether the effects returned so far contain `turn/completed`.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Sends the first request of the turn, or compacts the conversation if the turn is for that. The calls of a host
    /// turn have their own input.
    fn on_begin(&mut self, step: &mut Step<'_>) {
        match self.purpose {
            Purpose::Respond => {
                if let Some(reason) = self.config.hosted_withheld {
                    self.emit_warning(step, gate::describe(reason).to_owned());
                }
                self.request_response(step);
            }
            Purpose::Compact => {
                self.compact_on_request(step);
                self.response = ResponseState::Closed;
            }
            Purpose::Host => {}
        }
    }

    fn request_response(&mut self, step: &mut Step<'_>) {
        self.compact_if_too_long(step);
        self.has_output = false;
        self.requested_with = self.tool_to_offer();
        step.effects.push(Effect::RequestResponse);
    }

    /// Sends the request again, without the hosted tool.
    fn on_hosted_refused(&mut self, step: &mut Step<'_>, reason: String) {
        let message = format!("The provider's hosted image tool is not offered in this turn any more: {reason}.");
        self.emit_warning(step, message);
        self.limit_reached = Some(reason);
        self.requested_with = self.tool_to_offer();
        step.effects.push(Effect::RequestResponse);
    }

    /// Sends the next request or ends the turn, once the response is complete or closed and all its calls have ended.
    fn advance(&mut self, step: &mut Step<'_>) {
        if self.calls.have_all_arrived() {
            self.check_image_limit(step);
        }
        if !self.calls.have_all_ended() || matches!(self.response, ResponseState::Open | ResponseState::Closing) {
            return;
        }
        self.close_message(step);
        self.close_reasoning(step);
        let needs_answer = match self.add_call_outputs(step) {
            CallOutputs::None => false,
            CallOutputs::AllSucceeded => self.config.closing_answer,
            CallOutputs::SomeFailed => true,
        };
        if let ResponseState::Complete(usage) = self.response {
            self.response = ResponseState::Closed;
            self.count_tokens(step, usage);
        }
        let has_steers = self.add_steer_messages(step);
        if self.stop_reason.is_none() && (needs_answer || has_steers) {
            // The limit stops a model that never stops calling. It does not stop a user who adds messages.
            if has_steers || self.responses < MAX_RESPONSES {
                self.responses += u32::from(!has_steers);
                self.response = ResponseState::Open;
                self.request_response(step);
                return;
            }
            let message =
                format!("The model called tools in {MAX_RESPONSES} consecutive responses, the limit for one turn.");
            self.fail(step, message, CodexErrorInfo::Other);
        }
        self.end(step);
    }
}
