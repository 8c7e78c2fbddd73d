//! Images by page, by handle, and their bytes by range.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use easel_protocol::image::{ImageEntry, ImageListParams, ImageListResponse};
use easel_protocol::record::{Attachment, MediaType};
use easel_protocol::thread::SortDirection;
use rusqlite::{Connection, Row};

use crate::error::Error;
use crate::home::Home;
use crate::lists::page::{self, PageError, Place, Wanted};
use crate::os;

/// What a handle names.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredImage {
    Generated(Box<ImageEntry>),
    Attached { thread_id: String, attachment: Attachment },
}

impl StoredImage {
    pub fn path(&self) -> &Path {
        Path::new(match self {
            Self::Generated(entry) => &entry.image.path,
            Self::Attached { attachment, .. } => &attachment.path,
        })
    }

    pub fn media_type(&self) -> MediaType {
        match self {
            Self::Generated(entry) => entry.image.facts.media_type,
            Self::Attached { attachment, .. } => attachment.facts.media_type,
        }
    }
}

/// A range of an image's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageBytes {
    pub offset: u64,
    /// Empty at and past the end of the file.
    pub bytes: Vec<u8>,
    /// Where the next range starts; `None` at the end of the file.
    pub next_offset: Option<u64>,
}

const COLUMNS: &str = "sequence, thread_id, turn_id, call_id, created_at, json";

/// Made images, newest first. A thread's list has those that a fork took over too; the list of all threads has every image
/// once.
pub(crate) fn images(
    connection: &Connection,
    home: &Home,
    wish: &ImageListParams,
) -> Result<ImageListResponse, PageError> {
    let limit = page::limit(wish.limit, 25, 50);
    let wanted = Wanted::new("images", wish.cursor.as_deref(), limit, SortDirection::Desc)?;
    let (beyond, order) = wanted.sql("sequence", "id");
    let sql = images_sql(wish.thread_id.is_some(), &beyond, &order);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((wanted.value(), wanted.id(), wish.thread_id.as_deref()))?;
    let page = wanted.fill(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let (entry, bytes) = entry_of(home, row)?;
        Ok(Some((Place { value: row.get(0)?, id: row.get(6)? }, bytes, entry)))
    })?;
    Ok(ImageListResponse { data: page.data, next_cursor: page.next_cursor })
}

/// Two texts, so that each has its index.
pub(crate) fn images_sql(of_thread: bool, beyond: &str, order: &str) -> String {
    let those = if of_thread { "thread_id = ?3" } else { "?3 IS NULL AND inherited = 0" };
    format!(
        "SELECT {COLUMNS}, id FROM images \
         WHERE {those} AND origin = 'made' AND json_extract(json, '$.deleted') IS NULL AND {beyond} ORDER BY {order}"
    )
}

/// The image with a handle. Forks share handles with the thread they come from; the row that counts answers, unless it is
/// deleted and another is not.
pub(crate) fn image(connection: &Connection, home: &Home, handle: &str) -> Result<Option<StoredImage>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, origin FROM images WHERE id = ?1 \
         ORDER BY json_extract(json, '$.deleted') IS NOT NULL, inherited, sequence LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([handle])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    if row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)? == "made" {
        return Ok(Some(StoredImage::Generated(Box::new(entry_of(home, row)?.0))));
    }
    Ok(Some(StoredImage::Attached { thread_id: row.get(1)?, attachment: home.read_column(row.get_ref(5)?)? }))
}

/// Reads at most `length` bytes. The file is only looked for among Easel's own images.
pub(crate) fn read(home: &Home, path: &Path, offset: u64, length: u32) -> Result<ImageBytes, Error> {
    let read = || {
        let mut file = open(home, path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(length.into()).read_to_end(&mut bytes)?;
        let end = offset.saturating_add(bytes.len() as u64);
        Ok(ImageBytes { offset, bytes, next_offset: (end < size).then_some(end) })
    };
    read().map_err(Error::io("read the image", path))
}

/// Opens one of Easel's own images; everything else is [`std::io::ErrorKind::PermissionDenied`].
pub(crate) fn open(home: &Home, path: &Path) -> std::io::Result<std::fs::File> {
    let Some((folder, path)) = home.image_path(path) else { return Err(std::io::ErrorKind::PermissionDenied.into()) };
    os::open_beneath(&folder, &path)
}

/// Whether a record of the thread names this file.
pub(crate) fn is_recorded(connection: &Connection, home: &Home, thread_id: &str, path: &Path) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM images WHERE thread_id = ?1 AND path = ?2";
    Ok(connection.prepare_cached(sql)?.exists((thread_id, home.stored(path)))?)
}

fn entry_of(home: &Home, row: &Row<'_>) -> Result<(ImageEntry, usize), Error> {
    let (image, size) = home.read_sized(row.get_ref(5)?)?;
    let entry = ImageEntry {
        thread_id: row.get::<_, String>(1)?.into(),
        turn_id: row.get::<_, String>(2)?.into(),
        item_id: row.get::<_, String>(3)?.into(),
        created_at: row.get(4)?,
        image,
    };
    Ok((entry, size))
}
