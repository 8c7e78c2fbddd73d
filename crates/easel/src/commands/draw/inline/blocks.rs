//! Half blocks: a character shows one pixel in its upper half and one in its lower half.

use std::fmt::Write;

use easel_picture::Picture;

/// Alpha from which a pixel is shown. Below it, the background of the terminal is.
const VISIBLE: u8 = 128;

type Color = Option<[u8; 3]>;

/// Encodes a picture as lines of half blocks.
pub(super) fn encode(picture: &Picture) -> String {
    let width = picture.width as usize;
    let pixels: Vec<Color> = picture.rgba.chunks_exact(4).map(color).collect();
    let rows: Vec<&[Color]> = pixels.chunks(width).collect();
    let mut out = String::new();
    for pair in rows.chunks(2) {
        let blank = vec![None; width];
        let (upper, lower) = (pair[0], pair.get(1).copied().unwrap_or(&blank));
        for (upper, lower) in upper.iter().zip(lower) {
            push(&mut out, *upper, *lower);
        }
        out.push_str("\x1b[0m\n");
    }
    out
}

fn color(pixel: &[u8]) -> Color {
    match *pixel {
        [red, green, blue, alpha] if alpha >= VISIBLE => Some([red, green, blue]),
        _ => None,
    }
}

fn push(out: &mut String, upper: Color, lower: Color) {
    let rgb = |[red, green, blue]: [u8; 3]| format!("2;{red};{green};{blue}");
    // Writing to a string never fails.
    let _ = match (upper, lower) {
        (Some(upper), Some(lower)) => write!(out, "\x1b[38;{};48;{}m▀", rgb(upper), rgb(lower)),
        (Some(upper), None) => write!(out, "\x1b[0;38;{}m▀", rgb(upper)),
        (None, Some(lower)) => write!(out, "\x1b[0;38;{}m▄", rgb(lower)),
        (None, None) => write!(out, "\x1b[0m "),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rows_of_pixels_are_one_line() {
        let rgba = [[255, 0, 0, 255], [0, 0, 0, 0], [0, 0, 255, 255], [1, 2, 3, 255], [9, 9, 9, 255], [0, 0, 0, 0]];
        let picture = Picture { width: 2, height: 3, rgba: rgba.concat(), icc_profile: None };
        assert_eq!(
            encode(&picture),
            "\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[0;38;2;1;2;3m▄\x1b[0m\n\x1b[0;38;2;9;9;9m▀\x1b[0m \x1b[0m\n"
        );
    }
}
