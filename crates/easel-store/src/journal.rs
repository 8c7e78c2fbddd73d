//! The call journal. A call is on disk before its request is sent, and its images have records before a client sees
//! them.
//!
//! Between a finished file and its record, the journal has an intent, so that a crash at that point loses nothing.

pub(crate) mod budget;
pub(crate) mod calls;
pub(crate) mod hosted;
mod images;
pub(crate) mod ledger;
mod record;
mod rescue;
mod settle;

use easel_imagegen::handle;
use easel_protocol::id::ImageId;

use crate::error::Error;

pub use budget::{Counted, SpendingCounts};
pub(crate) use budget::{read_budget, read_counts};
pub(crate) use record::{ImageDetails, ResponseDetails, build as build_record};
pub(crate) use settle::{assign_call, settle};

/// Returns a new handle: 128 bits that nobody can guess.
pub(crate) fn new_handle() -> Result<ImageId, Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(Error::Random)?;
    Ok(handle::from_bits(bits).into())
}
