//! Paths and the URIs of files.

use std::path::{Component, Path, PathBuf};

use url::Url;

/// Returns the `file:` URI of an absolute path; the path itself if it is not absolute.
pub(crate) fn file_uri(path: &str) -> String {
    Url::from_file_path(path).map_or_else(|()| path.to_owned(), String::from)
}

/// Returns the path of a `file:` URI of this machine, if it is below `root` as written.
pub(crate) fn path_below(uri: &str, root: &Path) -> Option<PathBuf> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "file")?;
    let path = url.to_file_path().ok()?;
    let is_plain = path.components().all(|part| !matches!(part, Component::ParentDir));
    (is_plain && path.starts_with(root)).then_some(path)
}

/// Returns the last part of a path.
pub(crate) fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
