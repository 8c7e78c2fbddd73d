//! Pictures of images: small previews, and the bytes of a file in chunks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_client::ClientError;
use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageReadParams, PreviewSize};
use easel_protocol::method::ImageRead;
use easel_protocol::record::MediaType;
use easel_rpc::code;

use super::{Gallery, ReadError};

/// Bytes of a file that are read at once.
const CHUNK_BYTES: u32 = 1 << 20;

/// An encoded picture.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) media_type: MediaType,
    pub(crate) bytes: Vec<u8>,
}

/// A part of a file.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) media_type: MediaType,
    /// Size of the whole file in bytes.
    pub(crate) file_bytes: u64,
    pub(crate) bytes: Vec<u8>,
    /// Where the next part begins. `None` at the end of the file.
    pub(crate) next: Option<u64>,
}

impl Gallery {
    /// Makes a small picture of an image.
    pub(crate) async fn preview(&self, id: &ImageId, size: PreviewSize) -> Result<Picture, ReadError> {
        let params = ImageReadParams { image_id: id.clone(), preview: Some(size), ..ImageReadParams::default() };
        let read = match self.connection.request::<ImageRead>(&params).await {
            Ok(read) => read,
            Err(error) => return Err(self.explain(id, error).await),
        };
        let preview = read.preview.ok_or_else(|| protocol("the response has no preview"))?;
        Ok(Picture { media_type: preview.media_type, bytes: decode(&preview.data)? })
    }

    /// Reads a part of the file of an image.
    pub(crate) async fn chunk(&self, id: &ImageId, offset: u64) -> Result<Chunk, ReadError> {
        let params = ImageReadParams {
            image_id: id.clone(),
            offset: Some(offset),
            length: Some(CHUNK_BYTES),
            ..ImageReadParams::default()
        };
        let read = match self.connection.request::<ImageRead>(&params).await {
            Ok(read) => read,
            Err(error) => return Err(self.explain(id, error).await),
        };
        let chunk = read.chunk.ok_or_else(|| protocol("the response has no bytes"))?;
        let facts = &read.entry.image.facts;
        Ok(Chunk {
            media_type: facts.media_type,
            file_bytes: facts.bytes,
            bytes: decode(&chunk.data)?,
            next: chunk.next_offset,
        })
    }

    /// Returns why a picture cannot be read. An image without a record is gone, and one whose file cannot be decoded is
    /// not.
    async fn explain(&self, id: &ImageId, error: ClientError) -> ReadError {
        if !matches!(error, ClientError::Refused { code: code::INVALID_REQUEST, .. }) {
            return error.into();
        }
        let params = ImageReadParams { image_id: id.clone(), ..ImageReadParams::default() };
        match self.connection.request::<ImageRead>(&params).await {
            Ok(_) => error.into(),
            Err(_) => ReadError::NotFound,
        }
    }
}

fn decode(base64: &str) -> Result<Vec<u8>, ReadError> {
    STANDARD.decode(base64).map_err(|error| protocol(&format!("the bytes are not base64: {error}")))
}

fn protocol(message: &str) -> ReadError {
    ReadError::Client(ClientError::Protocol(message.to_owned()))
}
