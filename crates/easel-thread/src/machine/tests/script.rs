//! Plays a script. Its first lines may set the scene: `offer hosted`, `offer none`, `max 2`, `attach A B`, `taken ID`,
//! `lost begin`. Then one input a line; `lost` before it means that history does not take what follows from it.

use easel_imagegen::port::{FunctionCall, ModelError, image_error};
use easel_protocol::event::TokenUsage;
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::item::UserMessageItem;
use easel_protocol::record::{ImageError, ImageErrorKind};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::{HeldBackReason, ToolExposure};
use easel_protocol::turn::CodexErrorInfo;

use super::super::{Effect, Input, Outcome, Shown, Steered, Turn, TurnRules};
use crate::conversation::Conversation;
use crate::fakes::images::{attachment, capabilities, record, requested};
use crate::fakes::render;

/// A turn on the stage, with all that it has decided so far.
pub(super) struct Stage {
    pub(super) turn: Turn,
    pub(super) conversation: Conversation,
    pub(super) effects: Vec<Effect>,
    pub(super) rules: TurnRules,
    text: String,
    clock: i64,
}

/// Everything that a script leads to, one line each, below the input that led to it.
pub(super) fn play(script: &str) -> String {
    let mut lines = script.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let mut stage = Stage::set(std::iter::from_fn(|| lines.next_if(|line| is_scene(line))));
    for line in lines {
        stage.play(line);
    }
    stage.text
}

/// What the script's last line leads to.
pub(super) fn last(script: &str) -> String {
    let all = play(script);
    let (_, after) = all.rsplit_once("> ").unwrap().1.split_once('\n').unwrap();
    after.to_owned()
}

pub(super) fn is_scene(line: &str) -> bool {
    ["offer ", "max ", "attach ", "taken "].iter().any(|start| line.starts_with(start))
}

impl Stage {
    pub(super) fn set<'a>(scene: impl Iterator<Item = &'a str>) -> Self {
        let mut conversation = Conversation::default();
        let mut rules = TurnRules {
            exposure: ToolExposure::Standalone,
            capabilities: capabilities(),
            detail: ImageDetail::High,
            max_images: 16,
        };
        for line in scene {
            match line.split_once(' ').unwrap() {
                ("offer", "hosted") => rules.exposure = ToolExposure::Hosted,
                ("offer", _) => rules.exposure = ToolExposure::None,
                ("max", count) => rules.max_images = count.parse().unwrap(),
                ("attach", names) => conversation.attach(&names.split(' ').map(attachment).collect::<Vec<_>>()),
                ("taken", id) => assert_eq!(conversation.unique_id(id), id),
                (other, _) => panic!("no such scene: {other}"),
            }
        }
        let message = UserMessageItem {
            id: "user_1".into(),
            client_id: None,
            content: vec![UserInput::Text { text: "Draw".into(), text_elements: Vec::new() }],
            started_at_ms: 0,
            completed_at_ms: None,
        };
        let content = vec![ContentItem::InputText { text: "Draw".into() }];
        let input = ResponseItem::Message { role: MessageRole::User, content };
        let (turn, effects) = Turn::begin("thread", "turn", rules.clone(), message, input.clone());
        conversation.open_turn("user_1", &[], input);
        let text = String::new();
        let mut stage = Self { turn, conversation, effects: Vec::new(), rules, text, clock: 0 };
        stage.add(effects);
        stage
    }

    pub(super) fn play(&mut self, line: &str) {
        self.text.push_str(&format!("> {line}\n"));
        let (lost, line) = line.strip_prefix("lost ").map_or((false, line), |line| (true, line));
        self.clock += 1_000;
        let mut effects = self.turn.step(&mut self.conversation, self.clock, input(line));
        // As the actor has it: what holds no event is not written, so it cannot be lost.
        if lost && effects.iter().any(|effect| matches!(effect, Effect::Emit(_))) {
            effects = self.turn.unwritten(&mut self.conversation, self.clock, effects, "the disk is full");
        }
        self.add(effects);
    }

    fn add(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.text.push_str(&render::effect(&effect));
            self.text.push('\n');
            self.effects.push(effect);
        }
    }
}

fn input(line: &str) -> Input {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (id, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let (id, text) = (id.to_owned(), text.replace('_', " "));
    match word {
        "delta" => Input::TextDelta { item_id: id, delta: text },
        "message" => Input::Message { item_id: id, text },
        "call" => Input::FunctionCall(FunctionCall {
            call_id: id,
            namespace: Some("image_gen".to_owned()),
            name: "imagegen".to_owned(),
            arguments: arguments(rest),
        }),
        "tool" => {
            Input::FunctionCall(FunctionCall { call_id: id, namespace: None, name: text, arguments: "{}".to_owned() })
        }
        "hosted" => Input::HostedStarted { call_id: id, requested: requested(&text), references: Vec::new() },
        "done" => Input::AnswerCompleted { usage: TokenUsage { total_tokens: 10, ..TokenUsage::default() } },
        "fail" => Input::AnswerFailed(ModelError { message: rest.to_owned(), info: CodexErrorInfo::RateLimitExceeded }),
        "preview" => {
            let facts = record("P").facts;
            Input::Previewed {
                item_id: id.into(),
                shown: Shown { index: 0, path: "/home/P.preview.png".into(), facts },
            }
        }
        "made" => {
            let records = text.split_whitespace().map(record).collect();
            Input::CallEnded {
                item_id: id.into(),
                outcome: Ok(Outcome { records, generation_id: None, missing: None }),
            }
        }
        "partly" => {
            let records = text.split_whitespace().map(record).collect();
            let missing = Some(Box::new(error("timeout")));
            Input::CallEnded { item_id: id.into(), outcome: Ok(Outcome { records, generation_id: None, missing }) }
        }
        "failed" => Input::CallEnded { item_id: id.into(), outcome: Err(Box::new(error(&text))) },
        "steer" => Input::Steered(Box::new(steered(&id, &text))),
        "withdraw" => Input::Tightened { withdrawn: Some(HeldBackReason::ImageGenerationOff), max_images: 16 },
        "lower" => Input::Tightened { withdrawn: None, max_images: id.parse().unwrap() },
        "interrupt" => Input::Interrupt,
        other => panic!("no such input: {other}"),
    }
}

fn steered(id: &str, text: &str) -> Steered {
    let content = vec![ContentItem::InputText { text: text.into() }];
    Steered {
        id: id.into(),
        client_id: None,
        content: vec![UserInput::Text { text: text.into(), text_elements: Vec::new() }],
        attachments: Vec::new(),
        input: ResponseItem::Message { role: MessageRole::User, content },
    }
}

/// JSON as it stands, or the prompt of a call.
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
