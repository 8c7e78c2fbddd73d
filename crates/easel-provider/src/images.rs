//! `images/generations` and `images/edits`: one call from its request to staged files.
//!
//! A call is [`make`]: [`call`] sends it as often as it may be sent, [`receive`] reads the answer, [`collect`] makes of
//! the answer what the port wants. The images of a request are read from disk while it is sent, those of an answer
//! written to disk while it arrives, so that no call holds an image.

mod call;
mod request;

mod body;

mod collect;
mod reader;
mod receive;

mod answer;

mod address;
mod fetch;

use std::sync::Arc;

use easel_imagegen::port::{Files, ImageJob, Made, Previews, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use tokio::time::Instant;

use crate::credential::Credentials;
use crate::provider::HttpProvider;
use body::Sending;

/// How far a call has come: what is known of it when its time is over.
#[derive(Debug, Default)]
struct Progress {
    /// Requests sent.
    attempts: u32,
    /// The request that is on its way.
    sending: Sending,
    /// The provider has answered it with success, to the end.
    accepted: bool,
    /// A request before it may have been accepted.
    in_doubt: bool,
}

/// Makes the images of one call. Dropping the future closes the connection.
///
/// A request that the provider may have accepted is repeated only where the user asked for that.
pub(crate) async fn make<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    job: ImageJob,
    files: Arc<F>,
    previews: Previews<F::Staged>,
) -> Result<Made<F::Staged>, ImageError> {
    let started = Instant::now();
    let mut progress = Progress::default();
    let deadline = started + job.deadline;
    let called = call::call(provider, &job, &files, &previews, deadline, &mut progress);
    let made = tokio::time::timeout_at(deadline, called).await;
    let made = made.unwrap_or_else(|_| Err(out_of_time(&job, &progress)));
    made.map_err(|error| ImageError {
        attempts: progress.attempts,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        billed: match error.billed {
            Billed::No if progress.in_doubt => provider.record.billed(Billed::Uncertain),
            billed @ (Billed::No | Billed::Yes | Billed::Uncertain) => provider.record.billed(billed),
        },
        ..error
    })
}

fn out_of_time(job: &ImageJob, progress: &Progress) -> ImageError {
    let billed = if progress.accepted {
        Billed::Yes
    } else if progress.sending.has_begun() {
        Billed::Uncertain
    } else {
        Billed::No
    };
    let message = format!("the images were not there within {} s", job.deadline.as_secs_f64());
    ImageError { billed, retryable: true, ..image_error(ImageErrorKind::Timeout, message) }
}

#[cfg(test)]
mod tests;
