//! Finds one image by its handle, and reads its file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageEntry;
use easel_protocol::record::{Attachment, ImageFacts};
use rusqlite::Connection;

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::lists::image_list::{COLUMNS, read_entry};
use crate::os;

/// The image that a handle names.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredImage {
    /// An image that a provider made.
    Generated(Box<ImageEntry>),
    /// An image that a user attached or a model named.
    Attached {
        /// The thread that it was imported into.
        thread_id: ThreadId,
        /// Its handle, path and facts.
        attachment: Attachment,
    },
}

impl StoredImage {
    /// Returns the absolute path of the file.
    pub fn path(&self) -> &Path {
        Path::new(match self {
            Self::Generated(entry) => &entry.image.path,
            Self::Attached { attachment, .. } => &attachment.path,
        })
    }

    /// Returns what the bytes of the file say.
    pub fn facts(&self) -> &ImageFacts {
        match self {
            Self::Generated(entry) => &entry.image.facts,
            Self::Attached { attachment, .. } => &attachment.facts,
        }
    }
}

/// A range of an image's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageBytes {
    /// Offset of the first byte in the file.
    pub offset: u64,
    /// The bytes; empty at and past the end of the file.
    pub bytes: Vec<u8>,
    /// Offset of the next range; `None` at the end of the file.
    pub next_offset: Option<u64>,
}

/// Finds the image with a handle. Forks share handles, so several rows may match: one that is not deleted goes before a
/// deleted one, then the primary row before copies.
pub(crate) fn find(connection: &Connection, home: &Home, handle: &str) -> Result<Option<StoredImage>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, origin FROM images WHERE id = ?1 \
         ORDER BY json_extract(json, '$.deleted') IS NOT NULL, inherited, sequence LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([handle])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    if row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)? == "made" {
        return Ok(Some(StoredImage::Generated(Box::new(read_entry(home, row)?.0))));
    }
    let SqlId(thread_id) = row.get(1)?;
    Ok(Some(StoredImage::Attached { thread_id, attachment: home.read_column(row.get_ref(5)?)? }))
}

/// Reads at most `length` bytes of one of Easel's own images.
pub(crate) fn read_range(home: &Home, path: &Path, offset: u64, length: u32) -> Result<ImageBytes, Error> {
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

/// Opens one of Easel's own images.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] for every other path.
pub(crate) fn open(home: &Home, path: &Path) -> io::Result<File> {
    let Some((folder, path)) = home.split_image_path(path) else { return Err(io::ErrorKind::PermissionDenied.into()) };
    os::open_beneath(&folder, &path)
}

/// Returns whether the thread has a row for this file.
pub(crate) fn has_row(connection: &Connection, home: &Home, thread_id: &str, path: &Path) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM images WHERE thread_id = ?1 AND path = ?2";
    Ok(connection.prepare_cached(sql)?.exists((thread_id, home.stored_path(path)))?)
}

/// Returns the threads that reference a generated image, in the order in which they got it.
pub(crate) fn threads_with_image(connection: &Connection, handle: &str) -> Result<Vec<ThreadId>, Error> {
    let sql = "SELECT thread_id FROM images WHERE id = ?1 AND origin = 'made' \
               AND json_extract(json, '$.deleted') IS NULL ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let ids = statement.query_map([handle], |row| Ok(row.get::<_, SqlId<ThreadId>>(0)?.0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
