//! Guards the TOML parser against depth. It bounds brackets but not dotted keys: `a.a.a.…` in a file of a MiB becomes
//! half a million nested tables, and walking or dropping those overflows the stack, which ends the process.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// How many levels one statement (a key with its value, or a table header) may open. No honest one comes near.
pub(crate) const DEEPEST: usize = 256;

/// Where the first statement begins that could open more than [`DEEPEST`] levels, as a byte offset.
pub(crate) fn too_deep(text: &str) -> Option<usize> {
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
        if levels > DEEPEST {
            return Some(start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_for_one_statement_and_not_inside_strings_or_comments() {
        let deep = "a.".repeat(300);
        assert_eq!(too_deep(&format!("x = 1\n{deep}a = 1")), Some(6));
        assert_eq!(too_deep(&format!("x = [\n[{deep}]\n]")), Some(0));
        assert_eq!(too_deep(&"a.b = 1.5\n".repeat(1_000)), None);
        assert_eq!(too_deep(&format!("# {deep}\nx = '{deep}'\ny = \"\"\"\n{deep}\"\"\"")), None);
    }
}
