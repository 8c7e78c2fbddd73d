//! Sniffing and stripping of images: the pixels and their header stay, what was hidden between them goes.

#![no_main]

use std::io::{BufReader, Cursor, ErrorKind, Read};

use arbitrary::Arbitrary;
use easel_fuzz::chunks::ChunkReader;
use easel_fuzz::memory::with_limit;
use easel_imagegen::sniff::sniff;
use easel_imagegen::strip::StrippedImage;
use easel_picture::{Bounds, Limits, Picture, read};
use easel_protocol::record::MediaType;
use libfuzzer_sys::fuzz_target;

const CANARY: &[u8] = b"GPS-CANARY";
const MAX_PIXELS: u64 = 1 << 14;
const PNG: &[u8] = include_bytes!("../samples/still.png");
const JPEG: &[u8] = include_bytes!("../../crates/easel-picture/src/decode/tests/red-blue-32x16.jpg");
const WEBP: &[u8] = include_bytes!("../samples/still.webp");
const GIF: &[u8] = include_bytes!("../samples/still.gif");

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// Any file.
    File { sizes: [u8; 3], bytes: &'a [u8] },
    /// A good file with blocks of metadata between its parts.
    Hidden { format: u8, blocks: Vec<Block<'a>> },
}

#[derive(Arbitrary, Debug)]
struct Block<'a> {
    /// The part before which the block is.
    position: u8,
    kind: u8,
    before: &'a [u8],
    after: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::File { sizes, bytes } => check_file(bytes, &sizes),
        Input::Hidden { format, blocks } => check_hidden(format, &blocks),
    }
});

fn check_file(bytes: &[u8], sizes: &[u8]) {
    let header = sniff(bytes).expect("a reader that does not fail");
    let chunked = ChunkReader::new(bytes.to_vec(), sizes.to_vec());
    assert_eq!(sniff(BufReader::with_capacity(7, chunked)).expect("a reader that does not fail"), header);
    let Some(header) = header else { return };
    assert!(header.width > 0 && header.height > 0);
    let Some(stripped) = strip(bytes, header.media_type) else { return };
    // A WebP may gain a block with its orientation, and any file may lose nothing.
    assert!(stripped.len() <= bytes.len() + 64);
    assert_eq!(strip(&stripped, header.media_type).as_ref(), Some(&stripped), "stripped twice");
    let sniffed = sniff(stripped.as_slice()).expect("a reader that does not fail");
    // Of a truncated file too little may be left, and a WebP ends where its header says, even in the middle of a part.
    let is_cut = sniffed.is_none() && (header.media_type == MediaType::Webp || decode(bytes).is_none());
    assert!(sniffed == Some(header) || is_cut, "{sniffed:?} {header:?}");
    // A damaged file may lose a part after which a decoder accepts or shows it differently. `check_hidden` has whole
    // files, whose pixels stay.
    if let (Some(before), Some(after)) = (decode(bytes), decode(&stripped)) {
        assert_eq!(after.width * after.height, before.width * before.height);
    }
}

fn check_hidden(format: u8, blocks: &[Block<'_>]) {
    let (media_type, file, parts) = match format % 4 {
        0 => (MediaType::Png, PNG, split_png(PNG)),
        1 => (MediaType::Jpeg, JPEG, split_jpeg(JPEG)),
        2 => (MediaType::Webp, WEBP, split_webp(WEBP)),
        _ => (MediaType::Gif, GIF, split_gif(GIF)),
    };
    // The first part is the signature, and in a JPEG and a GIF nothing follows the last one.
    let mut bytes = parts[0].to_vec();
    for (at, part) in parts.iter().enumerate().skip(1) {
        for block in blocks.iter().filter(|block| usize::from(block.position) % (parts.len() - 1) + 1 == at) {
            bytes.extend(block.to_bytes(media_type));
        }
        bytes.extend_from_slice(part);
    }
    if media_type == MediaType::Webp {
        let size = u32::try_from(bytes.len() - 8).expect("short");
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
    }
    let stripped = strip(&bytes, media_type).expect("a good file");
    assert!(!stripped.windows(CANARY.len()).any(|window| window == CANARY));
    // A block may have an orientation, and one that is not valid may keep a decoder from the pixels.
    assert_eq!(decode(&stripped), decode(&bytes).or_else(|| decode(file)));
}

/// Strips a file. Returns `None` if it is refused.
fn strip(bytes: &[u8], media_type: MediaType) -> Option<Vec<u8>> {
    let limit = (512 << 10) + 8 * bytes.len();
    let stripped = with_limit(limit, || StrippedImage::strip(Cursor::new(bytes), media_type));
    let mut stripped = match stripped {
        Ok(stripped) => stripped,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
            return None;
        }
    };
    let (length, mut all) = (stripped.length(), Vec::new());
    stripped.read_to_end(&mut all).expect("the length that was announced");
    assert_eq!(all.len() as u64, length);
    Some(all)
}

fn decode(bytes: &[u8]) -> Option<Picture> {
    let limits = Limits { pixels: MAX_PIXELS, whole: MAX_PIXELS, progressive: MAX_PIXELS };
    read(Cursor::new(bytes), Bounds::edge(64), limits).ok()
}

fn split_png(file: &[u8]) -> Vec<&[u8]> {
    let (signature, mut rest) = file.split_at(8);
    let mut parts = vec![signature];
    while let Some(length) = rest.first_chunk().map(|length| u32::from_be_bytes(*length)) {
        let (chunk, after) = rest.split_at(12 + length as usize);
        parts.push(chunk);
        rest = after;
    }
    // The header comes first.
    let head = parts[0].len() + parts[1].len();
    [vec![&file[..head]], parts.split_off(2)].concat()
}

/// The segments before the scan. The scan with everything after it is one part.
fn split_jpeg(file: &[u8]) -> Vec<&[u8]> {
    let (start, mut rest) = file.split_at(2);
    let mut parts = vec![start];
    while let [0xff, marker, high, low, ..] = *rest {
        if marker == 0xda {
            parts.push(rest);
            break;
        }
        let (segment, after) = rest.split_at(2 + usize::from(u16::from_be_bytes([high, low])));
        parts.push(segment);
        rest = after;
    }
    parts
}

fn split_webp(file: &[u8]) -> Vec<&[u8]> {
    let (head, mut rest) = file.split_at(12);
    let mut parts = vec![head];
    while let Some(size) = rest.get(4..8).and_then(<[u8]>::first_chunk) {
        let size = u32::from_le_bytes(*size) as usize;
        let (chunk, after) = rest.split_at(rest.len().min(8 + size + size % 2));
        parts.push(chunk);
        rest = after;
    }
    // The first chunk decides what may follow.
    let start = parts[0].len() + parts[1].len();
    let mut split = vec![&file[..start]];
    split.extend(parts.split_off(2));
    split.push(&[]);
    split
}

/// The head with its color table, then the rest of the file.
fn split_gif(file: &[u8]) -> Vec<&[u8]> {
    let table = if file[10] & 0x80 == 0 { 0 } else { 3 << ((file[10] & 7) + 1) };
    let (head, rest) = file.split_at(13 + table);
    let (rest, trailer) = rest.split_at(rest.len() - 1);
    vec![head, rest, trailer]
}

impl Block<'_> {
    fn to_bytes(&self, media_type: MediaType) -> Vec<u8> {
        let content = [self.before, CANARY, self.after].concat();
        let content = &content[..content.len().min(60_000)];
        match media_type {
            MediaType::Png => {
                let kinds: [&[u8; 4]; 6] = [b"tEXt", b"iTXt", b"zTXt", b"tIME", b"caBX", b"abCd"];
                let data = [kinds[usize::from(self.kind) % kinds.len()].as_slice(), content].concat();
                let length = u32::try_from(content.len()).expect("short");
                [length.to_be_bytes().as_slice(), &data, &crc32(&data).to_be_bytes()].concat()
            }
            MediaType::Jpeg => {
                // Without application data that decoders use for colors.
                let markers = [0xe1, 0xe3, 0xe4, 0xed, 0xef, 0xfe, 0xe5, 0xeb];
                let length = u16::try_from(content.len() + 2).expect("short").to_be_bytes();
                let marker = markers[usize::from(self.kind) % markers.len()];
                [[0xff, marker].as_slice(), &length, content].concat()
            }
            MediaType::Webp => {
                let kinds: [&[u8; 4]; 4] = [b"EXIF", b"XMP ", b"abcd", b"C2PA"];
                let size = u32::try_from(content.len()).expect("short").to_le_bytes();
                let padding = if content.len() % 2 == 1 { [0].as_slice() } else { &[] };
                [kinds[usize::from(self.kind) % kinds.len()].as_slice(), &size, content, padding].concat()
            }
            MediaType::Gif => {
                let head: &[u8] = if self.kind % 2 == 0 { b"\x21\xfe" } else { b"\x21\xff\x0bXMP DataXMP" };
                let blocks = content.chunks(255).flat_map(|block| [&[block.len() as u8], block].concat());
                head.iter().copied().chain(blocks).chain([0]).collect()
            }
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let shift = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}
