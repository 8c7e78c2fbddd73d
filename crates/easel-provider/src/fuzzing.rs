//! The parsers of providers' responses, for the fuzz targets in `fuzz/`. Only those and tests have it: tests
//! notice when it no longer compiles.

use std::sync::Arc;

use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::Files;
use easel_imagegen::preset::Preset;
use secrecy::SecretString;

use crate::credential::{Credential, CredentialError, Credentials};
use crate::http::sse::{Frame, Parser};
use crate::json_images::{BodyAssembler, ImageKeys, ImagePart};
use crate::profile::ApiProfile;
use crate::rejection::Redactor;

pub use crate::images::fuzzing::{ImagesResponse, read_images_response};
pub use crate::responses::fuzzing::read_model_response;

/// The secret of the requests whose responses are parsed. No error and no cleaned text may contain it.
pub const SECRET: &str = "canary-7f3a";

/// What became of an image in a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extracted<W> {
    /// All of its bytes.
    Complete(W),
    /// An empty string.
    Empty,
    /// An image beyond the number of images that are kept.
    Ignored,
    /// An image that is not base64 or could not be written.
    Invalid,
}

impl<W> From<ImagePart<W>> for Extracted<W> {
    fn from(part: ImagePart<W>) -> Self {
        match part {
            ImagePart::Complete(writer) => Self::Complete(writer),
            ImagePart::Empty => Self::Empty,
            ImagePart::Ignored => Self::Ignored,
            ImagePart::InvalidBase64 | ImagePart::Disk(_) => Self::Invalid,
        }
    }
}

/// An event of an event stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// Its name, truncated to 64 bytes.
    pub name: Vec<u8>,
    /// Its lines of data, joined by line feeds.
    pub data: Vec<u8>,
}

/// Parses an event stream that arrives in chunks. Returns its events with data.
pub fn parse_event_stream<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<SseEvent> {
    let (mut parser, mut events, mut data) = (Parser::default(), Vec::new(), Vec::new());
    for mut chunk in chunks {
        while let Some(frame) = parser.next(&mut chunk) {
            match frame {
                Frame::Data(part) => data.extend_from_slice(part),
                Frame::End => {
                    events.push(SseEvent { name: parser.event().to_vec(), data: std::mem::take(&mut data) });
                }
            }
        }
    }
    events
}

/// The keys whose values are images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySet {
    /// Those of the images endpoint.
    Images,
    /// Those of a model's response.
    Responses,
}

/// The images of a JSON text, and the JSON with their numbers.
pub type SplitJson<W> = (Vec<Extracted<W>>, Vec<u8>);

/// Splits a JSON text that arrives in chunks into its images and the rest. Returns `None` if it is too long.
pub fn extract_images<'a, F: Files>(
    keys: KeySet,
    files: Arc<F>,
    limit: usize,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Option<SplitJson<F::Writer>> {
    let keys = match keys {
        KeySet::Images => ImageKeys::Images,
        KeySet::Responses => ImageKeys::Responses,
    };
    let mut assembler = BodyAssembler::new(keys, files, limit);
    for chunk in chunks {
        assembler.feed(chunk).ok()?;
    }
    let (rest, parts) = assembler.take();
    Some((parts.into_iter().map(Extracted::from).collect(), rest))
}

/// Returns the redactor of a request with [`SECRET`].
pub(crate) fn redactor() -> Redactor {
    Redactor::new(&ApiProfile::from_preset(Preset::Openai), Some(&credential()))
}

fn credential() -> Credential {
    Credential { kind: AuthKind::ApiKey, secret: SecretString::from(SECRET), account_id: None }
}

/// The source of [`SECRET`].
pub(crate) struct FixedCredentials;

impl Credentials for FixedCredentials {
    fn kind(&self) -> AuthKind {
        AuthKind::ApiKey
    }

    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        Ok(Some(credential()))
    }

    async fn refresh(&self, _rejected: &Credential) -> Result<Option<Credential>, CredentialError> {
        Ok(None)
    }
}
