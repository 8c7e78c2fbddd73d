mod faults;

use std::io::Cursor;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Stands wherever metadata does.
const CANARY: &[u8] = b"GPS-CANARY";

fn stripped(bytes: &[u8], media_type: MediaType) -> io::Result<Vec<u8>> {
    let mut outgoing = StrippedImage::strip(Cursor::new(bytes), media_type)?;
    let mut sent = Vec::new();
    let promised = outgoing.length();
    outgoing.read_to_end(&mut sent)?;
    assert_eq!(sent.len() as u64, promised);
    Ok(sent)
}

fn has_canary(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY)
}

/// A TIFF structure with a camera's name and, between others, the orientation; in Motorola's order.
fn camera(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x0c\0\0\0\0\0\x03".to_vec();
    tiff.extend(b"\x01\x0f\0\x02\0\0\0\x0a\0\0\0\x40");
    tiff.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x40\0\0\0\0");
    tiff.extend(CANARY);
    tiff
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).expect("small").to_be_bytes();
    [&[0xff, marker], length.as_slice(), content].concat()
}

const PICTURE: &[u8] = b"\xff\xdb\0\x04\0\x01\xff\xc2\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\xff\xc4\0\x04\0\0\
    \xff\xda\0\x04\x01\x01scan\xff\0more\xff\xd0more\xff\xc4\0\x04\0\0\xff\xda\0\x04\x01\x01second\xff\xd9";
const MINIMAL_EXIF: &[u8] = b"\xff\xe1\0\x22Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";

fn jpeg(orientation: u8) -> Vec<u8> {
    let with = |start: &[u8], marker| segment(marker, &[start, CANARY].concat());
    [
        b"\xff\xd8".as_slice(),
        &with(b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x05", 0xe0),
        &with(b"JFXX\0\x10", 0xe0),
        &segment(0xe1, &[b"Exif\0\0", camera(orientation).as_slice()].concat()),
        &with(b"http://ns.adobe.com/xap/1.0/\0", 0xe1),
        &segment(0xe2, b"ICC_PROFILE\0\x01\x01colours"),
        &with(b"MPF\0", 0xe2),
        &with(b"Photoshop 3.0\0", 0xed),
        b"\xff\xff",
        &segment(0xee, b"Adobe\0\x64\0\0\0\0\x01"),
        &with(b"", 0xfe),
        PICTURE,
        b"a film ",
        CANARY,
    ]
    .concat()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = u32::try_from(content.len()).expect("small").to_be_bytes().to_vec();
    chunk.extend(kind);
    chunk.extend(content);
    chunk.extend([0; 4]);
    chunk
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn png() -> Vec<u8> {
    [
        PNG,
        &chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]),
        &chunk(b"iCCP", b"colours"),
        &chunk(b"tEXt", CANARY),
        &chunk(b"eXIf", &camera(6)),
        &chunk(b"caBX", CANARY),
        &chunk(b"IDAT", b"pixels"),
        &chunk(b"IDAT", b"more"),
        &chunk(b"tIME", CANARY),
        &chunk(b"eXIf", &camera(3)),
        &chunk(b"IEND", b""),
        CANARY,
    ]
    .concat()
}

fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut content = b"WEBP".to_vec();
    for (kind, data) in chunks {
        content.extend(*kind);
        content.extend(u32::try_from(data.len()).expect("small").to_le_bytes());
        content.extend(*data);
        content.extend(vec![0; data.len() % 2]);
    }
    let length = u32::try_from(content.len()).expect("small").to_le_bytes();
    [b"RIFF", length.as_slice(), &content].concat()
}

fn webp() -> Vec<u8> {
    let exif = [b"Exif\0\0", camera(6).as_slice()].concat();
    let mut file = riff(&[
        (b"VP8X", &[0x3c, 0, 0, 0, 1, 0, 0, 1, 0, 0]),
        (b"ICCP", b"colours"),
        (b"ALPH", b"see"),
        (b"VP8 ", b"pixels"),
        (b"EXIF", &exif),
        (b"XMP ", CANARY),
        (b"GPS!", CANARY),
    ]);
    file.extend(CANARY);
    file
}

fn gif() -> Vec<u8> {
    [
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".as_slice(),
        b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0",
        b"!\xfe\x0aGPS-CANARY\0",
        b"!\xff\x0bXMP DataXMP\x0aGPS-CANARY\0",
        b"!\xf9\x04\x01\0\0\0\0",
        b",\0\0\0\0\x01\0\x01\0\x80\0\0\0\xff\xff\xff\x02\x02pi\x01x\0",
        b";",
        CANARY,
    ]
    .concat()
}

fn samples() -> [(MediaType, Vec<u8>); 4] {
    [(MediaType::Jpeg, jpeg(6)), (MediaType::Png, png()), (MediaType::Webp, webp()), (MediaType::Gif, gif())]
}

#[test]
fn file_must_have_its_recorded_length_and_format() {
    let jpeg = [&b"\xff\xd8"[..], PICTURE].concat();
    let length = jpeg.len() as u64;
    let open = |media_type, bytes| {
        let mut read = Vec::new();
        require_unchanged(Cursor::new(&jpeg), media_type, bytes)?.read_to_end(&mut read)?;
        io::Result::Ok(read)
    };
    assert_eq!(open(MediaType::Jpeg, length).unwrap(), jpeg);
    for (media_type, bytes) in [(MediaType::Jpeg, length - 1), (MediaType::Jpeg, length + 1), (MediaType::Png, length)]
    {
        assert_eq!(open(media_type, bytes).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn jpeg_keeps_scans_colors_and_orientation() {
    let expected = [
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0".as_slice(),
        MINIMAL_EXIF,
        &segment(0xe2, b"ICC_PROFILE\0\x01\x01colours"),
        &segment(0xee, b"Adobe\0\x64\0\0\0\0\x01"),
        PICTURE,
    ];
    assert_eq!(stripped(&jpeg(6), MediaType::Jpeg).expect("a JPEG"), expected.concat());
}

#[test]
fn an_orientation_that_says_nothing_is_not_sent() {
    for orientation in [0, 1, 9] {
        let sent = stripped(&jpeg(orientation), MediaType::Jpeg).expect("a JPEG");
        assert!(!sent.windows(4).any(|window| window == b"Exif"), "{orientation}");
    }
}

#[test]
fn only_the_first_orientation_is_sent() {
    let file = jpeg(6);
    let picture = file.windows(PICTURE.len()).position(|window| window == PICTURE).expect("a picture");
    let second = segment(0xe1, &[b"Exif\0\0", camera(3).as_slice()].concat());
    let twice = [&file[..picture], &second, &file[picture..]].concat();
    let expected = stripped(&file, MediaType::Jpeg).expect("a JPEG");
    assert_eq!(stripped(&twice, MediaType::Jpeg).expect("a JPEG"), expected);
}

#[test]
fn markers_and_application_data_without_meaning_are_not_sent() {
    let file = jpeg(6);
    let (start, rest) = file.split_at(2);
    let more = [b"\xff\x01\xff\xd3".as_slice(), &segment(0xee, &[CANARY, CANARY].concat())].concat();
    let expected = stripped(&file, MediaType::Jpeg).expect("a JPEG");
    assert_eq!(stripped(&[start, &more, rest].concat(), MediaType::Jpeg).expect("a JPEG"), expected);
}

#[test]
fn png_keeps_picture_chunks_and_orientation() {
    let expected = [
        PNG,
        &chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]),
        &chunk(b"iCCP", b"colours"),
        b"\0\0\0\x1aeXIf",
        &orientation::build_tiff(6),
        b"\xb7\x48\x11\x29",
        &chunk(b"IDAT", b"pixels"),
        &chunk(b"IDAT", b"more"),
        &chunk(b"IEND", b""),
    ];
    assert_eq!(stripped(&png(), MediaType::Png).expect("a PNG"), expected.concat());
}

#[test]
fn stripped_png_has_pixels_and_valid_checksum() {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, 2, 1);
    encoder.set_color(::png::ColorType::Rgb);
    encoder.add_text_chunk("Where".to_owned(), "GPS-CANARY".to_owned()).expect("text");
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&[1, 2, 3, 4, 5, 6])).expect("a PNG");
    let exif = chunk(b"eXIf", &camera(8));
    file.splice(33..33, exif);
    assert!(has_canary(&file));
    let sent = stripped(&file, MediaType::Png).expect("a PNG");
    assert!(!has_canary(&sent));
    let mut reader = ::png::Decoder::new(Cursor::new(sent)).read_info().expect("a header");
    assert_eq!(reader.info().exif_metadata.as_deref(), Some(orientation::build_tiff(8).as_slice()));
    let mut pixels = [0; 6];
    reader.next_frame(&mut pixels).expect("pixels");
    assert_eq!(pixels, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn webp_keeps_picture_chunks_and_orientation() {
    let expected = riff(&[
        (b"VP8X", &[0x38, 0, 0, 0, 1, 0, 0, 1, 0, 0]),
        (b"ICCP", b"colours"),
        (b"ALPH", b"see"),
        (b"VP8 ", b"pixels"),
        (b"EXIF", &orientation::build_tiff(6)),
    ]);
    assert_eq!(stripped(&webp(), MediaType::Webp).expect("a WebP"), expected);
    let simple = riff(&[(b"VP8L", b"pixels"), (b"EXIF", &camera(6))]);
    assert_eq!(stripped(&simple, MediaType::Webp).expect("a WebP"), riff(&[(b"VP8L", b"pixels")]));
}

/// Chunks one after the other, as they stand in a frame.
fn chunks(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    riff(chunks).split_off(12)
}

#[test]
fn what_follows_the_end_of_a_webp_is_not_sent() {
    let mut file = webp();
    let expected = stripped(&file, MediaType::Webp).expect("a WebP");
    file.extend(chunks(&[(b"VP8 ", b"hidden"), (b"ALPH", b"behind")]));
    assert_eq!(stripped(&file, MediaType::Webp).expect("a WebP"), expected);

    let file = riff(&[(b"VP8 ", b"pixels")]);
    let longer = [file.as_slice(), &chunks(&[(b"ALPH", b"behind")])].concat();
    assert_eq!(stripped(&longer, MediaType::Webp).expect("a WebP"), file);
}

#[test]
fn webp_frames_keep_picture_chunks() {
    let animation = |first: &[u8], second: &[u8]| {
        riff(&[(b"VP8X", &[2, 0, 0, 0, 1, 0, 0, 1, 0, 0]), (b"ANIM", &[0; 6]), (b"ANMF", first), (b"ANMF", second)])
    };
    let header = (0..16).collect::<Vec<u8>>();
    let picture = chunks(&[(b"ALPH", b"see"), (b"VP8 ", b"pixels")]);
    let frame = [header.as_slice(), &picture].concat();
    let plain = animation(&frame, &[header.as_slice(), &chunks(&[(b"VP8L", b"more")])].concat());
    assert_eq!(stripped(&plain, MediaType::Webp).expect("a WebP"), plain);
    for end in plain.len() - 20..plain.len() {
        assert!(stripped(&plain[..end], MediaType::Webp).is_ok(), "cut at {end} of {}", plain.len());
    }

    let before = chunks(&[(b"GPS!", CANARY), (b"EXIF", CANARY)]);
    let after = chunks(&[(b"ANMF", CANARY), (b"XMP ", CANARY)]);
    let spoken = [header.as_slice(), &before, &picture, &after, CANARY].concat();
    let other = [header.as_slice(), &chunks(&[(b"VP8L", b"more"), (b"GPS!", CANARY)])].concat();
    assert_eq!(stripped(&animation(&spoken, &other), MediaType::Webp).expect("a WebP"), plain);
}

#[test]
fn truncated_animated_webp_leaks_no_metadata() {
    let frame = [[0; 16].as_slice(), &chunks(&[(b"GPS!", CANARY), (b"VP8 ", b"pixels"), (b"GPS!", CANARY)])].concat();
    let file = riff(&[(b"VP8X", &[2, 0, 0, 0, 1, 0, 0, 1, 0, 0]), (b"ANMF", &frame), (b"ANMF", &frame)]);
    for end in 12..file.len() {
        let sent = stripped(&file[..end], MediaType::Webp).expect("what is there");
        assert!(!has_canary(&sent), "cut at {end}");
        assert_eq!(stripped(&sent, MediaType::Webp).expect("what is there"), sent, "cut at {end}");
    }
    let countless = [[0; 16].as_slice(), &chunks(&[(b"ALPH", b""), (b"GPS!", b"")]).repeat(100)].concat();
    let file = riff(&[(b"VP8X", &[2, 0, 0, 0, 1, 0, 0, 1, 0, 0]), (b"ANMF", &countless)]);
    assert_eq!(stripped(&file, MediaType::Webp).expect_err("not sent").kind(), io::ErrorKind::InvalidData);
}

#[test]
fn of_a_gif_the_images_and_their_loop_are_sent() {
    let expected = [
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".as_slice(),
        b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0",
        b"!\xf9\x04\x01\0\0\0\0",
        b",\0\0\0\0\x01\0\x01\0\x80\0\0\0\xff\xff\xff\x02\x02pi\x01x\0",
        b";",
    ];
    assert_eq!(stripped(&gif(), MediaType::Gif).expect("a GIF"), expected.concat());
}

#[test]
fn truncated_gif_is_sent_up_to_its_end() {
    let head = b"GIF89a\x01\0\x01\0\0\0\0".as_slice();
    let image = b",\0\0\0\0\x01\0\x01\0\0\x02\x02pi\x01x\0";
    // From the code size on, also between two blocks and within one.
    for cut in 11..=image.len() {
        let file = [head, &image[..cut]].concat();
        assert_eq!(stripped(&file, MediaType::Gif).expect("a GIF"), file, "{cut} bytes");
    }
}

#[test]
fn malformed_file_is_not_sent() {
    let ihdr = chunk(b"IHDR", &[0; 13]);
    let wrong: [(MediaType, Vec<u8>); 7] = [
        (MediaType::Jpeg, [b"\xff\xd8\xff\xe0\0\x04ab".as_slice(), CANARY, PICTURE].concat()),
        (MediaType::Jpeg, [b"\xff\xd8\xff\xf0\0\x0c".as_slice(), CANARY, PICTURE].concat()),
        (MediaType::Jpeg, b"\xff\xd8\xff\xe0\0\x01".to_vec()),
        (MediaType::Png, [PNG, &ihdr, &chunk(b"GPSx", CANARY)].concat()),
        (MediaType::Png, [PNG, &ihdr, &chunk(b"x\0 1", CANARY)].concat()),
        (MediaType::Webp, riff(&[(b"VP8L", b"pixels"), (b"VP8X", &[0; 10])])),
        (MediaType::Gif, [b"GIF89a\x01\0\x01\0\0\0\0".as_slice(), CANARY].concat()),
    ];
    for (media_type, bytes) in wrong {
        let error = stripped(&bytes, media_type).expect_err("not sent");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{media_type:?} {error}");
    }
    let strewn = [chunk(b"tEXt", b""), chunk(b"IDAT", b"")].concat().repeat(5_000);
    let error = stripped(&[PNG, &ihdr, &strewn].concat(), MediaType::Png).expect_err("not sent");
    assert_eq!(error.to_string(), "its metadata has too many parts");
}

#[test]
fn png_with_too_many_chunks_is_rejected() {
    let mut bytes = png();
    let behind_the_header = 8 + 25;
    let many = chunk(b"teSt", b"").repeat(1 << 18);
    bytes.splice(behind_the_header..behind_the_header, many);
    assert_eq!(stripped(&bytes, MediaType::Png).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn what_was_stripped_is_stripped_no_further() {
    for (media_type, bytes) in samples() {
        let once = stripped(&bytes, media_type).expect("an image");
        assert_eq!(stripped(&once, media_type).expect("an image"), once, "{media_type:?}");
    }
}

#[test]
fn scan_that_is_cut_after_a_marker_byte_is_sent() {
    let scan = b"\xff\xda\0\x04\x01\x01scan";
    let file = [b"\xff\xd8".as_slice(), scan, b"\xff"].concat();
    assert_eq!(stripped(&file, MediaType::Jpeg).expect("what is there"), file);
}

#[test]
fn a_file_that_became_shorter_is_an_error() {
    let mut outgoing = StrippedImage::unchanged(Cursor::new(vec![0; 5]), 6);
    let error = outgoing.read_to_end(&mut Vec::new()).expect_err("too short");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

proptest! {
    #[test]
    fn an_image_that_is_cut_off_anywhere_lets_nothing_slip(end: Index) {
        for (media_type, bytes) in samples() {
            let sent = stripped(&bytes[..end.index(bytes.len())], media_type);
            prop_assert!(!has_canary(&sent.expect("what is there")), "{:?}", media_type);
        }
    }

    #[test]
    fn no_file_brings_it_to_a_fall(changes: [(Index, u8); 4], noise: Vec<u8>) {
        for (media_type, mut bytes) in samples() {
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            let _ = stripped(&bytes, media_type);
            let _ = stripped(&noise, media_type);
        }
    }
}
