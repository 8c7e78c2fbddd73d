//! Reads the output of a program, within a limit.

use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;

use super::ProgramError;

/// How long output is read after the program has exited. What it printed itself is in the pipe by then; a process that
/// it moved out of its group may keep the pipe open.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Bytes that are read at once.
const CHUNK_LEN: usize = 8 * 1024;

/// What happens to output beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// It is read and dropped, so that the program does not wait for us.
    Drop,
    /// It is an error, and the program is killed.
    Fail,
}

/// Reads a pipe to its end, or until shortly after the program has `exited`. Returns at most `limit` bytes.
///
/// # Errors
/// [`ProgramError::Read`], and [`ProgramError::TooMuchOutput`] for [`Excess::Fail`].
pub(super) async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    limit: usize,
    excess: Excess,
    exited: &CancellationToken,
) -> Result<Vec<u8>, ProgramError> {
    let mut captured = Vec::new();
    let Some(mut pipe) = pipe else { return Ok(captured) };
    let mut drained = pin!(async {
        exited.cancelled().await;
        tokio::time::sleep(DRAIN_TIME).await;
    });
    let mut chunk = vec![0; CHUNK_LEN];
    loop {
        let count = tokio::select! {
            biased;
            // Before the time limit, which may have passed while this process was suspended.
            read = pipe.read(&mut chunk) => read.map_err(ProgramError::Read)?,
            () = &mut drained => 0,
        };
        if count == 0 {
            return Ok(captured);
        }
        let room = limit - captured.len();
        captured.extend_from_slice(&chunk[..count.min(room)]);
        if count > room && excess == Excess::Fail {
            return Err(ProgramError::TooMuchOutput(limit));
        }
        if captured.len() == limit && exited.is_cancelled() {
            return Ok(captured);
        }
    }
}
