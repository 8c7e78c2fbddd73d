//! Draws the contact sheet of `docs/`: prompts and edits, each edit beside the picture that it changes.
//!
//! `draw_sheet FILE` writes the sheet. With a folder as the second argument, it also writes each picture at 512 by 512.

#![expect(clippy::disallowed_methods, reason = "an example writes files")]

use std::error::Error;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use easel_preview::{Picture, Reference, draw};

/// Prompts, and the edits that follow each.
const SERIES: &[&[&str]] = &[
    &["a red star over a blue mountain", "make the star yellow", "add a dog", "remove the mountain"],
    &["a red car", "make it blue", "now at night"],
    &["three yellow ducks, two red balloons and a house", "make the house green and bigger"],
    &["a cat", "put a red hat on the cat", "turn the cat into a fox"],
    &["a black cat at night", "make it rain"],
    &["seven yellow stars"],
    &["sunset over the sea"],
    &["a lighthouse by the sea in a storm"],
    &["a snowman beside a house in the snow"],
    &["a rabbit to the left of a mushroom in a meadow"],
    &["a rocket in space"],
    &["a small fish under a big boat"],
    &["a castle in the fog"],
    &["a robot with an orange umbrella in the rain"],
    &["a mountain behind a cottage, without a tree"],
    &["a bird on a car in the city"],
    &["five red apples and a purple cup", "remove two apples"],
    &["two butterflies over three pink flowers on a sunny day"],
    &["a plane above a rainbow"],
    &["a fisherman on a boat at sunset"],
];

const COLUMNS: usize = 6;
const SIDE: usize = 200;
const GAP: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let sheet = arguments.next().ok_or("name the file of the sheet")?;
    let folder = arguments.next();
    let mut pictures = Vec::new();
    for series in SERIES {
        let mut earlier: Option<Vec<u8>> = None;
        let mut large: Option<Vec<u8>> = None;
        for prompt in *series {
            let picture = draw_edit(prompt, SIDE as u32, earlier.as_deref())?;
            if let Some(folder) = &folder {
                let drawn = draw_edit(prompt, 512, large.as_deref())?;
                fs::write(Path::new(folder).join(format!("{:02}.png", pictures.len())), &drawn)?;
                large = Some(drawn);
            }
            pictures.push(picture.clone());
            earlier = Some(picture);
        }
    }
    Ok(fs::write(sheet, assemble(&pictures)?)?)
}

fn draw_edit(prompt: &str, side: u32, earlier: Option<&[u8]>) -> Result<Vec<u8>, Box<dyn Error>> {
    let references: Vec<_> = earlier.into_iter().map(|bytes| Reference { bytes }).collect();
    let picture = Picture {
        prompt,
        width: side,
        height: side,
        transparent: false,
        variant: 0,
        grain: 1,
        references: &references,
    };
    Ok(draw(&picture)?)
}

/// Puts pictures of equal size into a grid, as a PNG file.
fn assemble(pictures: &[Vec<u8>]) -> Result<Vec<u8>, Box<dyn Error>> {
    let step = SIDE + GAP;
    let (width, height) = (COLUMNS * step + GAP, pictures.len().div_ceil(COLUMNS) * step + GAP);
    let mut sheet = vec![255; width * height * 3];
    for (index, picture) in pictures.iter().enumerate() {
        let (left, top) = (index % COLUMNS * step + GAP, index / COLUMNS * step + GAP);
        let mut reader = png::Decoder::new(Cursor::new(picture)).read_info()?;
        for row in 0..SIDE {
            let line = reader.next_row()?.ok_or("a picture is too short")?;
            let start = ((top + row) * width + left) * 3;
            // Five bits for each channel: the sheet becomes small, and the pictures keep their look.
            let samples = line.data().iter().map(|sample| sample & 0xf8 | sample >> 5);
            sheet.splice(start..start + SIDE * 3, samples);
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(&sheet)?;
    Ok(out)
}
