use proptest::prelude::*;

use super::*;

fn sniffed(bytes: &[u8]) -> Option<ImageHeader> {
    sniff(bytes).expect("a slice cannot fail to be read")
}

fn png(width: u32, height: u32, color: u8, chunks: &[(&[u8; 4], usize)]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.extend([8, color, 0, 0, 0, 1, 2, 3, 4]);
    for (kind, length) in chunks {
        file.extend(u32::try_from(*length).expect("small").to_be_bytes());
        file.extend(*kind);
        file.extend(vec![0; length + 4]);
    }
    file
}

fn jpeg(segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    for (marker, body) in segments {
        file.extend([0xff, *marker]);
        file.extend(u16::try_from(body.len() + 2).expect("small").to_be_bytes());
        file.extend(*body);
    }
    file
}

fn webp(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [b"RIFF\0\0\0\0WEBP", kind.as_slice(), b"\0\0\0\0", body].concat()
}

#[test]
fn png_size_and_alpha() {
    let image = |width, height, has_alpha| Some(ImageHeader { media_type: MediaType::Png, width, height, has_alpha });
    assert_eq!(sniffed(&png(3, 5, 2, &[(b"IDAT", 1)])), image(3, 5, false));
    assert_eq!(sniffed(&png(3, 5, 6, &[])), image(3, 5, true));
    assert_eq!(sniffed(&png(3, 5, 4, &[])), image(3, 5, true));
    let mut depth = png(3, 5, 6, &[]);
    depth[24] = 3;
    assert_eq!((sniffed(&depth), sniffed(&png(3, 5, 1, &[]))), (None, None), "a depth and a color that do not exist");
}

#[test]
fn a_palette_with_a_transparency_chunk_carries_alpha() {
    let transparent = png(1, 1, 3, &[(b"PLTE", 6), (b"tRNS", 2), (b"IDAT", 1)]);
    assert!(sniffed(&transparent).expect("a PNG").has_alpha);
    let late = png(1, 1, 3, &[(b"PLTE", 6), (b"IDAT", 1), (b"tRNS", 2)]);
    assert!(!sniffed(&late).expect("a PNG").has_alpha);
}

#[test]
fn a_jpeg_says_its_size_behind_profiles_and_fill_bytes() {
    let expected = Some(ImageHeader { media_type: MediaType::Jpeg, width: 640, height: 480, has_alpha: false });
    let frame: &[u8] = &[8, 1, 224, 2, 128, 3];
    assert_eq!(sniffed(&jpeg(&[(0xe0, b"JFIF\0"), (0xe2, &[7; 60_000]), (0xdb, &[0; 65]), (0xc2, frame)])), expected);
    let mut filled = jpeg(&[(0xe0, b"JFIF\0")]);
    filled.extend([0xff, 0xff, 0xff]);
    filled.extend(&jpeg(&[(0xc0, frame)])[3..]);
    assert_eq!(sniffed(&filled), expected);
    assert_eq!(sniffed(&jpeg(&[(0xfe, b""), (0xc0, frame)])), expected, "an empty comment");
}

#[test]
fn a_jpeg_without_a_frame_is_no_image() {
    assert_eq!(sniffed(&jpeg(&[(0xe0, b"JFIF\0"), (0xda, &[0; 10])])), None);
    assert_eq!(sniffed(&[0xff, 0xd8, 0xff, 0xe0, 0, 1, 0, 0]), None, "a segment length below two");
    for end in [0xda, 0xd9] {
        let late = jpeg(&[(0xe0, b"JFIF\0"), (end, &[0; 10]), (0xc0, &[8, 1, 224, 2, 128, 3])]);
        assert_eq!(sniffed(&late), None, "a frame after the marker {end:x}");
    }
}

#[test]
fn failure_of_the_reader_is_its_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::PermissionDenied))
        }
    }
    assert_eq!(sniff(Broken).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
}

#[test]
fn webp_size_in_three_forms() {
    let image = |width, height, has_alpha| Some(ImageHeader { media_type: MediaType::Webp, width, height, has_alpha });
    assert_eq!(sniffed(&webp(b"VP8X", &[0x10, 0, 0, 0, 99, 0, 0, 49, 0, 0])), image(100, 50, true));
    assert_eq!(sniffed(&webp(b"VP8X", &[0x20, 0, 0, 0, 99, 0, 0, 49, 0, 0])), image(100, 50, false));
    let lossless = |alpha: u32| [&[0x2f], (99 | (49 << 14) | (alpha << 28)).to_le_bytes().as_slice()].concat();
    assert_eq!(sniffed(&webp(b"VP8L", &lossless(0))), image(100, 50, false));
    assert_eq!(sniffed(&webp(b"VP8L", &lossless(1))), image(100, 50, true));
    assert_eq!(sniffed(&webp(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 100, 0, 50, 0])), image(100, 50, false));
    assert_eq!(sniffed(&webp(b"VP8?", &[0; 10])), None);
}

#[test]
fn gif_size_and_transparency() {
    let screen = |flags| [b"GIF89a".as_slice(), &[100, 0, 50, 0, flags, 0, 0]].concat();
    let opaque = [screen(0), vec![0x2c]].concat();
    let comment_first = [screen(0), vec![0x21, 0xfe, 2, b'h', b'i', 0, 0x21, 0xf9, 4, 1]].concat();
    let with_palette = [screen(0x80), vec![0; 6], vec![0x21, 0xf9, 4, 1]].concat();
    let image = |has_alpha| Some(ImageHeader { media_type: MediaType::Gif, width: 100, height: 50, has_alpha });
    assert_eq!(sniffed(&opaque), image(false));
    assert_eq!(sniffed(&comment_first), image(true));
    assert_eq!(sniffed(&with_palette), image(true));
    assert_eq!(sniffed(&[screen(0), vec![0x21, 0xf9, 4, 0xfe]].concat()), image(false), "another flag");
}

#[test]
fn other_content_is_no_image_whatever_it_is_called() {
    for content in [
        &b""[..],
        b"hello, I am secret.png",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><html>",
        b"%PDF-1.7 ......................",
        b"BM......................",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WAVEfmt .............",
    ] {
        assert_eq!(sniffed(content), None, "{:?}", String::from_utf8_lossy(content));
    }
}

#[test]
fn png_with_another_signature_or_first_chunk_is_no_image() {
    for at in [7, 11, 12] {
        let mut file = png(3, 5, 6, &[]);
        assert!(sniffed(&file).is_some());
        file[at] ^= 1;
        assert_eq!(sniffed(&file), None, "byte {at}");
    }
}

#[test]
fn an_image_without_pixels_is_no_image() {
    assert_eq!(sniffed(&png(0, 5, 2, &[(b"IDAT", 1)])), None);
}

#[test]
fn gigapixel_image_is_detected_from_its_header() {
    assert_eq!(sniffed(&png(200_000, 200_000, 6, &[])).map(|image| image.pixel_count()), Some(40_000_000_000));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), start in 0_usize..5) {
        let start: &[u8] = [&b""[..], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP"][start];
        let _ = sniffed(&[start, &bytes].concat());
    }

    #[test]
    fn a_header_cut_anywhere_is_no_image(cut in 0_usize..33) {
        prop_assert_eq!(sniffed(&png(3, 5, 2, &[(b"IDAT", 1)])[..cut]), None);
    }
}
