//! A store in memory that fails on demand.

use std::io::{self, Cursor, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use easel_imagegen::item_id;
use easel_imagegen::model_copy::{CopySize, ModelCopies, ModelCopy};
use easel_imagegen::port::{
    Admission, CallEnd, CallStart, EditSource, Files, GeneratedImages, ImageSource, ImportError, Reference,
    RequestStart, ReserveError, StagedImage, StorageError, StorageErrorKind, Store, ThreadImage,
};
use easel_imagegen::spending::{Budget, Limits, Reset, Used};
use easel_protocol::event::Event;
use easel_protocol::record::{Attachment, Billed, ImageRecord};
use tokio_util::sync::CancellationToken;

use super::images::{attachment, older_image, record};
use super::log::{Log, LogOnDrop};
use super::render;

#[derive(Clone)]
pub(crate) struct FakeStore {
    pub(crate) log: Log,
    pub(crate) faults: Faults,
    pub(crate) earlier: EarlierTurns,
}

/// What the thread has besides the conversation in memory.
#[derive(Clone, Default)]
pub(crate) struct EarlierTurns {
    pub(crate) ids: Vec<&'static str>,
    /// Names of attached images.
    pub(crate) images: Vec<&'static str>,
}

/// What fails in the store.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    /// Writing an event whose line starts with this fails.
    pub(crate) append: Option<&'static str>,
    pub(crate) append_panics: bool,
    /// The next removal of a staged file panics.
    pub(crate) removal_panics: Arc<AtomicBool>,
    pub(crate) lookups: bool,
    pub(crate) reserve: bool,
    /// Journaling the next call fails.
    pub(crate) reserve_once: Arc<AtomicBool>,
    pub(crate) reserve_request: bool,
    /// A limit refuses hosted images.
    pub(crate) refuse_hosted: bool,
    /// A limit refuses calls. A hosted one exceeds it.
    pub(crate) refuse_calls: bool,
    /// A limit refuses to send a call again.
    pub(crate) refuse_repeats: bool,
    /// `reserve` waits for the gate `reserve`.
    pub(crate) slow_reserve: bool,
    /// A comparison waits for the gate `compare`.
    pub(crate) slow_comparison: bool,
    pub(crate) settle: bool,
    /// `settle` waits for the gate `settle`.
    pub(crate) slow_settle: bool,
}

/// Files whose only content is their name.
pub(crate) struct FakeFiles {
    removal_panics: Arc<AtomicBool>,
}

impl Files for FakeFiles {
    type Reader = Cursor<Vec<u8>>;
    type Writer = Vec<u8>;

    fn open(&self, image: &Reference) -> io::Result<Self::Reader> {
        Ok(Cursor::new(image.path.display().to_string().into_bytes()))
    }

    fn open_copy(&self, copy: &ModelCopy) -> io::Result<Self::Reader> {
        Ok(Cursor::new(copy.path.display().to_string().into_bytes()))
    }

    fn create(&self) -> io::Result<Self::Writer> {
        Ok(Vec::new())
    }

    fn stage(&self, writer: Self::Writer) -> io::Result<StagedImage> {
        Ok(self.staged(&writer, ""))
    }

    fn stage_preview(&self, writer: Self::Writer) -> io::Result<StagedImage> {
        Ok(self.staged(&writer, ".preview"))
    }
}

impl FakeFiles {
    fn staged(&self, name: &[u8], kind: &str) -> StagedImage {
        let (name, panics) = (str::from_utf8(name).unwrap(), Arc::clone(&self.removal_panics));
        let remove = move |_: &Path| assert!(!panics.swap(false, Ordering::Relaxed), "the files panic");
        StagedImage::new(format!("/home/{name}{kind}.png").into(), record(name).facts, remove)
    }
}

/// Stages an image with this name.
pub(crate) fn stage<F: Files>(files: &F, name: &str) -> StagedImage {
    let mut writer = files.create().unwrap();
    writer.write_all(name.as_bytes()).unwrap();
    files.stage(writer).unwrap()
}

/// Stages a preview of the image with this name.
pub(crate) fn preview<F: Files>(files: &F, name: &str) -> StagedImage {
    let mut writer = files.create().unwrap();
    writer.write_all(name.as_bytes()).unwrap();
    files.stage_preview(writer).unwrap()
}

/// Returns a budget that is used up.
fn used_up() -> Budget {
    let limits = Limits { images_per_day: Some(3), ..Limits::default() };
    let today = Used { images: 4, ..Used::default() };
    let reset = Reset { at_ms: 86_400_000, text: "midnight".to_owned() };
    Budget { limits, today, thread: Used::default(), reset }
}

fn disk_full<T>() -> Result<T, StorageError> {
    Err(StorageError::new(StorageErrorKind::DiskFull, "the disk is full"))
}

impl Store for FakeStore {
    type Files = FakeFiles;

    fn files(&self, _thread_id: &str) -> Arc<FakeFiles> {
        Arc::new(FakeFiles { removal_panics: Arc::clone(&self.faults.removal_panics) })
    }

    fn call_files(&self, thread_id: &str, _call_id: &str) -> Arc<FakeFiles> {
        self.files(thread_id)
    }

    async fn model_copies(&self, _images: Vec<(Reference, CopySize)>) -> ModelCopies {
        ModelCopies::new()
    }

    async fn append(&self, events: Vec<Event>) -> Result<(), StorageError> {
        tokio::task::yield_now().await;
        let lines: Vec<String> = events.iter().map(render::event).collect();
        if self.faults.append.is_some_and(|start| lines.iter().any(|line| line.starts_with(start))) {
            assert!(!self.faults.append_panics, "the store panics");
            return disk_full();
        }
        lines.into_iter().for_each(|line| self.log.add(format!("write {line}")));
        Ok(())
    }

    async fn find_free_number(&self, _thread_id: &str, preferred: &str, first: u32) -> Result<u32, StorageError> {
        if self.faults.lookups {
            return disk_full();
        }
        let is_used = |number| Ok(self.earlier.ids.contains(&&*item_id::with_number(preferred, number)));
        item_id::find_free_number(first, is_used)
    }

    async fn find_images(&self, _thread_id: &str, names: Vec<String>) -> Result<Vec<ThreadImage>, StorageError> {
        if self.faults.lookups {
            return disk_full();
        }
        let found = self.earlier.images.iter().map(|name| older_image(name));
        Ok(found.filter(|image| names.contains(&image.reference.path.display().to_string())).collect())
    }

    async fn import_image(&self, _thread_id: &str, source: ImageSource) -> Result<Attachment, ImportError> {
        tokio::task::yield_now().await;
        let ImageSource::ModelPath { path, roots } = source else {
            panic!("calls import only files that the model named")
        };
        self.log.add(format!("import {} from {roots:?}", path.display()));
        if roots.iter().any(|root| path.starts_with(root)) {
            return Ok(attachment(&path.file_stem().unwrap().to_string_lossy()));
        }
        let image = path.file_name().unwrap().to_string_lossy().into_owned();
        Err(ImportError::Refused { image, reason: "is outside the project".into() })
    }

    async fn budget(&self, _thread_id: &str, limits: Limits) -> Result<Budget, StorageError> {
        Ok(Budget { limits, ..used_up() })
    }

    async fn reserve(&self, call: CallStart) -> Result<Option<Budget>, ReserveError> {
        tokio::task::yield_now().await;
        if self.faults.reserve || self.faults.reserve_once.swap(false, Ordering::Relaxed) {
            return Ok(disk_full()?);
        }
        let is_repeated = matches!(call.admission, Admission::Repeated { .. });
        let budget = (self.faults.refuse_calls || (is_repeated && self.faults.refuse_repeats)).then(used_up);
        if matches!(call.admission, Admission::WithinLimits | Admission::Repeated { .. })
            && let Some(Err(refusal)) = budget.as_ref().map(|budget| budget.admit(&call.quote))
        {
            return Err(ReserveError::Refused(Box::new(refusal)));
        }
        let CallStart { thread_id, turn_id, item_id: call_id, .. } = call;
        if is_repeated {
            self.log.add(format!("repeat {call_id}"));
            return Ok(budget);
        }
        if self.faults.slow_reserve {
            self.log.add(format!("begin to reserve {call_id}"));
            self.log.wait_at("reserve").await;
        }
        self.log.add(format!("reserve {call_id} of {turn_id} of {thread_id}"));
        Ok(budget)
    }

    async fn adopt_pending(&self, _thread_id: &str, turn_id: &str) -> Result<Vec<Event>, StorageError> {
        self.log.add(format!("adopt messages of {turn_id}"));
        Ok(Vec::new())
    }

    async fn reserve_request(&self, request: RequestStart) -> Result<Option<Budget>, ReserveError> {
        tokio::task::yield_now().await;
        if self.faults.reserve_request {
            return Ok(disk_full()?);
        }
        if self.faults.refuse_hosted
            && let Err(refusal) = used_up().admit(&request.quote)
        {
            return Err(ReserveError::Refused(Box::new(refusal)));
        }
        self.log.add(format!("journal request of {} of {}", request.turn_id, request.thread_id));
        Ok(None)
    }

    async fn end_request(
        &self,
        _thread_id: &str,
        turn_id: &str,
        billed: Billed,
        _request_id: Option<&str>,
    ) -> Result<(), StorageError> {
        self.log.add(format!("end request of {turn_id} billed {}", render::wire_name(&billed)));
        Ok(())
    }

    async fn examine_edit(
        &self,
        _thread_id: &str,
        call_id: &str,
        _edit: EditSource,
        made: GeneratedImages,
        stop: &CancellationToken,
    ) -> GeneratedImages {
        self.log.add(format!("compare {call_id}"));
        if self.faults.slow_comparison && stop.run_until_cancelled(self.log.wait_at("compare")).await.is_none() {
            self.log.add(format!("give up comparing {call_id}"));
        }
        made
    }

    async fn settle(&self, _thread_id: &str, call_id: &str, end: CallEnd) -> Result<Vec<ImageRecord>, StorageError> {
        let mut settling = LogOnDrop::new(&self.log, format!("drop settle {call_id}"));
        if self.faults.slow_settle {
            self.log.wait_at("settle").await;
        }
        tokio::task::yield_now().await;
        settling.disarm();
        match end {
            CallEnd::Generated { .. } if self.faults.settle => {
                self.log.add(format!("settle {call_id} fails"));
                disk_full()
            }
            CallEnd::Generated { made, .. } => {
                self.log.add(format!("settle {call_id} made"));
                Ok(made
                    .images
                    .iter()
                    .map(|image| record(image.staged.path().file_stem().unwrap().to_str().unwrap()))
                    .collect())
            }
            CallEnd::Failed { error, last_attempt } => {
                let (kind, billed) = (render::wire_name(&error.kind), render::wire_name(&error.billed));
                let last = match last_attempt {
                    same if same == error.billed => String::new(),
                    other => format!(", the last attempt {}", render::wire_name(&other)),
                };
                let id = error.request_id.map(|id| format!(" as {id}")).unwrap_or_default();
                self.log.add(format!("settle {call_id} {kind} billed {billed}{last}{id}"));
                Ok(Vec::new())
            }
        }
    }
}
