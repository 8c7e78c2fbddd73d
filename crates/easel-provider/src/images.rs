//! `images/generations` and `images/edits`: one call, from its request to staged files.
//!
//! [`generate`] runs a call. [`call`] sends its request, [`receive`] and [`reader`] read the response, and [`collect`]
//! stages the images. The images of a request are read from disk while it is sent, and those of a response are written
//! to disk while it arrives, so that no call holds an image in memory.

mod call;
mod request;

mod reader;
mod receive;

mod collect;
mod download;
mod response_json;

#[cfg(test)]
mod tests;

pub(crate) use call::{ImagesApi, generate};
#[cfg(any(fuzzing, test))]
pub(crate) use collect::fuzzing;
