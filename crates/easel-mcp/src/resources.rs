//! Images as resources: `easel://image/{handle}`.

use std::path::Path;

use easel_client::{ClientError, Connection};
use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageEntry, ImageListParams, ImageReadParams, ImageReadResponse, PreviewSize};
use easel_protocol::method::{ImageList, ImageRead};
use easel_rpc::Relay;
use rmcp::model::{
    ErrorData, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::result::media_type;

/// What precedes the handle in a URI.
const SCHEME: &str = "easel://image/";
/// Images of a page.
const PAGE: u32 = 50;
/// The largest file that is read in one response.
const MAX_BYTES: u64 = 16 << 20;
/// Bytes of the files that are read at the same time.
const MAX_BYTES_AT_ONCE: usize = 32 << 20;
/// Bytes of a file that are read at once. A multiple of three, so that the base64 of the parts can be joined.
const PART_BYTES: u32 = 6 << 20;
/// Longest prompt in a description, in Unicode scalar values.
const MAX_PROMPT_CHARS: usize = 200;

/// Limits the files that are read at once, and those whose responses wait to be written.
pub(crate) struct Reads {
    /// One permit for each byte.
    bytes: Semaphore,
    relay: Relay,
}

impl Reads {
    pub(crate) fn new(relay: Relay) -> Self {
        Self { bytes: Semaphore::new(MAX_BYTES_AT_ONCE), relay }
    }

    /// Waits until a file of this size may be read. The permit is held until the response is made.
    async fn admit(&self, bytes: u64) -> Option<SemaphorePermit<'_>> {
        let permit = self.bytes.acquire_many(u32::try_from(bytes).ok()?).await.ok();
        self.relay.wait_for_room().await;
        permit
    }
}

/// Returns a page of the images that this host has made, newest first.
pub(crate) async fn list(connection: &Connection, cursor: Option<String>) -> Result<ListResourcesResult, ErrorData> {
    let params = ImageListParams { cursor, limit: Some(PAGE), mine: Some(true), ..ImageListParams::default() };
    let page = connection.request::<ImageList>(&params).await.map_err(|error| error_data(&error))?;
    let mut result = ListResourcesResult::with_all_items(page.data.iter().map(resource).collect());
    result.next_cursor = page.next_cursor;
    Ok(result)
}

/// Returns the form of all URIs.
pub(crate) fn templates() -> ListResourceTemplatesResult {
    let template = ResourceTemplate::new(format!("{SCHEME}{{handle}}"), "image")
        .with_title("Image")
        .with_description("The file of an image, by its handle (img_…).");
    ListResourceTemplatesResult::with_all_items(vec![template])
}

/// Reads the file of an image in one response.
pub(crate) async fn read(connection: &Connection, reads: &Reads, uri: String) -> Result<ReadResourceResult, ErrorData> {
    let unknown = || ErrorData::resource_not_found(format!("there is no resource {}", start_of(&uri)), None);
    let handle = uri.strip_prefix(SCHEME).ok_or_else(unknown)?;
    let image_id = ImageId::from(handle);
    let record = |offset, length| ImageReadParams { mine: Some(true), offset, length, ..params(&image_id) };
    let entry = match connection.request::<ImageRead>(&record(None, None)).await {
        Ok(response) => response.entry,
        Err(ClientError::Refused { .. }) => return Err(unknown()),
        Err(error) => return Err(error_data(&error)),
    };
    if entry.image.facts.bytes > MAX_BYTES {
        let reason = format!("the image has more than {MAX_BYTES} bytes; its file is {}", entry.image.path);
        return Err(ErrorData::invalid_params(reason, None));
    }
    let _permit = reads.admit(entry.image.facts.bytes).await;
    let (mut blob, mut offset) = (String::new(), Some(0));
    while let Some(from) = offset {
        let response = connection.request::<ImageRead>(&record(Some(from), Some(PART_BYTES))).await;
        let chunk = response.map_err(|error| error_data(&error))?.chunk.ok_or_else(unknown)?;
        blob.push_str(&chunk.data);
        offset = chunk.next_offset;
    }
    let contents = ResourceContents::blob(blob, uri).with_mime_type(media_type(entry.image.facts.media_type));
    Ok(ReadResourceResult::new(vec![contents]))
}

/// Returns an image of this host with a preview.
pub(crate) async fn view(
    connection: &Connection,
    handle: &str,
    max_edge: u32,
    max_bytes: u32,
) -> Result<ImageReadResponse, ClientError> {
    let preview = Some(PreviewSize { max_edge: Some(max_edge), max_bytes: Some(max_bytes) });
    let image_id = ImageId::from(handle);
    connection.request::<ImageRead>(&ImageReadParams { preview, mine: Some(true), ..params(&image_id) }).await
}

/// Returns the resource of an image.
pub(crate) fn resource(entry: &ImageEntry) -> Resource {
    let image = &entry.image;
    let name = Path::new(&image.path).file_name().and_then(|name| name.to_str()).unwrap_or(&image.id);
    let prompt: String = image.requested.prompt.chars().take(MAX_PROMPT_CHARS).collect();
    Resource::new(format!("{SCHEME}{}", image.id), name)
        .with_description(prompt)
        .with_mime_type(media_type(image.facts.media_type))
        .with_size(image.facts.bytes)
}

fn params(image_id: &ImageId) -> ImageReadParams {
    ImageReadParams { image_id: image_id.clone(), ..ImageReadParams::default() }
}

fn error_data(error: &ClientError) -> ErrorData {
    match error {
        ClientError::Refused { message, .. } => ErrorData::invalid_params(message.clone(), None),
        error @ (ClientError::TooLong { .. } | ClientError::Closed | ClientError::Protocol(_) | ClientError::Io(_)) => {
            ErrorData::internal_error(error.to_string(), None)
        }
    }
}

/// Returns the start of a text of the host, for an error.
fn start_of(text: &str) -> String {
    text.chars().take(100).collect()
}
