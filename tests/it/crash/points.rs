//! Names for the system calls at which the process is killed.
//!
//! The names of the steps of an image are those of the journal, in `easel-store/src/journal.rs`.

use std::path::Path;

/// The point at which an image gets its final name.
pub(super) const IMAGE_NAMED: &str = "image named";

/// A line of the tracer's log.
#[derive(Debug, Clone)]
pub(super) struct SystemCall {
    /// `write`, `sync`, `truncate`, `open`, `unlink`, `rmdir`, `mkdir`, `rename`, `link` or `connect`.
    pub(super) name: String,
    is_counted: bool,
    /// `file`, `folder`, `socket`, `output`, `name` or `other`.
    pub(super) kind: String,
    pub(super) inode: u64,
    /// The offset of a write, the length after a truncation, or the flags of an opening.
    pub(super) number: u64,
    /// Negative after an error.
    pub(super) result: i64,
    pub(super) path: String,
    /// The new name of a file that is renamed or linked.
    pub(super) second: String,
    /// The bytes of a write, if the tracer logs them.
    pub(super) data: Vec<u8>,
}

impl SystemCall {
    pub(super) fn parse_all(mut log: &[u8], with_data: bool) -> Vec<Self> {
        let mut calls = Vec::new();
        while let Some(end) = log.iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&log[..end]).into_owned();
            log = &log[end + 1..];
            let mut call = Self::parse(&line).unwrap_or_else(|| panic!("a line of the log: {line}"));
            if with_data && call.name == "write" && call.kind != "other" {
                let length = usize::try_from(call.result).unwrap_or(0);
                call.data = log[..length].to_vec();
                log = &log[length..];
            }
            calls.push(call);
        }
        calls
    }

    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, is_counted, kind, inode, number, result, path, second] = fields[..] else { return None };
        Some(Self {
            name: name.into(),
            is_counted: is_counted == "1",
            kind: kind.into(),
            inode: inode.parse().ok()?,
            number: number.parse().ok()?,
            result: result.parse().ok()?,
            path: path.trim_end_matches(" (deleted)").into(),
            second: second.into(),
            data: Vec::new(),
        })
    }
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileRole {
    Log,
    Database,
    Part,
    Staged,
    Image,
    ModelCopy,
    IncomingAttachment,
    Note,
    Attachment,
    Lock,
    Home,
    Client,
}

impl FileRole {
    fn of(path: &str) -> Self {
        let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let has = |part: &str| path.contains(part);
        match () {
            () if name == "easel.db-wal" => Self::Log,
            () if name.starts_with("easel.db") => Self::Database,
            () if has("/.model") => Self::ModelCopy,
            () if has("/generated_images") && name.ends_with(".part") => Self::Part,
            () if has("/generated_images") && name.ends_with(".staged") => Self::Staged,
            () if has("/generated_images") => Self::Image,
            () if name.ends_with(".arrived") => Self::Note,
            () if has("/attachments/incoming") => Self::IncomingAttachment,
            () if has("/attachments") => Self::Attachment,
            () if has("/run/") => Self::Lock,
            () if has("/project/") || path.ends_with("/project") => Self::Client,
            () => Self::Home,
        }
    }
}

/// The last step of the process that says what a write to the log of the database is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Other,
    Staged,
    Named,
    Recorded,
}

/// A system call at which the process is killed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point<'a> {
    call: &'a SystemCall,
    phase: Phase,
}

impl<'a> Point<'a> {
    /// The counted calls.
    pub(super) fn all(calls: &'a [SystemCall]) -> Vec<Self> {
        let mut phase = Phase::Other;
        let mut points = Vec::new();
        for call in calls {
            let point = Self { call, phase };
            phase = point.next_phase();
            if call.is_counted {
                points.push(point);
            }
        }
        points
    }

    fn next_phase(self) -> Phase {
        match (self.name(), self.phase) {
            ("image staged", _) => Phase::Staged,
            ("folder of images synced", Phase::Staged) => Phase::Named,
            ("outcome synced", _) => Phase::Recorded,
            ("line sent to the client", _) => Phase::Other,
            (_, phase) => phase,
        }
    }

    /// Whether the call writes to a file, so that a half of it can happen.
    pub(super) fn is_file_write(self) -> bool {
        self.call.name == "write" && self.call.kind == "file"
    }

    /// What the call does.
    pub(super) fn name(self) -> &'static str {
        let Self { call, phase } = self;
        // A file without a name has the path of its handle.
        let role = FileRole::of(if call.name == "link" { &call.second } else { &call.path });
        match (call.name.as_str(), call.kind.as_str(), role) {
            ("write", "output", _) => "line sent to the client",
            ("connect", ..) => "connection to the provider opened",
            ("write", "socket", _) => "request written to the provider",
            ("write", _, FileRole::Log) => match phase {
                Phase::Other => "rows written to the log",
                Phase::Staged => "intent written to the log",
                Phase::Named => "outcome written to the log",
                Phase::Recorded => "events written to the log",
            },
            ("sync", _, FileRole::Log) => match phase {
                Phase::Other | Phase::Recorded => "call synced",
                Phase::Staged => "intent synced",
                Phase::Named => "outcome synced",
            },
            (_, _, FileRole::Log) => "log of the database created or removed",
            ("write", _, FileRole::Database) => "checkpoint written to the database",
            ("sync", _, FileRole::Database) => "checkpoint synced",
            (_, _, FileRole::Database) => "database created",
            ("open", _, FileRole::Part) => "image file created",
            ("write", _, FileRole::Part) => "image bytes written",
            ("sync", _, FileRole::Part) => "image bytes synced",
            ("rename", _, FileRole::Part) => "image staged",
            ("unlink", _, FileRole::Part) => "unfinished image removed",
            ("rename", _, FileRole::Staged) => IMAGE_NAMED,
            (_, _, FileRole::Staged) => "staged image removed",
            ("sync", _, FileRole::Image) => "folder of images synced",
            ("mkdir", _, FileRole::Image) => "folder of images created",
            ("rename", _, FileRole::Image) => "image renamed for its removal",
            ("unlink" | "rmdir", _, FileRole::Image) => "image or folder removed",
            (_, _, FileRole::Image | FileRole::Part) => "image changed in another way",
            (_, _, FileRole::ModelCopy) => "copy for the model changed",
            (_, _, FileRole::Note) => "note about an attachment changed",
            ("rename", _, FileRole::IncomingAttachment) => "attachment named",
            (_, _, FileRole::IncomingAttachment) => "attachment copied",
            ("sync", _, FileRole::Attachment) => "folder of attachments synced",
            (_, _, FileRole::Attachment) => "attachment or its folder changed",
            (_, _, FileRole::Lock) => "lock file of a process changed",
            ("rename" | "link", _, FileRole::Client) => "export named",
            (_, _, FileRole::Client) => "export copied",
            ("sync", "folder", FileRole::Home) => "home synced",
            (_, _, FileRole::Home) => "file of the home changed",
        }
    }
}
