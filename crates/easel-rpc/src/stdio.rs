//! Standard input and output as the two streams of a connection.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::os::{self, HangUpProbe};
use crate::outbox::Sink;

/// Standard input, unbuffered.
#[derive(Debug)]
pub struct Stdin(File);

/// The client's end of standard output; nothing else in the process can name it.
#[derive(Debug)]
pub struct Stdout(pub(crate) File);

/// Takes standard input and output away from the rest of the process: what a library prints goes to stderr, what a
/// child process reads is empty. Neither handle is inherited by child processes.
///
/// Where the platform has no such redirection, both are plain handles.
///
/// # Errors
/// When a handle cannot be duplicated, or when it was taken before.
pub fn take_over() -> io::Result<(Stdin, Stdout)> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(io::Error::other("standard input and output are taken already"));
    }
    let (stdin, stdout) = os::take_stdio()?;
    Ok((Stdin(stdin), Stdout(stdout)))
}

impl Stdin {
    /// Tells whether the client has closed its end.
    ///
    /// # Errors
    /// When the handle cannot be duplicated.
    pub fn probe(&self) -> io::Result<HangUpProbe> {
        self.0.try_clone().map(HangUpProbe::from)
    }
}

/// Whoever shares a pipe or terminal with us may have made it non-blocking for us too.
fn retry(mut transfer: impl FnMut() -> io::Result<usize>, wait: impl Fn() -> io::Result<()>) -> io::Result<usize> {
    loop {
        match transfer() {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => wait()?,
            done => return done,
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
