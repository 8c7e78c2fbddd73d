//! Sixel graphics: 256 colors, in bands of six rows.

use std::fmt::Write;

use color_quant::NeuQuant;
use easel_picture::Picture;

/// Colors of the palette. Terminals have at least this many registers.
const COLORS: usize = 256;
/// How carefully the palette is chosen, from 1 to 30, the fastest.
const SAMPLE_FACTOR: i32 = 10;
/// Rows of a band.
const BAND: usize = 6;
/// Alpha from which a pixel is drawn.
const VISIBLE: u8 = 128;

/// Encodes a picture. Transparent pixels are not drawn.
pub(super) fn encode(picture: &Picture) -> String {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let palette = NeuQuant::new(SAMPLE_FACTOR, COLORS, &picture.rgba);
    let indices: Vec<Option<u8>> = picture
        .rgba
        .chunks_exact(4)
        .map(|pixel| (pixel[3] >= VISIBLE).then(|| u8::try_from(palette.index_of(pixel)).unwrap_or(u8::MAX)))
        .collect();
    let mut out = format!("\x1bP0;1q\"1;1;{width};{height}");
    for (register, color) in palette.color_map_rgb().chunks_exact(3).enumerate() {
        let percent = |value: u8| u32::from(value) * 100 / 255;
        // Writing to a string never fails.
        let _ = write!(out, "#{register};2;{};{};{}", percent(color[0]), percent(color[1]), percent(color[2]));
    }
    for band in indices.chunks(width * BAND) {
        push_band(&mut out, band, width);
    }
    out.push_str("\x1b\\\n");
    out
}

/// Appends one band: for each color that it has, the pixels of this color.
fn push_band(out: &mut String, band: &[Option<u8>], width: usize) {
    let mut is_used = [false; COLORS];
    band.iter().flatten().for_each(|index| is_used[usize::from(*index)] = true);
    for color in (0..=u8::MAX).filter(|color| is_used[usize::from(*color)]) {
        let _ = write!(out, "#{color}");
        let column = |x: usize| {
            let rows = band.iter().skip(x).step_by(width).enumerate();
            rows.filter(|(_, index)| **index == Some(color)).fold(0_u8, |bits, (row, _)| bits | 1 << row)
        };
        let mut columns = (0..width).map(column).peekable();
        while let Some(bits) = columns.next() {
            let mut count = 1;
            while columns.next_if_eq(&bits).is_some() {
                count += 1;
            }
            push_run(out, count, bits);
        }
        // Back to the start of the band, for the next color.
        out.push('$');
    }
    out.push('-');
}

/// Appends a column of pixels that is repeated.
fn push_run(out: &mut String, count: usize, bits: u8) {
    let character = char::from(b'?' + bits);
    if count > 3 {
        let _ = write!(out, "!{count}{character}");
    } else {
        out.extend(std::iter::repeat_n(character, count));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Decodes what [`encode`] writes.
    fn decode(sixel: &str) -> (usize, HashMap<(usize, usize), [u32; 3]>) {
        let body = sixel.strip_prefix("\x1bP0;1q\"1;1;").unwrap().strip_suffix("\x1b\\\n").unwrap();
        let (width, body) = body.split_once(';').unwrap();
        let body = body.trim_start_matches(|c: char| c.is_ascii_digit());
        let (mut registers, mut pixels) = (HashMap::new(), HashMap::new());
        let (mut x, mut top, mut color) = (0, 0, 0);
        let mut characters = body.chars().peekable();
        let number = |characters: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let mut value = 0;
            while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
                value = value * 10 + digit as usize;
                characters.next();
            }
            value
        };
        while let Some(c) = characters.next() {
            let (count, c) = match c {
                '#' => {
                    color = number(&mut characters);
                    if characters.next_if_eq(&';').is_some() {
                        number(&mut characters);
                        let rgb = [0, 1, 2].map(|_| {
                            characters.next();
                            u32::try_from(number(&mut characters)).unwrap()
                        });
                        registers.insert(color, rgb);
                    }
                    continue;
                }
                '$' => {
                    x = 0;
                    continue;
                }
                '-' => {
                    (x, top) = (0, top + BAND);
                    continue;
                }
                '!' => (number(&mut characters), characters.next().unwrap()),
                c => (1, c),
            };
            for _ in 0..count {
                let bits = c as u8 - b'?';
                (0..BAND).filter(|row| bits & 1 << row != 0).for_each(|row| {
                    pixels.insert((x, top + row), registers[&color]);
                });
                x += 1;
            }
        }
        (width.parse().unwrap(), pixels)
    }

    #[test]
    fn decoded_picture_has_the_colors_of_the_pixels() {
        let colors = [[255, 0, 0, 255], [0, 0, 255, 255], [0, 0, 0, 0]];
        let (width, height) = (13, 8);
        let rgba: Vec<u8> = (0..width * height).flat_map(|n| colors[n % width / 5]).collect();
        let picture = Picture { width: 13, height: 8, rgba, icc_profile: None };
        let (decoded_width, pixels) = decode(&encode(&picture));
        assert_eq!((decoded_width, pixels.len()), (width, 10 * height));
        for ((x, _), [red, green, blue]) in pixels {
            let expected = if x < 5 { (red > 90, blue < 10) } else { (blue > 90, red < 10) };
            assert!(expected == (true, true) && green < 10, "{x}: {red} {green} {blue}");
        }
    }
}
