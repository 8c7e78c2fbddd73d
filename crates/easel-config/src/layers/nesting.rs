//! Limits the nesting of TOML before it is parsed.
//!
//! The parser limits brackets but not dotted keys: `a.a.a.…` in a file of 1 MiB becomes half a million nested tables,
//! and walking or dropping those overflows the stack, which ends the process.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// Maximum number of levels in one statement, which is a key with its value or a table header. Real files have a few.
pub(crate) const MAX_DEPTH: usize = 256;

/// Returns whether a statement could open more than [`MAX_DEPTH`] levels.
pub(crate) fn is_nested_too_deep(text: &str) -> bool {
    find_too_deep(text).is_some()
}

/// Returns the byte offset of the first statement that could open more than [`MAX_DEPTH`] levels.
pub(crate) fn find_too_deep(text: &str) -> Option<usize> {
    let (mut start, mut levels, mut open) = (0, 0_usize, 0_usize);
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => levels += 1,
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                levels += 1;
                open += 1;
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => open = open.saturating_sub(1),
            TokenKind::Newline if open == 0 => {
                levels = 0;
                start = token.span().end();
            }
            TokenKind::Newline
            | TokenKind::Equals
            | TokenKind::Comma
            | TokenKind::Whitespace
            | TokenKind::Comment
            | TokenKind::LiteralString
            | TokenKind::BasicString
            | TokenKind::MlLiteralString
            | TokenKind::MlBasicString
            | TokenKind::Atom
            | TokenKind::Eof => {}
        }
        if levels > MAX_DEPTH {
            return Some(start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_per_statement_without_strings_and_comments() {
        let deep = "a.".repeat(300);
        assert_eq!(find_too_deep(&format!("x = 1\n{deep}a = 1")), Some(6));
        assert_eq!(find_too_deep(&format!("x = [\n[{deep}]\n]")), Some(0));
        assert_eq!(find_too_deep(&"a.b = 1.5\n".repeat(1_000)), None);
        assert_eq!(find_too_deep(&format!("# {deep}\nx = '{deep}'\ny = \"\"\"\n{deep}\"\"\"")), None);
    }

    #[test]
    fn keys_and_brackets_may_open_256_levels() {
        for level in ["a.", "[", "{"] {
            for (levels, is_too_deep) in [(1, false), (MAX_DEPTH, false), (MAX_DEPTH + 1, true), (1_000, true)] {
                assert_eq!(is_nested_too_deep(&level.repeat(levels)), is_too_deep, "{levels} times {level}");
            }
        }
    }
}
