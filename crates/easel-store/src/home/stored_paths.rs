//! Paths of images in the database. They are relative to the home, so that a home can be moved, restored from a backup,
//! or have several names. Everywhere else paths are absolute; they are converted when a row is read or written.

use easel_protocol::input::UserInput;
use easel_protocol::item::ThreadItem;
use easel_protocol::record::{Attachment, ImageRecord, InputImage};
use rusqlite::types::ValueRef;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::home::Home;
use crate::journal::calls::{CallRequest, Intent};

/// Returns a text with the path at its beginning replaced, or `None` if it does not begin with the path of an image.
pub(crate) type Replace<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A value that contains paths of images.
pub(crate) trait Paths {
    /// Replaces every path.
    fn replace_paths(&mut self, replace: Replace<'_>);
}

impl Home {
    /// Returns the JSON of a value, with relative paths.
    pub(crate) fn to_json<T: Paths + Serialize>(&self, mut value: T) -> Result<String, Error> {
        value.replace_paths(&|path| self.relative(path).map(str::to_owned));
        Ok(serde_json::to_string(&value)?)
    }

    /// Parses JSON from the database and makes its paths absolute.
    pub(crate) fn read_json<T: Paths + DeserializeOwned>(&self, json: &str) -> Result<T, Error> {
        let mut value: T = serde_json::from_str(json)?;
        value.replace_paths(&|path| self.absolute_text(path));
        Ok(value)
    }

    /// Parses a column like [`Home::read_json`].
    pub(crate) fn read_column<T: Paths + DeserializeOwned>(&self, column: ValueRef<'_>) -> Result<T, Error> {
        self.read_json(column.as_str().map_err(rusqlite::Error::from)?)
    }

    /// Parses a column like [`Home::read_json`]. Also returns the size of the JSON with absolute paths, in bytes.
    pub(crate) fn read_sized<T: Paths + DeserializeOwned>(&self, column: ValueRef<'_>) -> Result<(T, usize), Error> {
        let json = column.as_str().map_err(rusqlite::Error::from)?;
        let mut value: T = serde_json::from_str(json)?;
        let size = std::cell::Cell::new(json.len());
        value.replace_paths(&|path| {
            let absolute = self.absolute_text(path)?;
            size.set(size.get() + absolute.len() - path.len());
            Some(absolute)
        });
        Ok((value, size.get()))
    }
}

impl Paths for String {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        if let Some(replaced) = replace(self) {
            *self = replaced;
        }
    }
}

impl<T: Paths> Paths for Option<T> {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        if let Some(value) = self {
            value.replace_paths(replace);
        }
    }
}

impl<T: Paths> Paths for Vec<T> {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        for value in self {
            value.replace_paths(replace);
        }
    }
}

impl Paths for Attachment {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        self.path.replace_paths(replace);
    }
}

impl Paths for InputImage {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        self.path.replace_paths(replace);
    }
}

impl Paths for ImageRecord {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        self.path.replace_paths(replace);
        self.inputs.replace_paths(replace);
        if let Some(mask) = &mut self.mask {
            mask.replace_paths(replace);
        }
    }
}

impl Paths for CallRequest {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        self.inputs.replace_paths(replace);
        self.mask.replace_paths(replace);
    }
}

impl Paths for Intent {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        for image in &mut self.images {
            if let Some(staged) = image.staged.to_str().and_then(replace) {
                image.staged = staged.into();
            }
            image.record.replace_paths(replace);
        }
    }
}

impl Paths for ThreadItem {
    fn replace_paths(&mut self, replace: Replace<'_>) {
        match self {
            Self::UserMessage(message) => {
                for input in &mut message.content {
                    if let UserInput::LocalImage { path, .. } = input {
                        path.replace_paths(replace);
                    }
                }
            }
            Self::ImageGeneration(image) => {
                image.saved_path.replace_paths(replace);
                image.images.replace_paths(replace);
                for input in &mut image.input_images {
                    input.path.replace_paths(replace);
                }
            }
            Self::AgentMessage(_) | Self::Reasoning(_) | Self::ContextCompaction(_) => {}
        }
    }
}
