//! What a key accepts.

/// Maximum price in US dollars. A higher one is a typing error.
pub(crate) const MAX_PRICE: u32 = 1_000_000;

/// Maximum number of hooks in one list.
pub(crate) const MAX_HOOKS: usize = 16;

/// Maximum time limit of a hook in seconds.
pub(crate) const MAX_HOOK_TIMEOUT: u64 = 3_600;

/// The type of a key's value, with its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number between two limits, both inclusive.
    Number(u64, u64),
    /// US dollars from 0 to [`MAX_PRICE`]; fractions are allowed.
    Price,
    /// A string of 1 to this many characters, without control characters.
    Text(usize),
    /// A string of 1 to this many characters, without control characters other than line breaks and tabs.
    MultilineText(usize),
    /// One of these words.
    Enum(&'static [&'static str]),
    /// An `http` or `https` URL without user name, query or fragment, so that it cannot contain a secret.
    Url,
    /// The name of an environment variable. A key that was pasted here by mistake has other characters and is refused.
    VariableName,
    /// A list of at most this many names of environment variables.
    VariableNameList(usize),
    /// A list of strings without control characters: maximum number of strings, maximum characters of each.
    TextList(usize, usize),
    /// A list of these words, each at most once; comma-separated in an environment variable.
    EnumList(&'static [&'static str]),
    /// A list of hooks.
    Hooks,
    /// A list of groups of hooks, as Codex spells them.
    CodexHooks,
}

impl std::fmt::Display for Kind {
    /// Completes the sentence "it must be ...".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool => write!(f, "true or false"),
            Self::Number(low, high) => write!(f, "a whole number from {low} to {high}"),
            Self::Price => write!(f, "a number of US dollars from 0 to {MAX_PRICE}"),
            Self::Text(max) | Self::MultilineText(max) => write!(f, "a string of 1 to {max} characters"),
            Self::Enum(words) => write!(f, "one of \"{}\"", words.join("\", \"")),
            Self::Url => write!(f, "an http or https URL without user name, query or fragment"),
            Self::VariableName => write!(f, "the name of an environment variable"),
            Self::VariableNameList(max) => write!(f, "a list of up to {max} names of environment variables"),
            Self::TextList(max, max_chars) => {
                write!(f, "a list of up to {max} strings of up to {max_chars} characters")
            }
            Self::Hooks => write!(
                f,
                "a list of up to {MAX_HOOKS} tables with `command` (a list of strings, or a string without shell \
                 syntax), and optionally `matcher` and `timeout` (1 to {MAX_HOOK_TIMEOUT} seconds)"
            ),
            Self::CodexHooks => write!(
                f,
                "a list of groups with `matcher` and `hooks` as in Codex, of type \"command\" and without shell syntax; \
                 hooks.pre_tool_use and hooks.post_tool_use take a list of strings as the command"
            ),
            Self::EnumList(words) => write!(f, "a list of \"{}\", each at most once", words.join("\", \"")),
        }
    }
}
