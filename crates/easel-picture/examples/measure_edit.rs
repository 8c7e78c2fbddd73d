//! Measures the report of an edit, its composite and the noise of JPEG.
//!
//!     just edits [PICTURE...]
//!
//! Without files, it measures a drawn and a flat picture of 1024x1024 and 3840x2160 pixels, as PNG and as JPEG. The
//! columns: pixels; milliseconds for both decodes, for the comparison of an aligned edit, and for that of a moved one,
//! which searches; the sum of the decodes and the slower comparison; a composite with its PNG; then the part of the
//! pixels that a JPEG of quality 90 changes by more than the tolerance, and its mean difference. Times are those of the
//! processor on Linux, so that other programs do not count, and the shortest of several runs.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a tool that reads files and prints a table")]

use std::error::Error;
use std::io::Cursor;
use std::sync::LazyLock;
use std::time::Instant;

use easel_picture::{Bounds, Edit, Limits, Mask, Picture, read};

/// Runs of each measurement.
const RUNS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    println!("| picture | pixels | decode | compare | search | all | composite | JPEG noise | mean |");
    println!("|---|---|---|---|---|---|---|---|---|");
    if paths.is_empty() {
        for (width, height) in [(1_024, 1_024), (3_840, 2_160)] {
            for (name, picture) in [("drawn", scene(width, height)), ("flat", flat(width, height))] {
                measure(&format!("{name}, PNG"), &picture.to_png()?)?;
                measure(&format!("{name}, JPEG"), &picture.to_jpeg(90)?)?;
            }
        }
    }
    for path in paths {
        measure(path.rsplit('/').next().unwrap_or(&path), &std::fs::read(&path)?)?;
    }
    println!("\nThe process uses {} KiB of memory now, and used {} KiB at most.", memory("VmRSS"), memory("VmHWM"));
    Ok(())
}

fn measure(name: &str, file: &[u8]) -> Result<(), Box<dyn Error>> {
    let base = decode(file)?;
    let (width, height) = (base.width, base.height);
    let jpeg = Edit::new(&base, decode(&base.to_jpeg(90)?)?)?.compare(None).inside;
    let (decode_ms, edited) = time(|| decode(file).and_then(|_| decode(file)))?;
    let mask = Mask::new(&half_mask(width, height), (width, height))?;
    let edit = Edit::new(&base, edited)?;
    let (compare_ms, comparison) = time(|| Ok(edit.compare(Some(&mask))))?;
    let moved = Edit::new(&base, shift(&base, 12))?;
    let (search_ms, found) = time(|| Ok(moved.compare(Some(&mask))))?;
    let (composite_ms, _) = time(|| Ok(edit.composite(&comparison, &mask, 8)?.picture.to_fast_png()?))?;
    println!(
        "| {name} | {width}x{height} | {decode_ms:.1} | {compare_ms:.1} | {search_ms:.1} ({:?}) | {:.1} | \
         {composite_ms:.1} | {:.2} % | {:.2} |",
        found.shift,
        decode_ms + search_ms.max(compare_ms),
        jpeg.share() * 100.0,
        jpeg.mean_difference
    );
    Ok(())
}

fn decode(file: &[u8]) -> Result<Picture, Box<dyn Error>> {
    Ok(read(Cursor::new(file), Bounds::edge(u32::MAX), Limits::default())?)
}

/// Returns the shortest run in milliseconds, and the last result.
fn time<T>(mut work: impl FnMut() -> Result<T, Box<dyn Error>>) -> Result<(f64, T), Box<dyn Error>> {
    let mut shortest = f64::MAX;
    for _ in 1..RUNS {
        let start = processor_ms();
        work()?;
        shortest = shortest.min(processor_ms() - start);
    }
    Ok((shortest, work()?))
}

/// Returns the milliseconds that this thread has run, or where the system does not say so, that have passed.
fn processor_ms() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    // Nanoseconds on a processor, nanoseconds in a queue, and time slices (Documentation/scheduler/sched-stats.rst).
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let running = statistics.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok());
    running.map_or_else(|| START.elapsed().as_secs_f64() * 1e3, |nanoseconds| nanoseconds / 1e6)
}

/// Returns a line of the memory statistics of the process, in KiB; 0 where there are none.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// A picture with smooth parts, edges and a little noise.
fn scene(width: u32, height: u32) -> Picture {
    let mut state = 1_u32;
    let mut pixel = |x: u32, y: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = (x * 0.011 + (y * 0.007).sin() * 3.0).sin() + (x * y * 0.000_1).cos() + 2.0;
        let block = if ((x / 137.0).floor() * 7.0 + (y / 91.0).floor() * 13.0) % 5.0 < 2.0 { 45.0 } else { 0.0 };
        let noise = f64::from(state >> 29);
        [wave * 50.0 + block + noise, wave * 40.0 + noise, 250.0 - wave * 60.0, 255.0].map(|value| value as u8)
    };
    let rgba = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
    Picture { width, height, rgba, icc_profile: None }
}

/// A picture of a few large areas of one color each.
fn flat(width: u32, height: u32) -> Picture {
    let color = |x: u32, y: u32| match (x * 5 / width + y * 3 / height) % 3 {
        0 => [240, 240, 236, 255],
        1 => [20, 90, 160, 255],
        _ => [220, 60, 40, 255],
    };
    let rgba = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
    Picture { width, height, rgba, icc_profile: None }
}

/// Moves a picture to the right.
fn shift(picture: &Picture, columns: usize) -> Picture {
    let mut moved = picture.clone();
    for row in moved.rgba.chunks_exact_mut(picture.width as usize * 4) {
        row.rotate_right(columns * 4);
    }
    moved
}

/// A mask whose left half is transparent.
fn half_mask(width: u32, height: u32) -> Picture {
    let row: Vec<u8> = (0..width).flat_map(|x| [0, 0, 0, if x < width / 2 { 0 } else { 255 }]).collect();
    Picture { width, height, rgba: row.repeat(height as usize), icc_profile: None }
}
