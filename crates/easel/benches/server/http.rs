//! Measures turns over HTTP against a provider that answers at once. Each figure has a baseline: a bare client that
//! posts bodies of the same sizes to the same provider.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::openai;
use serde_json::json;

use crate::{Peer, compare, median};

/// Image sizes in bytes: about what the preview provider draws, and a large one.
const PICTURES: [(&str, usize); 2] = [("200 KiB", 200 << 10), ("2 MiB", 2 << 20)];
const TURNS: usize = 50;
/// The number of turns on each side of a measured turn that go into its median.
const NEIGHBORS: usize = 3;
/// The time that a provider needs for one image, where that is simulated.
const DRAW_TIME: Duration = Duration::from_millis(300);
const PARALLEL_CALLS: usize = 3;
const INTERRUPTS: usize = 15;

pub(crate) fn measure(home: &Path) {
    for (name, bytes) in PICTURES {
        measure_growth(home, name, bytes);
    }
    measure_parallel_calls(home);
    measure_interrupts(home);
}

/// Measures the first turn of a thread, the tenth, when the model sees the maximum number of images, and the fiftieth.
fn measure_growth(home: &Path, name: &str, bytes: usize) {
    let asked = AtomicUsize::new(0);
    let answer = picture(bytes);
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        if exchange.endpoint() != "responses" {
            return exchange.respond(200, "application/json", &answer);
        }
        let number = asked.fetch_add(1, Ordering::AcqRel);
        answer_turn(exchange, number, 1);
    });
    let mut server = start_server(home, &provider);
    let thread = thread(&mut server);
    // Both run alternately, so that they meet the same load of the machine.
    let times = (0..TURNS).map(|_| {
        let took = turn(&mut server, &thread);
        let lengths = provider.body_lengths("responses");
        (took, bare_turn(&provider, &lengths[lengths.len() - 2..]))
    });
    let (turns, bare): (Vec<Duration>, Vec<Duration>) = times.unzip();
    let at = |times: &[Duration], turn: usize| {
        let first = turn.saturating_sub(NEIGHBORS / 2 + 1).min(TURNS - NEIGHBORS);
        median(times[first..first + NEIGHBORS].to_vec())
    };
    for turn in [1, 10, TURNS] {
        compare(&format!("turn {turn}, images of {name}"), at(&turns, turn), at(&bare, turn));
    }
    let own = |turn| at(&turns, turn).saturating_sub(at(&bare, turn)).as_secs_f64();
    for (later, earlier) in [(TURNS, 1), (TURNS, 10)] {
        let whole = at(&turns, later).as_secs_f64() / at(&turns, earlier).as_secs_f64();
        let ratio = own(later) / own(earlier);
        println!(
            "{:<34} {whole:>9.2} x   without the bare client's time {ratio:.2} x",
            format!("turn {later} to turn {earlier}")
        );
    }
    let last = provider.body_lengths("responses").last().copied().unwrap_or(0) as f64 / 1e6;
    println!("{:<34} {last:>9.1} MB", format!("request of turn {TURNS}"));
}

/// Measures a turn with one call, and one with three parallel calls.
fn measure_parallel_calls(home: &Path) {
    let [one, three] = [1, PARALLEL_CALLS].map(|number| {
        let asked = AtomicUsize::new(0);
        let answer = picture(PICTURES[1].1);
        let provider = MockServer::start(move |exchange| {
            exchange.read_body();
            if exchange.endpoint() == "responses" {
                return answer_turn(exchange, asked.fetch_add(1, Ordering::AcqRel), number);
            }
            std::thread::sleep(DRAW_TIME);
            exchange.respond(200, "application/json", &answer);
        });
        let mut server = start_server(home, &provider);
        median(
            (0..5)
                .map(|_| {
                    let thread = thread(&mut server);
                    turn(&mut server, &thread)
                })
                .collect(),
        )
    });
    compare("three calls at once, to one", three, one);
}

/// Measures the time from writing `turn/interrupt` to the end of the connection, as the provider sees it.
fn measure_interrupts(home: &Path) {
    let (report_held, held) = sync_channel(1);
    let (report_gone, gone) = sync_channel(1);
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        if exchange.endpoint() == "responses" {
            return answer_turn(exchange, 0, 1);
        }
        report_held.send(()).expect("the benchmark waits");
        exchange.await_disconnect();
        report_gone.send(Instant::now()).expect("the benchmark waits");
    });
    let mut server = start_server(home, &provider);
    let times = (0..INTERRUPTS).map(|_| {
        let thread = thread(&mut server);
        server.send(&turn_start(&thread));
        let turn = id(&server.line_with(r#""id":3"#));
        held.recv().expect("a request");
        let begun = Instant::now();
        server.send(&format!(
            r#"{{"id":4,"method":"turn/interrupt","params":{{"threadId":"{thread}","turnId":"{turn}"}}}}"#
        ));
        let took = gone.recv().expect("an end").duration_since(begun);
        server.line_with("turn/completed");
        took
    });
    let times: Vec<Duration> = times.collect();
    let worst = times.iter().max().copied().unwrap_or_default();
    println!(
        "{:<34} {:>9.2} ms  worst of {INTERRUPTS} {:.2} ms",
        "interrupt to closed connection",
        millis(median(times)),
        millis(worst)
    );
}

/// A response of the images endpoint. Bytes after the end of its image make it large.
fn picture(bytes: usize) -> Arc<Vec<u8>> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 16, 16);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[0; 256]).expect("pixels");
    writer.finish().expect("an end");
    png.resize(bytes, 0);
    Arc::new(json!({"created": 1, "data": [{"b64_json": BASE64.encode(png)}]}).to_string().into_bytes())
}

/// Answers the two model requests of a turn: one for the call and one for the final message.
fn answer_turn(exchange: &mut Exchange, number: usize, images: usize) {
    let events = match number % 2 {
        0 => (0..images)
            .map(|call| openai::image_call(&format!("{number}_{call}"), &json!({"prompt": "a square"})))
            .collect(),
        _ => openai::message(&number.to_string(), "Done."),
    };
    exchange.respond_events(&[events, vec![openai::completed()]].concat());
}

/// Starts a server with this provider and without the delay that lets clients subscribe.
fn start_server(home: &Path, provider: &MockServer) -> Peer {
    let provider = format!(r#"model_providers.bench={{preset="litellm",base_url="{}"}}"#, provider.base_url());
    let options = ["-c", "model_provider=bench", "-c", &provider, "-c", "wire.turn_event_delay_ms=0"];
    let mut server = Peer::easel_with(home, &options);
    server.round_trip(crate::INITIALIZE);
    server
}

fn thread(server: &mut Peer) -> String {
    server.send(r#"{"id":2,"method":"thread/start","params":{}}"#);
    id(&server.line_with(r#""id":2"#))
}

/// The first id of a response that is a string.
fn id(answer: &str) -> String {
    answer.split(r#""id":""#).nth(1).and_then(|rest| rest.split('"').next()).expect("an id").to_owned()
}

fn turn_start(thread: &str) -> String {
    format!(
        r#"{{"id":3,"method":"turn/start","params":{{"threadId":"{thread}","input":[{{"type":"text","text":"a square"}}]}}}}"#
    )
}

fn turn(server: &mut Peer, thread: &str) -> Duration {
    let begun = Instant::now();
    server.send(&turn_start(thread));
    server.line_with("turn/completed");
    begun.elapsed()
}

/// Sends the requests of one turn from a client that reuses its connection and does nothing else: two to the model, and
/// the image request between them.
fn bare_turn(provider: &MockServer, model_requests: &[u64]) -> Duration {
    let url = provider.base_url();
    let address = url.trim_start_matches("http://").trim_end_matches("/v1");
    let mut stream = TcpStream::connect(address).expect("the provider listens");
    stream.set_nodelay(true).expect("an open socket");
    let [first, last] = model_requests else { panic!("two requests a turn") };
    let bodies = [("responses", *first), ("images/generations", 100), ("responses", *last)]
        .map(|(path, length)| (path, vec![b' '; length as usize]));
    let begun = Instant::now();
    for (path, body) in bodies {
        let length = body.len();
        write!(stream, "POST /v1/{path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {length}\r\n\r\n")
            .expect("a socket");
        stream.write_all(&body).expect("a socket");
        read_answer(&mut stream);
    }
    begun.elapsed()
}

fn read_answer(stream: &mut TcpStream) {
    let mut bytes = vec![0; 256 << 10];
    let mut read = 0;
    let head = loop {
        read += stream.read(&mut bytes[read..]).expect("an answer");
        if let Some(end) = bytes[..read].windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut left = length.parse::<usize>().expect("a number") + head - read;
    while left > 0 {
        left -= stream.read(&mut bytes).expect("the rest of the answer");
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
