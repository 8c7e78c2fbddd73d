//! Rewrites serde's messages in the terms of JSON, without the client's own text.
//!
//! Serde reports errors only as text, in the terms of Rust, and quotes the value, which may be a key or an image.

/// Returns serde's message without the position, the client's text and the names of Rust types.
pub(crate) fn to_reason(message: &str) -> String {
    let message = without_position(message);
    if let (true, Some((_, expected))) = (message.starts_with("unknown variant "), message.rsplit_once("`, expected "))
    {
        return format!("unknown value, expected {expected}");
    }
    for kind in ["invalid type", "invalid value"] {
        let Some(found) = message.strip_prefix(kind).and_then(|rest| rest.strip_prefix(": ")) else { continue };
        let string = found.strip_prefix("string").and_then(|found| found.rsplit_once("\", expected "));
        let split = string.map(|(_, expected)| ("string", expected)).or_else(|| found.split_once(", expected "));
        let Some((found, expected)) = split else { continue };
        return format!("{kind}: {}, expected {}", to_json_name(found), to_json_name(expected));
    }
    message.to_owned()
}

/// Removes the position that serde adds if it reads a text: ` at line 1 column 2`. The client's own text may contain
/// the same words, but not at the end.
fn without_position(message: &str) -> &str {
    let is_position = |(line, column): &(&str, &str)| [line, column].iter().all(|part| part.parse::<usize>().is_ok());
    match message.rsplit_once(" at line ") {
        Some((head, position)) if position.split_once(" column ").as_ref().is_some_and(is_position) => head,
        Some(_) | None => message,
    }
}

/// Returns the field that serde reports as missing or duplicate, and which of the two it is.
pub(crate) fn missing_field(message: &str) -> Option<(&str, &'static str)> {
    ["missing field", "duplicate field"].into_iter().find_map(|kind| {
        let field = message.strip_prefix(kind)?.strip_prefix(" `")?.strip_suffix('`')?;
        Some((field, kind))
    })
}

/// Translates serde's name for a kind of value into JSON's.
fn to_json_name(kind: &str) -> &str {
    match kind {
        "sequence" => "array",
        "a sequence" => "an array",
        "map" => "object",
        "a map" => "an object",
        "unit" | "unit value" => "null",
        "u8" => "an integer from 0 to 255",
        "u16" => "an integer from 0 to 65535",
        "u32" => "an integer from 0 to 4294967295",
        "u64" | "usize" => "a non-negative integer",
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer",
        "f32" | "f64" => "a number",
        // A value of a closed set of strings.
        "string or map" | "variant identifier" => "a string",
        named if named.starts_with("struct ") || named.contains("enum ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_uses_json_terms_and_quotes_no_text() {
        for (message, expected) in [
            (
                "invalid type: sequence, expected struct Start at line 1 column 9",
                "invalid type: array, expected an object",
            ),
            ("invalid type: map, expected a sequence", "invalid type: object, expected an array"),
            (
                "invalid type: string \"sk-\", expected x\", expected u64",
                "invalid type: string, expected a non-negative integer",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "invalid value: integer `-1`, expected an integer from 0 to 4294967295",
            ),
            (
                "invalid type: integer `7`, expected internally tagged enum Input",
                "invalid type: integer `7`, expected an object",
            ),
            ("unknown variant `sk-secret`, expected `a` or `b`", "unknown value, expected `a` or `b`"),
            (
                "unknown variant `sk-secret at line 3`, expected `a` or `b` at line 1 column 9",
                "unknown value, expected `a` or `b`",
            ),
            ("unknown variant `sk-secret at line 3 column 4`, expected `a`", "unknown value, expected `a`"),
            (
                "invalid type: string \"sk- at line 9\", expected struct Start",
                "invalid type: string, expected an object",
            ),
            ("missing field `a`", "missing field `a`"),
            ("invalid type: odd", "invalid type: odd"),
        ] {
            assert_eq!(to_reason(message), expected);
        }
    }
}
