//! Names of unfinished files: hidden, `.OWNER.RANDOM.STATE` or `.OWNER.CALL.RANDOM.STATE`. A process that dies leaves
//! them behind; the name says whose they are.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub(crate) const PART: &str = "part";
pub(crate) const STAGED: &str = "staged";
pub(crate) const PREVIEW: &str = "preview";

/// Bytes of the hash that stands for a call.
const TAG: usize = 8;

/// How far the writer of a file came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Part,
    /// Whole, and without its final name.
    Staged,
    Preview,
}

/// A file that a process left behind before it had its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) path: PathBuf,
    pub(crate) owner: String,
    /// [`call_tag`] of its call, where that was known.
    pub(crate) call: Option<String>,
    pub(crate) state: State,
}

/// Stands for a call in file names.
pub(crate) fn call_tag(thread_id: &str, call_id: &str) -> String {
    let hash = Sha256::new().chain_update(thread_id).chain_update([0]).chain_update(call_id).finalize();
    let mut tag = String::with_capacity(2 * TAG);
    for byte in &hash[..TAG] {
        // Writing to a string does not fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag
}

/// The first part of the names of a call's files.
pub(super) fn maker(owner: &str, tag: &str) -> Arc<str> {
    format!("{owner}.{tag}").into()
}

/// The same file with a call in its name; `None` when there is one already.
pub(super) fn with_call(path: &Path, owner: &str, tag: &str) -> Option<PathBuf> {
    let unfinished = parse(path.to_owned()).filter(|found| found.call.is_none() && found.owner == owner)?;
    let rest = unfinished.path.file_name()?.to_str()?.strip_prefix('.')?.strip_prefix(owner)?;
    Some(path.with_file_name(format!(".{owner}.{tag}{rest}")))
}

/// Unfinished files in a folder, of all processes; nothing when there is no folder.
pub(crate) fn in_folder(folder: &Path) -> io::Result<Vec<Unfinished>> {
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

/// The call in a name that ends in its tag and an extension, as files in spare folders have.
pub(crate) fn tag_of(path: &Path) -> Option<&str> {
    let stem = path.file_stem()?.to_str()?;
    let tag = stem.rsplit_once('.')?.1.split('-').next()?;
    is_tag(tag).then_some(tag)
}

fn is_tag(text: &str) -> bool {
    text.len() == 2 * TAG && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn parse(path: PathBuf) -> Option<Unfinished> {
    let name = path.file_name()?.to_str()?.strip_prefix('.')?;
    let parts: Vec<&str> = name.split('.').collect();
    let (owner, call, state) = match parts[..] {
        [owner, call, _random, state, ..] if is_tag(call) => (owner, Some(call), state),
        [owner, _random, state, ..] => (owner, None, state),
        _ => return None,
    };
    let state = match state {
        PART => State::Part,
        STAGED => State::Staged,
        PREVIEW => State::Preview,
        _ => return None,
    };
    let (owner, call) = (owner.to_owned(), call.map(str::to_owned));
    Some(Unfinished { path, owner, call, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str) -> Option<(String, bool, State)> {
        parse(Path::new("/folder").join(name)).map(|found| (found.owner, found.call.is_some(), found.state))
    }

    #[test]
    fn a_name_says_whose_file_it_is() {
        assert_eq!(parsed(".owner.x1y2z3.part"), Some(("owner".into(), false, State::Part)));
        assert_eq!(parsed(".owner.0123456789abcdef.x1y2z3.staged"), Some(("owner".into(), true, State::Staged)));
        assert_eq!(parsed(".owner.x1y2z3.preview.png"), Some(("owner".into(), false, State::Preview)));
        for other in ["c1.png", ".hidden", ".a.b", ".easel-x1y2z3", ".owner.x1y2z3.png"] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }

    #[test]
    fn a_call_is_added_to_a_name_once() {
        let tag = call_tag("t", "c");
        let path = Path::new("/folder/.owner.x1y2z3.staged");
        let named = with_call(path, "owner", &tag).unwrap();
        assert_eq!(named, Path::new("/folder").join(format!(".owner.{tag}.x1y2z3.staged")));
        assert_eq!(with_call(&named, "owner", &tag), None);
        assert_eq!(with_call(path, "other", &tag), None);
        assert_eq!(parse(named).unwrap().call, Some(tag));
    }

    #[test]
    fn no_two_calls_share_a_tag() {
        let tags = [("t", "c"), ("tc", ""), ("", "tc"), ("t", "d"), ("u", "c")].map(|(t, c)| call_tag(t, c));
        assert_eq!(tags.iter().collect::<std::collections::HashSet<_>>().len(), tags.len());
        assert!(tags.iter().all(|tag| is_tag(tag)));
    }

    #[test]
    fn a_file_in_a_spare_folder_ends_in_its_call() {
        let tag = call_tag("t", "c");
        for name in [format!("easel-c.{tag}.png"), format!("easel-c.{tag}-2.jpg")] {
            assert_eq!(tag_of(Path::new(&name)), Some(tag.as_str()), "{name}");
        }
        assert_eq!(tag_of(Path::new("easel-c.png")), None);
    }
}
