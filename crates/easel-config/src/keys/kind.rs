//! What a key takes.

use super::HIGHEST_PRICE;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number from the first to the second, both included.
    Number(u64, u64),
    /// US dollars from 0 to [`HIGHEST_PRICE`], with cents and less.
    Price,
    /// 1 to so many characters, none of them a control character.
    Text(usize),
    /// The same with line breaks and tabs.
    Prose(usize),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An `http` or `https` URL without user name, query or fragment, so that it cannot carry a secret.
    Url,
    /// The name of an environment variable: a key pasted here by mistake has other characters and is refused.
    VariableName,
    /// A list of at most so many names of environment variables.
    VariableNames(usize),
    /// A list of at most so many strings of at most so many characters, none of them a control character.
    Texts(usize, usize),
    /// A list of these words, each at most once; comma-separated in an environment variable.
    Words(&'static [&'static str]),
}

impl std::fmt::Display for Kind {
    /// Completes the sentence "it must be ...".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Switch => write!(f, "true or false"),
            Self::Number(low, high) => write!(f, "a whole number from {low} to {high}"),
            Self::Price => write!(f, "a number of US dollars from 0 to {HIGHEST_PRICE}"),
            Self::Text(longest) | Self::Prose(longest) => write!(f, "a string of 1 to {longest} characters"),
            Self::Choice(words) => write!(f, "one of \"{}\"", words.join("\", \"")),
            Self::Url => write!(f, "an http or https URL without user name, query or fragment"),
            Self::VariableName => write!(f, "the name of an environment variable"),
            Self::VariableNames(most) => write!(f, "a list of up to {most} names of environment variables"),
            Self::Texts(most, longest) => write!(f, "a list of up to {most} strings of up to {longest} characters"),
            Self::Words(words) => write!(f, "a list of \"{}\", each at most once", words.join("\", \"")),
        }
    }
}
