//! Spans by the semantic conventions for generative AI: what the spans and fields of Easel are called there.

use std::fmt;

use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, StringValue};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer;
use tracing_subscriber::registry::LookupSpan;

/// The name of the agent, and the first part of the tool's name.
const AGENT: &str = "easel";
/// The name of the tool.
const TOOL: &str = "image_gen.imagegen";

/// Starts and ends a span of OpenTelemetry with each span of Easel that it knows.
pub(super) struct GenAiSpans {
    tracer: SdkTracer,
}

impl GenAiSpans {
    pub(super) fn new(tracer: SdkTracer) -> Self {
        Self { tracer }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for GenAiSpans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: layer::Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let Some((name, kind)) = fields.add_operation(span.name()) else { return };
        let ancestors = span.scope().skip(1);
        let parent = ancestors.filter_map(|ancestor| ancestor.extensions().get::<Context>().cloned()).next();
        let parent = parent.unwrap_or_default();
        let builder = self.tracer.span_builder(name).with_kind(kind).with_attributes(fields.attributes);
        let begun = self.tracer.build_with_context(builder, &parent);
        span.extensions_mut().insert(parent.with_span(begun));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: layer::Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let extensions = span.extensions();
        let Some(open) = extensions.get::<Context>() else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        if fields.is_error {
            open.span().set_status(Status::error(""));
        }
        open.span().set_attributes(fields.attributes);
    }

    fn on_close(&self, id: Id, context: layer::Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(open) = span.extensions_mut().remove::<Context>() {
            open.span().end();
        }
    }
}

/// The fields of a span, under the names of the conventions.
#[derive(Default)]
struct Fields {
    attributes: Vec<KeyValue>,
    model: String,
    is_error: bool,
}

impl Fields {
    /// Adds what the kind of the span implies. Returns its name and its role; `None` for a span that is not exported.
    fn add_operation(&mut self, span: &str) -> Option<(String, SpanKind)> {
        let (operation, subject, kind) = match span {
            "turn" => ("invoke_agent", AGENT, SpanKind::Internal),
            "image_call" => ("execute_tool", TOOL, SpanKind::Internal),
            "model_request" => ("chat", self.model.as_str(), SpanKind::Client),
            "image_request" => ("generate_content", self.model.as_str(), SpanKind::Client),
            _ => return None,
        };
        let name = format!("{operation} {subject}").trim_end().to_owned();
        self.attributes.push(KeyValue::new("gen_ai.operation.name", operation));
        match span {
            "turn" => self.attributes.push(KeyValue::new("gen_ai.agent.name", AGENT)),
            "image_call" => {
                self.attributes.push(KeyValue::new("gen_ai.tool.name", TOOL));
                self.attributes.push(KeyValue::new("gen_ai.tool.type", "function"));
            }
            "image_request" => self.attributes.push(KeyValue::new("gen_ai.output.type", "image")),
            _ => {}
        }
        Some((name, kind))
    }
}

/// Returns the name of a field in the conventions. A field without one is not exported.
fn attribute_name(field: &Field) -> Option<&'static str> {
    Some(match field.name() {
        "thread_id" => "gen_ai.conversation.id",
        "turn_id" => "easel.turn.id",
        "item_id" => "gen_ai.tool.call.id",
        "provider" => "gen_ai.provider.name",
        "model" => "gen_ai.request.model",
        "input_tokens" => "gen_ai.usage.input_tokens",
        "output_tokens" => "gen_ai.usage.output_tokens",
        "error" => "error.type",
        _ => return None,
    })
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.attributes.extend(attribute_name(field).map(|name| KeyValue::new(name, value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record_i64(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "model" {
            value.clone_into(&mut self.model);
        }
        self.is_error |= field.name() == "error";
        let value = StringValue::from(value.to_owned());
        self.attributes.extend(attribute_name(field).map(|name| KeyValue::new(name, value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
