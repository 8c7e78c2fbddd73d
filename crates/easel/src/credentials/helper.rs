//! A credential that a program prints: run without a shell, for a bounded time, with bounded output, and without the
//! secrets of our own environment.

mod group;
mod variables;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use easel_config::{Environment, ProviderAuth};
use easel_provider::CredentialError;
use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdout, Command};
use tokio::time::Instant;

use self::group::Group;
use self::variables::variables;
use super::flight::Flight;
use super::{LONGEST_TOKEN, one_word};

const DEFAULT_TIMEOUT: Duration = Duration::from_millis(5_000);
const DEFAULT_INTERVAL: Duration = Duration::from_millis(300_000);

/// Bytes that are read of its output: a credential and the white space around it.
const LONGEST_OUTPUT: u64 = 2 * LONGEST_TOKEN as u64;

pub(crate) struct Helper {
    /// The provider that it is for, whose name errors say.
    provider: String,
    program: PathBuf,
    arguments: Vec<SecretString>,
    variables: Vec<(OsString, OsString)>,
    cwd: PathBuf,
    timeout: Duration,
    /// `None` keeps the credential until it is refused.
    interval: Option<Duration>,
    printed: Mutex<Option<(SecretString, Instant)>>,
    run: Flight<Result<(), CredentialError>>,
}

/// Leaves the variables out: the user may have named one that holds a secret.
impl fmt::Debug for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helper")
            .field("provider", &self.provider)
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

impl Helper {
    /// `None` when there is no command. Relative paths start at Easel's home: the folder that the process works in may be
    /// a stranger's repository.
    pub(crate) fn new(provider: &str, auth: &ProviderAuth, home: &Path, environment: &Environment) -> Option<Self> {
        let command = Path::new(auth.command.as_deref()?);
        let cwd = home.join(auth.cwd.as_deref().unwrap_or_default());
        let is_name = command.components().count() == 1 && !command.is_absolute();
        let interval = auth.refresh_interval_ms.map_or(DEFAULT_INTERVAL, Duration::from_millis);
        Some(Self {
            provider: provider.to_owned(),
            program: if is_name { command.to_owned() } else { cwd.join(command) },
            arguments: auth.args.iter().map(|argument| SecretString::from(argument.expose().to_owned())).collect(),
            variables: variables(environment, &auth.env_vars),
            cwd,
            timeout: auth.timeout_ms.map_or(DEFAULT_TIMEOUT, Duration::from_millis),
            interval: (!interval.is_zero()).then_some(interval),
            printed: Mutex::default(),
            run: Flight::default(),
        })
    }

    /// What it printed last, if that is not too old.
    pub(super) async fn current(self: Arc<Self>) -> Result<SecretString, CredentialError> {
        self.other_than(None).await
    }

    /// What it prints after `rejected` was refused; `None` when that is the same again.
    pub(super) async fn renewed(
        self: Arc<Self>,
        rejected: &SecretString,
    ) -> Result<Option<SecretString>, CredentialError> {
        let printed = self.other_than(Some(rejected)).await?;
        Ok(Some(printed).filter(|printed| printed.expose_secret() != rejected.expose_secret()))
    }

    async fn other_than(self: Arc<Self>, rejected: Option<&SecretString>) -> Result<SecretString, CredentialError> {
        if let Some(kept) =
            self.kept().filter(|kept| Some(kept.expose_secret()) != rejected.map(ExposeSecret::expose_secret))
        {
            return Ok(kept);
        }
        let helper = Arc::clone(&self);
        self.run.join(|| async move { helper.print().await }.boxed()).await?;
        let printed = self.printed().as_ref().map(|(secret, _)| secret.clone());
        printed.ok_or_else(|| self.error("printed nothing"))
    }

    fn kept(&self) -> Option<SecretString> {
        let printed = self.printed();
        let (secret, at) = printed.as_ref()?;
        self.interval.is_none_or(|interval| at.elapsed() < interval).then(|| secret.clone())
    }

    async fn print(&self) -> Result<(), CredentialError> {
        let output = tokio::time::timeout(self.timeout, self.output()).await;
        let output = output.map_err(|_| self.error(&format!("took longer than {} ms", self.timeout.as_millis())))??;
        let Some(secret) = one_word(&output, LONGEST_TOKEN) else {
            return Err(self.error("printed something that is no credential: one word of visible characters"));
        };
        *self.printed() = Some((SecretString::from(secret.to_owned()), Instant::now()));
        Ok(())
    }

    /// Runs the program. Its processes end with it, or with this future.
    async fn output(&self) -> Result<String, CredentialError> {
        let mut command = Command::new(&self.program);
        command.args(self.arguments.iter().map(ExposeSecret::expose_secret)).current_dir(&self.cwd);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let spawned = Group::spawn(&mut command);
        let (mut child, mut group) =
            spawned.map_err(|error| self.error(&format!("cannot be run: {}", error.kind())))?;
        let stdout = child.stdout.take();
        // What the program leaves running may hold the pipe, which ends with the group.
        let ending = async {
            let status = child.wait().await.map_err(|error| self.error(&format!("has no end: {}", error.kind())));
            group.end();
            status
        };
        let (bytes, status) = tokio::try_join!(self.read(stdout), ending)?;
        if !status.success() {
            return Err(self.error(&format!("failed ({status})")));
        }
        String::from_utf8(bytes).map_err(|_| self.error("printed something that is not text"))
    }

    async fn read(&self, stdout: Option<ChildStdout>) -> Result<Vec<u8>, CredentialError> {
        let mut bytes = Vec::new();
        if let Some(stdout) = stdout {
            let reading = stdout.take(LONGEST_OUTPUT + 1).read_to_end(&mut bytes).await;
            reading.map_err(|error| self.error(&format!("cannot be read: {}", error.kind())))?;
        }
        if bytes.len() as u64 > LONGEST_OUTPUT {
            return Err(self.error("printed more than a credential"));
        }
        Ok(bytes)
    }

    /// Neither the command nor anything that it printed: both may be secret.
    fn error(&self, what: &str) -> CredentialError {
        CredentialError {
            message: format!("the program of provider `{}` that prints its credential {what}", self.provider),
        }
    }

    fn printed(&self) -> MutexGuard<'_, Option<(SecretString, Instant)>> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
