//! Params to a type, and a message that names the field when they do not fit.

use jsonrpsee::types::ErrorObjectOwned;
use serde::de::DeserializeOwned;

use crate::error::invalid_params;

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
        let mut deserializer = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize::<_, P>(&mut deserializer) {
            Ok(_) => invalid_params(".", &reason(&plain.to_string())),
            Err(e) => located(&e.path().to_string(), &e.inner().to_string()),
        }
    })
}

fn located(path: &str, message: &str) -> ErrorObjectOwned {
    let reason = reason(message);
    let at = |field: &str| if path == "." { field.to_owned() } else { format!("{path}.{field}") };
    for (kind, said) in [("missing field `", "is missing"), ("duplicate field `", "is there twice")] {
        if let Some(field) = reason.strip_prefix(kind).and_then(|rest| rest.strip_suffix('`')) {
            return invalid_params(&at(field), said);
        }
    }
    invalid_params(path, &reason)
}

/// Takes the position and the client's own text out of serde's message: the text may be a key or an image.
fn reason(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(head, _)| head);
    for kind in ["invalid type: string", "invalid value: string"] {
        if let (true, Some((_, expected))) = (message.starts_with(kind), message.rsplit_once("\", expected ")) {
            return format!("{kind}, expected {expected}");
        }
    }
    if let (true, Some((_, expected))) = (message.starts_with("unknown variant "), message.rsplit_once("`, expected "))
    {
        return format!("unknown variant, expected {expected}");
    }
    message.to_owned()
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
        -32602 Invalid params: `threadId`: invalid type: string, expected u64 {"field":"threadId"}
        -32602 Invalid params: `input[0]`: invalid type: integer `5`, expected a string {"field":"input[0]"}
        -32602 Invalid params: `input[0].text`: is missing {"field":"input[0].text"}
        -32602 Invalid params: `input[0].type`: unknown variant, expected `text` {"field":"input[0].type"}
        -32602 Invalid params: `effort`: unknown variant, expected `low` {"field":"effort"}
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
