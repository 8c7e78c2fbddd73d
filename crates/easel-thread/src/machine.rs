//! What a turn does next: a pure function of what it is and what just happened. No IO, no clock.
//!
//! A turn asks the model, runs the calls in its answer side by side, gives their outputs back in call order and asks
//! again, until an answer holds no call. However it ends, every item that was started is completed first, and once.

mod calls;
mod events;
mod exchange;
mod failure;
mod messages;
#[cfg(test)]
mod tests;

use easel_imagegen::capability::Capabilities;
use easel_protocol::event::TokenUsage;
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::input::ImageDetail;
use easel_protocol::item::{AgentMessageItem, UserMessageItem};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::ThreadStatus;
use easel_protocol::tool::{HeldBackReason, ToolExposure};
use easel_protocol::turn::{CodexErrorInfo, TurnError, TurnStatus};

use crate::conversation::Conversation;
use calls::Calls;
use events::Step;
pub use exchange::{Effect, Input, Outcome, Shown, Steered};

/// Answers of the model in one turn, so that a model that calls for ever comes to an end.
pub const MAX_ANSWERS: u32 = 32;

/// What a turn is allowed, fixed when it starts.
#[derive(Debug, Clone)]
pub struct TurnRules {
    pub exposure: ToolExposure,
    pub capabilities: Capabilities,
    pub detail: ImageDetail,
    /// Most images of the turn: a call of the standalone tool counts as many as it asks for, one of the hosted tool one.
    pub max_images: u32,
}

/// One turn while it runs.
#[derive(Debug)]
pub struct Turn {
    thread_id: ThreadId,
    turn_id: TurnId,
    rules: TurnRules,
    started_at_ms: i64,
    answers: u32,
    answer: Answer,
    calls: Calls,
    open_message: Option<AgentMessageItem>,
    last_message: Option<AgentMessageItem>,
    /// Where the images lie that no message has followed yet.
    unmentioned: Vec<String>,
    /// What the user has added and the model has not yet been given.
    steered: Vec<Steered>,
    /// What the answer that was asked for last was offered.
    asked_with: ToolExposure,
    /// Why the turn's tool was taken away from it.
    withdrawn: Option<HeldBackReason>,
    ending: Option<Ending>,
    ended: bool,
}

/// The answer that was asked for last.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Open,
    Whole(TokenUsage),
    Closed,
}

/// Why the turn asks no more.
#[derive(Debug, Clone, PartialEq)]
enum Ending {
    Interrupted,
    Failed(TurnError),
}

impl Turn {
    /// Creates a turn that starts with the user's message, which the model reads as `input`.
    ///
    /// The conversation is not needed yet: the caller adds the message with [`Conversation::open_turn`] once the events
    /// of these effects are written.
    pub fn begin(
        thread_id: &str,
        turn_id: &str,
        rules: TurnRules,
        message: UserMessageItem,
        input: ResponseItem,
    ) -> (Self, Vec<Effect>) {
        let at = message.started_at_ms;
        let mut turn = Self {
            thread_id: thread_id.into(),
            turn_id: turn_id.into(),
            rules,
            started_at_ms: at,
            answers: 1,
            answer: Answer::Open,
            calls: Calls::default(),
            open_message: None,
            last_message: None,
            unmentioned: Vec::new(),
            steered: Vec::new(),
            asked_with: ToolExposure::None,
            withdrawn: None,
            ending: None,
            ended: false,
        };
        let mut unused = Conversation::default();
        let mut step = Step::new(&mut unused, at);
        turn.emit_status(&mut step, ThreadStatus::Active { active_flags: Vec::new() });
        turn.emit_started(&mut step);
        turn.user_message(&mut step, message, input);
        turn.ask(&mut step);
        (turn, step.effects)
    }

    /// One step at the time `at`, in Unix milliseconds. What comes too late is passed over.
    pub fn step(&mut self, conversation: &mut Conversation, at: i64, input: Input) -> Vec<Effect> {
        if self.ended || (input.is_of_answer() && self.answer != Answer::Open) {
            return Vec::new();
        }
        let mut step = Step::new(conversation, at);
        match input {
            Input::TextDelta { item_id, delta } => self.text_delta(&mut step, &item_id, delta),
            Input::Message { item_id, text } => self.message(&mut step, &item_id, text),
            Input::FunctionCall(call) => self.function_call(&mut step, call),
            Input::HostedStarted { call_id, requested, references } => {
                self.hosted_started(&mut step, call_id, requested, references);
            }
            Input::AnswerCompleted { usage } => self.answer = Answer::Whole(usage),
            Input::AnswerFailed(error) => self.fail(&mut step, error.message, error.info),
            Input::Previewed { item_id, shown } => self.previewed(&mut step, &item_id, &shown),
            Input::CallEnded { item_id, outcome } => self.call_ended(&mut step, &item_id, outcome),
            Input::Steered(steered) => self.steered.push(*steered),
            Input::Tightened { withdrawn, max_images } => self.tighten(&mut step, withdrawn, max_images),
            Input::Interrupt => self.stop(&mut step, Ending::Interrupted),
        }
        self.advance(&mut step);
        step.effects
    }

    /// The tool that the next answer is offered. A call of the hosted tool cannot be refused, so that tool is taken away
    /// once it has made all that the turn may have.
    pub fn offered(&self) -> ToolExposure {
        match self.rules.exposure {
            _ if self.withdrawn.is_some() => ToolExposure::None,
            ToolExposure::Hosted if self.calls.images() >= self.rules.max_images => ToolExposure::None,
            exposure @ (ToolExposure::Standalone | ToolExposure::Hosted | ToolExposure::None) => exposure,
        }
    }

    /// Whether the turn's tool was switched off while it ran.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }

    /// True once `turn/completed` is among the effects given out.
    pub fn ended(&self) -> bool {
        self.ended
    }

    fn ask(&mut self, step: &mut Step<'_>) {
        self.asked_with = self.offered();
        step.effects.push(Effect::AskModel);
    }

    /// Follows rules that have become stricter. An answer that may make hosted images is closed: nothing else keeps it
    /// from making one.
    fn tighten(&mut self, step: &mut Step<'_>, withdrawn: Option<HeldBackReason>, max_images: u32) {
        self.rules.max_images = self.rules.max_images.min(max_images);
        let (Some(reason), None) = (withdrawn, self.withdrawn) else { return };
        self.withdrawn = Some(reason);
        if self.answer == Answer::Open && self.asked_with == ToolExposure::Hosted {
            let message = "Image generation was switched off while the model answered, so its answer was closed. Images \
                           that had arrived are kept.";
            self.fail(step, message.to_owned(), CodexErrorInfo::Other);
        }
    }

    fn fail(&mut self, step: &mut Step<'_>, message: String, info: CodexErrorInfo) {
        let error = TurnError { message, codex_error_info: Some(info), additional_details: None };
        self.stop(step, Ending::Failed(error));
    }

    /// The first reason to stop is the one that is told.
    fn stop(&mut self, step: &mut Step<'_>, ending: Ending) {
        if self.answer == Answer::Open {
            self.answer = Answer::Closed;
            step.effects.push(Effect::CloseAnswer);
        }
        // After a failure, calls that have begun go on: they may be paid for, and each ends by its own deadline.
        if ending == Ending::Interrupted {
            step.effects.push(Effect::CancelCalls);
        }
        self.ending.get_or_insert(ending);
    }

    /// Goes on once the answer is whole or closed and all its calls have ended.
    fn advance(&mut self, step: &mut Step<'_>) {
        if !self.calls.all_ended() {
            return;
        }
        self.stop_over_limit(step);
        if self.answer == Answer::Open {
            return;
        }
        self.close_message(step);
        let called = self.give_outputs(step);
        if let Answer::Whole(usage) = self.answer {
            self.answer = Answer::Closed;
            self.count(step, usage);
        }
        let steered = self.read_steered(step);
        if self.ending.is_none() && (called || steered) {
            // The limit is for a model that calls for ever; a user who goes on talking may.
            if steered || self.answers < MAX_ANSWERS {
                self.answers += u32::from(!steered);
                self.answer = Answer::Open;
                self.ask(step);
                return;
            }
            let message = format!("The model called tools in {MAX_ANSWERS} answers in a row, which is the limit.");
            self.fail(step, message, CodexErrorInfo::Other);
        }
        self.end(step);
    }

    /// Nothing but its end keeps an answer from making hosted images, which it may do for ever.
    fn stop_over_limit(&mut self, step: &mut Step<'_>) {
        let max = self.rules.max_images;
        if self.answer == Answer::Open && self.calls.images() > max {
            let message = format!(
                "The model made more images than the limit `limits.images_per_turn` allows, which is {max}. They are kept; \
                 its answer was closed."
            );
            self.fail(step, message, CodexErrorInfo::Other);
        }
    }

    fn end(&mut self, step: &mut Step<'_>) {
        self.mention_images(step);
        let (status, error) = match self.ending.clone() {
            None => (TurnStatus::Completed, None),
            Some(Ending::Interrupted) => (TurnStatus::Interrupted, None),
            Some(Ending::Failed(error)) => (TurnStatus::Failed, Some(error)),
        };
        if let Some(error) = error.clone() {
            self.emit_error(step, error);
        }
        self.emit_status(step, ThreadStatus::Idle {});
        self.emit_completed(step, status, error);
        self.ended = true;
    }
}
