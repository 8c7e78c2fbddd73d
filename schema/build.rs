//! Compresses the files, because half a megabyte of text would be a fortieth of the executable.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;

#[expect(clippy::disallowed_methods, reason = "Cargo names the folder by a variable")]
fn main() -> io::Result<()> {
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    for name in ["easel_app_server.schemas.json", "easel_app_server.ts"] {
        let mut encoder = ZlibEncoder::new(File::create(Path::new(&folder).join(name))?, Compression::best());
        encoder.write_all(&fs::read(name)?)?;
        encoder.finish()?;
    }
    Ok(())
}
