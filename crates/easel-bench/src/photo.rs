//! Pictures that compress like photographs: most of their contrast is in large shapes, and every pixel has some grain.

use easel_testkit::rng::Rng;

/// The size in pixels, that of a generated landscape image.
const SIZE: (u32, u32) = (1536, 1024);
/// The widths of the shapes, in pixels, each with its contrast on a scale of 255.
const OCTAVES: [(u32, f32); 8] =
    [(512, 70.0), (256, 45.0), (128, 28.0), (64, 16.0), (32, 9.0), (16, 5.0), (8, 3.0), (4, 1.8)];
/// The standard deviation of the grain. It makes a PNG file of about 2 MB, like those of generated photographs.
const GRAIN: f32 = 1.3;
const CHANNELS: usize = 3;

/// Returns a PNG file of about 2 MB. The seed selects the picture.
pub(crate) fn png(seed: u64) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels(&mut Rng::new(seed))).expect("pixels");
    writer.finish().expect("an end");
    file
}

fn pixels(rng: &mut Rng) -> Vec<u8> {
    let (width, height) = (SIZE.0 as usize, SIZE.1 as usize);
    let mut light = vec![128.0; width * height * CHANNELS];
    for (side, contrast) in OCTAVES {
        let lattice = Lattice::new(rng, side as usize);
        for (index, pixel) in light.chunks_exact_mut(CHANNELS).enumerate() {
            let values = lattice.at(index % width, index / width);
            pixel.iter_mut().zip(values).for_each(|(sample, value)| *sample += contrast * value);
        }
    }
    light.iter().map(|sample| (sample + GRAIN * normal(rng)).round().clamp(0.0, 255.0) as u8).collect()
}

/// A grid of random colors. Between its points colors are interpolated.
struct Lattice {
    side: usize,
    columns: usize,
    points: Vec<[f32; CHANNELS]>,
}

impl Lattice {
    fn new(rng: &mut Rng, side: usize) -> Self {
        let (columns, rows) = (SIZE.0 as usize / side + 2, SIZE.1 as usize / side + 2);
        // Brightness varies more than color.
        let point = |rng: &mut Rng| {
            let brightness = normal(rng);
            std::array::from_fn(|_| brightness + 0.3 * normal(rng))
        };
        let points = (0..columns * rows).map(|_| point(rng)).collect();
        Self { side, columns, points }
    }

    fn at(&self, x: usize, y: usize) -> [f32; CHANNELS] {
        let (column, row) = (x / self.side, y / self.side);
        let (right, down) = ((x % self.side) as f32 / self.side as f32, (y % self.side) as f32 / self.side as f32);
        let corner = |dx: usize, dy: usize| self.points[(row + dy) * self.columns + column + dx];
        let [top_left, top_right, bottom_left, bottom_right] = [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
        let mix = |from: f32, to: f32, share: f32| from + (to - from) * share;
        std::array::from_fn(|channel| {
            let top = mix(top_left[channel], top_right[channel], right);
            let bottom = mix(bottom_left[channel], bottom_right[channel], right);
            mix(top, bottom, down)
        })
    }
}

/// Returns a random number whose distribution is nearly normal: the sum of four uniform ones, with a deviation of 1.
fn normal(rng: &mut Rng) -> f32 {
    let bits = rng.next_u64();
    let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xFFFF).sum();
    (sum as f32 / 65_535.0 - 2.0) * 3_f32.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_about_two_megabytes() {
        let bytes = png(1).len();
        assert!((1_850_000..2_150_000).contains(&bytes), "{bytes} bytes");
    }
}
