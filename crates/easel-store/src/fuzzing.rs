//! Pages of a list without a database, for the fuzz targets in `fuzz/`. Exists with `--cfg fuzzing` only.

pub use crate::lists::page::fuzzing::{Entry, EntryPage, encode_cursor, read_page};
