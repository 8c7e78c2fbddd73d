//! Random requests by three clients to two processes on one home. Every response is compared with a model. In between,
//! processes are killed, requests are cancelled, another program locks the database, and image files are removed.
//!
//! `EASEL_SOAK_SECONDS` sets the duration. Without it, a run has a few hundred steps. `EASEL_SOAK_SEED` repeats the run
//! that printed this seed. Start at [`model`].

mod model;
mod restarts;
mod steps;
mod world;

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use easel_testkit::rng::Rng;

use crate::harness::env_setting;
use crate::storage::list_recursively;
use model::{ClientIndex, PROCESS_OF_CLIENT, Thread};
use restarts::Exit;
use world::World;

/// Steps of a run in the test suite.
const STEPS: usize = 250;
/// The last steps that a failure prints.
const PRINTED_STEPS: usize = 40;
/// The seed of a run in the test suite.
const SEED: u64 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Start,
    Turn,
    ToolCall,
    Steer,
    Compact,
    Interrupt,
    Resume,
    Unsubscribe,
    Reconnect,
    Rename,
    Describe,
    Set,
    Inject,
    Archive,
    Unarchive,
    Fork,
    Revert,
    Delete,
    List,
    Loaded,
    Read,
    TurnsList,
    ItemsList,
    ImageList,
    ThreadsImages,
    ImageRead,
    Export,
    ImageDelete,
    CancelRequest,
    Lock,
    RemoveImageFile,
    Kill,
    End,
}

/// How often each step is chosen.
const WEIGHTS: [(usize, Step); 33] = [
    (8, Step::Start),
    (24, Step::Turn),
    (8, Step::ToolCall),
    (6, Step::Steer),
    (5, Step::Compact),
    (8, Step::Interrupt),
    (16, Step::Resume),
    (10, Step::Unsubscribe),
    (4, Step::Reconnect),
    (6, Step::Rename),
    (4, Step::Describe),
    (6, Step::Set),
    (5, Step::Inject),
    (3, Step::Archive),
    (4, Step::Unarchive),
    (5, Step::Fork),
    (4, Step::Revert),
    (3, Step::Delete),
    (6, Step::List),
    (3, Step::Loaded),
    (6, Step::Read),
    (5, Step::TurnsList),
    (5, Step::ItemsList),
    (4, Step::ImageList),
    (4, Step::ThreadsImages),
    (6, Step::ImageRead),
    (4, Step::Export),
    (5, Step::ImageDelete),
    (8, Step::CancelRequest),
    (2, Step::Lock),
    (2, Step::RemoveImageFile),
    (2, Step::Kill),
    (1, Step::End),
];

#[test]
fn random_calls_match_the_model() {
    let number = |name: &str| env_setting(name).map(|value| value.to_string_lossy().parse().expect("a number"));
    let seconds: Option<u64> = number("EASEL_SOAK_SECONDS");
    let seed = number("EASEL_SOAK_SEED").unwrap_or_else(|| seconds.map_or(SEED, |_| Rng::seed_from_clock()));
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let (mut steps, mut kills) = (0, 0);
    let mut trail = VecDeque::new();
    let run = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed);
        while end.map_or(steps < STEPS, |end| Instant::now() < end) {
            let (step, client, id) = world.choose_step();
            steps += 1;
            kills += usize::from(step == Step::Kill);
            trail.push_back(format!("{step:?} of {id} by {client}"));
            if trail.len() > PRINTED_STEPS {
                trail.pop_front();
            }
            world.run_step(step, client, &id);
        }
        world.finish_all_turns();
        world.stop_all();
        world.verify_after_restart();
    }));
    println!("{steps} steps, {kills} kills; EASEL_SOAK_SEED={seed} repeats this run");
    if let Err(panic) = run {
        println!("the last steps: {trail:#?}");
        resume_unwind(panic);
    }
}

impl World {
    fn choose_step(&mut self) -> (Step, ClientIndex, String) {
        let step = self.rng.choose_weighted(&WEIGHTS);
        (step, self.rng.below(PROCESS_OF_CLIENT.len()), self.some_thread())
    }

    fn run_step(&mut self, step: Step, client: ClientIndex, id: &str) {
        let may_end = |thread: &Thread| thread.has_quick_turn() && thread.subscribers.is_empty();
        if self.model.thread(id).is_some_and(may_end) {
            // It may be unloaded at any moment, and the model must know whether it is.
            self.finish_quick_turn(id);
        }
        match step {
            Step::Start => self.start_thread(client),
            Step::Turn => self.turn_or_revert(client, id),
            Step::ToolCall => self.call_tool(client, id),
            Step::Steer => self.steer(client, id),
            Step::Compact => self.compact(client, id),
            Step::Interrupt => self.interrupt(client, id),
            Step::Resume => self.resume(client, id),
            Step::Unsubscribe => self.unsubscribe(client, id),
            Step::Reconnect if PROCESS_OF_CLIENT[client] == 0 => self.reconnect(client),
            Step::Reconnect => self.restart(1, Exit::Graceful),
            Step::Rename => self.rename(client, id),
            Step::Describe => self.update_metadata(client, id),
            Step::Set => self.update_settings(client, id),
            Step::Inject => self.inject(client, id),
            Step::Archive => self.archive(client, id),
            Step::Unarchive => self.unarchive(client, id),
            Step::Fork => self.fork(client, id),
            Step::Revert => self.revert(client, id),
            Step::Delete => self.delete(client, id),
            Step::List => self.list(client),
            Step::Loaded => self.list_loaded(client),
            Step::Read => self.read(client, id),
            Step::TurnsList => self.list_turns(client, id),
            Step::ItemsList => self.list_items(client, id),
            Step::ImageList => self.list_images(client, None),
            Step::ThreadsImages => self.list_images(client, Some(id)),
            Step::ImageRead => self.read_some_image(client),
            Step::Export => self.export(client),
            Step::ImageDelete => self.delete_image(client),
            Step::CancelRequest => self.cancel_a_request(client, id),
            Step::Lock => self.lock(),
            Step::RemoveImageFile => self.remove_image_file(),
            Step::Kill => self.restart(PROCESS_OF_CLIENT[client], Exit::Kill),
            Step::End => self.restart(PROCESS_OF_CLIENT[client], Exit::Graceful),
        }
        self.expect_notices(Vec::new());
    }

    /// A thread of the model, or rarely one that no longer exists.
    fn some_thread(&mut self) -> String {
        let ids: Vec<String> = self.model.threads.iter().map(|thread| thread.id.clone()).collect();
        let removed_ids = self.rng.choose(&self.model.removed_ids).cloned().filter(|_| self.rng.one_in(20));
        removed_ids.or_else(|| self.rng.choose(&ids).cloned()).unwrap_or_else(|| "none".to_owned())
    }

    /// A new process must have every thread and image, and no file without a reference.
    fn verify_after_restart(&mut self) {
        for thread in &mut self.model.threads {
            thread.writer = None;
            thread.subscribers.clear();
        }
        self.start(1);
        let ephemeral = self.model.threads.iter().filter(|thread| thread.ephemeral);
        for id in ephemeral.map(|thread| thread.id.clone()).collect::<Vec<_>>() {
            self.end_ephemeral(&id);
        }
        for id in self.model.threads.iter().map(|thread| thread.id.clone()).collect::<Vec<_>>() {
            self.read(2, &id);
            self.list_turns(2, &id);
            self.list_items(2, &id);
            self.list_images(2, Some(&id));
            // Loading a thread removes what interrupted turns left.
            self.resume(2, &id);
        }
        self.list_images(2, None);
        for handle in self.model.images.keys().cloned().collect::<Vec<_>>() {
            self.read_image(2, &handle);
        }
        let shown = self.model.shown_handles();
        let paths = |handle: &String| PathBuf::from(&self.model.images[handle].path);
        let existing = shown.iter().filter(|handle| !self.model.missing_files.contains(*handle));
        let expected: BTreeSet<PathBuf> = existing.map(paths).collect();
        let files =
            list_recursively(&self.sandbox.home().join("generated_images")).into_iter().filter(|path| path.is_file());
        // Nobody loads a thread that has ended.
        let is_half = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "part");
        let has_ended = |path: &PathBuf| {
            self.model.ended.iter().any(|ghost| path.parent().is_some_and(|folder| folder.ends_with(&ghost.id)))
        };
        assert_eq!(files.filter(|path| !(is_half(path) && has_ended(path))).collect::<BTreeSet<_>>(), expected);
    }
}
