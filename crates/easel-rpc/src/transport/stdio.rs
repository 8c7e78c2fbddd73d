//! Standard input and output as a connection.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::os::{self, HangUpProbe};
use crate::outbound::sink::Sink;

/// Standard input, unbuffered.
#[derive(Debug)]
pub struct Stdin(File);

/// Standard output. Nothing else in the process can write to it.
#[derive(Debug)]
pub struct Stdout(pub(crate) File);

/// Takes standard input and output from the rest of the process: a library that prints writes to stderr, and a child
/// process reads empty input. Child processes do not inherit either handle.
///
/// # Errors
/// If a handle cannot be duplicated, or this was called before, or the platform is neither Unix nor Windows.
pub fn take_stdio() -> io::Result<(Stdin, Stdout)> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(io::Error::other("standard input and output were already taken"));
    }
    let (stdin, stdout) = os::take_stdio()?;
    Ok((Stdin(stdin), Stdout(stdout)))
}

impl Stdin {
    /// Returns a probe that shows whether the client has closed its end.
    ///
    /// # Errors
    /// If the handle cannot be duplicated.
    pub fn probe(&self) -> io::Result<HangUpProbe> {
        self.0.try_clone().map(HangUpProbe::from)
    }
}

/// Repeats a transfer that would block: another process that shares the pipe or terminal may have made it non-blocking.
fn retry(mut transfer: impl FnMut() -> io::Result<usize>, wait: impl Fn() -> io::Result<()>) -> io::Result<usize> {
    loop {
        match transfer() {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => wait()?,
            result => return result,
        }
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| (&self.0).read(buffer), || os::wait_readable(&self.0))
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        retry(|| (&self.0).write(bytes), || os::wait_writable(&self.0))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Sink for Stdout {
    fn is_ready(&self) -> bool {
        os::is_ready(&self.0)
    }
}
