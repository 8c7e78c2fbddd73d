//! What the user sees while an image is made: a bar with phase and time on a terminal, else one line for each step.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::inline::{InlineMode, TerminalSize};
use crate::commands::report;
use crate::process::terminal::escape;

/// How often the bar moves while nothing happens.
const TICK: Duration = Duration::from_millis(120);
/// The part of the width of a picture that its previews have.
const PREVIEW_SHARE: u16 = 2;

/// The progress of one call, on stderr.
pub(super) struct Progress {
    /// `None` if stderr is not a terminal.
    bar: Option<ProgressBar>,
    inline: InlineMode,
    size: TerminalSize,
}

impl Progress {
    /// Starts the progress. Pictures are shown only with a bar.
    pub(super) fn start(is_terminal: bool, inline: InlineMode, size: TerminalSize) -> Self {
        let bar = is_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // A template that is a constant is never wrong.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { bar, inline, size }
    }

    /// Says what happens now.
    pub(super) fn phase(&self, phase: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(escape(phase).into_owned()),
            None => report(phase),
        }
    }

    /// Prints a line above the bar that stays.
    pub(super) fn note(&self, line: &str) {
        self.suspend(|| report(line));
    }

    /// Shows a preview of the image. One that cannot be read is left out, since its file may be gone.
    pub(super) fn preview(&self, path: &Path, index: u32) {
        self.phase(&format!("preview {}", index + 1));
        if self.bar.is_some() {
            self.suspend(|| drop(self.inline.show(path, self.size, PREVIEW_SHARE)));
        }
    }

    /// Takes the bar away while `work` uses the terminal.
    pub(super) fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }

    /// Takes the bar away until [`Progress::show`].
    pub(super) fn hide(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Shows the bar again.
    pub(super) fn show(&self) {
        if let Some(bar) = &self.bar {
            // The time of a question counts too.
            let elapsed = bar.elapsed();
            bar.reset();
            drop(bar.clone().with_elapsed(elapsed));
            bar.enable_steady_tick(TICK);
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
