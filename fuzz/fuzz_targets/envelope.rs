//! The envelope: a line is what a parser with all members in order says that it is.

#![no_main]

use std::fmt;

use arbitrary::Arbitrary;
use easel_rpc::fuzzing::{LineKind, classify_line};
use libfuzzer_sys::fuzz_target;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const MAX_ID: usize = 1024;
const MEMBERS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

#[derive(Arbitrary, Debug)]
enum Line<'a> {
    Raw(&'a [u8]),
    Members { members: Vec<(Member<'a>, Content<'a>)>, before: u8, after: u8 },
}

#[derive(Arbitrary, Debug)]
enum Member<'a> {
    Known(u8),
    Other(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Content<'a> {
    Null,
    Integer(i64),
    Number(f64),
    Text(&'a str),
    Raw(&'a str),
    Long(u16),
    Nested(u16),
}

fuzz_target!(|line: Line<'_>| {
    let bytes = line.into_bytes();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    let envelope = classify_line(&bytes);
    assert_eq!(envelope, expected(&bytes), "{:?}", String::from_utf8_lossy(&bytes));
    // An id is repeated as text, so it must not break the line of the response.
    if let LineKind::Request { id, .. } | LineKind::Invalid { id, .. } = &envelope {
        assert!(id == "null" || is_valid_id(id));
        assert!(!id.contains('\n') && id.len() <= MAX_ID);
    }
});

/// The members of an object in order, up to the first that cannot be read.
#[derive(Debug, Default)]
struct Members {
    members: Vec<(String, Box<RawValue>)>,
    /// Whether a key is not a text.
    is_broken: bool,
}

impl Members {
    fn parse(text: &str) -> Option<Self> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut found = Members::default();
                loop {
                    match map.next_key::<String>() {
                        Ok(Some(key)) => found.members.push((key, map.next_value()?)),
                        Ok(None) => return Ok(found),
                        Err(_) => return Ok(Members { is_broken: true, ..found }),
                    }
                }
            }
        }
        let mut found = None;
        // What follows a broken key is an error, but the members before it count.
        struct Keep<'a>(&'a mut Option<Members>);
        impl<'de> Visitor<'de> for Keep<'_> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
                *self.0 = Some(Visit.visit_map(map)?);
                Ok(())
            }
        }
        let _ = serde_json::Deserializer::from_str(text).deserialize_map(Keep(&mut found));
        found
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| value.get())
    }

    /// The id of an error response to a message of the wrong shape: it is there once, and no key is broken.
    fn error_id(&self) -> &str {
        let ids = self.members.iter().filter(|(key, _)| key == "id").count();
        self.get("id").filter(|id| ids == 1 && !self.is_broken && is_valid_id(id)).unwrap_or("null")
    }
}

fn expected(line: &[u8]) -> LineKind {
    let invalid = |id: &str, code| LineKind::Invalid { id: id.to_owned(), code };
    let Ok(text) = std::str::from_utf8(line) else { return invalid("null", PARSE_ERROR) };
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return invalid("null", PARSE_ERROR);
    }
    let code = |value: &str| if is_out_of_range(value) { PARSE_ERROR } else { INVALID_REQUEST };
    let Some(all) = Members::parse(text) else { return invalid("null", code(text)) };
    let mut method = None;
    for (at, (key, value)) in all.members.iter().enumerate() {
        let is_known = MEMBERS.contains(&key.as_str());
        if is_known && all.members[..at].iter().any(|(earlier, _)| earlier == key) {
            return invalid(all.error_id(), INVALID_REQUEST);
        }
        if key == "method" && value.get() != "null" {
            if !value.get().starts_with('"') {
                let is_parse_error = code(value.get()) == PARSE_ERROR;
                return invalid(if is_parse_error { "null" } else { all.error_id() }, code(value.get()));
            }
            match serde_json::from_str::<String>(value.get()) {
                Ok(name) => method = Some(name),
                Err(_) => return invalid("null", PARSE_ERROR),
            }
        }
    }
    if all.is_broken {
        return invalid("null", PARSE_ERROR);
    }
    let (id, result) = (all.get("id"), all.get("result"));
    let error = all.get("error").filter(|error| *error != "null");
    let Some(method) = method else {
        return if error.is_some() || result.is_some() {
            LineKind::Response { id: id.unwrap_or("null").to_owned(), is_error: error.is_some() }
        } else {
            invalid(all.error_id(), INVALID_REQUEST)
        };
    };
    match id {
        None => LineKind::Notification { method },
        Some(id) if !is_valid_id(id) => invalid("null", INVALID_REQUEST),
        Some(id) if error.is_some() || result.is_some_and(|result| result != "null") => invalid(id, INVALID_REQUEST),
        Some(id) => LineKind::Request { id: id.to_owned(), method },
    }
}

/// Whether the text is a number that is too large for a double, which the parser refuses where it must read it.
fn is_out_of_range(text: &str) -> bool {
    text.trim().parse().is_ok_and(f64::is_infinite)
}

fn is_valid_id(id: &str) -> bool {
    if id.starts_with('"') { id.len() <= MAX_ID } else { id.parse::<i64>().is_ok() && !id.starts_with('+') }
}

impl Line<'_> {
    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.to_vec(),
            Self::Members { members, before, after } => {
                let members =
                    members.into_iter().map(|(key, content)| format!("{}:{}", key.to_json(), content.to_json()));
                let object = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
                let space = |count: u8| " ".repeat(usize::from(count % 4));
                format!("{}{object}{}", space(before), space(after)).into_bytes()
            }
        }
    }
}

impl Member<'_> {
    fn to_json(&self) -> String {
        let key = match self {
            Self::Known(index) => MEMBERS[usize::from(*index) % MEMBERS.len()],
            Self::Other(key) => key,
        };
        serde_json::to_string(key).expect("a text")
    }
}

impl Content<'_> {
    fn to_json(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => serde_json::to_string(number).expect("a number"),
            Self::Text(text) => serde_json::to_string(text).expect("a text"),
            Self::Raw(text) => (*text).to_owned(),
            Self::Long(length) => format!("\"{}\"", "x".repeat(usize::from(*length % 2048))),
            Self::Nested(depth) => {
                let depth = usize::from(*depth % 1024);
                format!("{}{}", "[".repeat(depth), "]".repeat(depth))
            }
        }
    }
}
