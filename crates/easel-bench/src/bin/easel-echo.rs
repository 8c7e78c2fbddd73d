//! Writes each line of the input to the output: the least that any process can do.
#![expect(clippy::disallowed_methods, reason = "its output is all it has")]

use std::io::{BufRead, BufReader, BufWriter, Result, Write};

fn main() -> Result<()> {
    let (mut input, mut line) = (BufReader::new(std::io::stdin()), Vec::new());
    let mut output = BufWriter::new(std::io::stdout());
    while input.read_until(b'\n', &mut line)? > 0 {
        output.write_all(&line)?;
        line.clear();
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    Ok(())
}
