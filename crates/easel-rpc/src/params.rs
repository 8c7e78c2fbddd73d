//! Params to a type, and a message that names the field when they do not fit.

use jsonrpsee::types::ErrorObjectOwned;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::invalid_params;
use crate::fault::{Fault, read_value};
use crate::wording::reason;

/// Most bytes of params in which a fault is looked for where serde does not say where it is.
const SEARCHED: usize = 64 << 10;

/// Parses params; absent and `null` mean `{}`.
///
/// # Errors
/// −32602 that names the first wrong or missing field and never quotes what the client sent there.
pub fn parse_params<P: DeserializeOwned>(params: Option<&str>) -> Result<P, ErrorObjectOwned> {
    let text = match params.map(str::trim) {
        None | Some("" | "null") => "{}",
        Some(text) => text,
    };
    // Serde takes an array for a struct by position, which no client can mean.
    if !text.starts_with('{') {
        return Err(invalid_params("params", "is not an object"));
    }
    // Tracking the path is slow, so only params that are already known to be wrong pay for it.
    serde_json::from_str(text).map_err(|plain| {
        let Fault { field, reason } = fault::<P>(text, &plain);
        invalid_params(&field, &reason)
    })
}

fn fault<P: DeserializeOwned>(text: &str, plain: &serde_json::Error) -> Fault {
    // A value says more of itself than its text does, but there are wrong texts of right values.
    let value = if text.len() <= SEARCHED { serde_json::from_str::<Value>(text).ok() } else { None };
    if let Some(fault) = value.and_then(|value| read_value::<P>(&value).err()) {
        return fault;
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, P>(&mut deserializer) {
        Ok(_) => Fault::new(".".to_owned(), reason(&plain.to_string())),
        Err(error) => Fault::new(error.path().to_string(), reason(&error.inner().to_string())),
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
    fn a_refusal_names_the_field_and_does_not_quote_the_value() {
        insta::assert_snapshot!(
            [
                refusal("{}"),
                refusal("null"),
                refusal(r#"{"threadId":"sk-secret\", expected x"}"#),
                refusal(r#"{"threadId":1,"input":[{"type":"text","text":5}]}"#),
                refusal(r#"{"threadId":1,"input":[{"type":"text"}]}"#),
                refusal(r#"{"threadId":1,"input":[{"type":"sk-secret"}]}"#),
                refusal(r#"{"threadId":1,"input":[],"effort":"sk-secret"}"#),
                refusal("[1]"),
                refusal("5"),
            ]
            .join("\n"),
            @r#"
        -32602 Invalid params: `threadId`: is missing {"field":"threadId"}
        -32602 Invalid params: `threadId`: is missing {"field":"threadId"}
        -32602 Invalid params: `threadId`: invalid type: string, expected a whole number from 0 on {"field":"threadId"}
        -32602 Invalid params: `input[0].text`: invalid type: integer `5`, expected a string {"field":"input[0].text"}
        -32602 Invalid params: `input[0].text`: is missing {"field":"input[0].text"}
        -32602 Invalid params: `input[0].type`: unknown value, expected `text` {"field":"input[0].type"}
        -32602 Invalid params: `effort`: unknown value, expected `low` {"field":"effort"}
        -32602 Invalid params: `params`: is not an object {"field":"params"}
        -32602 Invalid params: `params`: is not an object {"field":"params"}
        "#
        );
    }

    #[test]
    fn unknown_fields_are_ignored_and_absent_params_are_an_empty_object() {
        #[derive(Deserialize)]
        struct Nothing {}
        assert!(parse_params::<Nothing>(None).is_ok());
        assert!(parse_params::<Nothing>(Some(" null ")).is_ok());
        assert!(parse_params::<Nothing>(Some(r#"{"x":1}"#)).is_ok());
    }
}
