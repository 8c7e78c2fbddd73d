//! The call journal. A call is on disk before its request is sent, and its images have records before a client sees
//! them.
//!
//! Between a finished file and its record, the journal has an intent, so that a crash at that point loses nothing.
//!
//! These are the steps of a call, in their order. The process may die, or the power may fail, between any two of them.
//! `tests/it/crash` kills the process at each of its system calls and compares their order with this table.
//!
//! | step | what is stored now | what the next start does after it |
//! |---|---|---|
//! | `rows written to the log` | the turn and its message, not flushed | ends the turn as interrupted |
//! | `call synced` | the call | ends the call as failed; the provider may have billed it |
//! | `request written to the provider` | nothing more | the same |
//! | `image file created` | a hidden file with the state `part` | removes the file |
//! | `image bytes written` | a part of the image | removes the file |
//! | `image bytes synced` | the image | keeps the image, since its end is there |
//! | `image staged` | its name has the state `staged` | names the image and records it |
//! | `intent synced` | the record that it will have | completes the intent |
//! | `image named` | its final name | completes the intent |
//! | `folder of images synced` | that name, also after a power cut | completes the intent |
//! | `outcome synced` | the record and the outcome | gives the item its images |
//! | `events written to the log` | the item as it ended | ends the turn as interrupted |
//! | `line sent to the client` | nothing more | the same |
//!
//! The calls of a turn that run at the same time take these steps independently.

pub(crate) mod budget;
pub(crate) mod calls;
pub(crate) mod host_calls;
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
