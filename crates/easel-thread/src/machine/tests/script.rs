//! Runs scripts. The first lines may set up the turn: `exposure hosted`, `exposure none`, `closing off`, `max 2`,
//! `attach A B`, `used ID`, `turns 30` for earlier turns, `limit 5000` and `counted 9000` for the tokens of a request,
//! `purpose compact`, `purpose host` for a turn that begins with the call `h` of a client, `bills no` for a provider
//! without a price. Each further line is one input. After `unsaved`, the events that the input causes cannot be
//! written.

use easel_imagegen::history::ImageBudget;
use easel_imagegen::port::{FunctionCall, ModelError, ModelEvent, ReasoningEvent, ReasoningPart, image_error};
use easel_protocol::event::TokenUsage;
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::item::UserMessageItem;
use easel_protocol::record::{ImageError, ImageErrorKind};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::{HeldBackReason, ToolExposure};
use easel_protocol::turn::CodexErrorInfo;

use super::super::{CallOutput, Effect, HostCall, Input, PreviewFile, Purpose, SteerMessage, Turn, TurnConfig};
use crate::config::CallLimits;
use crate::conversation::Conversation;
use crate::fakes::images::{attachment, capabilities, record, requested};
use crate::fakes::render;

/// A turn that a script drives, with all its effects so far.
pub(super) struct ScriptRunner {
    pub(super) turn: Turn,
    pub(super) conversation: Conversation,
    pub(super) effects: Vec<Effect>,
    /// The configuration of the turn, with the highest limit of images that has applied.
    pub(super) config: TurnConfig,
    pub(super) is_host: bool,
    /// The limits of the configuration at the moment.
    limits: CallLimits,
    text: String,
    clock: i64,
}

/// Runs a script and returns all effects, one per line, below the input that caused them.
pub(super) fn play(script: &str) -> String {
    let mut lines = script.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let mut runner = ScriptRunner::new(std::iter::from_fn(|| lines.next_if(|line| is_setup(line))));
    for line in lines {
        runner.run(line);
    }
    runner.text
}

/// Runs a script and returns the effects of its last line.
pub(super) fn last(script: &str) -> String {
    let all = play(script);
    let (_, after) = all.rsplit_once("> ").unwrap().1.split_once('\n').unwrap();
    after.to_owned()
}

pub(super) fn is_setup(line: &str) -> bool {
    [
        "exposure ",
        "closing ",
        "max ",
        "attach ",
        "used ",
        "limit ",
        "turns ",
        "counted ",
        "purpose ",
        "bills ",
        "withheld ",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}

impl ScriptRunner {
    pub(super) fn new<'a>(setup: impl Iterator<Item = &'a str>) -> Self {
        let (mut conversation, mut used) = (Conversation::default(), Vec::new());
        let mut purpose = Purpose::Respond;
        let mut config = TurnConfig {
            exposure: ToolExposure::Standalone,
            capabilities: capabilities(),
            detail: ImageDetail::High,
            closing_answer: true,
            max_images: 16,
            budget: ImageBudget { images: 8, bytes: 1_000_000 },
            context_tokens: 100_000,
            hosted_withheld: None,
        };
        for line in setup {
            match line.split_once(' ').unwrap() {
                ("exposure", "hosted") => config.exposure = ToolExposure::Hosted,
                ("exposure", _) => config.exposure = ToolExposure::None,
                ("closing", _) => config.closing_answer = false,
                ("max", count) => config.max_images = count.parse().unwrap(),
                ("attach", names) => conversation.attach(&names.split(' ').map(attachment).collect::<Vec<_>>()),
                ("limit", tokens) => config.context_tokens = tokens.parse().unwrap(),
                ("turns", count) => conversation.history = old_turns(count.parse().unwrap()),
                ("counted", tokens) => conversation.counted_tokens = Some(tokens.parse().unwrap()),
                ("purpose", "host") => purpose = Purpose::Host,
                ("purpose", _) => purpose = Purpose::Compact,
                ("withheld", _) => config.hosted_withheld = Some(HeldBackReason::ApprovalRequired),
                ("bills", _) => config.capabilities.bills = false,
                ("used", id) => used.push(id),
                (other, _) => panic!("unknown setup: {other}"),
            }
        }
        let (thread_id, turn_id) = (|| "thread".into(), || "turn".into());
        let (turn, effects) = match purpose {
            Purpose::Compact => Turn::begin_compaction(thread_id(), turn_id(), config.clone(), 0),
            Purpose::Host => Turn::begin_host(thread_id(), turn_id(), config.clone(), 0),
            Purpose::Respond => {
                let message = UserMessageItem {
                    id: "user_1".into(),
                    client_id: None,
                    content: vec![UserInput::Text { text: "Draw".into(), text_elements: Vec::new() }],
                    started_at_ms: 0,
                    completed_at_ms: None,
                };
                let content = vec![ContentItem::InputText { text: "Draw".into() }];
                let input = ResponseItem::Message { role: MessageRole::User, content };
                let begun = Turn::begin(thread_id(), turn_id(), config.clone(), message, input.clone());
                conversation.open_turn(&"user_1".into(), &[], input);
                begun
            }
        };
        used.into_iter().for_each(|id| assert_eq!(conversation.ids.reserve(id), id));
        let text = String::new();
        let is_host = purpose == Purpose::Host;
        let limits = CallLimits { withdrawn: None, max_images: config.max_images };
        let mut runner = Self { turn, conversation, effects: Vec::new(), config, is_host, limits, text, clock: 0 };
        runner.add(effects);
        if is_host {
            let effects = runner.handle("host h a host");
            runner.add(effects);
        }
        let effects = runner.turn.handle(&mut runner.conversation, 0, Input::Begin);
        runner.add(effects);
        runner
    }

    pub(super) fn run(&mut self, line: &str) {
        self.text.push_str(&format!("> {line}\n"));
        let (unsaved, line) = line.strip_prefix("unsaved ").map_or((false, line), |line| (true, line));
        self.clock += 1_000;
        let mut effects = self.handle(line);
        if line.starts_with("refuse") && !effects.is_empty() {
            // The request was not sent.
            let refused = self.effects.iter().rposition(|effect| matches!(effect, Effect::RequestResponse));
            self.effects.remove(refused.expect("a request"));
        }
        // As in the turn runner: effects without an event are not written.
        if unsaved && effects.iter().any(|effect| matches!(effect, Effect::Emit(_))) {
            let input =
                Input::PersistFailed { effects, message: "the disk is full".to_owned(), host_calls: Vec::new() };
            effects = self.turn.handle(&mut self.conversation, self.clock, input);
        }
        self.add(effects);
    }

    fn handle(&mut self, line: &str) -> Vec<Effect> {
        let mut input = input(line);
        if let Input::HostCalls(_, limits) = &mut input {
            *limits = self.limits;
        }
        if let Input::LimitsChanged(limits) = input {
            self.limits = limits;
            if self.is_host {
                self.config.max_images = self.config.max_images.max(limits.max_images);
            }
        }
        self.turn.handle(&mut self.conversation, self.clock, input)
    }

    fn add(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.text.push_str(&render::effect(&effect));
            self.text.push('\n');
            self.effects.push(effect);
        }
    }
}

/// Returns the items of earlier turns, each with a message of the user and an answer.
fn old_turns(count: usize) -> Vec<ResponseItem> {
    let turn = |number: usize| {
        let question = ContentItem::InputText { text: format!("Question {number}").into() };
        let answer = ContentItem::OutputText { text: "Answer ".repeat(20).into() };
        [(MessageRole::User, question), (MessageRole::Assistant, answer)]
    };
    let message = |(role, content)| ResponseItem::Message { role, content: vec![content] };
    (1..=count).flat_map(turn).map(message).collect()
}

fn input(line: &str) -> Input {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (id, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let (id, text) = (id.to_owned(), text.replace('_', " "));
    match word {
        "reason" => reasoning(id, ReasoningEvent::Started),
        "part" => reasoning(id, ReasoningEvent::PartAdded(part(&text))),
        "think" => {
            let (number, delta) = text.split_once(' ').unwrap_or((&text, ""));
            reasoning(id, ReasoningEvent::Delta { part: part(number), delta: delta.to_owned() })
        }
        "reasoned" => reasoning(id, completed_reasoning(text, None)),
        "kept" => {
            let model_item = ResponseItem::Reasoning {
                id: Some(id.clone()),
                summary: Vec::new(),
                content: None,
                encrypted_content: format!("secret of {id}").into(),
            };
            reasoning(id, completed_reasoning(text, Some(model_item)))
        }
        "delta" => Input::ModelEvent(ModelEvent::TextDelta { item_id: id.into(), delta: text }),
        "message" => Input::ModelEvent(ModelEvent::Message { item_id: id.into(), text }),
        "call" => Input::ModelEvent(ModelEvent::FunctionCall(FunctionCall {
            call_id: id.into(),
            namespace: Some("image_gen".to_owned()),
            name: "imagegen".to_owned(),
            arguments: arguments(rest),
        })),
        "host" => {
            let call = FunctionCall {
                call_id: id.as_str().into(),
                namespace: Some("image_gen".to_owned()),
                name: "imagegen".to_owned(),
                arguments: arguments(rest),
            };
            Input::HostCalls(vec![HostCall { item_id: id.into(), call, images: Vec::new() }], limits(None, 16))
        }
        "tool" => {
            let arguments = "{}".to_owned();
            Input::ModelEvent(ModelEvent::FunctionCall(FunctionCall {
                call_id: id.into(),
                namespace: None,
                name: text,
                arguments,
            }))
        }
        "hosted" => {
            let (requested, references) = (requested(&text), Vec::new());
            Input::ModelEvent(ModelEvent::HostedStarted { call_id: id.into(), requested, references })
        }
        "done" => {
            let input_tokens = id.parse().unwrap_or_default();
            let usage = TokenUsage { total_tokens: 10, input_tokens, ..TokenUsage::default() };
            Input::ModelEvent(ModelEvent::Completed { usage })
        }
        "fail" => Input::ResponseFailed(ModelError {
            message: rest.to_owned(),
            info: CodexErrorInfo::RateLimitExceeded,
            was_refused: true,
        }),
        "long" => {
            let info = CodexErrorInfo::ContextWindowExceeded;
            Input::ResponseFailed(ModelError { message: "it is too long".to_owned(), info, was_refused: true })
        }
        "preview" => {
            let facts = record("P").facts;
            Input::Preview {
                item_id: id.into(),
                file: PreviewFile { index: 0, path: "/home/P.preview.png".into(), facts },
            }
        }
        "made" => {
            let records = text.split_whitespace().map(record).collect();
            Input::CallEnded {
                item_id: id.into(),
                outcome: Ok(CallOutput { records, generation_id: None, missing: None }),
            }
        }
        "partly" => {
            let records = text.split_whitespace().map(record).collect();
            let missing = Some(Box::new(error("timeout")));
            Input::CallEnded { item_id: id.into(), outcome: Ok(CallOutput { records, generation_id: None, missing }) }
        }
        "failed" => Input::CallEnded { item_id: id.into(), outcome: Err(Box::new(error(&text))) },
        "need" => Input::ApprovalNeeded { item_id: id.into() },
        "decided" => Input::ApprovalEnded { item_id: id.into() },
        "steer" => Input::Steer(Box::new(steer_message(&id, &text))),
        "withdraw" => Input::LimitsChanged(limits(Some(HeldBackReason::ImageGenerationOff), 16)),
        "restore" => Input::LimitsChanged(limits(None, 16)),
        "lower" => Input::LimitsChanged(limits(None, id.parse().unwrap())),
        "refuse" => Input::HostedRefused(rest.to_owned()),
        "exceed" => Input::HostedOverLimit(rest.to_owned()),
        "interrupt" => Input::Interrupt,
        "closed" => Input::ResponseClosed { has_lost_image: rest == "lost" },
        other => panic!("unknown input: {other}"),
    }
}

fn limits(withdrawn: Option<HeldBackReason>, max_images: u32) -> CallLimits {
    CallLimits { withdrawn, max_images }
}

fn reasoning(item_id: String, event: ReasoningEvent) -> Input {
    Input::ModelEvent(ModelEvent::Reasoning { item_id: item_id.into(), event })
}

/// Returns a part of the summary, such as `s0`, or of the reasoning itself, such as `c0`.
fn part(name: &str) -> ReasoningPart {
    match name.split_at(1) {
        ("s", number) => ReasoningPart::Summary(number.parse().unwrap()),
        (_, number) => ReasoningPart::Content(number.parse().unwrap()),
    }
}

fn completed_reasoning(text: String, model_item: Option<ResponseItem>) -> ReasoningEvent {
    let summary = if text.is_empty() { Vec::new() } else { vec![text] };
    ReasoningEvent::Completed { summary, content: Vec::new(), model_item }
}

fn steer_message(id: &str, text: &str) -> SteerMessage {
    let content = vec![ContentItem::InputText { text: text.into() }];
    SteerMessage {
        id: id.into(),
        client_id: None,
        content: vec![UserInput::Text { text: text.into(), text_elements: Vec::new() }],
        attachments: Vec::new(),
        model_item: ResponseItem::Message { role: MessageRole::User, content },
    }
}

/// Returns the arguments of a call from JSON or from a prompt.
fn arguments(rest: &str) -> String {
    let text = rest.split_once(' ').map_or("", |(_, text)| text);
    if text == "null" || text.starts_with(['{', '[']) {
        text.to_owned()
    } else {
        serde_json::json!({ "prompt": text }).to_string()
    }
}

fn error(kind: &str) -> ImageError {
    let kind = serde_json::from_value::<ImageErrorKind>(kind.into()).unwrap();
    image_error(kind, "it did not work")
}
