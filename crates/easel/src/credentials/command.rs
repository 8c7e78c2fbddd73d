//! A program that prints a credential (`auth.command` of a provider).

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use easel_config::{Environment, ProviderAuth};
use easel_provider::CredentialError;
use futures_util::FutureExt;
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::time::Instant;

use super::single_flight::SingleFlight;
use super::{MAX_TOKEN_LEN, credential_error, is_same_secret, parse_token};
use crate::programs::{Capture, Excess, Program, ProgramError, allowed_variables};

const DEFAULT_TIMEOUT: Duration = Duration::from_millis(5_000);
const DEFAULT_REFRESH_INTERVAL: Duration = Duration::from_millis(300_000);

/// What is read of the output: a credential and white space around it.
const CAPTURE: Capture = Capture { stdout: 2 * MAX_TOKEN_LEN, stderr: 0, excess: Excess::Fail };

/// A program that prints a credential, and the credential that it printed last.
pub(crate) struct CredentialCommand {
    /// The id of the provider, for errors.
    provider: String,
    program: Program,
    timeout: Duration,
    /// How long a credential is used. `None` uses it until a provider rejects it.
    refresh_interval: Option<Duration>,
    cached: Mutex<Option<CachedCredential>>,
    run: SingleFlight<Result<(), CredentialError>>,
}

struct CachedCredential {
    secret: SecretString,
    printed_at: Instant,
}

/// Leaves out the variables: the user may have named one that contains a secret.
impl fmt::Debug for CredentialCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialCommand")
            .field("provider", &self.provider)
            .field("program", &self.program.path())
            .finish_non_exhaustive()
    }
}

impl CredentialCommand {
    /// Creates the command of a provider. Returns `None` if the provider has none. Relative paths start at Easel's
    /// home, because the working folder of the process may be someone else's repository.
    pub(crate) fn new(provider: &str, auth: &ProviderAuth, home: &Path, environment: &Environment) -> Option<Self> {
        let command = Path::new(auth.command.as_deref()?);
        let cwd = home.join(auth.cwd.as_deref().unwrap_or_default());
        let arguments = auth.args.iter().map(|argument| argument.secret().clone()).collect();
        let interval = auth.refresh_interval_ms.map_or(DEFAULT_REFRESH_INTERVAL, Duration::from_millis);
        Some(Self {
            provider: provider.to_owned(),
            program: Program::new(command, arguments, allowed_variables(environment, &auth.env_vars), cwd),
            timeout: auth.timeout_ms.map_or(DEFAULT_TIMEOUT, Duration::from_millis),
            refresh_interval: (!interval.is_zero()).then_some(interval),
            cached: Mutex::default(),
            run: SingleFlight::default(),
        })
    }

    /// Returns the credential, and runs the program if the last one is too old.
    ///
    /// # Errors
    /// If the program fails or prints anything other than a credential.
    pub(super) async fn current(self: Arc<Self>) -> Result<SecretString, CredentialError> {
        self.get_unless(None).await
    }

    /// Runs the program after a provider has rejected the credential `rejected`; `None` if it prints the same one
    /// again.
    ///
    /// # Errors
    /// If the program fails or prints anything other than a credential.
    pub(super) async fn refresh(
        self: Arc<Self>,
        rejected: &SecretString,
    ) -> Result<Option<SecretString>, CredentialError> {
        let secret = self.get_unless(Some(rejected)).await?;
        Ok(Some(secret).filter(|secret| !is_same_secret(secret, rejected)))
    }

    /// Returns the cached credential unless it is too old or is `rejected`; otherwise runs the program.
    async fn get_unless(self: Arc<Self>, rejected: Option<&SecretString>) -> Result<SecretString, CredentialError> {
        let is_rejected = |secret: &SecretString| rejected.is_some_and(|rejected| is_same_secret(secret, rejected));
        if let Some(secret) = self.fresh_secret().filter(|secret| !is_rejected(secret)) {
            return Ok(secret);
        }
        let command = Arc::clone(&self);
        self.run.join(|| async move { command.run_once().await }.boxed()).await?;
        let printed = self.cached.lock().as_ref().map(|cached| cached.secret.clone());
        printed.ok_or_else(|| self.error("printed nothing"))
    }

    fn fresh_secret(&self) -> Option<SecretString> {
        let cached = self.cached.lock();
        let cached = cached.as_ref()?;
        let is_fresh = self.refresh_interval.is_none_or(|interval| cached.printed_at.elapsed() < interval);
        is_fresh.then(|| cached.secret.clone())
    }

    async fn run_once(&self) -> Result<(), CredentialError> {
        let finished = self.program.run(&[], CAPTURE, self.timeout).await.map_err(|error| match error {
            ProgramError::TimedOut(_) => self.error(&format!("{error} (auth.timeout_ms)")),
            ProgramError::Start(_) | ProgramError::Wait(_) | ProgramError::Read(_) | ProgramError::TooMuchOutput(_) => {
                self.error(&error.to_string())
            }
        })?;
        if !finished.status.success() {
            return Err(self.error(&format!("failed ({})", finished.status)));
        }
        let output = String::from_utf8(finished.stdout).map_err(|_| self.error("printed text that is not UTF-8"))?;
        let Some(secret) = parse_token(&output, MAX_TOKEN_LEN) else {
            return Err(self.error("must print a single word of printable characters"));
        };
        let secret = SecretString::from(secret.to_owned());
        *self.cached.lock() = Some(CachedCredential { secret, printed_at: Instant::now() });
        Ok(())
    }

    /// Creates an error about the program. It contains neither the command nor its output, since both may be secret.
    fn error(&self, what: &str) -> CredentialError {
        credential_error(format!("`auth.command` of provider `{}` {what}", self.provider))
    }
}
