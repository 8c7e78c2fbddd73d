//! The published schema of Easel's protocol, as the text of the files in this folder.
//!
//! The types of `easel-protocol` determine the files: its tests generate both, and fail if a file differs. So the
//! executable contains the text, and not the code that generates it, which is two megabytes.

/// A schema file of the protocol.
#[derive(Clone, Copy, Debug)]
pub struct SchemaFile {
    /// The name without a folder.
    pub name: &'static str,
    /// The whole text.
    pub content: &'static str,
}

/// One JSON Schema document (draft 7) with a definition for every type.
pub const JSON_SCHEMA: SchemaFile =
    SchemaFile { name: "easel_app_server.schemas.json", content: include_str!("easel_app_server.schemas.json") };

/// One TypeScript module with a declaration for every type.
pub const TYPESCRIPT: SchemaFile =
    SchemaFile { name: "easel_app_server.ts", content: include_str!("easel_app_server.ts") };
