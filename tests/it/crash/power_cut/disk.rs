//! A model of what a disk has after a power cut.
//!
//! It starts from files that are all on the disk, and follows the system calls of a process. What was flushed is kept.
//! Of the rest, [`Cache`] says what is kept. A write belongs to its file, and is flushed when that file is. A name
//! belongs to its folder, and is flushed when that folder is, not when the file is: POSIX promises no more.
//!
//! The model is stricter than most file systems, which write names in their order and those of new files together with
//! the file. It does not know disks that ignore flushes or damage what they have, and a rename happens or does not.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use easel_testkit::rng::Rng;

use crate::crash::points::SystemCall;
use crate::storage::list_recursively;

/// Bytes that a disk writes as a whole.
const SECTOR: usize = 512;

/// What happens to changes that were not flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    /// Nothing is kept.
    Lost,
    /// Names are kept, and the content of files is lost.
    NamesKept,
    /// The content of files is kept, and names are lost.
    ContentKept,
    /// Chance decides for each sector. Names of one folder are kept up to some change.
    Random(u64),
}

/// The files of a folder, with the changes that were made since.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    /// The names at the start. Folders have no node.
    names: BTreeMap<PathBuf, Option<usize>>,
    nodes: Vec<Node>,
    /// The node of each inode number, which may be used again for another file.
    node_of: HashMap<u64, usize>,
    name_changes: Vec<Flushable<NameChange>>,
}

/// The content of a file.
#[derive(Debug, Default)]
struct Node {
    start: Vec<u8>,
    changes: Vec<Flushable<ContentChange>>,
}

#[derive(Debug)]
struct Flushable<T> {
    change: T,
    is_flushed: bool,
}

#[derive(Debug)]
enum ContentChange {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug)]
enum NameChange {
    Add { path: PathBuf, node: Option<usize> },
    Rename { from: PathBuf, to: PathBuf, node: usize },
    Remove { path: PathBuf },
}

impl NameChange {
    fn is_in(&self, folder: &Path) -> bool {
        match self {
            Self::Add { path, .. } | Self::Remove { path } => path.parent() == Some(folder),
            Self::Rename { from, to, .. } => [from, to].iter().any(|path| path.parent() == Some(folder)),
        }
    }

    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Add { path, .. } | Self::Remove { path } | Self::Rename { to: path, .. } => path.parent(),
        }
    }
}

impl Disk {
    /// Reads the files below a folder, which are all on the disk.
    pub(super) fn read(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            names: BTreeMap::new(),
            nodes: Vec::new(),
            node_of: HashMap::new(),
            name_changes: Vec::new(),
        };
        for path in list_recursively(root) {
            let node = path.is_file().then(|| {
                let inode = path.metadata().expect("a file").ino();
                disk.add_node(inode, std::fs::read(&path).expect("a file"))
            });
            disk.names.insert(path, node);
        }
        disk
    }

    fn add_node(&mut self, inode: u64, start: Vec<u8>) -> usize {
        self.nodes.push(Node { start, changes: Vec::new() });
        self.node_of.insert(inode, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// Follows a system call.
    pub(super) fn follow(&mut self, call: &SystemCall) {
        // A file without a name has the path of its handle.
        let changed = if call.name == "link" { &call.second } else { &call.path };
        if call.result < 0 || !Path::new(changed).starts_with(&self.root) {
            return;
        }
        let path = PathBuf::from(&call.path);
        match call.name.as_str() {
            "open" => self.open(path, call),
            "mkdir" => self.change_name(NameChange::Add { path, node: None }),
            "unlink" | "rmdir" => self.change_name(NameChange::Remove { path }),
            "rename" => {
                let node = self.node_of[&call.inode];
                self.change_name(NameChange::Rename { from: path, to: call.second.clone().into(), node });
            }
            "link" => {
                let node = Some(self.node_of[&call.inode]);
                self.change_name(NameChange::Add { path: call.second.clone().into(), node });
            }
            "write" => {
                let offset = usize::try_from(call.number).expect("a length");
                self.change_content(call.inode, ContentChange::Write { offset, bytes: call.data.clone() });
            }
            "truncate" => {
                let length = usize::try_from(call.number).expect("a length");
                self.change_content(call.inode, ContentChange::Length(length));
            }
            "sync" if call.kind == "folder" => {
                let changes = self.name_changes.iter_mut().filter(|change| change.change.is_in(&path));
                changes.for_each(|change| change.is_flushed = true);
            }
            "sync" => {
                let node = self.node_of[&call.inode];
                self.nodes[node].changes.iter_mut().for_each(|change| change.is_flushed = true);
            }
            _ => {}
        }
    }

    fn open(&mut self, path: PathBuf, call: &SystemCall) {
        let flags = rustix::fs::OFlags::from_bits_retain(u32::try_from(call.number).expect("flags"));
        if flags.contains(rustix::fs::OFlags::TMPFILE) {
            self.add_node(call.inode, Vec::new());
            return;
        }
        let exists = self.names_with(|_, _| true).contains_key(&path);
        if !exists {
            let node = Some(self.add_node(call.inode, Vec::new()));
            self.change_name(NameChange::Add { path, node });
        } else if flags.contains(rustix::fs::OFlags::TRUNC) {
            self.change_content(call.inode, ContentChange::Length(0));
        }
    }

    fn change_name(&mut self, change: NameChange) {
        self.name_changes.push(Flushable { change, is_flushed: false });
    }

    fn change_content(&mut self, inode: u64, change: ContentChange) {
        let node = self.node_of[&inode];
        self.nodes[node].changes.push(Flushable { change, is_flushed: false });
    }

    /// The names, if `is_kept` decides about the changes that were not flushed. It also gets their position.
    fn names_with(&self, is_kept: impl Fn(usize, &NameChange) -> bool) -> BTreeMap<PathBuf, Option<usize>> {
        let mut names = self.names.clone();
        for (position, change) in self.name_changes.iter().enumerate() {
            if !change.is_flushed && !is_kept(position, &change.change) {
                continue;
            }
            match &change.change {
                NameChange::Add { path, node } => drop(names.insert(path.clone(), *node)),
                NameChange::Remove { path } => drop(names.remove(path)),
                NameChange::Rename { from, to, node } => {
                    names.remove(from);
                    names.insert(to.clone(), Some(*node));
                }
            }
        }
        names
    }

    /// Writes what a power cut leaves to another folder.
    pub(super) fn write_to(&self, target: &Path, cache: Cache) {
        let mut rng = Rng::new(if let Cache::Random(seed) = cache { seed } else { 0 });
        let names = match cache {
            Cache::Lost | Cache::ContentKept => self.names_with(|_, _| false),
            Cache::NamesKept => self.names_with(|_, _| true),
            Cache::Random(_) => {
                let count = self.name_changes.len() + 1;
                let mut ends: BTreeMap<&Path, usize> = BTreeMap::new();
                for folder in self.name_changes.iter().filter_map(|change| change.change.folder()) {
                    ends.entry(folder).or_insert_with(|| rng.below(count));
                }
                self.names_with(|position, change| {
                    change.folder().and_then(|folder| ends.get(folder)).is_some_and(|end| position < *end)
                })
            }
        };
        for (path, node) in &names {
            let path = target.join(path.strip_prefix(&self.root).expect("a path below the root"));
            // A name below a folder whose own name is lost is lost too.
            match node {
                None => drop(std::fs::create_dir(&path)),
                Some(node) => drop(std::fs::write(&path, self.nodes[*node].content(cache, &mut rng))),
            }
        }
    }
}

impl Node {
    fn content(&self, cache: Cache, rng: &mut Rng) -> Vec<u8> {
        let mut content = self.start.clone();
        for change in &self.changes {
            let is_kept = change.is_flushed || cache == Cache::ContentKept;
            match (&change.change, cache) {
                (ContentChange::Write { offset, bytes }, Cache::Random(_)) if !change.is_flushed => {
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        if rng.below(2) == 0 {
                            write_at(&mut content, offset + index * SECTOR, sector);
                        }
                    }
                }
                (ContentChange::Length(length), Cache::Random(_)) if !change.is_flushed => {
                    if rng.below(2) == 0 {
                        content.resize(*length, 0);
                    }
                }
                (ContentChange::Write { offset, bytes }, _) if is_kept => write_at(&mut content, *offset, bytes),
                (ContentChange::Length(length), _) if is_kept => content.resize(*length, 0),
                (ContentChange::Write { .. } | ContentChange::Length(_), _) => {}
            }
        }
        content
    }
}

fn write_at(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}
