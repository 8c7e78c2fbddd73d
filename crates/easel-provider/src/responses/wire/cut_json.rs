//! JSON that was cut.

use serde::de::IgnoredAny;

/// Completes a JSON text that was cut: drops the last incomplete field and closes all objects and lists.
///
/// Returns `None` if the result is not JSON.
pub(in super::super) fn close_cut_json(text: &[u8]) -> Option<Vec<u8>> {
    let (mut closers, mut is_string, mut is_escape) = (Vec::new(), false, false);
    // The last comma outside strings, and how many objects and lists were open there.
    let mut last_comma = None;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escape => is_escape = false,
            b'\\' if is_string => is_escape = true,
            b'"' => is_string = !is_string,
            _ if is_string => {}
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

    fn closed(text: &str) -> Option<String> {
        close_cut_json(text.as_bytes()).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn incomplete_field_is_dropped() {
        for (cut, json) in [
            (r#"{"item":{"id":"ig_1","result":0"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"id":"ig_1","result":0,"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"id":"ig_1","result":0,"revised_prompt":"a \"{,"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"result":0},"seq"#, r#"{"item":{"result":0}}"#),
            (r#"{"output":[{"a":1,"b":2},{"result":0,"x":tr"#, r#"{"output":[{"a":1,"b":2},{"result":0}]}"#),
            (r#"{"output":[{"a":1,"b":2}"#, r#"{"output":[{"a":1,"b":2}]}"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(closed(cut).as_deref(), Some(json), "{cut}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_rejected() {
        for text in ["", "]", "{\"a\"", "<html>", "{]}}"] {
            assert_eq!(closed(text), None, "{text}");
        }
    }
}
