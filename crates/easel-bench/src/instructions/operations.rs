//! The operations whose instructions are counted.

use std::path::Path;

use easel_testkit::image::{RED, noise_png, solid_png};
use serde_json::json;
use tempfile::TempDir;

use crate::process::Process;
use crate::program::{Kind, Program, Setup, Tool};
use crate::provider::{Bodies, Pictures, Provider};

/// An operation and the function that counts its instructions.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) count: fn(&Fixture) -> f64,
}

pub(super) const OPERATIONS: [Operation; 6] = [
    Operation { name: "request: read a line, dispatch it, respond", count: Fixture::count_request },
    Operation { name: "image call: JSON response of 1 MB", count: |fixture| fixture.count_image(Tool::Standalone) },
    Operation { name: "hosted image: event of 1 MB", count: |fixture| fixture.count_image(Tool::Hosted) },
    Operation { name: "turn of a conversation of 100 turns", count: Fixture::count_late_turn },
    Operation { name: "page of 20 turns", count: |fixture| fixture.count_read("thread/turns/list") },
    Operation { name: "all of 100 turns", count: |fixture| fixture.count_read("thread/read") },
];

const IMAGE_BYTES: u64 = 1_000_000;
/// Turns of the long conversation.
const TURNS: usize = 100;
/// Repetitions in the first and in the second run of an operation. The first one fills caches.
const TURNS_COUNTED: (usize, usize) = (1, 3);
const READS_COUNTED: (usize, usize) = (1, 5);
const REQUESTS_COUNTED: (usize, usize) = (100, 1_100);

/// A build of Easel, and a home with a long thread.
pub(super) struct Fixture {
    program: Program,
    home: TempDir,
    provider: Provider,
    thread: String,
}

impl Fixture {
    /// Fills the thread, without counting.
    pub(super) fn new(easel: &Path) -> Self {
        let program = Program::new(Kind::Easel, easel);
        let home = tempfile::tempdir().expect("a folder");
        let provider = Provider::start(Tool::Standalone, Pictures::new([solid_png(16, 16, RED)]), Bodies::Discard);
        let base_url = provider.base_url();
        let mut server = program.start(Setup { home: home.path(), provider: Some(&base_url), tool: Tool::Standalone });
        let thread = server.start_thread();
        for turn in 0..TURNS {
            server.run_turn(&thread, &format!("draw picture number {turn}"));
        }
        server.close();
        Self { program, home, provider, thread }
    }

    /// Returns the instructions of one repetition. `work` gets a server and the number of repetitions.
    fn count(&self, setup: Setup<'_>, (few, many): (usize, usize), work: impl Fn(&mut Process, usize)) -> f64 {
        let [fewer, more] = [few, many].map(|repetitions| {
            let mut server = self.program.spawn_counted(setup);
            server.initialize();
            work(&mut server, repetitions);
            server.close_counted()
        });
        (more as f64 - fewer as f64) / (many - few) as f64
    }

    fn count_request(&self) -> f64 {
        let home = tempfile::tempdir().expect("a folder");
        self.count(Setup::offline(home.path()), REQUESTS_COUNTED, |server, requests| {
            for _ in 0..requests {
                server.request("thread/loaded/list", &json!({}));
            }
        })
    }

    fn count_image(&self, tool: Tool) -> f64 {
        let home = tempfile::tempdir().expect("a folder");
        let provider = Provider::start(tool, Pictures::new([noise_png(IMAGE_BYTES)]), Bodies::Discard);
        let base_url = provider.base_url();
        let setup = Setup { home: home.path(), provider: Some(&base_url), tool };
        self.count(setup, TURNS_COUNTED, |server, turns| {
            for _ in 0..turns {
                let thread_id = server.start_thread();
                server.run_turn(&thread_id, "draw a square");
            }
        })
    }

    fn count_late_turn(&self) -> f64 {
        let base_url = self.provider.base_url();
        let setup = Setup { home: self.home.path(), provider: Some(&base_url), tool: Tool::Standalone };
        self.count(setup, TURNS_COUNTED, |server, turns| {
            server.request("thread/resume", &json!({ "threadId": self.thread }));
            for _ in 0..turns {
                server.run_turn(&self.thread, "draw a square");
            }
            server.request("thread/rollback", &json!({ "threadId": self.thread, "numTurns": turns }));
        })
    }

    fn count_read(&self, method: &str) -> f64 {
        let params = json!({ "threadId": self.thread, "includeTurns": true, "limit": 20, "itemsView": "full" });
        self.count(Setup::offline(self.home.path()), READS_COUNTED, |server, reads| {
            for _ in 0..reads {
                server.request(method, &params);
            }
        })
    }
}
