//! Pages of a list without a database, for the fuzz targets in `fuzz/`. Only those and tests have it: tests
//! notice when it no longer compiles.

pub use crate::lists::page::fuzzing::{Entry, EntryPage, encode_cursor, read_page};
