//! What a user asks for, checked before anything is sent.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use easel_config::Environment;
use easel_imagegen::handle;
use easel_protocol::id::ImageId;
use serde_json::{Map, Value};

use super::inline::InlineMode;
use super::target::Target;
use crate::commands::{UsageError, to_utf8};

/// Maximum length of a prompt from standard input, in bytes. The image tool takes 32,000 characters.
const MAX_PROMPT_LEN: u64 = 128 * 1024;

/// The arguments of `easel draw`.
#[derive(Debug)]
pub(crate) struct DrawOptions {
    /// The words of the prompt, or only `-` for standard input.
    pub(crate) prompt: Vec<String>,
    /// Files and handles of images to edit.
    pub(crate) images: Vec<String>,
    pub(crate) mask: Option<String>,
    /// Arguments of the image tool by name.
    pub(crate) parameters: Map<String, Value>,
    pub(crate) out: Option<PathBuf>,
    pub(crate) overwrite: bool,
    /// Whether to continue the newest thread of the working folder.
    pub(crate) continues: bool,
    /// The provider instead of the configured one, or of that of the thread.
    pub(crate) provider: Option<String>,
    pub(crate) json: bool,
    pub(crate) open: bool,
    pub(crate) inline: Option<InlineMode>,
    /// Whether the user has asked for previews.
    pub(crate) asks_for_previews: bool,
}

/// An image that a user names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    File {
        path: PathBuf,
        /// The path in the words of the user.
        name: String,
    },
    Handle(ImageId),
}

impl Source {
    /// Parses a handle or the path of a file that exists.
    fn parse(text: &str, environment: &Environment) -> Result<Self, UsageError> {
        if handle::is_handle(text) {
            return Ok(Self::Handle(text.into()));
        }
        let path = environment.absolute(Path::new(text));
        if path.is_file() {
            return Ok(Self::File { path, name: text.to_owned() });
        }
        Err(UsageError(format!("{text} is not a file or a handle")))
    }
}

/// What to draw.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) prompt: String,
    pub(super) images: Vec<Source>,
    pub(super) mask: Option<Source>,
    pub(super) parameters: Map<String, Value>,
    pub(super) continues: bool,
    pub(super) provider: Option<String>,
    /// The working folder, which is UTF-8.
    pub(super) cwd: String,
}

impl DrawOptions {
    /// Checks the arguments. A mistake costs nothing as long as nothing was sent.
    ///
    /// # Errors
    /// If the prompt is empty, an image or the folder of the copy does not exist, the copy would replace a file, or a
    /// path is not UTF-8.
    pub(super) fn check(&mut self, environment: &Environment) -> Result<(Request, Option<Target>), UsageError> {
        let cwd = to_utf8(&environment.cwd)?.to_owned();
        let prompt = read_prompt(&self.prompt)?;
        if prompt.trim().is_empty() {
            return Err(UsageError("the prompt is empty".to_owned()));
        }
        if self.mask.is_some() && self.images.is_empty() && !self.continues {
            return Err(UsageError("--mask needs -i or --continue".to_owned()));
        }
        let source = |text: &String| Source::parse(text, environment);
        let images = self.images.iter().map(source).collect::<Result<Vec<_>, _>>()?;
        let mask = self.mask.as_ref().map(source).transpose()?;
        let target = match self.out.take() {
            Some(path) => {
                let target = Target::new(&environment.absolute(&path), self.overwrite)?;
                let count = self.parameters.get("n").and_then(Value::as_u64).unwrap_or(1);
                target.check(environment, count)?;
                Some(target)
            }
            None => None,
        };
        let request = Request {
            prompt,
            images,
            mask,
            parameters: std::mem::take(&mut self.parameters),
            continues: self.continues,
            provider: self.provider.take(),
            cwd,
        };
        Ok((request, target))
    }
}

impl Request {
    /// Returns whether the prompt goes to the image tool as it is, without a chat model, which would have to guess what
    /// the parameters are.
    pub(super) fn is_direct(&self) -> bool {
        self.mask.is_some() || !self.parameters.is_empty()
    }
}

/// Joins the words of the prompt, or reads it from standard input.
fn read_prompt(words: &[String]) -> Result<String, UsageError> {
    if words != ["-"] {
        return Ok(words.join(" "));
    }
    let mut prompt = String::new();
    let read = io::stdin().lock().take(MAX_PROMPT_LEN + 1).read_to_string(&mut prompt);
    read.map_err(|error| UsageError(format!("the prompt cannot be read from standard input: {error}")))?;
    if prompt.len() as u64 > MAX_PROMPT_LEN {
        return Err(UsageError(format!("the prompt on standard input has more than {MAX_PROMPT_LEN} bytes")));
    }
    Ok(prompt)
}
