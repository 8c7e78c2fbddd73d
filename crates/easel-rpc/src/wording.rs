//! Serde's complaints in the words of JSON, without what the client sent.

/// The complaint without the position in the text, without the client's own text, which may be a key or an image, and
/// without the names of Rust's types.
pub(crate) fn reason(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(head, _)| head);
    if let (true, Some((_, expected))) = (message.starts_with("unknown variant "), message.rsplit_once("`, expected "))
    {
        return format!("unknown value, expected {expected}");
    }
    for kind in ["invalid type", "invalid value"] {
        let Some(found) = message.strip_prefix(kind).and_then(|rest| rest.strip_prefix(": ")) else { continue };
        let string = found.strip_prefix("string").and_then(|found| found.rsplit_once("\", expected "));
        let split = string.map(|(_, expected)| ("string", expected)).or_else(|| found.split_once(", expected "));
        let Some((found, expected)) = split else { continue };
        return format!("{kind}: {}, expected {}", in_json(found), in_json(expected));
    }
    message.to_owned()
}

/// The name of the field that a complaint says is missing or there twice, and which of both.
pub(crate) fn missing_field(complaint: &str) -> Option<(&str, &'static str)> {
    [("missing field `", "is missing"), ("duplicate field `", "is there twice")].into_iter().find_map(|(kind, said)| {
        let field = complaint.strip_prefix(kind)?.strip_suffix('`')?;
        Some((field, said))
    })
}

/// What serde calls a kind of value, as JSON calls it.
fn in_json(kind: &str) -> &str {
    match kind {
        "sequence" => "list",
        "a sequence" => "a list",
        "map" => "object",
        "a map" => "an object",
        "unit" | "unit value" => "null",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        // Of a closed set, each a word.
        "string or map" | "variant identifier" => "a string",
        named if named.starts_with("struct ") || named.contains("enum ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_speaks_of_json_and_quotes_no_text() {
        for (said, expected) in [
            (
                "invalid type: sequence, expected struct Start at line 1 column 9",
                "invalid type: list, expected an object",
            ),
            ("invalid type: map, expected a sequence", "invalid type: object, expected a list"),
            (
                "invalid type: string \"sk-\", expected x\", expected u64",
                "invalid type: string, expected a whole number from 0 on",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "invalid value: integer `-1`, expected a whole number from 0 to 4294967295",
            ),
            (
                "invalid type: integer `7`, expected internally tagged enum Input",
                "invalid type: integer `7`, expected an object",
            ),
            ("unknown variant `sk-secret`, expected `a` or `b`", "unknown value, expected `a` or `b`"),
            ("missing field `a`", "missing field `a`"),
            ("invalid type: odd", "invalid type: odd"),
        ] {
            assert_eq!(reason(said), expected);
        }
    }
}
