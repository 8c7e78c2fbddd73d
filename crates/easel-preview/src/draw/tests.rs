use proptest::prelude::*;

use super::*;
use crate::base::Base;
use crate::palette::INK;

/// A decoded picture: width, samples a pixel, and the samples.
struct DecodedPicture {
    width: u32,
    height: u32,
    channels: usize,
    samples: Vec<u8>,
}

impl DecodedPicture {
    fn decode(png: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut samples).unwrap();
        assert_eq!(info.bit_depth, png::BitDepth::Eight);
        Self { width: info.width, height: info.height, channels: info.color_type.samples(), samples }
    }

    fn at(&self, (x, y): (f32, f32)) -> &[u8] {
        let start = (y as usize * self.width as usize + x as usize) * self.channels;
        &self.samples[start..start + self.channels]
    }
}

fn picture(prompt: &str, width: u32, height: u32) -> Picture<'_> {
    Picture { prompt, width, height, transparent: false, variant: 0, grain: 1, references: &[] }
}

fn draw_and_decode(picture: &Picture<'_>) -> DecodedPicture {
    DecodedPicture::decode(&draw(picture).unwrap())
}

/// A PNG of one color.
fn plain(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&color.repeat((width * height) as usize)).unwrap();
    writer.finish().unwrap();
    out
}

/// Returns the centers of the insets, in order.
fn inset_centers(picture: &Picture<'_>) -> Vec<(f32, f32)> {
    let layout = Layout::compute(picture.width, picture.height, &clean(picture.prompt), "");
    let scene = plan(picture.prompt, None, 0).scene;
    let (_, inset_area) = split_stage(&layout, &scene, picture.references.len());
    crate::inset::inset_cells(inset_area, layout.unit, picture.references.len()).into_iter().map(Area::center).collect()
}

#[test]
fn same_inputs_give_same_bytes() {
    let bytes = plain(30, 20, [9, 9, 9]);
    let references = [Reference { bytes: &bytes }];
    for prompt in ["draw a red square", "a jazz festival", ""] {
        let picture = Picture { references: &references, ..picture(prompt, 200, 160) };
        assert_eq!(draw(&picture).unwrap(), draw(&picture).unwrap());
    }
}

#[test]
fn prompt_size_and_variant_each_change_the_picture() {
    let first = draw(&picture("one thing", 128, 128)).unwrap();
    assert_ne!(first, draw(&picture("another thing", 128, 128)).unwrap());
    assert_ne!(first, draw(&picture("one thing", 128, 129)).unwrap());
    assert_ne!(first, draw(&Picture { variant: 1, ..picture("one thing", 128, 128) }).unwrap());
}

#[test]
fn sizes_in_range_work_and_others_are_rejected() {
    for width in [64, 65, 97, 256, 700] {
        for height in [64, 71, 100, 255, 640] {
            let decoded = draw_and_decode(&picture("a blue star and a red hat", width, height));
            assert_eq!((decoded.width, decoded.height, decoded.channels), (width, height, 3));
        }
    }
    for (width, height) in [(0, 0), (63, 64), (64, 63), (4097, 64), (64, 4097), (u32::MAX, u32::MAX)] {
        let refused = draw(&picture("x", width, height));
        assert!(matches!(refused, Err(DrawError::Size { .. })), "{width}x{height}");
    }
}

#[test]
fn maximum_sides_work() {
    assert_eq!(draw_and_decode(&picture("a ribbon", 4096, 64)).width, 4096);
    assert_eq!(draw_and_decode(&picture("a tower", 64, 4096)).height, 4096);
}

#[test]
fn shape_has_the_color_of_the_prompt() {
    for (prompt, expected) in [("draw a red square", 0), ("a green circle", 1), ("a blue hexagon", 2)] {
        let picture = picture(prompt, 256, 256);
        let layout = Layout::compute(256, 256, prompt, "");
        let decoded = draw_and_decode(&picture);
        let pixel = decoded.at(layout.stage.center());
        let strongest = (0..3).max_by_key(|channel| pixel[*channel]);
        assert_eq!(strongest, Some(expected), "{prompt}: {pixel:?}");
    }
}

#[test]
fn transparent_picture_has_clear_corners_and_solid_subject() {
    for prompt in ["a red square", "something for a bakery"] {
        let picture = Picture { transparent: true, ..picture(prompt, 300, 300) };
        let layout = Layout::compute(300, 300, prompt, "");
        let decoded = draw_and_decode(&picture);
        assert_eq!(decoded.channels, 4);
        assert_eq!(decoded.at((1.0, 1.0)), [0, 0, 0, 0], "{prompt}");
        assert_eq!(decoded.at(layout.stage.center())[3], 255, "{prompt}");
        assert_eq!(decoded.at(layout.card.center())[3], 255, "{prompt}");
    }
}

#[test]
fn opaque_picture_has_no_alpha_channel() {
    assert_eq!(draw_and_decode(&picture("a red square", 100, 100)).channels, 3);
}

#[test]
fn disclaimer_is_the_same_on_every_picture() {
    for (width, height) in [(64, 64), (128, 96), (300, 200), (512, 768)] {
        let pixels = |prompt: &str| {
            let layout = Layout::compute(width, height, prompt, "");
            let decoded = draw_and_decode(&picture(prompt, width, height));
            let strip = layout.strip.shrink(layout.strip.h * 0.2);
            let rows = strip.y as usize..strip.bottom() as usize;
            let span = strip.x as usize * 3..(strip.x + strip.w) as usize * 3;
            rows.flat_map(|y| decoded.samples[y * width as usize * 3..][span.clone()].to_vec()).collect::<Vec<u8>>()
        };
        let strip = pixels("a");
        assert_eq!(strip, pixels(&"a much longer prompt ".repeat(20)), "{width}x{height}");
        let amber = strip.chunks_exact(3).filter(|pixel| pixel[0] > 200 && pixel[2] < 120).count();
        assert!(amber > 15, "{width}x{height}: {amber} bright pixels");
        assert!(strip.chunks_exact(3).any(|pixel| f32::from(pixel[0]) <= INK.0 * 255.0 + 2.0));
    }
}

#[test]
fn prompt_changes_the_card() {
    let card = |prompt: &str| {
        let layout = Layout::compute(400, 400, prompt, "");
        let samples = draw_and_decode(&picture(prompt, 400, 400)).samples;
        let rows = layout.card.y as usize + 10..layout.strip.y as usize;
        let dark = |y: usize| samples[y * 1200 + 90..y * 1200 + 1100].iter().filter(|value| **value < 90).count();
        rows.map(dark).sum::<usize>()
    };
    let (short, long) = (card("i"), card("many words, many strokes"));
    assert!(short > 0 && long > short * 2, "{short} and {long} dark samples");
}

#[test]
fn insets_are_in_the_order_of_references() {
    let (red, blue) = (plain(90, 60, [220, 0, 0]), plain(40, 80, [0, 0, 220]));
    for prompt in ["combine them", "add a green square"] {
        for (first, second) in [(&red, &blue), (&blue, &red)] {
            let references = [Reference { bytes: first }, Reference { bytes: second }];
            let picture = Picture { references: &references, ..picture(prompt, 512, 512) };
            let decoded = draw_and_decode(&picture);
            let centers = inset_centers(&picture);
            let color = |bytes: &Vec<u8>| if bytes == &red { [220, 0, 0] } else { [0, 0, 220] };
            assert_eq!(decoded.at(centers[0]), color(first), "{prompt}");
            assert_eq!(decoded.at(centers[1]), color(second), "{prompt}");
        }
    }
}

#[test]
fn last_inset_counts_remaining_references() {
    let bytes = plain(20, 20, [0, 200, 0]);
    let references = [Reference { bytes: &bytes }; 40];
    let picture = Picture { references: &references, ..picture("all", 512, 512) };
    let centers = inset_centers(&picture);
    assert_eq!(centers.len(), 16);
    let decoded = draw_and_decode(&picture);
    assert_eq!(decoded.at(centers[14]), [0, 200, 0]);
    assert_ne!(decoded.at(centers[15]), [0, 200, 0]);
}

#[test]
fn broken_reference_has_an_inset() {
    let good = plain(50, 50, [0, 200, 0]);
    let broken: [&[u8]; 5] = [b"", b"not an image", &good[..good.len() / 2], b"GIF89a", b"\xff\xd8\xff\xe0broken"];
    for bytes in broken {
        let references = [Reference { bytes }, Reference { bytes: &good }];
        let picture = Picture { references: &references, ..picture("both", 256, 256) };
        let centers = inset_centers(&picture);
        assert_eq!(draw_and_decode(&picture).at(centers[1]), [0, 200, 0]);
    }
}

#[test]
fn hostile_prompts_are_drawn() {
    let long = "word ".repeat(6_400);
    let unbroken = "\u{1F980}".repeat(32_000);
    for prompt in [
        "",
        " \n\t ",
        "\0\u{1}\u{7f}\u{1b}[31mred",
        "שלום עולם, مرحبا بالعالم",
        "\u{202e}gnp.exe\u{2066}",
        "日本語のとても長い文章で、空白がありません",
        "👩‍👩‍👧‍👦🏳️‍🌈 e\u{301}\u{301}\u{301}",
        "\u{10ffff}\u{fdd0}\u{e0041}",
        &long,
        &unbroken,
    ] {
        for (width, height) in [(64, 64), (200, 120)] {
            assert_eq!(draw_and_decode(&picture(prompt, width, height)).width, width);
        }
    }
}

#[test]
fn missing_glyph_is_a_visible_box() {
    let dark = |prompt: &str| {
        let layout = Layout::compute(300, 300, prompt, &note::on_picture(prompt, false, &Base::default()));
        let samples = draw_and_decode(&picture(prompt, 300, 300)).samples;
        let rows = layout.card.y as usize + 32..layout.strip.y as usize;
        let of_row = |y: usize| samples[y * 900 + 60..y * 900 + 800].iter().filter(|value| **value < 120).count();
        rows.map(of_row).sum::<usize>()
    };
    assert!(dark("猫") > 20);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_prompt_at_any_small_size_is_a_picture(
        prompt in "\\PC{0,80}|[a-z ]{0,300}|(red|blue|cat|hat|star|two| ){0,12}",
        width in 64_u32..150,
        height in 64_u32..150,
        transparent: bool,
        junk in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let references = [Reference { bytes: &junk }];
        let references = if junk.len() % 2 == 0 { &references[..] } else { &[] };
        let picture = Picture { transparent, references, ..picture(&prompt, width, height) };
        let decoded = draw_and_decode(&picture);
        prop_assert_eq!((decoded.width, decoded.height), (width, height));
        prop_assert_eq!(decoded.channels == 4, transparent);
    }
}
