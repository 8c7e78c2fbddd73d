//! Measures the copies that models see of pictures. Prints a row of the table in docs/PERFORMANCE.md for each file.
//!
//!     just copies PHOTO.png PHOTO.jpg
//!
//! The columns: pixels and bytes of the file, pixels and bytes of the copy, milliseconds of CPU time and megabytes of
//! memory for making it, and its SSIMULACRA2 score. The score compares the copy with the picture itself, or with the
//! picture scaled by a Lanczos filter if the copy is scaled. CPU time and memory are measured on Linux only. Memory is
//! the growth of the peak of the process, so only the first file and larger ones have it.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a tool that reads files and prints a table")]

use std::error::Error;
use std::fs;
use std::io::Cursor;

use easel_picture::{Bounds, Encoded, Limits, Picture};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

/// The bounds of copies for the detail `high`.
const BOUNDS: Bounds = Bounds { edge: 2_048, patches: 2_500 };

/// Zero crossings of the Lanczos filter on each side.
const LOBES: f32 = 3.0;

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        let file = fs::read(&path)?;
        let before = (cpu_ms(), peak_mb());
        let copy = easel_picture::copy(Cursor::new(&file), BOUNDS, Limits::default())?;
        let (cpu, memory) = (cpu_ms() - before.0, peak_mb() - before.1);
        let Encoded { width, height, bytes, .. } = &copy;
        let (score, original) = score(&file, &copy)?;
        println!(
            "| {name} | {}x{} | {} | {width}x{height} | {} | {cpu:.0} | {memory:.0} | {score:.1} |",
            original.width,
            original.height,
            file.len(),
            bytes.len()
        );
    }
    Ok(())
}

/// Returns the score of a copy, and the picture.
fn score(file: &[u8], copy: &Encoded) -> Result<(f64, Picture), Box<dyn Error>> {
    let all = Bounds { edge: u32::MAX, patches: u32::MAX };
    let original = easel_picture::read(Cursor::new(file), all, Limits::default())?;
    let copied = easel_picture::read(Cursor::new(&copy.bytes), all, Limits::default())?;
    let size = (copy.width as usize, copy.height as usize);
    let score = compute_frame_ssimulacra2(to_rgb(scale(&original, size), size)?, to_rgb(scale(&copied, size), size)?)?;
    Ok((score, original))
}

fn to_rgb(pixels: Vec<[f32; 3]>, (width, height): (usize, usize)) -> Result<Rgb, Box<dyn Error>> {
    Ok(Rgb::new(pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)?)
}

/// Scales with a Lanczos filter, in the encoded values like most programs.
fn scale(picture: &Picture, (width, height): (usize, usize)) -> Vec<[f32; 3]> {
    let from = (picture.width as usize, picture.height as usize);
    let pixels: Vec<[f32; 3]> = picture
        .rgba
        .as_chunks::<4>()
        .0
        .iter()
        .map(|[r, g, b, _]| [*r, *g, *b].map(|value| f32::from(value) / 255.0))
        .collect();
    if from == (width, height) {
        return pixels;
    }
    let columns = weights(from.0, width);
    let mut rows = Vec::with_capacity(width * from.1);
    for row in pixels.chunks_exact(from.0) {
        rows.extend(columns.iter().map(|(start, weights)| sum(weights, |index| row[start + index])));
    }
    let lines = weights(from.1, height);
    let mut scaled = Vec::with_capacity(width * height);
    for (start, weights) in &lines {
        scaled.extend((0..width).map(|x| sum(weights, |index| rows[(start + index) * width + x])));
    }
    scaled
}

fn sum(weights: &[f32], pixel: impl Fn(usize) -> [f32; 3]) -> [f32; 3] {
    let mut sum = [0.0; 3];
    for (index, weight) in weights.iter().enumerate() {
        let pixel = pixel(index);
        (0..3).for_each(|channel| sum[channel] += pixel[channel] * weight);
    }
    sum.map(|value| value.clamp(0.0, 1.0))
}

/// Returns for each target position the first source position and the weights from there on.
fn weights(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let ratio = from as f32 / to as f32;
    let reach = LOBES * ratio.max(1.0);
    let at = |target: usize| {
        let center = (target as f32 + 0.5) * ratio - 0.5;
        let start = (center - reach).ceil().max(0.0) as usize;
        let end = ((center + reach).floor() as usize).min(from - 1);
        let weights: Vec<f32> =
            (start..=end).map(|source| lanczos((source as f32 - center) / ratio.max(1.0))).collect();
        let total: f32 = weights.iter().sum();
        (start, weights.into_iter().map(|weight| weight / total).collect())
    };
    (0..to).map(at).collect()
}

fn lanczos(x: f32) -> f32 {
    let sinc = |x: f32| if x == 0.0 { 1.0 } else { (std::f32::consts::PI * x).sin() / (std::f32::consts::PI * x) };
    if x.abs() < LOBES { sinc(x) * sinc(x / LOBES) } else { 0.0 }
}

/// Returns the CPU time of this thread.
fn cpu_ms() -> f64 {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    times.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e6
}

/// Returns the largest resident memory that the process has had.
fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    line.and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() * 1_024.0 / 1e6
}
