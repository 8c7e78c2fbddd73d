//! The configuration of the process as it is now. Threads in memory keep theirs until they are resumed or told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use easel_config::{Config, Edit, Loaded, Loader, Warning, Written};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::refusal::Refusal;

pub(crate) struct Configuration {
    now: RwLock<Arc<Now>>,
    /// Counts the changes that threads in memory follow.
    version: AtomicU64,
    /// One change at a time: two would each build on what was before both. Nobody waits for another process with it.
    changing: Mutex<()>,
    /// One write of the file at a time. A write waits for other processes, and switching a feature does not wait for it.
    writing: Mutex<()>,
}

/// What holds for the process, without project and thread.
struct Now {
    loader: Loader,
    config: Arc<Config>,
    warnings: Vec<Warning>,
}

impl Configuration {
    pub(crate) fn new(loader: Loader, loaded: Loaded) -> Self {
        let now = Now { loader, config: Arc::new(loaded.config), warnings: loaded.warnings };
        let (version, changing, writing) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Self { now: RwLock::new(Arc::new(now)), version, changing, writing }
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.now().config)
    }

    /// Read it before the configuration: rules made from one that changes meanwhile then count as old, and not as new.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// Lets threads in memory follow the configuration as it is now: their rules are out of date from here on.
    pub(crate) fn advance(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    /// What was wrong when it was loaded last.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        self.now().warnings.clone()
    }

    /// The only file that is written.
    pub(crate) fn file(&self) -> PathBuf {
        self.now().loader.file()
    }

    /// The configuration of a thread: with its project's file and its own overrides.
    pub(crate) async fn for_thread(&self, cwd: PathBuf, overrides: Map<String, Value>) -> Result<Loaded, Refusal> {
        let now = self.now();
        blocking(move || now.loader.for_thread(&cwd, &overrides)).await
    }

    /// Changes the home file, all or nothing, and takes what it says from now on.
    pub(crate) async fn write(&self, edits: Vec<Edit>, expected: Option<String>) -> Result<(Written, Loaded), Refusal> {
        let _writing = self.writing.lock().await;
        let loader = self.now().loader.clone();
        let written = blocking(move || loader.write(&edits, expected.as_deref())).await??;
        let _alone = self.changing.lock().await;
        // The one of now: a feature may have been switched while the file was written.
        let loader = self.now().loader.clone();
        let (loader, loaded) = blocking(move || {
            let loaded = loader.load();
            (loader, loaded)
        })
        .await?;
        self.take(loader, loaded.clone());
        Ok((written, loaded))
    }

    /// Switches features until the process ends. Returns those that there are.
    pub(crate) async fn switch(&self, wished: BTreeMap<String, bool>) -> Result<BTreeMap<String, bool>, Refusal> {
        let _alone = self.changing.lock().await;
        let mut loader = self.now().loader.clone();
        let switching = blocking(move || {
            let taken = loader.switch(&wished);
            let loaded = loader.load();
            (loader, taken, loaded)
        });
        let (loader, taken, loaded) = switching.await?;
        self.take(loader, loaded);
        Ok(taken)
    }

    fn take(&self, loader: Loader, loaded: Loaded) {
        let now = Now { loader, config: Arc::new(loaded.config), warnings: loaded.warnings };
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
    }

    fn now(&self) -> Arc<Now> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a client means the home file by this path, however it spells it.
pub(crate) fn is_same_file(path: &Path, file: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path == file || real(path) == real(file)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::ShuttingDown)
}
