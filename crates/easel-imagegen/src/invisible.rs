//! Characters that texts of others must not contain when they are shown.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Returns whether the character can forge a line, steer a terminal, hide text or change how it reads: a control or
/// format character (general categories Cc and Cf), a separator of lines or paragraphs (Zl and Zp), or a character that
/// is not displayed (`Default_Ignorable_Code_Point`).
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Returns a text of others as one line of at most `max_chars` characters, for people and the model. Control
/// characters and invisible ones become spaces.
pub(crate) fn to_line(text: &[u8], max_chars: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let visible = text.replace(is_invisible, " ");
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_marks_and_separators_are_invisible() {
        let hidden = "\0\n\t\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{180e}\u{200b}\u{200f}\u{2028}\u{2029}\u{202e}\u{2060}\u{206f}\
                      \u{3164}\u{fe0f}\u{feff}\u{fff9}\u{fffb}\u{e0041}\u{e007f}";
        assert!(hidden.chars().all(is_invisible), "{:?}", hidden.chars().find(|c| !is_invisible(*c)));
        assert!(!" aé✓漢\u{a0}\u{fffd}😀".contains(is_invisible));
    }

    #[test]
    fn line_has_no_control_characters() {
        assert_eq!(to_line(b"\x1b[31mno\r\n\tway\x00\xff", 20), "[31mno way \u{fffd}");
        assert_eq!(to_line("a\u{202e}b".as_bytes(), 20), "a b");
        assert_eq!(to_line("ü".repeat(30).as_bytes(), 4), "üüüü…");
    }
}
