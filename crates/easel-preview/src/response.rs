//! A response of the rule as model events: a call of the tool, a hosted image, or a sentence.

mod structured;

use std::time::Duration;

use easel_imagegen::capability::Capabilities;
use easel_imagegen::port::{
    FunctionCall, GeneratedImages, ImageJob, ModelEvent, ModelRequest, Preview, Reference, SendGate,
};
use easel_imagegen::references::{self, ImageRef};
use easel_imagegen::spec;
use easel_protocol::event::TokenUsage;
use easel_protocol::id::{CallId, ItemId};
use easel_protocol::record::{AppliedImage, ImageAction, ImageError, RequestedImage};
use easel_protocol::tool::ToolExposure;
use serde_json::{Map, Value};

use crate::conversation::{self, Conversation, ToolOutput};
use crate::rule::{Drawer, Outcome, Rule, closing_sentence, decide};
use crate::size;

/// Time limit for a hosted image. For the standalone tool the thread sets one.
const HOSTED_DEADLINE: Duration = Duration::from_secs(600);

const NO_TOOL: &str = "I made no picture, because no image tool is offered to me in this turn. `tool/list` gives \
    the reasons.";

/// The events of a response, and the hosted image that is still to be drawn.
#[derive(Debug)]
pub(crate) struct RuleResponse {
    pub(crate) events: Vec<ModelEvent>,
    pub(crate) hosted: Option<HostedCall>,
}

/// A hosted image that was started.
#[derive(Debug)]
pub(crate) struct HostedCall {
    requested: RequestedImage,
    references: Result<Vec<Reference>, ImageError>,
    ids: Ids,
    input_tokens: i64,
    partial_images: u32,
}

impl HostedCall {
    /// Returns the event of a preview.
    pub(crate) fn to_preview_event(&self, preview: Preview) -> ModelEvent {
        ModelEvent::HostedPreview { call_id: self.ids.hosted(), preview }
    }

    /// Returns the job to draw.
    ///
    /// # Errors
    /// The conversation has no image to edit.
    pub(crate) fn to_job(&self) -> Result<ImageJob, ImageError> {
        Ok(ImageJob {
            // The preview sends nothing anywhere.
            idempotency_key: String::new(),
            originator: String::new(),
            item_id: self.ids.hosted().as_str().into(),
            requested: self.requested.clone(),
            references: self.references.clone()?,
            mask: None,
            deadline: HOSTED_DEADLINE,
            partial_images: self.partial_images,
            gate: SendGate::open(),
        })
    }

    /// Returns the events of the completed image and the sentence after it.
    pub(crate) fn to_end_events(&self, outcome: Result<GeneratedImages, ImageError>) -> Vec<ModelEvent> {
        let RequestedImage { action, prompt, .. } = &self.requested;
        let sentence = match &outcome {
            Ok(generated) => {
                let applied = generated.images.first().and_then(|image| image.applied.size.as_deref());
                let size = applied.and_then(|size| size::parse(Some(size)).ok());
                closing_sentence(prompt, &to_outcome(*action, size), Drawer::Preview)
            }
            Err(error) => closing_sentence(prompt, &Outcome::Failed { reason: &error.message }, Drawer::Preview),
        };
        let mut events = vec![ModelEvent::HostedEnded { call_id: self.ids.hosted(), outcome }];
        events.extend(message_events(&self.ids, &sentence, self.input_tokens));
        events
    }
}

/// The ids of one response.
#[derive(Clone, Debug)]
pub(crate) struct Ids(u128);

impl Ids {
    fn call(&self) -> CallId {
        format!("call_preview_{:032x}", self.0).into()
    }

    fn hosted(&self) -> CallId {
        format!("ig_preview_{:032x}", self.0).into()
    }

    fn message(&self) -> ItemId {
        format!("msg_preview_{:032x}", self.0).into()
    }
}

/// Responds to a request. `number` makes the ids of the response unique: no other response may have it, not even one of
/// another process, because forks and restarted threads repeat the same conversation.
pub(crate) fn respond(
    request: &ModelRequest,
    number: u128,
    capabilities: &Capabilities,
    drawer: Drawer,
) -> RuleResponse {
    let ids = Ids(number);
    let input_tokens = estimate_tokens(conversation::count_characters(&request.input));
    let conversation = Conversation::read(&request.history);
    let say = |text: &str| RuleResponse { events: message_events(&ids, text, input_tokens), hosted: None };
    if let Some(schema) = &request.output_schema {
        return say(&structured::fill(schema, &conversation.text).to_string());
    }
    if let Some(output) = &conversation.output {
        return say(&closing_text(output, &conversation.text, drawer));
    }
    let (action, prompt) =
        match decide(&conversation.text, conversation.attached, conversation.generated_before, drawer) {
            Rule::Reply { text } => return say(text),
            Rule::Generate { prompt } => (ImageAction::Generate, prompt),
            Rule::Edit { prompt } => (ImageAction::Edit, prompt),
        };
    let parameters = match size::find_parameters(&prompt, drawer) {
        Ok(parameters) => parameters,
        Err(error) => return say(&error.to_string()),
    };
    let parameters = keep_offered(parameters, &request.tools);
    let requested = RequestedImage { action, prompt, parameters };
    match request.exposure {
        ToolExposure::None => say(NO_TOOL),
        ToolExposure::Standalone => RuleResponse { events: call_events(&ids, &requested, input_tokens), hosted: None },
        ToolExposure::Hosted => {
            let references = match action {
                ImageAction::Generate => Ok(Vec::new()),
                ImageAction::Edit => resolve_hosted_references(request, capabilities.max_references),
            };
            let started = ModelEvent::HostedStarted {
                call_id: ids.hosted(),
                requested: requested.clone(),
                references: references.clone().unwrap_or_default(),
            };
            let partial_images = request.partial_images;
            let hosted = HostedCall { requested, references, ids, input_tokens, partial_images };
            RuleResponse { events: vec![started], hosted: Some(hosted) }
        }
    }
}

/// Leaves out the parameters that the standalone tool does not have. The provider that draws decides which it has, and
/// the hosted tool describes none.
fn keep_offered(parameters: AppliedImage, tools: &[Value]) -> AppliedImage {
    let mut properties = tools.iter().filter_map(|tool| tool.pointer("/tools/0/parameters/properties"));
    let Some(properties) = properties.next() else { return parameters };
    let is_offered = |name: &str| properties.get(name).is_some();
    AppliedImage {
        size: parameters.size.filter(|_| is_offered("size")),
        background: parameters.background.filter(|_| is_offered("background")),
        ..parameters
    }
}

/// Returns the images that the hosted tool edits: those that the standalone tool would edit if the call selected none.
fn resolve_hosted_references(request: &ModelRequest, limit: usize) -> Result<Vec<Reference>, ImageError> {
    let chosen = references::from_history(&conversation::shown_images(request), limit)?;
    let known = chosen.into_iter().filter_map(|chosen| match chosen {
        ImageRef::Handle(reference) => Some(reference),
        ImageRef::Path(_) => None,
    });
    Ok(known.collect())
}

/// Returns the sentence that follows a call, from its arguments and its output.
fn closing_text(output: &ToolOutput<'_>, text: &str, drawer: Drawer) -> String {
    let arguments: Value = output.arguments.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let prompt = arguments["prompt"].as_str().unwrap_or(text);
    let action = if arguments["action"] == "edit" { ImageAction::Edit } else { ImageAction::Generate };
    match (output.image, output.texts.first()) {
        (None, Some(reason)) => closing_sentence(prompt, &Outcome::Rejected { reason }, drawer),
        (image, _) => closing_sentence(prompt, &to_outcome(action, image.flatten()), drawer),
    }
}

fn to_outcome(action: ImageAction, size: Option<(u32, u32)>) -> Outcome<'static> {
    match action {
        ImageAction::Generate => Outcome::Generated { size },
        ImageAction::Edit => Outcome::Edited { size },
    }
}

fn call_events(ids: &Ids, requested: &RequestedImage, input_tokens: i64) -> Vec<ModelEvent> {
    let AppliedImage { size, background, .. } = &requested.parameters;
    let mut arguments = Map::new();
    arguments.insert("prompt".to_owned(), Value::from(requested.prompt.as_str()));
    if requested.action == ImageAction::Edit {
        arguments.insert("action".to_owned(), Value::from("edit"));
    }
    for (name, value) in [("size", size), ("background", background)] {
        if let Some(value) = value {
            arguments.insert(name.to_owned(), Value::from(value.as_str()));
        }
    }
    let arguments = Value::Object(arguments).to_string();
    let usage = estimate_usage(input_tokens, &arguments);
    let call = FunctionCall {
        call_id: ids.call(),
        namespace: Some(spec::NAMESPACE.to_owned()),
        name: spec::FUNCTION.to_owned(),
        arguments,
    };
    vec![ModelEvent::FunctionCall(call), ModelEvent::Completed { usage }]
}

/// Returns the events of a message: a delta for each word, then the complete message.
fn message_events(ids: &Ids, text: &str, input_tokens: i64) -> Vec<ModelEvent> {
    let item_id = ids.message();
    let delta = |word: &str| ModelEvent::TextDelta { item_id: item_id.clone(), delta: word.to_owned() };
    let mut events: Vec<ModelEvent> = text.split_inclusive(' ').map(delta).collect();
    events.push(ModelEvent::Message { item_id, text: text.to_owned() });
    events.push(ModelEvent::Completed { usage: estimate_usage(input_tokens, text) });
    events
}

/// Estimates tokens at four characters each. Nobody pays for them, but clients show them.
fn estimate_tokens(characters: usize) -> i64 {
    i64::try_from(characters.div_ceil(4)).unwrap_or(i64::MAX)
}

fn estimate_usage(input_tokens: i64, output: &str) -> TokenUsage {
    let output_tokens = estimate_tokens(output.chars().count());
    let total_tokens = input_tokens.saturating_add(output_tokens);
    TokenUsage { total_tokens, input_tokens, output_tokens, ..TokenUsage::default() }
}

#[cfg(test)]
mod tests;
