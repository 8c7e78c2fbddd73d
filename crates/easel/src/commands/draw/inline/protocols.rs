//! Protocols that send a whole picture to the terminal.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_picture::Picture;

/// Pixels of a column. A picture needs no more for each column.
pub(super) const CELL_WIDTH: u32 = 10;

/// Maximum number of characters of base64 in one sequence of Kitty's protocol.
const CHUNK: usize = 4_096;

/// Encodes a picture for Kitty's graphics protocol: pixels in chunks of base64, scaled to the columns. It asks the
/// terminal for no answer.
pub(super) fn kitty(picture: &Picture, columns: u16) -> String {
    let encoded = STANDARD.encode(&picture.rgba);
    let chunks: Vec<&str> = encoded.as_bytes().chunks(CHUNK).filter_map(|chunk| str::from_utf8(chunk).ok()).collect();
    let mut out = String::with_capacity(encoded.len() + 64 * chunks.len());
    for (index, chunk) in chunks.iter().enumerate() {
        let more = u8::from(index + 1 < chunks.len());
        // Writing to a string never fails.
        let _ = match index {
            0 => write!(
                out,
                "\x1b_Ga=T,f=32,s={},v={},c={columns},q=2,m={more};{chunk}\x1b\\",
                picture.width, picture.height
            ),
            _ => write!(out, "\x1b_Gm={more};{chunk}\x1b\\"),
        };
    }
    out.push('\n');
    out
}

/// Encodes a file for iTerm2, which decodes it itself.
pub(super) fn iterm2(file: &[u8], columns: u16) -> String {
    let (size, encoded) = (file.len(), STANDARD.encode(file));
    format!("\x1b]1337;File=inline=1;size={size};width={columns};preserveAspectRatio=1:{encoded}\x07\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kitty_gets_all_pixels_in_chunks() {
        let rgba: Vec<u8> = (0..64 * 64 * 4).map(|n| (n % 251) as u8).collect();
        let picture = Picture { width: 64, height: 64, rgba: rgba.clone(), icc_profile: None };
        let encoded = kitty(&picture, 6);
        let mut base64 = String::new();
        let sequences: Vec<&str> = encoded.trim_end().split_terminator("\x1b\\").collect();
        for (index, sequence) in sequences.iter().enumerate() {
            let (control, chunk) = sequence.strip_prefix("\x1b_G").unwrap().split_once(';').unwrap();
            assert_eq!(control.ends_with("m=0"), index + 1 == sequences.len(), "{control}");
            assert!(chunk.len() <= CHUNK);
            base64.push_str(chunk);
        }
        assert!(sequences[0].contains("a=T,f=32,s=64,v=64,c=6,q=2,"), "{}", &sequences[0][..60]);
        assert_eq!(STANDARD.decode(base64).unwrap(), rgba);
    }

    #[test]
    fn iterm2_gets_the_file() {
        let encoded = iterm2(b"a file", 20);
        let rest = encoded.strip_prefix("\x1b]1337;File=inline=1;size=6;width=20;preserveAspectRatio=1:").unwrap();
        assert_eq!(STANDARD.decode(rest.strip_suffix("\x07\n").unwrap()).unwrap(), b"a file");
    }
}
