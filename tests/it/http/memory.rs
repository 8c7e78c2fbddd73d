//! The memory cost of an image of 24 MiB. Its bytes are streamed and never in memory as a whole. Only the comparison of
//! an edit with its original decodes both.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::{RED, noise_png, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use super::{provider_config, spawn_with_key};
use crate::harness::events::completed_image;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, local_image, text};
use crate::storage::list_recursively;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const IMAGE_LEN: u64 = 24 * MIB;
/// The size of an image that is sent as a data URL, which OpenAI limits.
const DATA_URL_LEN: u64 = 14 * MIB;
/// The most bytes above the idle state, including code that is used for the first time.
const MAX_COST: u64 = 25_000_000;
/// Pictures of one size that the comparison of an edit has in memory: both, and what one was decoded or scaled from.
const COMPARED_PICTURES: u64 = 3;

/// The way that the large image takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// From an images endpoint.
    Generated,
    /// From an images endpoint, and into a request to the model.
    Shown,
    /// From an images endpoint, and as a smaller copy into a request to the model.
    Copied,
    /// Into an images endpoint, as multipart or as a data URL.
    Edited(&'static str),
    /// From an event of a model response.
    Hosted,
}

impl Route {
    /// The size of the image in bytes.
    fn bytes(self) -> u64 {
        if matches!(self, Self::Shown | Self::Copied | Self::Edited("json")) { DATA_URL_LEN } else { IMAGE_LEN }
    }

    fn max_cost(self) -> u64 {
        // The noise has three bytes a pixel in the file, and four in memory.
        let picture = self.bytes() / 3 * 4;
        if let Self::Edited(_) = self { MAX_COST + COMPARED_PICTURES * picture } else { MAX_COST }
    }
}

#[tokio::test]
async fn image_of_24_mib_costs_less_memory_than_its_size() {
    if !cfg!(target_os = "linux") {
        return easel_testkit::skip("memory", "memory is measured on Linux only");
    }
    for route in [
        Route::Generated,
        Route::Shown,
        Route::Copied,
        Route::Edited("multipart"),
        Route::Edited("json"),
        Route::Hosted,
    ] {
        let png = Arc::new(noise_png(route.bytes()));
        let provider = provider(route, &png);
        let style = if let Route::Edited(style) = route { style } else { "multipart" };
        // The limit lets the model see the image whatever its size.
        let pictures = if route == Route::Copied { "copy" } else { "original" };
        let history = format!("[history]\nmodel_image_bytes = 100000000\npictures = \"{pictures}\"\n");
        let sandbox = Sandbox::with_config(&format!(
            "{}images.edit = \"{style}\"\n{history}",
            provider_config(&provider.base_url())
        ));
        let mut server =
            spawn_with_key(sandbox.measured_server_command(if route == Route::Hosted { HOSTED } else { STANDALONE }))
                .await;
        let thread = server.start_thread().await;
        let mut input = vec![text("draw")];
        if let Route::Edited(_) = route {
            input.push(local_image(&sandbox.write_file("large.png", &png)));
        }
        let idle = resident(&server, "VmRSS");
        let events = server.run_turn(&thread.id, input).await;
        let cost = resident(&server, "VmHWM") - idle;
        let item = completed_image(&events);
        assert_eq!(item.error, None, "{route:?}");
        let largest = provider.requests().iter().map(|request| request.content_length).max();
        match route {
            Route::Generated => {
                assert!(largest < Some(MIB), "no request to the model holds such a picture: {largest:?}");
            }
            Route::Shown => {
                assert!(largest > Some(DATA_URL_LEN / 3 * 4), "the model was shown the picture: {largest:?}");
            }
            Route::Copied => {
                assert!(
                    (MIB / 2..DATA_URL_LEN / 3).contains(&largest.unwrap_or_default()),
                    "the model saw a copy: {largest:?}"
                );
            }
            Route::Edited(_) => assert_eq!(item.images[0].inputs.len(), 1, "{route:?}"),
            Route::Hosted => {
                assert_eq!(item.images[0].facts.bytes, png.len() as u64);
                let files = list_recursively(&sandbox.home().join("generated_images"))
                    .into_iter()
                    .filter(|path| path.is_file());
                assert_eq!(files.count(), 1, "of an image that is said twice one file stays");
            }
        }
        report(route, cost);
        assert!(cost < route.max_cost(), "{route:?}: {cost} bytes above {idle}");
        server.close().await;
    }
}

#[expect(clippy::print_stdout, reason = "the measured value is useful even if the test passes")]
fn report(route: Route, cost: u64) {
    println!("{route:?}: {:.1} MB above idle", cost as f64 / 1e6);
}

fn provider(route: Route, png: &Arc<Vec<u8>>) -> MockServer {
    let draws_it = matches!(route, Route::Generated | Route::Shown | Route::Copied);
    let generated = if draws_it { png.to_vec() } else { solid_png(16, 16, RED) };
    let response = json!({"created": 1, "data": [{"b64_json": BASE64.encode(generated)}]}).to_string();
    let png = Arc::clone(png);
    let was_called = AtomicBool::new(false);
    MockServer::start(move |exchange| {
        exchange.read_body();
        if exchange.endpoint() != "responses" {
            return exchange.respond(200, "application/json", response.as_bytes());
        }
        match route {
            Route::Hosted => respond_with_hosted_image(exchange, &png),
            Route::Generated | Route::Shown | Route::Copied | Route::Edited(_)
                if was_called.swap(true, Ordering::AcqRel) =>
            {
                exchange.respond_events(&[openai::message("1", "Here it is."), vec![openai::completed()]].concat());
            }
            Route::Generated | Route::Shown | Route::Copied => respond_with_call(exchange, &json!({"prompt": "draw"})),
            Route::Edited(_) => {
                respond_with_call(exchange, &json!({"prompt": "edit", "num_last_images_to_include": 1}));
            }
        }
    })
}

/// The model calls the tool.
fn respond_with_call(exchange: &mut Exchange, arguments: &Value) {
    exchange.respond_events(&[openai::image_call("1", arguments), openai::completed()]);
}

/// The model uses a hosted tool. Like the public API, it sends the image twice.
fn respond_with_hosted_image(exchange: &mut Exchange, png: &[u8]) {
    let item =
        json!({"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": BASE64.encode(png)});
    let done = json!({"type": "response.output_item.done", "item": item});
    let completed = json!({"type": "response.completed", "response": {"status": "completed", "output": [item]}});
    exchange.respond_events(&[vec![done], openai::message("1", "Here it is."), vec![completed]].concat());
}

/// A value of `/proc/PID/status` in bytes, such as `VmRSS` for resident memory now and `VmHWM` for its peak.
fn resident(server: &Server, key: &str) -> u64 {
    let pid = server.client.pid().expect("a running server");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process of Linux");
    let value = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')?.split_whitespace().next());
    value.expect("a count").parse::<u64>().expect("a number") * KIB
}
