//! The params of one request: parsed in place when they are short, away from the runtime's workers when they are long.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tokio::sync::Semaphore;

use crate::error::{self, internal_error};
use crate::params::parse_params;

/// Longest params that are parsed on the thread that reads the connection.
pub(crate) const SHORT: usize = 64 * 1024;

/// Params up to this size are not counted.
const UNCOUNTED: usize = 4 * 1024;

/// Bytes that one JSON value takes in memory besides its text.
const VALUE: usize = 32;

/// Most values in the params of one request.
const MOST_VALUES: usize = 4_000_000;

/// Work that a runtime's worker must not do because it computes for long. At most two pieces run at the same time.
#[derive(Debug, Clone)]
pub struct HeavyWork(Arc<Semaphore>);

/// The params of a request. Long ones are still text.
pub struct RequestParams<P>(State<P>);

enum State<P> {
    Parsed(P),
    Text(Params<'static>, HeavyWork),
}

impl Default for HeavyWork {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(2)))
    }
}

impl HeavyWork {
    /// Runs `work` on a thread that may block, after what was asked for before.
    ///
    /// # Errors
    /// −32603 when it panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ErrorObjectOwned> {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        let working = tokio::task::spawn_blocking(move || {
            // Held by the work itself, which goes on when nobody waits for it any more.
            let _permit = permit;
            work()
        });
        working.await.map_err(|_| internal_error())
    }
}

impl<P: DeserializeOwned> RequestParams<P> {
    pub(crate) fn new(params: Params<'static>, heavy: &HeavyWork) -> Result<Self, ErrorObjectOwned> {
        match params.as_str() {
            Some(text) if text.len() > SHORT => Ok(Self(State::Text(params, heavy.clone()))),
            text => Ok(Self(State::Parsed(parse_params(text)?))),
        }
    }

    /// The value of a text field, by its name on the wire or from the parsed params; `None` where there is none. Long params
    /// are skimmed for it, not parsed.
    pub fn text_field<'a>(
        &'a self,
        field: &'static str,
        parsed: impl FnOnce(&'a P) -> Option<&'a str>,
    ) -> Option<Cow<'a, str>> {
        match &self.0 {
            State::Parsed(params) => parsed(params).map(Cow::Borrowed),
            State::Text(params, _) => skim(params.as_str()?, field).map(Cow::Owned),
        }
    }
}

impl<P: DeserializeOwned + Send + 'static> RequestParams<P> {
    /// The parsed params.
    ///
    /// # Errors
    /// −32602 that names the first wrong or missing field.
    pub async fn read(self) -> Result<P, ErrorObjectOwned> {
        match self.0 {
            State::Parsed(params) => Ok(params),
            State::Text(params, heavy) => heavy.run(move || parse_params(params.as_str())).await.flatten(),
        }
    }
}

/// One text field of an object. What comes before it is skipped, what comes behind it is not looked at: clients name the
/// thread first. A field that is there twice is found when the params are parsed.
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
    // An error is what the rest of the text looks like.
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(Field(field, &mut found));
    found
}

/// What params take in memory, about; 0 when they are too short to count.
///
/// # Errors
/// −32602 when they hold too many values: a list of empty lists takes many times the bytes of its text.
pub(crate) fn cost(params: Option<&str>) -> Result<usize, ErrorObjectOwned> {
    let Some(text) = params.filter(|text| text.len() > UNCOUNTED) else { return Ok(0) };
    // Commas in texts are counted too, which is cheap and on the safe side.
    let values = memchr::memchr3_iter(b',', b'[', b'{', text.as_bytes()).count();
    if values > MOST_VALUES {
        return Err(error::invalid_params("params", &format!("hold more than {MOST_VALUES} values")));
    }
    Ok(text.len() + VALUE * values)
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
        assert_eq!(cost(None), Ok(0));
        assert_eq!(cost(Some(&"[".repeat(UNCOUNTED))), Ok(0));
        assert_eq!(cost(Some(&"x".repeat(5_000))), Ok(5_000));
        assert_eq!(cost(Some(&"[],".repeat(5_000))), Ok(15_000 + 10_000 * VALUE));
        assert_eq!(cost(Some(&",".repeat(MOST_VALUES + 1))).expect_err("too many").code(), -32602);
    }
}
