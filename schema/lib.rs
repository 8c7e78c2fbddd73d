//! The published schema of Easel's protocol, as the text of the files in this folder.
//!
//! The types of `easel-protocol` determine the files: its tests generate both, and fail if a file differs. So the
//! executable contains the compressed text, and not the code that generates it, which is two megabytes.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// A schema file of the protocol.
#[derive(Clone, Copy, Debug)]
pub struct SchemaFile {
    /// The name without a folder.
    pub name: &'static str,
    compressed: &'static [u8],
}

impl SchemaFile {
    /// Returns a reader of the text, which is UTF-8.
    pub fn reader(self) -> impl Read {
        ZlibDecoder::new(self.compressed)
    }
}

macro_rules! schema_file {
    ($name:literal) => {
        SchemaFile { name: $name, compressed: include_bytes!(concat!(env!("OUT_DIR"), "/", $name)) }
    };
}

/// One JSON Schema document (draft 7) with a definition for every type.
pub const JSON_SCHEMA: SchemaFile = schema_file!("easel_app_server.schemas.json");

/// One TypeScript module with a declaration for every type.
pub const TYPESCRIPT: SchemaFile = schema_file!("easel_app_server.ts");
