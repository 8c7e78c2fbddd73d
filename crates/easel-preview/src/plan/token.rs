//! The tokens of a prompt.

use super::colors::find_color;
use super::lexicon::{find_phrase, find_word};
use super::nouns::find_shape;
use crate::scene::{Setting, Side, Size, Time, Weather};
use crate::shapes::Shape;

/// Maximum number of words to read of a prompt.
const MAX_WORDS: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Verb(Verb),
    /// A shape, and whether it is in the plural.
    Noun(Shape, bool),
    It,
    /// A demonstrative: a pronoun, or an article before a noun.
    This,
    /// A number before a noun, otherwise a pronoun.
    One,
    All,
    Canvas,
    Backdrop,
    Color(u32),
    Size(Size),
    /// Steps larger or, if negative, smaller.
    Resize(i8),
    /// Whether to make the picture lighter.
    Light(bool),
    Vary,
    Number(u8),
    Amount(Amount),
    Article {
        definite: bool,
    },
    Relation(Side),
    With,
    To,
    And,
    Not,
    /// What follows is asked for: "nothing but a cat", "remove all except the cat".
    But,
    Instead,
    Copula,
    Comma,
    Stop,
    Time(Time),
    Weather(Weather),
    Setting(Setting),
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Draw,
    Change,
    Add,
    Remove,
    Replace,
    Move,
    Keep,
    /// Steps larger or, if negative, smaller.
    Resize(i8),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Amount {
    #[default]
    Exact,
    More,
    Fewer,
    Only,
}

/// Splits a prompt into tokens.
pub(super) fn tokenize(prompt: &str) -> Vec<Token> {
    let lower = prompt.to_lowercase();
    let words: Vec<&str> = split(&lower).take(MAX_WORDS).collect();
    let mut tokens = Vec::new();
    let mut rest = words.as_slice();
    while let Some((word, after)) = rest.split_first() {
        if let Some((token, length)) = find_phrase(rest) {
            tokens.push(token);
            rest = &rest[length..];
            continue;
        }
        rest = after;
        tokens.push(find_token(word, tokens.last().copied()));
    }
    tokens
}

fn find_token(word: &str, before: Option<Token>) -> Token {
    if let Some((shape, plural)) = find_shape(word) {
        return Token::Noun(shape, plural);
    }
    let token = find_color(word).map(Token::Color).or_else(|| find_word(word));
    match token {
        // "The color", "a place".
        Some(Token::Verb(_)) if matches!(before, Some(Token::Article { .. })) => Token::Unknown,
        // "Make that blue", but "a square that is blue".
        Some(Token::This) if !matches!(before, None | Some(Token::Verb(_) | Token::Relation(_) | Token::Comma)) => {
            Token::Unknown
        }
        Some(token) => token,
        None => Token::Unknown,
    }
}

/// Returns the words and the punctuation. A word that ends with `'s` is without it.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !is_mark(c) && c != '\'' && c != '’').flat_map(|part| {
        let mut rest = part;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let end = if is_mark(first) { first.len_utf8() } else { rest.find(is_mark).unwrap_or(rest.len()) };
            let (word, after) = rest.split_at(end);
            rest = after;
            Some(word.strip_suffix("'s").or(word.strip_suffix("’s")).unwrap_or(word))
        })
    })
}

fn is_mark(c: char) -> bool {
    matches!(c, ',' | '.' | ';' | ':' | '!' | '?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_phrases_are_tokens() {
        let words: Vec<&str> = split("it's 3.5x, the dog's \"hat\"; don’t!").collect();
        assert_eq!(words, ["it", "3", ".", "5x", ",", "the", "dog", "hat", ";", "don’t", "!"]);
        assert_eq!(
            tokenize("A cat to the LEFT of it, please"),
            [
                Token::Article { definite: false },
                Token::Noun(Shape::Cat, false),
                Token::Relation(Side::Left),
                Token::It,
                Token::Comma,
                Token::Unknown
            ]
        );
    }

    #[test]
    fn long_prompt_is_cut() {
        assert_eq!(tokenize(&"cat ".repeat(9_000)).len(), MAX_WORDS);
    }
}
