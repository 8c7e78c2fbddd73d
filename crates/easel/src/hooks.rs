//! The hooks of image calls: their programs from the configuration, and the runner that starts them.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use easel_config::{Config, Environment};
use easel_imagegen::hooks::{Hook, HookEnd, Hooks, MAX_OUTPUT_BYTES};
use easel_imagegen::port::HookRunner;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::programs::{Capture, Excess, Finished, Program, allowed_variables};

/// The time limit of a hook that sets none. It is that of Codex.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// What is read of a hook's output: a decision with one byte more than it may have, and a reason. The rest is dropped.
const CAPTURE: Capture = Capture { stdout: MAX_OUTPUT_BYTES + 1, stderr: 8 * 1024, excess: Excess::Drop };

/// Returns the hooks of a configuration, those in Easel's spelling first.
pub(crate) fn hooks_from_config(config: &Config) -> Hooks {
    let easel_config::Hooks { pre_tool_use, post_tool_use, codex_pre_tool_use, codex_post_tool_use } = &config.hooks;
    let list = |key: &str, hooks: &[easel_config::Hook]| -> Vec<Hook> {
        hooks.iter().enumerate().map(|(at, hook)| to_hook(format!("{} of hooks.{key}", at + 1), hook)).collect()
    };
    Hooks {
        pre: [list("pre_tool_use", pre_tool_use), list("PreToolUse", codex_pre_tool_use)].concat(),
        post: [list("post_tool_use", post_tool_use), list("PostToolUse", codex_post_tool_use)].concat(),
    }
}

fn to_hook(name: String, hook: &easel_config::Hook) -> Hook {
    Hook {
        name,
        command: hook.command.iter().map(|word| word.expose().to_owned()).collect(),
        timeout: hook.timeout.map_or(DEFAULT_TIMEOUT, Duration::from_secs),
    }
}

/// Runs hooks as programs, in Easel's home: the working folder of the thread may be someone else's repository.
pub(crate) struct ProgramHooks {
    variables: Vec<(OsString, OsString)>,
    home: PathBuf,
}

impl ProgramHooks {
    /// Creates the runner of a process.
    pub(crate) fn new(environment: &Environment, home: PathBuf) -> Self {
        Self { variables: allowed_variables(environment, &[]), home }
    }
}

/// Leaves out the variables, which may be secret.
impl fmt::Debug for ProgramHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgramHooks")
    }
}

impl HookRunner for ProgramHooks {
    fn run<'a>(&'a self, hook: &'a Hook, input: &'a [u8]) -> BoxFuture<'a, HookEnd> {
        async move {
            let Some((command, arguments)) = hook.command.split_first() else {
                return HookEnd::Failed("has no command".to_owned());
            };
            let arguments = arguments.iter().map(|argument| SecretString::from(argument.as_str())).collect();
            let program = Program::new(Path::new(command), arguments, self.variables.clone(), self.home.clone());
            match program.run(input, CAPTURE, hook.timeout).await {
                Ok(Finished { status, stdout, stderr }) => HookEnd::Exited { code: status.code(), stdout, stderr },
                Err(error) => HookEnd::Failed(error.to_string()),
            }
        }
        .boxed()
    }
}
