//! The blocks of a prompt as the parts of a user message.

use std::path::Path;

use easel_protocol::input::UserInput;
use easel_rpc::{ErrorObjectOwned, invalid_params};

use super::files::{file_name, path_below};
use crate::schema::{ContentBlock, ResourceContents};

/// Maximum number of blocks. The app-server has the same limit of parts, and the chosen options may be one more.
const MAX_BLOCKS: usize = 63;

/// Converts a prompt. Nothing is fetched: an image has its bytes, or is a file below the working folder `cwd`.
///
/// # Errors
/// For audio, and if there are no blocks or too many.
pub(crate) fn prompt_input(blocks: Vec<ContentBlock>, cwd: &Path) -> Result<Vec<UserInput>, ErrorObjectOwned> {
    if blocks.is_empty() {
        return Err(invalid_params("prompt", "is empty"));
    }
    if blocks.len() > MAX_BLOCKS {
        let reason = format!("has {} blocks; at most {MAX_BLOCKS} are allowed", blocks.len());
        return Err(invalid_params("prompt", &reason));
    }
    blocks.into_iter().enumerate().map(|(index, block)| part(index, block, cwd)).collect()
}

fn part(index: usize, block: ContentBlock, cwd: &Path) -> Result<UserInput, ErrorObjectOwned> {
    Ok(match block {
        ContentBlock::Text { text } => text_part(text),
        // The bytes win over a URI, which may name something that has changed.
        ContentBlock::Image { data, mime_type, uri } => match uri.filter(|_| data.is_empty()) {
            Some(uri) => local_or_mention(&uri, file_name(&uri), cwd),
            None => image_part(&mime_type, &data),
        },
        ContentBlock::Audio {} => {
            return Err(invalid_params(&format!("prompt[{index}]"), "audio is not supported"));
        }
        ContentBlock::ResourceLink { uri, name, mime_type, .. } if is_image(mime_type.as_deref(), &uri) => {
            local_or_mention(&uri, name, cwd)
        }
        ContentBlock::ResourceLink { uri, name, .. } => UserInput::Mention { name, path: uri },
        ContentBlock::Resource { resource: ResourceContents::Text { uri, text } } => {
            text_part(format!("{uri}:\n{text}"))
        }
        ContentBlock::Resource { resource: ResourceContents::Blob { uri, blob, mime_type } } => match mime_type {
            Some(mime_type) if mime_type.starts_with("image/") => image_part(&mime_type, &blob),
            Some(_) | None => UserInput::Mention { name: file_name(&uri), path: uri },
        },
    })
}

fn text_part(text: String) -> UserInput {
    UserInput::Text { text: text.into(), text_elements: Vec::new() }
}

fn image_part(mime_type: &str, data: &str) -> UserInput {
    UserInput::Image { url: format!("data:{mime_type};base64,{data}"), detail: None }
}

fn local_or_mention(uri: &str, name: String, cwd: &Path) -> UserInput {
    match path_below(uri, cwd) {
        Some(path) => UserInput::LocalImage { path: path.to_string_lossy().into_owned(), detail: None },
        None => UserInput::Mention { name, path: uri.to_owned() },
    }
}

fn is_image(mime_type: Option<&str>, uri: &str) -> bool {
    const EXTENSIONS: [&str; 5] = [".png", ".jpg", ".jpeg", ".webp", ".gif"];
    let lower = uri.to_ascii_lowercase();
    mime_type.map_or_else(|| EXTENSIONS.iter().any(|end| lower.ends_with(end)), |kind| kind.starts_with("image/"))
}
