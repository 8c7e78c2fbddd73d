//! The params of one request. Short ones are parsed in place, long ones on a blocking thread.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jsonrpsee::types::ErrorObjectOwned;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tokio::sync::Semaphore;

use crate::error::{self, internal_error};

/// Longest params in bytes that are parsed on the reader thread.
pub(crate) const MAX_IN_PLACE: usize = 64 * 1024;

/// Longest params in bytes that reserve no memory.
const MAX_UNRESERVED: usize = 4 * 1024;

/// Bytes that one JSON value takes in memory, without its text.
const VALUE_BYTES: usize = 32;

/// Maximum number of JSON values in the params of one request.
const MAX_VALUES: usize = 4_000_000;

/// Runs long computations on blocking threads, at most two at the same time.
#[derive(Debug, Clone)]
pub struct HeavyWork(Arc<Semaphore>);

/// Parses params; `None` if the request has none.
pub type ParseParams<P> = fn(Option<&str>) -> Result<P, ErrorObjectOwned>;

/// The params of a request. Long ones are still text.
pub struct RequestParams<P>(ParamsState<P>);

enum ParamsState<P> {
    Parsed(P),
    Text(String, ParseParams<P>, HeavyWork),
}

impl Default for HeavyWork {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(2)))
    }
}

impl HeavyWork {
    /// Runs `work` on a blocking thread, in the order of the calls.
    ///
    /// # Errors
    /// −32603 if `work` panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ErrorObjectOwned> {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        let task = tokio::task::spawn_blocking(move || {
            // The work holds the permit, since it continues when nobody waits for it anymore.
            let _permit = permit;
            work()
        });
        task.await.map_err(|_| internal_error())
    }
}

impl<P> RequestParams<P> {
    pub(crate) fn new(
        params: Option<&str>,
        parse: ParseParams<P>,
        heavy: &HeavyWork,
    ) -> Result<Self, ErrorObjectOwned> {
        Ok(Self(match params {
            Some(text) if text.len() > MAX_IN_PLACE => ParamsState::Text(text.to_owned(), parse, heavy.clone()),
            params => ParamsState::Parsed(parse(params)?),
        }))
    }

    /// Returns the value of a string field: from the parsed params with `parsed`, or by its name `field` from the text
    /// of long params, which are skimmed and not parsed. `None` if the field is absent or not a string.
    pub fn text_field<'a>(
        &'a self,
        field: &'static str,
        parsed: impl FnOnce(&'a P) -> Option<&'a str>,
    ) -> Option<Cow<'a, str>> {
        match &self.0 {
            ParamsState::Parsed(params) => parsed(params).map(Cow::Borrowed),
            ParamsState::Text(text, ..) => skim(text, field).map(Cow::Owned),
        }
    }
}

impl<P: Send + 'static> RequestParams<P> {
    /// Returns the params, and parses long ones.
    ///
    /// # Errors
    /// −32602, which names the first wrong or missing field.
    pub async fn read(self) -> Result<P, ErrorObjectOwned> {
        match self.0 {
            ParamsState::Parsed(params) => Ok(params),
            ParamsState::Text(text, parse, heavy) => heavy.run(move || parse(Some(&text))).await.flatten(),
        }
    }
}

/// Returns a string field of an object. Fields before it are skipped and the text after it is not read: clients send
/// the thread id first. A duplicate field is found when the params are parsed.
fn skim(text: &str, field: &'static str) -> Option<String> {
    struct Field<'f>(&'static str, &'f mut Option<String>);

    impl<'de> Visitor<'de> for Field<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            #[derive(Deserialize)]
            struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
            let Self(field, found) = self;
            while let Some(Key(key)) = map.next_key()? {
                if key == field {
                    *found = map.next_value()?;
                    break;
                }
                map.next_value::<IgnoredAny>()?;
            }
            Ok(())
        }
    }

    let mut found = None;
    // Not reading to the end is an error to serde.
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(Field(field, &mut found));
    found
}

/// Estimates how many bytes the params take in memory; 0 if they are too short to count.
///
/// # Errors
/// −32602 for too many values: an array of empty arrays takes many times the bytes of its text.
pub(crate) fn estimate_memory(params: Option<&str>) -> Result<usize, ErrorObjectOwned> {
    let Some(text) = params.filter(|text| text.len() > MAX_UNRESERVED) else { return Ok(0) };
    let values = count_values(text);
    if values > MAX_VALUES {
        return Err(error::invalid_params("params", &format!("has more than {MAX_VALUES} values")));
    }
    Ok(text.len() + VALUE_BYTES * values)
}

/// Returns about how many values a JSON text has: commas and brackets, which are cheap to count, also in strings.
pub(crate) fn count_values(text: &str) -> usize {
    memchr::memchr3_iter(b',', b'[', b'{', text.as_bytes()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_long_params_is_found_without_parsing_them() {
        for (text, found) in [
            (r#"{"threadId":"a","input":[{"threadId":"no"}]}"#, Some("a")),
            (r#"{"input":[1,{"x":"\""}],"thread\u0049d":"b\n"}"#, Some("b\n")),
            (r#"{"input":[]}"#, None),
            (r#"{"threadId":null}"#, None),
            (r#"{"threadId":7}"#, None),
            (r#"["threadId"]"#, None),
            (r#"{"threadId":"a","input":["#, Some("a")),
            (r#"{"input":[,"threadId":"a"}"#, None),
        ] {
            assert_eq!(skim(text, "threadId").as_deref(), found, "{text}");
        }
    }

    #[test]
    fn the_cost_of_params_counts_values_and_has_a_bound() {
        assert_eq!(estimate_memory(None), Ok(0));
        assert_eq!(estimate_memory(Some(&"[".repeat(MAX_UNRESERVED))), Ok(0));
        assert_eq!(estimate_memory(Some(&"x".repeat(5_000))), Ok(5_000));
        assert_eq!(estimate_memory(Some(&"[],".repeat(5_000))), Ok(15_000 + 10_000 * VALUE_BYTES));
        assert_eq!(estimate_memory(Some(&",".repeat(MAX_VALUES + 1))).expect_err("too many").code(), -32602);
    }
}
