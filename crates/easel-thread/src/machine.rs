//! What a turn does next: a pure function of what it is and what just happened. No IO, no clock.
//!
//! A turn asks the model, runs the calls in its answer side by side, gives their outputs back in call order and asks
//! again, until an answer holds no call. However it ends, every item that was started is completed first, and once.

mod calls;
mod messages;
#[cfg(test)]
mod tests;

use easel_imagegen::capability::Capabilities;
use easel_imagegen::plan::Draft;
use easel_imagegen::port::{FunctionCall, ModelError, Reference};
use easel_protocol::event::{
    ErrorNotification, Event, ItemCompletedNotification, ItemStartedNotification, RawResponseItemCompletedNotification,
    ThreadStatusChangedNotification, ThreadTokenUsage, ThreadTokenUsageUpdatedNotification, TokenUsage,
    TurnCompletedNotification, TurnStartedNotification,
};
use easel_protocol::input::ImageDetail;
use easel_protocol::item::{AgentMessageItem, ThreadItem, UserMessageItem};
use easel_protocol::record::{ImageError, ImageRecord, RequestedImage};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::ThreadStatus;
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::{CodexErrorInfo, Turn as TurnView, TurnError, TurnItemsView, TurnStatus};

use crate::conversation::Conversation;
use calls::Calls;

/// Answers of the model in one turn, so that a model that calls for ever comes to an end.
pub const MAX_ANSWERS: u32 = 32;

/// What a turn is allowed, fixed when it starts.
#[derive(Debug, Clone)]
pub struct TurnRules {
    pub exposure: ToolExposure,
    pub capabilities: Capabilities,
    pub detail: ImageDetail,
    /// Most image calls in the turn.
    pub max_calls: u32,
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    TextDelta {
        item_id: String,
        delta: String,
    },
    Message {
        item_id: String,
        text: String,
    },
    FunctionCall(FunctionCall),
    HostedStarted {
        call_id: String,
        requested: RequestedImage,
        references: Vec<Reference>,
    },
    AnswerCompleted {
        usage: TokenUsage,
    },
    AnswerFailed(ModelError),
    CallEnded {
        item_id: String,
        outcome: Result<Outcome, Box<ImageError>>,
    },
    Interrupt,
    /// History could not be written, so the turn must not go on.
    StorageFailed {
        message: String,
    },
}

/// What a call made.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub records: Vec<ImageRecord>,
    pub generation_id: Option<String>,
}

/// What to do about it, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write to history, then tell.
    Emit(Event),
    /// Ask for an answer with the conversation as it now is.
    AskModel,
    /// Run a call of the standalone tool; its end comes back as [`Input::CallEnded`].
    RunCall(Draft),
    /// Journal a call of the hosted tool; its end comes back as [`Input::CallEnded`].
    TrackHosted { item_id: String, call_id: String, requested: RequestedImage, references: Vec<Reference> },
    /// Close the request for an answer.
    CloseAnswer,
    /// Cancel the calls that run; each still reports its end.
    CancelCalls,
}

/// One turn while it runs.
#[derive(Debug)]
pub struct Turn {
    thread_id: String,
    turn_id: String,
    rules: TurnRules,
    started_at_ms: i64,
    answers: u32,
    /// The answer being received; its usage once it is whole.
    answer: Answer,
    calls: Calls,
    open_message: Option<AgentMessageItem>,
    last_message: Option<AgentMessageItem>,
    /// Where the first image lies that no message has followed yet.
    unmentioned: Option<String>,
    ending: Option<Ending>,
    ended: bool,
}

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
    /// Starts a turn with the user's message, which is `input` for the model.
    pub fn begin(
        thread_id: &str,
        turn_id: &str,
        rules: TurnRules,
        message: UserMessageItem,
        input: ResponseItem,
        conversation: &mut Conversation,
    ) -> (Self, Vec<Effect>) {
        let at = message.started_at_ms;
        let turn = Self {
            thread_id: thread_id.to_owned(),
            turn_id: turn_id.to_owned(),
            rules,
            started_at_ms: at,
            answers: 1,
            answer: Answer::Open,
            calls: Calls::default(),
            open_message: None,
            last_message: None,
            unmentioned: None,
            ending: None,
            ended: false,
        };
        let started = turn.view(TurnStatus::InProgress, TurnItemsView::NotLoaded, Vec::new(), None);
        let message = UserMessageItem { id: conversation.unique_id(&message.id), ..message };
        let completed = UserMessageItem { completed_at_ms: Some(at), ..message.clone() };
        let mut effects = vec![
            turn.status(ThreadStatus::Active { active_flags: Vec::new() }),
            Effect::Emit(Event::TurnStarted(TurnStartedNotification {
                thread_id: turn.thread_id.clone(),
                turn: started,
            })),
            turn.item_started(ThreadItem::UserMessage(message), at),
            turn.item_completed(ThreadItem::UserMessage(completed), at),
        ];
        turn.remember(input, conversation, &mut effects);
        effects.push(Effect::AskModel);
        (turn, effects)
    }

    /// One step at the time `at`, in Unix milliseconds.
    pub fn step(&mut self, conversation: &mut Conversation, at: i64, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.ended {
            return effects;
        }
        match input {
            Input::TextDelta { item_id, delta } => self.text_delta(conversation, at, &item_id, delta, &mut effects),
            Input::Message { item_id, text } => self.message(conversation, at, &item_id, text, &mut effects),
            Input::FunctionCall(call) => self.function_call(conversation, at, call, &mut effects),
            Input::HostedStarted { call_id, requested, references } => {
                self.hosted_started(conversation, at, call_id, requested, references, &mut effects);
            }
            Input::AnswerCompleted { usage } => self.answer = Answer::Whole(usage),
            Input::AnswerFailed(error) => self.fail(error.message, error.info, &mut effects),
            Input::CallEnded { item_id, outcome } => {
                self.call_ended(conversation, at, &item_id, outcome, &mut effects);
            }
            Input::Interrupt => self.stop(Ending::Interrupted, &mut effects),
            Input::StorageFailed { message } => self.fail(message, CodexErrorInfo::InternalServerError, &mut effects),
        }
        self.advance(conversation, at, &mut effects);
        effects
    }

    /// True once `turn/completed` is among the effects given out.
    pub fn ended(&self) -> bool {
        self.ended
    }

    fn fail(&mut self, message: String, info: CodexErrorInfo, effects: &mut Vec<Effect>) {
        let error = TurnError { message, codex_error_info: Some(info), additional_details: None };
        self.stop(Ending::Failed(error), effects);
    }

    /// The first reason to stop is the one that is told.
    fn stop(&mut self, ending: Ending, effects: &mut Vec<Effect>) {
        if self.answer == Answer::Open {
            self.answer = Answer::Closed;
            effects.push(Effect::CloseAnswer);
        }
        // After a failure, calls that have begun go on: they may be paid for, and each ends by its own deadline.
        if ending == Ending::Interrupted {
            effects.push(Effect::CancelCalls);
        }
        self.ending.get_or_insert(ending);
    }

    /// Goes on once the answer is whole or closed and all its calls have ended.
    fn advance(&mut self, conversation: &mut Conversation, at: i64, effects: &mut Vec<Effect>) {
        if self.answer == Answer::Open || !self.calls.all_ended() {
            return;
        }
        self.close_message(conversation, at, effects);
        let called = self.give_outputs(conversation, effects);
        if let Answer::Whole(usage) = self.answer {
            self.count(usage, conversation, effects);
        }
        if self.ending.is_none() && called {
            if self.answers < MAX_ANSWERS {
                self.answers += 1;
                self.answer = Answer::Open;
                effects.push(Effect::AskModel);
                return;
            }
            let message = format!("The model called tools in {MAX_ANSWERS} answers in a row, which is the limit.");
            self.fail(message, CodexErrorInfo::Other, effects);
        }
        self.end(conversation, at, effects);
    }

    fn end(&mut self, conversation: &mut Conversation, at: i64, effects: &mut Vec<Effect>) {
        self.mention_images(conversation, at, effects);
        let (status, error) = match self.ending.take() {
            None => (TurnStatus::Completed, None),
            Some(Ending::Interrupted) => (TurnStatus::Interrupted, None),
            Some(Ending::Failed(error)) => (TurnStatus::Failed, Some(error)),
        };
        if let Some(error) = error.clone() {
            effects.push(Effect::Emit(Event::Error(ErrorNotification {
                thread_id: self.thread_id.clone(),
                turn_id: self.turn_id.clone(),
                error,
                will_retry: false,
            })));
        }
        effects.push(self.status(ThreadStatus::Idle {}));
        let items = self.last_message.take().map(ThreadItem::AgentMessage).into_iter().collect();
        let turn = TurnView {
            completed_at: Some(at.div_euclid(1_000)),
            duration_ms: Some(at - self.started_at_ms),
            ..self.view(status, TurnItemsView::Summary, items, error)
        };
        effects.push(Effect::Emit(Event::TurnCompleted(TurnCompletedNotification {
            thread_id: self.thread_id.clone(),
            turn,
        })));
        self.ended = true;
    }

    fn view(
        &self,
        status: TurnStatus,
        items_view: TurnItemsView,
        items: Vec<ThreadItem>,
        error: Option<TurnError>,
    ) -> TurnView {
        TurnView {
            id: self.turn_id.clone(),
            root_turn_id: self.turn_id.clone(),
            items,
            items_view,
            status,
            error,
            started_at: Some(self.started_at_ms.div_euclid(1_000)),
            completed_at: None,
            duration_ms: None,
        }
    }

    fn count(&self, last: TokenUsage, conversation: &mut Conversation, effects: &mut Vec<Effect>) {
        conversation.usage += last;
        effects.push(Effect::Emit(Event::ThreadTokenUsageUpdated(ThreadTokenUsageUpdatedNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            token_usage: ThreadTokenUsage { total: conversation.usage, last, model_context_window: None },
        })));
    }

    /// Adds to what the model reads from now on.
    fn remember(&self, item: ResponseItem, conversation: &mut Conversation, effects: &mut Vec<Effect>) {
        conversation.history.push(item.clone());
        effects.push(Effect::Emit(Event::RawResponseItemCompleted(RawResponseItemCompletedNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item,
        })));
    }

    fn status(&self, status: ThreadStatus) -> Effect {
        let thread_id = self.thread_id.clone();
        Effect::Emit(Event::ThreadStatusChanged(ThreadStatusChangedNotification { thread_id, status }))
    }

    fn item_started(&self, item: ThreadItem, started_at_ms: i64) -> Effect {
        Effect::Emit(Event::ItemStarted(ItemStartedNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item,
            started_at_ms,
        }))
    }

    fn item_completed(&self, item: ThreadItem, completed_at_ms: i64) -> Effect {
        Effect::Emit(Event::ItemCompleted(ItemCompletedNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item,
            completed_at_ms,
        }))
    }
}
