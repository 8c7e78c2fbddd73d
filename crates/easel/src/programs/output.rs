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

/// The output of a program up to a limit.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    pub(crate) bytes: Vec<u8>,
    /// Whether there was more.
    pub(crate) is_cut: bool,
}

/// Reads a pipe to its end, or until shortly after the program has `exited`.
///
/// # Errors
/// [`ProgramError::Read`], and [`ProgramError::TooMuchOutput`] for [`Excess::Fail`].
pub(super) async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    limit: usize,
    excess: Excess,
    exited: &CancellationToken,
) -> Result<Captured, ProgramError> {
    let mut captured = Captured::default();
    let Some(mut pipe) = pipe else { return Ok(captured) };
    let mut drained = pin!(async {
        exited.cancelled().await;
        tokio::time::sleep(DRAIN_TIME).await;
    });
    let mut chunk = vec![0; CHUNK_LEN];
    loop {
        let count = tokio::select! {
            biased;
            () = &mut drained => 0,
            read = pipe.read(&mut chunk) => read.map_err(ProgramError::Read)?,
        };
        if count == 0 {
            return Ok(captured);
        }
        let room = limit - captured.bytes.len();
        captured.bytes.extend_from_slice(&chunk[..count.min(room)]);
        captured.is_cut |= count > room;
        if captured.is_cut && excess == Excess::Fail {
            return Err(ProgramError::TooMuchOutput(limit));
        }
    }
}
