//! Parses params, with an error that names the field that does not fit.

use jsonrpsee::types::ErrorObjectOwned;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::invalid_params;
use crate::request::json_terms::to_reason;
use crate::request::param_error::{Check, ParamError, find_in_value};
use crate::request::request_params::count_values;

/// Maximum number of values in params that are searched for the field at fault, which takes memory for each.
const MAX_SEARCHED: usize = 10_000;

/// Parses params. Absent params and `null` mean `{}`.
///
/// # Errors
/// −32602, which names the first wrong or missing field and never quotes its value.
pub fn parse_params<P: DeserializeOwned>(params: Option<&str>) -> Result<P, ErrorObjectOwned> {
    parse_params_with(params, |text| serde_json::from_str(text))
}

/// Like [`parse_params`], with the function that deserializes them.
///
/// # Errors
/// As for [`parse_params`].
pub fn parse_params_with<P: DeserializeOwned>(
    params: Option<&str>,
    parse: fn(&str) -> serde_json::Result<P>,
) -> Result<P, ErrorObjectOwned> {
    let text = to_object(params)?;
    parse(text).map_err(|error| {
        let check = |value: &Value| parse(&value.to_string()).err().map(|error| to_reason(&error.to_string()));
        let ParamError { field, reason } = find_error(text, &error, &check);
        invalid_params(&field, &reason)
    })
}

/// Returns the text of an object, which absent params are too.
fn to_object(params: Option<&str>) -> Result<&str, ErrorObjectOwned> {
    let text = match params.map(str::trim) {
        None | Some("" | "null") => "{}",
        Some(text) => text,
    };
    // Serde also accepts an array for a struct, field by field, which no client intends.
    if !text.starts_with('{') {
        return Err(invalid_params("params", "expected an object"));
    }
    Ok(text)
}

/// Finds the field at fault in params that are known not to fit.
fn find_error(text: &str, error: &serde_json::Error, check: Check<'_>) -> ParamError {
    let unlocated = || ParamError::new(".".to_owned(), to_reason(&error.to_string()));
    if count_values(text) > MAX_SEARCHED {
        return unlocated();
    }
    // The error may also be one of the text, such as half of an escaped character.
    match serde_path_to_error::deserialize::<_, Value>(&mut serde_json::Deserializer::from_str(text)) {
        // A value that fits comes from a text with a duplicate key.
        Ok(value) => find_in_value(&value, check).unwrap_or_else(unlocated),
        Err(error) => ParamError::new(error.path().to_string(), to_reason(&error.inner().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", tag = "type")]
    enum Input {
        Text {
            #[expect(dead_code, reason = "only parsed")]
            text: String,
        },
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only parsed")]
    struct Start {
        thread_id: u64,
        input: Vec<Input>,
        effort: Option<Effort>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Effort {
        Low,
    }

    fn refusal(params: &str) -> String {
        let error = parse_params::<Start>(Some(params)).unwrap_err();
        format!("{} {} {}", error.code(), error.message(), error.data().unwrap().get())
    }

    #[test]
    fn error_names_the_field_and_not_the_value() {
        insta::assert_snapshot!(
            [
                refusal("{}"),
                refusal("null"),
                refusal(r#"{"threadId":"sk-secret\", expected x"}"#),
                refusal(r#"{"threadId":1,"input":[{"type":"text","text":5}]}"#),
                refusal(r#"{"threadId":1,"input":[{"type":"text"}]}"#),
                refusal(r#"{"threadId":1,"input":[{"type":"sk-secret"}]}"#),
                refusal(r#"{"threadId":1,"input":[],"effort":"sk-secret"}"#),
                refusal(r#"{"threadId":1,"input":[],"effort":7}"#),
                refusal(r#"{"threadId":1,"input":[],"effort":-1.5}"#),
                refusal(r#"{"threadId":1,"input":[],"effort":["low"]}"#),
                refusal("[1]"),
                refusal("5"),
            ]
            .join("\n"),
            @r#"
        -32602 Invalid params: `threadId`: missing field {"field":"threadId"}
        -32602 Invalid params: `threadId`: missing field {"field":"threadId"}
        -32602 Invalid params: `threadId`: invalid type: string, expected a non-negative integer {"field":"threadId"}
        -32602 Invalid params: `input[0].text`: invalid type: integer `5`, expected a string {"field":"input[0].text"}
        -32602 Invalid params: `input[0].text`: missing field {"field":"input[0].text"}
        -32602 Invalid params: `input[0].type`: unknown value, expected `text` {"field":"input[0].type"}
        -32602 Invalid params: `effort`: unknown value, expected `low` {"field":"effort"}
        -32602 Invalid params: `effort`: invalid type: integer `7`, expected a string {"field":"effort"}
        -32602 Invalid params: `effort`: invalid type: floating point `-1.5`, expected a string {"field":"effort"}
        -32602 Invalid params: `effort`: invalid type: array, expected a string {"field":"effort"}
        -32602 Invalid params: `params`: expected an object {"field":"params"}
        -32602 Invalid params: `params`: expected an object {"field":"params"}
        "#
        );
    }

    #[test]
    fn unknown_fields_are_ignored_and_absent_params_are_empty() {
        #[derive(Deserialize)]
        struct Nothing {}
        assert!(parse_params::<Nothing>(None).is_ok());
        assert!(parse_params::<Nothing>(Some(" null ")).is_ok());
        assert!(parse_params::<Nothing>(Some(r#"{"x":1}"#)).is_ok());
    }
}
