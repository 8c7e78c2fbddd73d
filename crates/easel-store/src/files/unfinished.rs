//! Names of unfinished files: hidden, `.OWNER.RANDOM.STATE` or `.OWNER.CALL.RANDOM.STATE`.
//!
//! A process that dies leaves them behind; their names identify the process.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// State of a file that is being written.
pub(crate) const PART: &str = "part";
/// State of a complete file without its final name.
pub(crate) const STAGED: &str = "staged";
/// State of a complete preview.
pub(crate) const PREVIEW: &str = "preview";

/// Length of a call's tag: bytes of the hash of its ids.
const TAG_BYTES: usize = 8;

/// The state of an unfinished file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileState {
    Part,
    Staged,
    Preview,
}

/// A file that a process left behind before it had its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnfinishedFile {
    pub(crate) path: PathBuf,
    pub(crate) owner: String,
    /// The [`call_tag`] of its call, if the call was known when the file was created.
    pub(crate) call_tag: Option<String>,
    pub(crate) state: FileState,
}

/// Returns the hash that identifies a call in file names.
pub(crate) fn call_tag(thread_id: &str, call_id: &str) -> String {
    let hash = Sha256::new().chain_update(thread_id).chain_update([0]).chain_update(call_id).finalize();
    hex::encode(&hash[..TAG_BYTES])
}

/// Returns the first part of the names of a call's files.
pub(super) fn call_prefix(owner: &str, tag: &str) -> Arc<str> {
    format!("{owner}.{tag}").into()
}

/// Returns the name of the same file with a call in it, or `None` if its name has one already.
pub(super) fn name_with_call(path: &Path, owner: &str, tag: &str) -> Option<PathBuf> {
    let unfinished = parse(path.to_owned()).filter(|file| file.call_tag.is_none() && file.owner == owner)?;
    let rest = unfinished.path.file_name()?.to_str()?.strip_prefix('.')?.strip_prefix(owner)?;
    Some(path.with_file_name(format!(".{owner}.{tag}{rest}")))
}

/// Returns the unfinished files of all processes in a folder, sorted by path; none if the folder does not exist.
pub(crate) fn unfinished_files(folder: &Path) -> io::Result<Vec<UnfinishedFile>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        found.extend(parse(entry?.path()));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Returns the call tag of a kept file in a spare folder, whose name ends in the tag and an extension.
pub(crate) fn tag_of_kept_file(path: &Path) -> Option<&str> {
    let stem = path.file_stem()?.to_str()?;
    let tag = stem.rsplit_once('.')?.1.split('-').next()?;
    is_tag(tag).then_some(tag)
}

fn is_tag(text: &str) -> bool {
    text.len() == 2 * TAG_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn parse(path: PathBuf) -> Option<UnfinishedFile> {
    let name = path.file_name()?.to_str()?.strip_prefix('.')?;
    let parts: Vec<&str> = name.split('.').collect();
    let (owner, call_tag, state) = match parts[..] {
        [owner, tag, _random, state, ..] if is_tag(tag) => (owner, Some(tag), state),
        [owner, _random, state, ..] => (owner, None, state),
        _ => return None,
    };
    let state = match state {
        PART => FileState::Part,
        STAGED => FileState::Staged,
        PREVIEW => FileState::Preview,
        _ => return None,
    };
    let (owner, call_tag) = (owner.to_owned(), call_tag.map(str::to_owned));
    Some(UnfinishedFile { path, owner, call_tag, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_name(name: &str) -> Option<(String, bool, FileState)> {
        parse(Path::new("/folder").join(name)).map(|file| (file.owner, file.call_tag.is_some(), file.state))
    }

    #[test]
    fn name_identifies_the_owner() {
        assert_eq!(parse_name(".owner.x1y2z3.part"), Some(("owner".into(), false, FileState::Part)));
        assert_eq!(
            parse_name(".owner.0123456789abcdef.x1y2z3.staged"),
            Some(("owner".into(), true, FileState::Staged))
        );
        assert_eq!(parse_name(".owner.x1y2z3.preview.png"), Some(("owner".into(), false, FileState::Preview)));
        for other in ["c1.png", ".hidden", ".a.b", ".easel-x1y2z3", ".owner.x1y2z3.png"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }

    #[test]
    fn call_is_added_to_a_name_once() {
        let tag = call_tag("t", "c");
        let path = Path::new("/folder/.owner.x1y2z3.staged");
        let renamed = name_with_call(path, "owner", &tag).unwrap();
        assert_eq!(renamed, Path::new("/folder").join(format!(".owner.{tag}.x1y2z3.staged")));
        assert_eq!(name_with_call(&renamed, "owner", &tag), None);
        assert_eq!(name_with_call(path, "other", &tag), None);
        assert_eq!(parse(renamed).unwrap().call_tag, Some(tag));
    }

    #[test]
    fn calls_have_different_tags() {
        let tags = [("t", "c"), ("tc", ""), ("", "tc"), ("t", "d"), ("u", "c")].map(|(t, c)| call_tag(t, c));
        assert_eq!(tags.iter().collect::<std::collections::HashSet<_>>().len(), tags.len());
        assert!(tags.iter().all(|tag| is_tag(tag)));
    }

    #[test]
    fn name_in_a_spare_folder_ends_in_the_call_tag() {
        let tag = call_tag("t", "c");
        for name in [format!("easel-c.{tag}.png"), format!("easel-c.{tag}-2.jpg")] {
            assert_eq!(tag_of_kept_file(Path::new(&name)), Some(tag.as_str()), "{name}");
        }
        assert_eq!(tag_of_kept_file(Path::new("easel-c.png")), None);
    }
}
