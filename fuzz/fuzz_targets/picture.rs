//! The decoder of pictures: any bytes decode within the bounds and in bounded memory, however they are read.

#![no_main]

use std::io::{BufReader, Cursor};

use arbitrary::Arbitrary;
use easel_fuzz::memory::with_limit;
use easel_picture::{Bounds, Error, Format, Limits, copy, read};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { pixels: 1 << 14, whole: 1 << 14, progressive: 1 << 14 };
/// A PNG decoder may take 64 MiB for rows, palettes and profiles.
const MAX_BYTES: usize = 80 << 20;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    edge: u8,
    patches: u8,
    buffer: u8,
    file: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let bounds = Bounds { edge: u32::from(input.edge), patches: u32::from(input.patches) };
    let picture = with_limit(MAX_BYTES, || read(Cursor::new(input.file), bounds, LIMITS));
    let buffered = BufReader::with_capacity(usize::from(input.buffer) + 1, Cursor::new(input.file));
    let again = read(buffered, bounds, LIMITS);
    let picture = match (picture, again) {
        (Ok(picture), Ok(again)) => {
            assert_eq!(picture, again);
            picture
        }
        (Err(error), Err(again)) => {
            assert_eq!(error.to_string(), again.to_string());
            // The reader itself never fails.
            assert!(!matches!(error, Error::Read(_)), "{error}");
            return;
        }
        (picture, again) => panic!("{picture:?} and {again:?}"),
    };
    assert_eq!(picture.rgba.len(), 4 * picture.width as usize * picture.height as usize);
    assert!(picture.width.max(picture.height) <= bounds.edge.max(1));
    let copied = copy(Cursor::new(input.file), bounds, LIMITS).expect("a picture that was decoded");
    assert_eq!((copied.width, copied.height), (picture.width, picture.height));
    let unbounded = Bounds::edge(u32::MAX);
    let decoded = read(Cursor::new(&copied.bytes), unbounded, LIMITS).expect("a copy is a picture");
    assert_eq!((decoded.width, decoded.height), (picture.width, picture.height));
    if copied.format == Format::Png {
        assert_eq!(decoded.rgba, picture.rgba);
    }
});
