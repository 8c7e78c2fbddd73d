//! Shows a picture between the lines of a terminal.

mod blocks;
mod protocols;
mod sixel;

use std::fs::File;
use std::path::Path;

use easel_config::Environment;
use easel_picture::{Bounds, Limits, Picture};

use crate::commands::print_text;

/// Maximum number of columns that a picture covers.
const MAX_COLUMNS: u16 = 60;
/// Lines of the terminal that stay free for the lines around a picture.
const OTHER_ROWS: u16 = 4;

/// How a terminal shows pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum InlineMode {
    /// The graphics protocol of Kitty.
    Kitty,
    /// The inline images of iTerm2.
    Iterm2,
    /// Sixel graphics.
    Sixel,
    /// Colored half blocks, on any terminal.
    Blocks,
    /// No picture.
    None,
}

/// The size of a terminal in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TerminalSize {
    pub(super) rows: u16,
    pub(super) columns: u16,
}

impl InlineMode {
    /// Chooses a mode by what the terminal says in the environment. It is not asked, because one that does not know the
    /// question never answers. With `NO_COLOR`, pictures are shown only to a user who `asks_for_previews`, and never as
    /// colored characters.
    pub(super) fn detect(environment: &Environment, asks_for_previews: bool) -> Self {
        let mode = Self::of_terminal(environment);
        let is_allowed = environment.variable("NO_COLOR").is_none() || asks_for_previews && mode != Self::Blocks;
        if is_allowed { mode } else { Self::None }
    }

    /// Returns the best mode of the terminal.
    fn of_terminal(environment: &Environment) -> Self {
        let variable = |name| environment.text(name).unwrap_or_default();
        let (term, program) = (variable("TERM"), variable("TERM_PROGRAM"));
        // A multiplexer does not pass on what it does not know.
        let is_multiplexed = term.starts_with("screen") || term.starts_with("tmux");
        match () {
            () if term == "dumb" || term.is_empty() => Self::None,
            () if is_multiplexed => Self::Blocks,
            () if term.contains("kitty") || term.contains("ghostty") || program == "ghostty" => Self::Kitty,
            () if environment.variable("KITTY_WINDOW_ID").is_some() => Self::Kitty,
            () if matches!(program, "iTerm.app" | "WezTerm" | "mintty") || variable("LC_TERMINAL") == "iTerm2" => {
                Self::Iterm2
            }
            () if term.starts_with("foot") || term.starts_with("mlterm") || term.contains("sixel") => Self::Sixel,
            () => Self::Blocks,
        }
    }

    /// Prints the picture in a file. `share` is the part of the usual width that it covers.
    ///
    /// # Errors
    /// If the file is not a picture, or cannot be printed.
    pub(super) fn show(self, path: &Path, size: TerminalSize, share: u16) -> Result<(), Box<dyn std::error::Error>> {
        let columns = (size.columns.min(MAX_COLUMNS) / share).max(1);
        let rows = size.rows.saturating_sub(OTHER_ROWS).max(1) / share;
        let shown = match self {
            Self::None => return Ok(()),
            Self::Kitty => protocols::kitty(&read(path, u32::from(columns) * protocols::CELL_WIDTH)?, columns),
            Self::Iterm2 => protocols::iterm2(&std::fs::read(path)?, columns),
            Self::Sixel => sixel::encode(&read(path, u32::from(columns) * protocols::CELL_WIDTH)?),
            // A character has two pixels, one above the other.
            Self::Blocks => blocks::encode(&read(path, u32::from(columns.min(rows.saturating_mul(2))))?),
        };
        Ok(print_text(shown.as_bytes())?)
    }
}

fn read(path: &Path, longest_edge: u32) -> Result<Picture, Box<dyn std::error::Error>> {
    Ok(easel_picture::read(File::open(path)?, Bounds::edge(longest_edge), Limits::default())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Environment { variables, ..Environment::default() }
    }

    #[test]
    fn environment_selects_the_mode() {
        for (variables, mode) in [
            (&[("TERM", "xterm-kitty")][..], InlineMode::Kitty),
            (&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], InlineMode::Kitty),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], InlineMode::Iterm2),
            (&[("TERM", "foot")], InlineMode::Sixel),
            (&[("TERM", "xterm-256color")], InlineMode::Blocks),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], InlineMode::None),
            (&[("TERM", "xterm-kitty"), ("NO_COLOR", "1")], InlineMode::None),
            (&[("TERM", "xterm-kitty"), ("NO_COLOR", "")], InlineMode::Kitty),
            (&[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")], InlineMode::Blocks),
            (&[("TERM", "dumb")], InlineMode::None),
            (&[], InlineMode::None),
        ] {
            assert_eq!(InlineMode::detect(&environment(variables), false), mode, "{variables:?}");
        }
    }

    #[test]
    fn previews_are_shown_without_colored_characters() {
        for (term, mode) in
            [("xterm-kitty", InlineMode::Kitty), ("foot", InlineMode::Sixel), ("xterm", InlineMode::None)]
        {
            let environment = environment(&[("TERM", term), ("NO_COLOR", "1")]);
            assert_eq!(InlineMode::detect(&environment, true), mode, "{term}");
        }
    }
}
