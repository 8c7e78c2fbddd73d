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
/// Fails if it is not valid JSON or exceeds a limit.
pub(in super::super) fn parse_response(data: &[u8]) -> Result<StreamEvent, InvalidEvent> {
    let raw: RawResponse<'_> = parse_json(data)?;
    if raw.output.is_none() {
        return if raw.error.is_some() {
            Ok(StreamEvent::Error(parse_error(data)?))
        } else {
            Err(InvalidEvent::NotJson)
        };
    }
    Ok(StreamEvent::Ended(parse_final_response(&raw, ResponseStatus::Completed)?))
}

/// Parses the last event of a stream. `status` is that of its name.
pub(super) fn parse_ended(raw: Option<&RawValue>, status: ResponseStatus) -> Result<StreamEvent, InvalidEvent> {
    let raw: RawResponse<'_> = parse_json(raw.ok_or(InvalidEvent::NotJson)?.get().as_bytes())?;
    Ok(StreamEvent::Ended(parse_final_response(&raw, status)?))
}

/// Parses a response that has ended. `status` is the status of its event, for a response without its own.
fn parse_final_response(raw: &RawResponse<'_>, status: ResponseStatus) -> Result<FinalResponse, InvalidEvent> {
    let output = raw.output.map(|raw| RawItems::parse(raw.get())).transpose()?.unwrap_or_default();
    let status = match parse_name(raw.status, MAX_ID_CHARS)?.as_str() {
        "failed" | "cancelled" => ResponseStatus::Failed,
        "incomplete" => ResponseStatus::Incomplete,
        _ => status,
    };
    let reason = parse_small(raw.incomplete_details).and_then(|details| details["reason"].as_str().map(str::to_owned));
    Ok(FinalResponse {
        status,
        output: (0..).zip(output.0).map(|(at, raw)| parse_item(raw, Some(at))).collect::<Result<_, _>>()?,
        usage: parse_small(raw.usage).as_ref().map(parse_usage).unwrap_or_default(),
        error: raw.error.and_then(parse_error_fields),
        reason,
    })
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
