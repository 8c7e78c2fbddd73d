//! What the fuzz targets share: input that arrives in chunks, a bound on memory, and image files in memory.

pub mod chunks;
pub mod files;
pub mod memory;
