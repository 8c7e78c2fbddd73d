//! A response that has ended, in the last event of a stream or as a document of its own.

use easel_protocol::event::TokenUsage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::event::StreamEvent;
use super::item::{Item, parse_item};
use super::limits::{InvalidEvent, MAX_ID_CHARS, RawItems, parse_error_fields, parse_name, parse_small};
use super::{parse_error, parse_json};

/// A response that has ended, with success or not.
#[derive(Debug)]
pub(in super::super) struct FinalResponse {
    pub(in super::super) status: ResponseStatus,
    pub(in super::super) output: Vec<Item>,
    pub(in super::super) usage: TokenUsage,
    pub(in super::super) error: Option<Value>,
    /// Why the response is incomplete.
    pub(in super::super) reason: Option<String>,
    /// Why a part of the response is missing here. Its other items are not lost with it.
    pub(in super::super) invalid: Option<InvalidEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ResponseStatus {
    Completed,
    Incomplete,
    Failed,
}

/// The fields of a response that Easel uses.
#[derive(Deserialize)]
struct RawResponse<'a> {
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    incomplete_details: Option<&'a RawValue>,
}

/// Parses a response that was not streamed.
///
/// # Errors
///
/// Fails if it is not JSON or not a response.
pub(in super::super) fn parse_response(data: &[u8]) -> Result<StreamEvent, InvalidEvent> {
    let raw: RawResponse<'_> = parse_json(data)?;
    if raw.output.is_none() {
        return if raw.error.is_some() {
            Ok(StreamEvent::Error(parse_error(data)?))
        } else {
            Err(InvalidEvent::NotAResponse)
        };
    }
    Ok(StreamEvent::Ended(parse_final_response(&raw, ResponseStatus::Completed)))
}

/// Parses the last event of a stream. `status` is that of its name.
pub(super) fn parse_ended(raw: Option<&RawValue>, status: ResponseStatus) -> Result<StreamEvent, InvalidEvent> {
    let raw: RawResponse<'_> = parse_json(raw.ok_or(InvalidEvent::NotJson)?.get().as_bytes())?;
    Ok(StreamEvent::Ended(parse_final_response(&raw, status)))
}

/// Parses a response that has ended. `status` is the status of its event, for a response without its own.
fn parse_final_response(raw: &RawResponse<'_>, status: ResponseStatus) -> FinalResponse {
    let (raw_items, mut invalid) = raw.output.map(|raw| RawItems::parse(raw.get())).unwrap_or_default();
    let mut output = Vec::with_capacity(raw_items.0.len());
    for (at, raw) in (0..).zip(raw_items.0) {
        match parse_item(raw, Some(at)) {
            Ok(item) => output.push(item),
            Err(error) => invalid = invalid.or(Some(error)),
        }
    }
    let own_status = parse_name(raw.status, MAX_ID_CHARS).unwrap_or_else(|error| {
        invalid = invalid.or(Some(error));
        String::new()
    });
    let status = match own_status.as_str() {
        "failed" | "cancelled" => ResponseStatus::Failed,
        "incomplete" => ResponseStatus::Incomplete,
        _ => status,
    };
    let reason = parse_small(raw.incomplete_details).and_then(|details| details["reason"].as_str().map(str::to_owned));
    FinalResponse {
        status,
        output,
        usage: parse_small(raw.usage).as_ref().map(parse_usage).unwrap_or_default(),
        error: raw.error.and_then(parse_error_fields),
        reason,
        invalid,
    }
}

fn parse_usage(usage: &Value) -> TokenUsage {
    let count = |value: &Value| value.as_i64().unwrap_or(0).max(0);
    let input = &usage["input_tokens_details"];
    let (input_tokens, output_tokens) = (count(&usage["input_tokens"]), count(&usage["output_tokens"]));
    TokenUsage {
        total_tokens: usage["total_tokens"]
            .as_i64()
            .unwrap_or_else(|| input_tokens.saturating_add(output_tokens))
            .max(0),
        input_tokens,
        cached_input_tokens: count(&input["cached_tokens"]),
        cache_write_input_tokens: count(&input["cache_write_tokens"]),
        output_tokens,
        reasoning_output_tokens: count(&usage["output_tokens_details"]["reasoning_tokens"]),
    }
}
