//! The bytes that a turn sends in a thread of photographs.

use easel_testkit::rng::Rng;

use super::*;

const TURNS: usize = 22;
const WIDTH: u32 = 1_280;
const HEIGHT: u32 = 853;

/// A picture with soft shapes and the grain of a photograph, as a PNG of about 2 MB.
fn grainy_png() -> Vec<u8> {
    let grain = Rng::new(7).bytes((WIDTH * HEIGHT * 3) as usize);
    let wave = |x: u32, y: u32, channel: u32| {
        let (x, y) = (f64::from(x), f64::from(y));
        let phase = f64::from(channel) * 1.7;
        96.0 + 45.0 * (x / 83.0 + phase).sin() + 45.0 * (y / 61.0 - phase).cos()
    };
    let positions = (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| (0..3).map(move |channel| (x, y, channel))));
    let samples: Vec<u8> =
        positions.zip(grain).map(|((x, y, channel), grain)| wave(x, y, channel) as u8 + grain % 16).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&samples).expect("the pixels");
    writer.finish().expect("the end");
    bytes
}

#[tokio::test]
async fn turn_with_photographs_sends_at_most_four_megabytes() {
    let photo = grainy_png();
    assert!((1_800_000..2_400_000).contains(&photo.len()), "{} bytes", photo.len());
    let provider = MockServer::respond(move |request| respond(request, &photo));
    let (sandbox, mut server) = start(&provider, "", STANDALONE).await;
    let thread = server.start_thread().await;
    for _ in 0..TURNS {
        let events = server.run_turn(&thread.id, vec![text("draw")]).await;
        assert_eq!(completed_image(&events).error, None);
    }
    server.close().await;
    let lengths = provider.body_lengths("responses");
    assert_eq!(lengths.len(), 2 * TURNS);
    let mut turns: Vec<u64> = lengths.as_chunks::<2>().0.iter().map(|turn| turn.iter().sum()).skip(9).collect();
    turns.sort_unstable();
    let (median, worst) = (turns[turns.len() / 2], turns[turns.len() - 1]);
    assert!(median <= 4_000_000 && worst <= 5_000_000, "{turns:?}");
    let copies = crate::storage::list_recursively(&copy_folders(&sandbox)[0]);
    let sizes: Vec<u64> = copies.iter().map(|copy| copy.metadata().expect("a copy").len()).collect();
    assert!(sizes.len() == TURNS && sizes.iter().all(|size| *size > 100_000), "as those of photographs: {sizes:?}");
}
