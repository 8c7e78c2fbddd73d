//! Windows: owners and access control lists, which are read and written in their text form.

use std::fs::File;
use std::io;
use std::path::Path;

use windows_permissions::constants::{SeObjectType, SecurityInformation};
use windows_permissions::wrappers::{
    ConvertSecurityDescriptorToStringSecurityDescriptor, GetNamedSecurityInfo, GetSecurityInfo, SetNamedSecurityInfo,
};
use windows_permissions::{LocalBox, SecurityDescriptor};

use super::{lock_file_options, sddl};

/// Does nothing: folders cannot be opened, and the file system keeps its own names durable.
pub(crate) fn flush_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates a folder and its missing parents. Only the user, the system and administrators have access to a new folder
/// and to what is created in it, as in the profile folder of the user.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    set_access(folder, &sddl::private_folder(&current_user()?))
}

/// Opens the file. Other users cannot open it in a private folder.
pub(crate) fn open_lock_file(path: &Path) -> io::Result<File> {
    lock_file_options().open(path)
}

/// Returns whether a file could not be replaced because somebody has it open, such as a reader or a virus scanner. The
/// system reports a file that the user may not replace in the same way.
pub(crate) fn is_in_use(error: &io::Error) -> bool {
    const ERROR_ACCESS_DENIED: i32 = 5;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    matches!(error.raw_os_error(), Some(ERROR_ACCESS_DENIED | ERROR_SHARING_VIOLATION))
}

/// Returns whether a user who is not an administrator may read the file.
pub(crate) fn is_exposed(file: &File) -> io::Result<bool> {
    let info = GetSecurityInfo(file, SeObjectType::SE_FILE_OBJECT, SecurityInformation::Dacl)?;
    Ok(sddl::is_readable_by_others(&to_text(&info, SecurityInformation::Dacl)?, &current_user()?))
}

/// Takes all access from other users.
pub(crate) fn make_private(path: &Path, _file: &File) -> io::Result<()> {
    set_access(path, &sddl::private_file(&current_user()?))
}

/// Returns whether another user owns the file.
pub(crate) fn is_foreign(file: &File) -> io::Result<bool> {
    let info = GetSecurityInfo(file, SeObjectType::SE_FILE_OBJECT, SecurityInformation::Owner)?;
    has_other_owner(&info)
}

/// Returns whether another user owns what the path names. A path that cannot be read is nobody's.
pub(crate) fn is_foreign_path(path: &Path) -> bool {
    GetNamedSecurityInfo(path.as_os_str(), SeObjectType::SE_FILE_OBJECT, SecurityInformation::Owner)
        .and_then(|info| has_other_owner(&info))
        .unwrap_or(false)
}

/// Returns false: administrators own files too, but not those of other users.
pub(crate) fn is_superuser() -> bool {
    false
}

fn has_other_owner(info: &SecurityDescriptor) -> io::Result<bool> {
    Ok(sddl::has_other_owner(&to_text(info, SecurityInformation::Owner)?, &current_user()?))
}

/// Returns the user of this process as the text form of access rules names it.
fn current_user() -> io::Result<String> {
    let sid = windows_permissions::utilities::current_process_sid()?;
    // Well-known users have a short name, which only the system knows.
    let descriptor: LocalBox<SecurityDescriptor> = format!("O:{sid}").parse()?;
    let text = to_text(&descriptor, SecurityInformation::Owner)?;
    Ok(sddl::owner(&text).to_owned())
}

fn to_text(info: &SecurityDescriptor, part: SecurityInformation) -> io::Result<String> {
    let text = ConvertSecurityDescriptorToStringSecurityDescriptor(info, part)?;
    Ok(text.to_string_lossy().into_owned())
}

/// Replaces the access rules of a file or folder, and ends the inheritance of those of its parent.
fn set_access(path: &Path, rules: &str) -> io::Result<()> {
    let descriptor: LocalBox<SecurityDescriptor> = rules.parse()?;
    let part = SecurityInformation::Dacl | SecurityInformation::ProtectedDacl;
    SetNamedSecurityInfo(path.as_os_str(), SeObjectType::SE_FILE_OBJECT, part, None, None, descriptor.dacl(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_others_can_read_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "secret").unwrap();
        set_access(&path, &format!("D:P(A;;FA;;;{})(A;;FR;;;WD)", current_user().unwrap())).unwrap();
        let file = File::open(&path).unwrap();
        assert!(is_exposed(&file).unwrap());
        make_private(&path, &file).unwrap();
        assert!(!is_exposed(&file).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "secret");
    }

    #[test]
    fn files_of_this_user_are_not_foreign() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(!is_foreign(file.as_file()).unwrap());
        assert!(!is_foreign_path(file.path()));
        assert!(!is_foreign_path(Path::new("does not exist")));
    }

    #[test]
    fn files_in_a_new_home_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("a/b");
        create_private_folder(&home).unwrap();
        let file = tempfile::NamedTempFile::new_in(&home).unwrap();
        assert!(!is_exposed(file.as_file()).unwrap());
    }
}
