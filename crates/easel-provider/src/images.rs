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

mod fetch;

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, GeneratedImages, ImageJob, PreviewSink, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::credential::Credentials;
use crate::provider::HttpProvider;
use crate::waiting::{Over, Waiting};
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

/// Makes the images of one call. It waits for the network until the job's deadline or until `stop` is cancelled, and then
/// returns the images that have arrived whole. Dropping the future closes the connection and loses them.
///
/// A request that the provider may have accepted is repeated only where the user asked for that.
pub(crate) async fn make<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    job: ImageJob,
    files: Arc<F>,
    previews: PreviewSink,
    stop: CancellationToken,
) -> Result<GeneratedImages, ImageError> {
    let started = Instant::now();
    let mut progress = Progress::default();
    let waiting = Waiting::new(stop, started + job.deadline);
    let made = call::call(provider, &job, &files, &previews, &waiting, &mut progress).await;
    let completed = |error: ImageError| ImageError {
        attempts: progress.attempts,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        billed: match error.billed {
            Billed::No if progress.in_doubt => provider.record.billed(Billed::Uncertain),
            billed @ (Billed::No | Billed::Yes | Billed::Uncertain) => provider.record.billed(billed),
        },
        ..error
    };
    match made {
        Ok(made) => Ok(GeneratedImages { missing: made.missing.map(|error| Box::new(completed(*error))), ..made }),
        Err(error) => Err(completed(error)),
    }
}

impl Progress {
    /// What a request that is waited for no longer costs.
    fn billed(&self) -> Billed {
        if self.accepted {
            Billed::Yes
        } else if self.sending.has_begun() {
            Billed::Uncertain
        } else {
            Billed::No
        }
    }

    fn over(&self, over: Over, job: &ImageJob) -> ImageError {
        over_error(over, job.deadline, self.billed())
    }
}

fn over_error(over: Over, deadline: Duration, billed: Billed) -> ImageError {
    let (kind, message) = match over {
        Over::Deadline => {
            (ImageErrorKind::Timeout, format!("the images were not there within {} s", deadline.as_secs_f64()))
        }
        Over::Stopped => (ImageErrorKind::Interrupted, "the turn was interrupted".to_owned()),
    };
    ImageError { billed, retryable: true, ..image_error(kind, message) }
}

#[cfg(test)]
mod tests;
