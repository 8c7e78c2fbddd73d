//! Random calls over two processes on one home and three connections, each answer held against a model. Processes are
//! killed, requests are cancelled, the database is locked by another program, and image files are removed meanwhile.
//!
//! `EASEL_SOAK_SECONDS` says how long it goes on; without it, some hundred steps. `EASEL_SOAK_SEED` throws the same dice
//! as the run that named it. Start at [`model`].

mod changes;
mod data;
mod deaths;
mod dice;
mod ears;
mod faults;
mod given_up;
mod images;
mod model;
mod reads;
mod turns;
mod world;

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::harness::setting;
use crate::storage::below;
use deaths::Death;
use model::{PROCESS_OF, Seat, Thread};
use world::World;

/// Steps of a run in the suite.
const STEPS: usize = 250;
/// Steps that a failure prints.
const TRAIL: usize = 40;
/// The throws of that run are always the same.
const SEED: u64 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Start,
    Turn,
    Steer,
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
    GiveUp,
    Lock,
    Lose,
    Kill,
    End,
}

/// How often each is thrown.
const WEIGHTS: [(usize, Step); 31] = [
    (8, Step::Start),
    (24, Step::Turn),
    (6, Step::Steer),
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
    (8, Step::GiveUp),
    (2, Step::Lock),
    (2, Step::Lose),
    (2, Step::Kill),
    (1, Step::End),
];

#[test]
fn two_processes_and_three_connections_lose_nothing_and_tell_nobody_else_whatever_they_are_asked() {
    let number = |name: &str| setting(name).map(|value| value.to_string_lossy().parse().expect("a number"));
    let seconds: Option<u64> = number("EASEL_SOAK_SECONDS");
    let seed = number("EASEL_SOAK_SEED").unwrap_or_else(|| seconds.map_or(SEED, |_| dice::fresh_seed()));
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let (mut steps, mut kills) = (0, 0);
    let mut trail = VecDeque::new();
    let run = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed);
        while end.map_or(steps < STEPS, |end| Instant::now() < end) {
            let (step, seat, id) = world.throw();
            steps += 1;
            kills += usize::from(step == Step::Kill);
            trail.push_back(format!("{step:?} of {id} by {seat}"));
            if trail.len() > TRAIL {
                trail.pop_front();
            }
            world.take(step, seat, &id);
        }
        world.rest();
        world.end();
        world.read_back();
    }));
    println!("{steps} steps, {kills} kills; EASEL_SOAK_SEED={seed} throws the same dice");
    if let Err(panic) = run {
        println!("the last were {trail:#?}");
        resume_unwind(panic);
    }
}

impl World {
    fn throw(&mut self) -> (Step, Seat, String) {
        let step = self.dice.weighed(&WEIGHTS);
        (step, self.dice.below(PROCESS_OF.len()), self.some_thread())
    }

    fn take(&mut self, step: Step, seat: Seat, id: &str) {
        let may_end = |thread: &Thread| thread.runs_quickly() && thread.ears.is_empty();
        if self.model.thread(id).is_some_and(may_end) {
            // It leaves memory at any moment, and whoever looks at it must know on which side of that.
            self.settle(id);
        }
        match step {
            Step::Start => self.start_thread(seat),
            Step::Turn => self.turn_or_revert(seat, id),
            Step::Steer => self.steer(seat, id),
            Step::Interrupt => self.interrupt(seat, id),
            Step::Resume => self.resume(seat, id),
            Step::Unsubscribe => self.unsubscribe(seat, id),
            Step::Reconnect if PROCESS_OF[seat] == 0 => self.reconnect(seat),
            Step::Reconnect => self.restart(1, Death::InOrder),
            Step::Rename => self.rename(seat, id),
            Step::Describe => self.describe(seat, id),
            Step::Set => self.set(seat, id),
            Step::Inject => self.inject(seat, id),
            Step::Archive => self.archive(seat, id),
            Step::Unarchive => self.unarchive(seat, id),
            Step::Fork => self.fork(seat, id),
            Step::Revert => self.revert(seat, id),
            Step::Delete => self.delete(seat, id),
            Step::List => self.list(seat),
            Step::Loaded => self.loaded_list(seat),
            Step::Read => self.read(seat, id),
            Step::TurnsList => self.turns_list(seat, id),
            Step::ItemsList => self.items_list(seat, id),
            Step::ImageList => self.image_list(seat, None),
            Step::ThreadsImages => self.image_list(seat, Some(id)),
            Step::ImageRead => self.image_read(seat),
            Step::Export => self.export(seat),
            Step::ImageDelete => self.delete_image(seat),
            Step::GiveUp => self.give_up_something(seat, id),
            Step::Lock => self.lock(),
            Step::Lose => self.lose_file(),
            Step::Kill => self.restart(PROCESS_OF[seat], Death::Killed),
            Step::End => self.restart(PROCESS_OF[seat], Death::InOrder),
        }
        self.expect(Vec::new());
    }

    /// A thread of the model, seldom one that is no more.
    fn some_thread(&mut self) -> String {
        let ids: Vec<String> = self.model.threads.iter().map(|thread| thread.id.clone()).collect();
        let gone = self.dice.one_of(&self.model.gone).cloned().filter(|_| self.dice.once_in(20));
        gone.or_else(|| self.dice.one_of(&ids).cloned()).unwrap_or_else(|| "none".to_owned())
    }

    /// A fresh process has every thread and image, and no file that nobody shows.
    fn read_back(&mut self) {
        for thread in &mut self.model.threads {
            thread.writer = None;
            thread.ears.clear();
        }
        self.start(1);
        let ephemeral = self.model.threads.iter().filter(|thread| thread.ephemeral);
        for id in ephemeral.map(|thread| thread.id.clone()).collect::<Vec<_>>() {
            self.end_ephemeral(&id);
        }
        for id in self.model.threads.iter().map(|thread| thread.id.clone()).collect::<Vec<_>>() {
            self.read(2, &id);
            self.turns_list(2, &id);
            self.items_list(2, &id);
            self.image_list(2, Some(&id));
            // Whoever takes a thread clears away what an interrupted drawing left.
            self.resume(2, &id);
        }
        self.image_list(2, None);
        for handle in self.model.images.keys().cloned().collect::<Vec<_>>() {
            self.read_image(2, &handle);
        }
        let shown = self.model.shown();
        let paths = |handle: &String| PathBuf::from(&self.model.images[handle].path);
        let kept = shown.iter().filter(|handle| !self.model.lost.contains(*handle));
        let expected: BTreeSet<PathBuf> = kept.map(paths).collect();
        let files = below(&self.place.home().join("generated_images")).into_iter().filter(|path| path.is_file());
        // Nobody takes a thread that has ended.
        let is_half = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "part");
        let has_ended = |path: &PathBuf| {
            self.model.ghosts.iter().any(|ghost| path.parent().is_some_and(|folder| folder.ends_with(&ghost.id)))
        };
        assert_eq!(files.filter(|path| !(is_half(path) && has_ended(path))).collect::<BTreeSet<_>>(), expected);
    }
}
