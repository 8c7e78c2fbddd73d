//! Decodes, scales and encodes pictures in bounded memory.
//!
//! The crate is pure: it reads from the reader that it gets, returns bytes, and knows neither files nor clocks. Every
//! decoder checks the size in the header against [`Limits`] before it allocates anything for pixels.
//!
//! Start at [`read`], which decodes and scales in one pass, and [`copy()`] and [`preview()`], which also encode
//! the result.

mod bounds;
mod copy;
mod decode;
mod encode;
mod error;
mod orientation;
mod picture;
mod preview;
mod shrink;

pub use bounds::Bounds;
pub use copy::{Encoded, copy};
pub use decode::{Limits, read};
pub use error::Error;
pub use picture::{Format, Picture};
pub use preview::preview;
