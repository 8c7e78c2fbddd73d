//! Decodes, scales and encodes pictures in bounded memory.
//!
//! The crate is pure: it reads from the reader that it gets, returns bytes, and knows neither files nor clocks. Every
//! decoder checks the size in the header against [`Limits`] before it allocates anything for pixels.
//!
//! Start at [`read`], which decodes and scales in one pass, [`copy()`] and [`preview()`], which also encode the result,
//! and [`Edit`], which compares a picture with the one that it was made from. [`Picture::transform`] makes what an
//! export asks for.

mod bounds;
mod compare;
mod copy;
mod decode;
mod encode;
mod error;
mod icon;
mod orientation;
mod picture;
mod preview;
mod sheet;
mod shrink;
mod transform;

pub use bounds::Bounds;
pub use compare::{
    ChangedPixels, Comparison, Composite, CompositeError, Edit, MAX_FEATHER, Mask, MaskAspectError, PixelBox, TOLERANCE,
};
pub use copy::{Encoded, copy};
pub use decode::{Features, Limits, features, read};
pub use error::Error;
pub use icon::{to_icns, to_ico};
pub use picture::{Format, Picture};
pub use preview::preview;
pub use sheet::Sheet;
pub use transform::{Color, Fit, Transform, TransformError};
