//! The phases of a turn: what it spends its time on, as trace spans that a log filter turns on.
//!
//! A span `turn` contains the phases below. An image call has a span `image_call` in it, around its own phases.
//!
//! | phase | its time |
//! |---|---|
//! | `queue` | the turn waits for the actor, or an image call for one of `images.parallel` permits |
//! | `plan` | the conversation is rendered, and the body of a request is prepared |
//! | `copy` | the copies of images that the model sees are found or made |
//! | `journal` | the row that must exist before a request is sent becomes durable |
//! | `credential` | the credential is read, which may run a program |
//! | `connect` | from the request to a connection that is ready for it, including an upload slot of HTTP/2 |
//! | `upload` | from the first byte of the body to the last |
//! | `first_byte` | from the last byte of the body to the head of the response, mostly the work of the provider |
//! | `body` | from the head of the response to its end |
//! | `decode` | part of `body`: server-sent events, JSON and base64 are decoded, and images are written |
//! | `download` | an image is fetched from a link |
//! | `sync` | a complete image becomes durable |
//! | `record` | the images of a call enter the thread, in one transaction |
//! | `history` | events are written to the store |
//! | `delay` | the first events wait for the response to `turn/start` and for `wire.turn_event_delay_ms` |
//! | `event` | an event is queued for its clients |
//!
//! A trace that is exported has the spans `turn` and `image_call`, and those of [`REQUESTS`].
//!
//! Spans have ids, names and numbers as fields, never texts, credentials or image bytes. A span that is off costs one
//! atomic load.

/// The target of all spans of phases. `RUST_LOG=easel::phases=debug` logs the time of each span when it ends.
pub const TARGET: &str = "easel::phases";

/// The target of the spans `model_request` and `image_request`: one for each response of a model and for each job of an
/// image provider, with its attempts. They contain no phases.
pub const REQUESTS: &str = "easel::requests";
