//! The words of the language that the planner understands, without nouns and colors.

use super::token::{Amount, Token, Verb};
use crate::scene::{Setting, Side, Size, Time, Weather};

/// Finds the phrase of several words that `words` begins with. Returns its length too.
pub(super) fn find_phrase(words: &[&str]) -> Option<(Token, usize)> {
    PHRASES.iter().find(|(phrase, _)| words.starts_with(phrase)).map(|(phrase, token)| (*token, phrase.len()))
}

const PHRASES: &[(&[&str], Token)] = &[
    (&["on", "top", "of"], Token::Relation(Side::On)),
    (&["in", "front", "of"], Token::Relation(Side::Front)),
    (&["on", "the", "left", "of"], Token::Relation(Side::Left)),
    (&["to", "the", "left", "of"], Token::Relation(Side::Left)),
    (&["left", "of"], Token::Relation(Side::Left)),
    (&["on", "the", "right", "of"], Token::Relation(Side::Right)),
    (&["to", "the", "right", "of"], Token::Relation(Side::Right)),
    (&["right", "of"], Token::Relation(Side::Right)),
    (&["next", "to"], Token::Relation(Side::Left)),
    (&["get", "rid", "of"], Token::Verb(Verb::Remove)),
    (&["take", "away"], Token::Verb(Verb::Remove)),
    (&["take", "out"], Token::Verb(Verb::Remove)),
    (&["instead", "of"], Token::Not),
    (&["a", "few"], Token::Number(3)),
    (&["a", "couple", "of"], Token::Number(2)),
    (&["a", "pair", "of"], Token::Number(2)),
    (&["a", "dozen"], Token::Number(12)),
    (&["one", "more"], Token::Amount(Amount::More)),
    (&["full", "moon"], Token::Noun(crate::shapes::Shape::Moon, false)),
    (&["milky", "way"], Token::Setting(Setting::Space)),
    (&["night", "sky"], Token::Time(Time::Night)),
];

/// Finds a single word.
pub(super) fn find_word(word: &str) -> Option<Token> {
    Some(match word {
        "draw" | "create" | "generate" | "show" | "sketch" | "design" | "imagine" => Token::Verb(Verb::Draw),
        "make" | "turn" | "paint" | "color" | "colour" | "recolor" | "recolour" | "change" | "convert"
        | "transform" | "dye" | "tint" | "let" | "edit" | "modify" | "adjust" => Token::Verb(Verb::Change),
        "add" | "insert" | "include" | "give" | "put" | "place" => Token::Verb(Verb::Add),
        "remove" | "delete" | "erase" | "drop" | "hide" | "lose" | "stop" => Token::Verb(Verb::Remove),
        "replace" | "swap" | "exchange" | "substitute" => Token::Verb(Verb::Replace),
        "move" | "shift" | "drag" => Token::Verb(Verb::Move),
        "keep" => Token::Verb(Verb::Keep),
        "enlarge" | "grow" => Token::Verb(Verb::Resize(1)),
        "shrink" | "reduce" => Token::Verb(Verb::Resize(-1)),
        "darken" => Token::Light(false),
        "brighten" | "lighten" => Token::Light(true),
        "redo" | "redraw" | "again" | "variation" => Token::Vary,

        "a" | "an" | "some" | "any" => Token::Article { definite: false },
        "the" | "his" | "her" | "its" | "their" | "my" => Token::Article { definite: true },
        "this" | "that" | "these" | "those" => Token::This,
        "one" => Token::One,
        "it" | "him" | "thing" | "subject" | "object" => Token::It,
        "them" | "everything" | "all" | "both" | "things" | "ones" => Token::All,
        "image" | "picture" | "photo" | "scene" | "drawing" | "illustration" | "painting" => Token::Canvas,
        "background" | "backdrop" | "sky" => Token::Backdrop,

        "two" | "pair" | "couple" => Token::Number(2),
        "three" => Token::Number(3),
        "four" | "several" => Token::Number(4),
        "five" => Token::Number(5),
        "six" | "many" => Token::Number(6),
        "seven" => Token::Number(7),
        "eight" => Token::Number(8),
        "nine" => Token::Number(9),
        "ten" => Token::Number(10),
        "eleven" => Token::Number(11),
        "twelve" | "dozen" => Token::Number(12),
        "another" | "more" | "extra" | "second" => Token::Amount(Amount::More),
        "fewer" | "less" => Token::Amount(Amount::Fewer),
        "only" | "just" => Token::Amount(Amount::Only),

        "tiny" | "mini" => Token::Size(Size::Tiny),
        "small" | "little" => Token::Size(Size::Small),
        "big" | "large" | "huge" | "giant" | "enormous" | "tall" => Token::Size(Size::Large),
        "bigger" | "larger" | "taller" => Token::Resize(1),
        "smaller" | "tinier" => Token::Resize(-1),
        "darker" | "dark" => Token::Light(false),
        "brighter" | "lighter" | "bright" => Token::Light(true),

        "over" | "above" => Token::Relation(Side::Over),
        "under" | "below" | "beneath" | "underneath" => Token::Relation(Side::Under),
        "on" | "onto" | "atop" => Token::Relation(Side::On),
        "in" | "inside" | "into" | "wearing" => Token::Relation(Side::In),
        "beside" | "by" | "near" => Token::Relation(Side::Left),
        "behind" => Token::Relation(Side::Behind),
        "with" | "holding" | "has" | "plus" => Token::With,
        "to" | "for" => Token::To,
        "instead" => Token::Instead,
        "and" | "also" | "or" | "nor" => Token::And,
        "without" | "no" | "not" | "minus" | "nothing" => Token::Not,
        "but" | "except" => Token::But,
        "is" | "are" | "be" => Token::Copula,
        "," | "then" | "now" => Token::Comma,
        "." | ";" | ":" | "!" | "?" => Token::Stop,

        "night" | "nighttime" | "midnight" | "starry" | "moonlight" => Token::Time(Time::Night),
        "sunset" | "sunrise" | "dusk" | "dawn" | "twilight" | "evening" => Token::Time(Time::Dusk),
        "day" | "daytime" | "daylight" | "noon" | "morning" => Token::Time(Time::Day),
        "sunny" | "sunshine" => Token::Weather(Weather::Sunny),
        "cloudy" | "overcast" => Token::Weather(Weather::Cloudy),
        "rain" | "rainy" | "raining" | "rains" | "drizzle" => Token::Weather(Weather::Rain),
        "storm" | "stormy" | "thunderstorm" | "lightning" | "thunder" => Token::Weather(Weather::Storm),
        "snow" | "snowy" | "snowing" | "snows" | "snowfall" | "blizzard" | "winter" => Token::Weather(Weather::Snow),
        "fog" | "foggy" | "mist" | "misty" | "haze" => Token::Weather(Weather::Fog),
        "sea" | "ocean" | "lake" | "water" | "river" | "waves" => Token::Setting(Setting::Sea),
        "beach" | "shore" | "coast" | "island" => Token::Setting(Setting::Beach),
        "desert" | "sand" | "dune" | "dunes" => Token::Setting(Setting::Desert),
        "meadow" | "field" | "grass" | "garden" | "park" | "lawn" | "hill" | "hills" => Token::Setting(Setting::Meadow),
        "city" | "town" | "street" | "skyline" | "road" => Token::Setting(Setting::City),
        "space" | "galaxy" | "universe" | "cosmos" => Token::Setting(Setting::Space),
        _ => {
            let number = word.parse::<u8>().ok().filter(|number| (1..=99).contains(number))?;
            Token::Number(number)
        }
    })
}
