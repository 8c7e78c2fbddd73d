//! The protocol over which a thread was started, and what its client may use in later threads.
//!
//! A host of tools starts its servers at will, and its conversation outlives them. So an image that a host has made in
//! one process must be usable in the next one, which has a thread of its own.

use rusqlite::{Connection, Transaction};

use crate::error::Error;

/// Who starts threads: a protocol, and the name of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadOwner {
    /// The name of the protocol. `None` for the app-server's own.
    pub face: Option<String>,
    /// The name that the client gave itself.
    pub client: Option<String>,
}

/// The condition that a row of `images` is of a thread with the owner in the parameters `?4` and `?5`.
pub(crate) const IS_OF_OWNER: &str = "thread_owner = json_array(?4, ?5)";

/// Stores the protocol over which a thread was started.
pub(crate) fn set_face(write: &Transaction<'_>, thread_id: &str, face: &str) -> Result<(), Error> {
    let sql = "INSERT INTO face_threads (thread_id, face) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    write.execute(sql, (thread_id, face))?;
    Ok(())
}

/// Returns whether a thread has the owner.
pub(crate) fn is_of_owner(connection: &Connection, thread_id: &str, owner: &ThreadOwner) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM thread_owners WHERE thread_id = ?1 AND owner = json_array(?2, ?3)";
    Ok(connection.prepare_cached(sql)?.exists((thread_id, &owner.face, &owner.client))?)
}

/// Gives a thread the generated images that it does not have yet, out of those with these handles whose threads have
/// the same owner, as a fork has the images of its source.
pub(crate) fn adopt_images(write: &Transaction<'_>, thread_id: &str, handles: &[String]) -> Result<(), Error> {
    let sql = "INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json, inherited) \
               SELECT ?1, id, origin, turn_id, call_id, path, created_at, json, 1 FROM images AS made \
               WHERE id IN (SELECT value FROM json_each(?2)) AND origin = 'made' AND inherited = 0 AND withdrawn = 0 \
               AND json_extract(json, '$.deleted') IS NULL \
               AND NOT EXISTS (SELECT 1 FROM images WHERE thread_id = ?1 AND id = made.id) \
               AND EXISTS (SELECT 1 FROM threads AS own JOIN face_threads AS own_face ON own_face.thread_id = own.id, \
                   threads AS other JOIN face_threads AS other_face ON other_face.thread_id = other.id \
                   WHERE own.id = ?1 AND other.id = made.thread_id AND own_face.face = other_face.face \
                   AND json_extract(own.json, '$.originator') = json_extract(other.json, '$.originator')) \
               ORDER BY sequence";
    write.execute(sql, (thread_id, serde_json::to_string(handles)?))?;
    Ok(())
}
