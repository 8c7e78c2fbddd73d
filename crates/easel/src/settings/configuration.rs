//! The current configuration of the process, and of threads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use easel_config::{Config, Edit, Loaded, Loader, Warning, WriteOutcome, canonicalize_if_exists};
use parking_lot::RwLock;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::requests::RequestError;

/// The current configuration. Loaded threads keep theirs until they are resumed or reconfigured.
pub(crate) struct Configuration {
    /// The working folder of the process, where relative paths of requests start.
    cwd: PathBuf,
    current: RwLock<Arc<Snapshot>>,
    /// Incremented by each change that loaded threads must apply.
    version: AtomicU64,
    /// Serializes changes: two at once would each start from the configuration before both. It is never held while
    /// waiting for another process.
    change: Mutex<()>,
    /// Serializes writes of the file. A write waits for other processes, and setting a feature does not wait for a
    /// write.
    write: Mutex<()>,
}

/// The configuration without project and thread.
struct Snapshot {
    loader: Loader,
    config: Arc<Config>,
    warnings: Vec<Warning>,
}

impl Snapshot {
    fn new(loader: Loader, loaded: Loaded) -> Self {
        for warning in &loaded.ignored {
            tracing::debug!("{warning}");
        }
        Self { loader, config: Arc::new(loaded.config), warnings: loaded.warnings }
    }
}

impl Configuration {
    /// Creates the configuration that `loader` has loaded for a process in the folder `cwd`.
    pub(crate) fn new(cwd: PathBuf, loader: Loader, loaded: Loaded) -> Self {
        let current = Snapshot::new(loader, loaded);
        let (version, change, write) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Self { cwd, current: RwLock::new(Arc::new(current)), version, change, write }
    }

    /// Returns the configuration without project and thread.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.snapshot().config)
    }

    /// Returns the version of the configuration. Read it before the configuration itself: if the configuration changes
    /// in between, the thread is then treated as outdated and not as current.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// Marks the configuration of loaded threads as outdated.
    pub(crate) fn advance(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns the problems that the last load found.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        self.snapshot().warnings.clone()
    }

    /// Resolves a path of a request against the working folder of the process; without a path, returns that folder.
    pub(crate) fn resolve(&self, path: Option<&str>) -> PathBuf {
        path.map_or_else(|| self.cwd.clone(), |path| self.cwd.join(path))
    }

    /// Checks that `path` is the home's `config.toml`, the only file that is written, under any of its names.
    ///
    /// # Errors
    /// [`RequestError::ConfigReadOnly`] for another file.
    pub(crate) async fn require_home_file(&self, path: &Path) -> Result<(), RequestError> {
        let (path, file) = (self.cwd.join(path), self.snapshot().loader.file());
        if run_blocking(move || is_same_file(&path, &file)).await? { Ok(()) } else { Err(RequestError::ConfigReadOnly) }
    }

    /// Loads the configuration of a thread: with the file of its project, and with its own overrides.
    ///
    /// # Errors
    /// [`RequestError::BadField`] if the overrides have keys for secrets, which a thread would store.
    pub(crate) async fn load_for_thread(
        &self,
        cwd: PathBuf,
        overrides: Map<String, Value>,
    ) -> Result<Loaded, RequestError> {
        if easel_config::has_secret_key(&overrides) {
            // The message does not name the key, because clients read "auth" as a missing login.
            let reason = "sets a key of a provider that may be secret, and a thread's configuration is stored; set it in \
                          config.toml, or name a variable in env_http_headers";
            return Err(RequestError::field("config", reason));
        }
        let snapshot = self.snapshot();
        run_blocking(move || snapshot.loader.load_for_thread(&cwd, &overrides)).await
    }

    /// Changes the home's `config.toml`, all edits or none, and loads it. Returns the configuration before too, which
    /// may already have another change than the caller knows.
    ///
    /// # Errors
    /// [`RequestError::Config`] if an edit is refused or the file cannot be written.
    pub(crate) async fn write(
        &self,
        edits: Vec<Edit>,
        expected_version: Option<String>,
    ) -> Result<(WriteOutcome, Loaded, Arc<Config>), RequestError> {
        let _write = self.write.lock().await;
        let loader = self.snapshot().loader.clone();
        let written = run_blocking(move || loader.write(&edits, expected_version.as_deref())).await??;
        let _change = self.change.lock().await;
        // The current loader: a feature may have been set while the file was written.
        let loader = self.snapshot().loader.clone();
        let (loader, loaded) = run_blocking(move || {
            let loaded = loader.load();
            (loader, loaded)
        })
        .await?;
        let before = self.replace(loader, loaded.clone());
        Ok((written, loaded, before))
    }

    /// Turns features on and off until the process ends. Returns those of `enablement` that exist.
    ///
    /// # Errors
    /// [`RequestError::ShuttingDown`].
    pub(crate) async fn set_features(
        &self,
        enablement: BTreeMap<String, bool>,
    ) -> Result<BTreeMap<String, bool>, RequestError> {
        let _change = self.change.lock().await;
        let mut loader = self.snapshot().loader.clone();
        let change = run_blocking(move || {
            let known = loader.switch_features(&enablement);
            let loaded = loader.load();
            (loader, known, loaded)
        });
        let (loader, known, loaded) = change.await?;
        self.replace(loader, loaded);
        Ok(known)
    }

    /// Replaces the configuration, and returns the one before.
    fn replace(&self, loader: Loader, loaded: Loaded) -> Arc<Config> {
        let snapshot = Arc::new(Snapshot::new(loader, loaded));
        let before = std::mem::replace(&mut *self.current.write(), snapshot);
        Arc::clone(&before.config)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read())
    }
}

fn is_same_file(path: &Path, file: &Path) -> bool {
    path == file || canonicalize_if_exists(path) == canonicalize_if_exists(file)
}

async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, RequestError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| RequestError::ShuttingDown)
}
