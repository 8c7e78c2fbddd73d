//! Completion of truncated JSON.

use serde::de::IgnoredAny;

/// Completes a truncated JSON text: drops the last incomplete field, and closes all objects and arrays.
///
/// Returns `None` if the result is not JSON.
pub(in super::super) fn complete_truncated_json(text: &[u8]) -> Option<Vec<u8>> {
    let (mut closers, mut in_string, mut after_backslash) = (Vec::new(), false, false);
    // The last comma outside strings, and how many objects and arrays were open there.
    let mut last_comma = None;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if after_backslash => after_backslash = false,
            b'\\' if in_string => after_backslash = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => closers.push(b'}'),
            b'[' => closers.push(b']'),
            b'}' | b']' => {
                closers.pop();
                last_comma = last_comma.filter(|(_, depth)| *depth <= closers.len());
            }
            b',' => last_comma = Some((at, closers.len())),
            _ => {}
        }
    }
    let close = |len: usize, depth: usize| {
        let closed: Vec<u8> = text[..len].iter().chain(closers[..depth].iter().rev()).copied().collect();
        serde_json::from_slice::<IgnoredAny>(&closed).is_ok().then_some(closed)
    };
    close(text.len(), closers.len()).or_else(|| last_comma.and_then(|(at, depth)| close(at, depth)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(text: &str) -> Option<String> {
        complete_truncated_json(text.as_bytes()).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn incomplete_field_is_dropped() {
        for (truncated, json) in [
            (r#"{"item":{"id":"ig_1","result":0"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"id":"ig_1","result":0,"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"id":"ig_1","result":0,"revised_prompt":"a \"{,"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"result":0},"seq"#, r#"{"item":{"result":0}}"#),
            (r#"{"output":[{"a":1,"b":2},{"result":0,"x":tr"#, r#"{"output":[{"a":1,"b":2},{"result":0}]}"#),
            (r#"{"output":[{"a":1,"b":2}"#, r#"{"output":[{"a":1,"b":2}]}"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(complete(truncated).as_deref(), Some(json), "{truncated}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_rejected() {
        for text in ["", "]", "{\"a\"", "<html>", "{]}}"] {
            assert_eq!(complete(text), None, "{text}");
        }
    }
}
