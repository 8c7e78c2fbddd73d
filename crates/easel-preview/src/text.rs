//! Text on the picture: cleaning and wrapping to a box. [`glyphs`] draws it.
//!
//! There is no shaping: every character is one glyph. Runs of right-to-left letters are reversed, which is as much of
//! the bidirectional algorithm as a preview needs.

mod glyphs;

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId};
use easel_imagegen::invisible::is_invisible;

pub(crate) use self::glyphs::{Weight, draw_line};

/// Maximum number of characters to measure. It exceeds what any panel can show at the minimum size.
const MAX_CHARS: usize = 4_000;
const ELLIPSIS: char = '…';

#[expect(clippy::expect_used, reason = "the font is compiled in, and every test that draws parses it")]
static FONT: LazyLock<FontRef<'static>> =
    LazyLock::new(|| FontRef::try_from_slice(dejavu::sans::regular()).expect("DejaVu Sans parses"));

/// Lines of text that fit a box, and their size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub(crate) lines: Vec<String>,
    /// The size in pixels per em.
    pub(crate) size: f32,
}

impl Block {
    pub(crate) fn line_height(&self) -> f32 {
        self.size * 1.28
    }

    pub(crate) fn height(&self) -> f32 {
        self.line_height() * self.lines.len() as f32
    }
}

/// Returns the text as one line of visible characters: collapses white space and removes control and format characters.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::new();
    let mut gap = false;
    for c in text.chars().filter(|c| c.is_whitespace() || !is_invisible(*c)).take(MAX_CHARS) {
        if c.is_whitespace() {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) && !out.is_empty() {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// Returns the characters that the font does not have, at most [`MAX_CHARS`].
pub(crate) fn missing_characters(text: &str) -> Vec<char> {
    let is_missing = |c: &char| !c.is_ascii() && !is_invisible(*c) && FONT.glyph_id(*c) == GlyphId(0);
    text.chars().take(MAX_CHARS).filter(is_missing).collect()
}

/// Returns the width of a character at one pixel per em.
fn advance(c: char) -> f32 {
    let id = FONT.glyph_id(c);
    let units = FONT.units_per_em().unwrap_or(2048.0);
    match id {
        GlyphId(0) => 0.66,
        id => FONT.h_advance_unscaled(id) / units,
    }
}

pub(crate) fn measure_width(text: &str, size: f32) -> f32 {
    text.chars().map(advance).sum::<f32>() * size
}

/// Fits a text into `width` by `height` pixels at the largest possible size from `largest` down to `smallest`. At the
/// smallest size a text that is too long ends with an ellipsis. A word that is wider than the box is broken. The result
/// has at least one line.
pub(crate) fn fit(text: &str, (width, height): (f32, f32), largest: f32, smallest: f32) -> Block {
    let glyphs: Vec<(char, f32)> = text.chars().map(|c| (c, advance(c))).collect();
    let mut size = largest.max(smallest);
    loop {
        let mut block = Block { lines: Vec::new(), size };
        let room = ((height / block.line_height()) as usize).max(1);
        let lines = wrap(&glyphs, width / size, room + 1);
        if lines.len() > room && size > smallest {
            size = (size * 0.93).max(smallest);
            continue;
        }
        let cut = lines.len() > room;
        block.lines =
            lines.iter().take(room).map(|line| to_visual_order(line.iter().map(|(c, _)| *c).collect())).collect();
        if cut && let Some(last) = block.lines.last_mut() {
            end_with_ellipsis(last, width / size);
        }
        return block;
    }
}

/// Breaks glyphs greedily into lines of at most `width` ems. Stops after `limit` lines.
fn wrap(glyphs: &[(char, f32)], width: f32, limit: usize) -> Vec<&[(char, f32)]> {
    let mut lines = Vec::new();
    let mut rest = glyphs;
    while !rest.is_empty() && lines.len() < limit {
        let mut used = 0.0;
        let fitting = rest.iter().position(|(_, advance)| {
            used += advance;
            used > width
        });
        let Some(over) = fitting else {
            lines.push(rest);
            break;
        };
        let space = rest[..=over].iter().rposition(|(c, _)| *c == ' ').filter(|at| *at > 0);
        let (end, next) = match space {
            Some(at) => (at, at + 1),
            None => (over.max(1), over.max(1)),
        };
        lines.push(&rest[..end]);
        rest = &rest[next..];
    }
    lines
}

fn end_with_ellipsis(line: &mut String, ems: f32) {
    while !line.is_empty() && measure_width(line, 1.0) + advance(ELLIPSIS) > ems {
        line.pop();
    }
    line.truncate(line.trim_end_matches([' ', '.', ',', ';', ':']).len());
    line.push(ELLIPSIS);
}

fn to_visual_order(mut line: Vec<char>) -> String {
    let mut start = 0;
    while let Some(first) = line[start..].iter().position(|c| is_right_to_left(*c)).map(|at| start + at) {
        let letters = line[first..].iter().take_while(|c| is_right_to_left(**c) || **c == ' ').count();
        let end = first + line[first..first + letters].iter().rposition(|c| *c != ' ').map_or(1, |last| last + 1);
        line[first..end].reverse();
        start = end;
    }
    line.into_iter().collect()
}

/// Returns whether a character is Hebrew, Arabic or of a related script.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_removes_invisible_characters_and_collapses_space() {
        assert_eq!(clean("  a\0b\n\n c\u{202e}d\t\u{fe0f}e\u{1b}[31m "), "ab cd e[31m");
        assert_eq!(clean("\0\u{200b}"), "");
    }

    #[test]
    fn long_text_shrinks() {
        let short = fit("hello", (500.0, 200.0), 40.0, 10.0);
        assert_eq!((short.lines.len(), short.size), (1, 40.0));
        let long = fit(&"some words ".repeat(30), (500.0, 200.0), 40.0, 10.0);
        assert!(long.size < 40.0 && long.size > 10.0);
        assert!(!long.lines.concat().contains(ELLIPSIS));
    }

    #[test]
    fn text_that_never_fits_ends_with_an_ellipsis() {
        let block = fit(&clean(&"word ".repeat(9_000)), (300.0, 60.0), 40.0, 12.0);
        assert!(block.lines.last().is_some_and(|line| line.ends_with(ELLIPSIS)));
        assert!(block.height() <= 60.0);
        assert!(block.lines.iter().all(|line| measure_width(line, block.size) <= 300.0));
    }

    #[test]
    fn right_to_left_words_are_reversed_in_place() {
        assert_eq!(to_visual_order("a אב גד b".chars().collect()), "a דג בא b");
        assert_eq!(to_visual_order("אב ".chars().collect()), "בא ");
    }

    #[test]
    fn too_wide_word_is_broken() {
        let block = fit(&"x".repeat(100), (100.0, 400.0), 20.0, 10.0);
        assert!(block.lines.len() > 1);
        assert_eq!(block.lines.concat().len(), 100);
    }
}
