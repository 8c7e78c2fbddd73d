//! The folders in which a model may name files as reference images.

use std::path::{Path, PathBuf};

use easel_config::canonicalize_if_exists;

use super::Images;
use crate::requests::RequestError;

impl Images {
    /// Returns the folders in which the thread's model may name files: the thread's own folder, if a client has named
    /// it and it is not wider than a project. `named_now` is true if this request names it.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn reference_roots(
        &self,
        thread_id: &str,
        cwd: PathBuf,
        named_now: bool,
    ) -> Result<Vec<PathBuf>, RequestError> {
        let is_named =
            named_now || self.store.thread_settings(thread_id).await?.is_some_and(|settings| settings.folder_named);
        if !is_named {
            return Ok(Vec::new());
        }
        let home = self.user_home.clone();
        let checked = tokio::task::spawn_blocking(move || (!is_too_wide(&cwd, home.as_deref())).then_some(cwd));
        Ok(checked.await.map_err(|_| RequestError::ShuttingDown)?.into_iter().collect())
    }
}

/// Returns whether a folder is the root of a file system, the user's home folder, or a folder above it, under any of
/// its names. Desktop programs run in such a folder, so it becomes the folder of a thread by accident.
fn is_too_wide(folder: &Path, home: Option<&Path>) -> bool {
    let real_home = home.map(canonicalize_if_exists);
    [folder.to_owned(), canonicalize_if_exists(folder)].iter().any(|folder| {
        folder.parent().is_none() || [home, real_home.as_deref()].iter().flatten().any(|home| home.starts_with(folder))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_home_and_its_ancestors_are_too_wide() {
        let home = Some(Path::new("/home/ada"));
        for folder in ["/", "/home", "/home/ada", "/home/ada/", "/usr/.."] {
            assert!(is_too_wide(Path::new(folder), home), "{folder}");
        }
        for folder in ["/home/ada/project", "/home/eve", "/srv", "/home/adam"] {
            assert!(!is_too_wide(Path::new(folder), home), "{folder}");
        }
        assert!(!is_too_wide(Path::new("/srv"), None));
    }

    #[cfg(unix)]
    #[test]
    fn link_to_a_home_is_too_wide() {
        let folder = tempfile::tempdir().unwrap();
        let (home, link) = (folder.path().join("home"), folder.path().join("link"));
        std::fs::create_dir(&home).unwrap();
        std::os::unix::fs::symlink(&home, &link).unwrap();
        assert!(is_too_wide(&link, Some(&home)));
        assert!(is_too_wide(&home, Some(&link)));
        assert!(!is_too_wide(&home.join("project"), Some(&link)));
    }
}
