//! Reads clauses from tokens.

use super::{Clause, Part, Sign, Thing};
use crate::plan::token::{Amount, Token, Verb, tokenize};
use crate::scene::Size;
use crate::shapes::Shape;

/// Parses the clauses of a prompt. Words that are not known have no part.
pub(in crate::plan) fn parse(prompt: &str) -> Vec<Clause> {
    let mut parser = Parser::default();
    let tokens = tokenize(prompt);
    for (index, token) in tokens.iter().enumerate() {
        parser.read(*token, tokens.get(index + 1).copied());
    }
    parser.end_clause();
    parser.clauses
}

/// What precedes a noun.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    count: Option<u8>,
    amount: Amount,
    definite: Option<bool>,
    color: Option<u32>,
    size: Option<Size>,
    /// Whether a word that is not known precedes the color.
    unknown_before_color: bool,
    /// Whether a word that is not known follows the color.
    unknown: bool,
}

#[derive(Debug, Default)]
struct Parser {
    clauses: Vec<Clause>,
    verb: Option<Verb>,
    parts: Vec<Part>,
    before: Before,
    sign: Sign,
}

impl Parser {
    fn read(&mut self, token: Token, next: Option<Token>) {
        match token {
            Token::Verb(verb) => {
                self.end_clause();
                self.verb = Some(verb);
                self.sign = if verb == Verb::Remove { Sign::Minus } else { Sign::Plus };
            }
            Token::Stop => self.end_clause(),
            Token::Comma => {
                self.flush();
                if self.verb != Some(Verb::Remove) {
                    self.sign = Sign::Plus;
                }
            }
            Token::But => {
                self.flush();
                self.sign = Sign::Plus;
            }
            Token::Article { definite } => {
                self.flush_at_boundary();
                self.before.definite = Some(definite);
            }
            Token::This if matches!(next, Some(Token::Noun(..) | Token::Canvas)) => self.before.definite = Some(true),
            Token::One if matches!(next, Some(Token::Noun(..) | Token::Color(_) | Token::Size(_))) => {
                self.before.count = Some(1);
            }
            Token::It | Token::This | Token::One => self.push_pronoun(Part::It),
            Token::All if matches!(next, Some(Token::Article { .. } | Token::Noun(..))) => self.flush(),
            Token::All => self.push_pronoun(Part::All),
            Token::Canvas => self.push_pronoun(Part::Canvas),
            Token::Backdrop => {
                let color = self.before.color;
                self.before = Before::default();
                self.parts.push(Part::Backdrop(color));
            }
            Token::Number(count) => self.before.count = Some(count),
            Token::Amount(amount) => self.before.amount = amount,
            Token::Color(color) => {
                self.before.color = self.before.color.or(Some(color));
                self.before.unknown_before_color |= std::mem::take(&mut self.before.unknown);
            }
            Token::Size(size) => self.before.size = Some(size),
            Token::Resize(steps) if matches!(next, Some(Token::Noun(..) | Token::Color(_))) => {
                self.before.size = Some(if steps > 0 { Size::Large } else { Size::Small });
            }
            Token::Resize(steps) => self.push(Part::Resize(steps)),
            Token::Light(_) if matches!(next, Some(Token::Noun(..) | Token::Color(_))) => {}
            Token::Light(light) => self.push(Part::Light(light)),
            Token::Vary => self.push(Part::Vary),
            Token::Noun(shape, plural) => self.push_thing(shape, plural),
            Token::Time(time) => self.push(Part::Time(time, self.sign)),
            Token::Weather(weather) => self.push(Part::Weather(weather, self.sign)),
            Token::Setting(setting) => self.push(Part::Setting(setting, self.sign)),
            Token::Relation(side) => self.push(Part::Relation(side)),
            Token::With => {
                self.push(Part::With);
                self.sign = Sign::Plus;
            }
            Token::To => self.push(Part::To),
            Token::Instead => self.push(Part::Instead),
            // "Black and white".
            Token::And if matches!(next, Some(Token::Color(_))) && self.before.color.is_some() => {}
            Token::And => self.push(Part::And),
            Token::Not => {
                self.flush();
                self.sign = Sign::Minus;
            }
            Token::Copula => self.flush(),
            Token::Unknown => self.before.unknown = true,
        }
    }

    fn push(&mut self, part: Part) {
        self.flush();
        self.parts.push(part);
    }

    fn push_pronoun(&mut self, pronoun: Part) {
        // "A blue one" has a color before the pronoun, and "another one" an amount.
        let before = std::mem::take(&mut self.before);
        self.parts.push(pronoun);
        self.parts.extend(before.color.map(Part::Color));
        self.parts.extend(before.size.map(Part::Size));
    }

    fn push_thing(&mut self, shape: Shape, plural: bool) {
        let Before { count, amount, definite, color, size, .. } = std::mem::take(&mut self.before);
        self.parts.push(Part::Thing(Thing { shape, plural, count, amount, definite, sign: self.sign, color, size }));
    }

    /// Ends what precedes a noun, but keeps the amount: "only the star", "more of the stars".
    fn flush_at_boundary(&mut self) {
        let amount = self.before.amount;
        self.flush();
        self.before.amount = amount;
    }

    /// Ends what precedes a noun if no noun follows. A color or size belongs to the part before it, unless a word that
    /// is not known is between.
    fn flush(&mut self) {
        let before = std::mem::take(&mut self.before);
        if before.definite.is_some() && (before.unknown || before.unknown_before_color) {
            self.parts.push(Part::Unknown);
        }
        if let Some(color) = before.color {
            self.parts.push(if before.unknown { Part::Mood(color) } else { Part::Color(color) });
        }
        if let (Some(size), false) = (before.size, before.unknown) {
            self.parts.push(Part::Size(size));
        }
    }

    fn end_clause(&mut self) {
        self.flush();
        let parts = std::mem::take(&mut self.parts);
        if self.verb.is_some() || !parts.is_empty() {
            self.clauses.push(Clause { verb: self.verb.take(), parts });
        }
        self.sign = Sign::Plus;
    }
}
