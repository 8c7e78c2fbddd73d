//! The options that set the configuration.

use clap::Args;
use easel_config::Invocation;

use crate::commands::UsageError;

// Accepted before and after the subcommand; both apply. They are not clap's global arguments, because clap drops those
// before the subcommand if there are others after it. Not a doc comment, which clap would print as the subcommand's
// help.
#[derive(Debug, Default, Args)]
pub(super) struct ConfigArgs {
    /// Set a configuration key, such as images.parallel=2. The value is parsed as TOML, or used as a string if it is
    /// not TOML. May be repeated.
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Turn a feature on. May be repeated.
    #[arg(long, value_name = "FEATURE")]
    enable: Vec<String>,
    /// Turn a feature off. May be repeated; takes precedence over --enable.
    #[arg(long, value_name = "FEATURE")]
    disable: Vec<String>,
    /// Use [profiles.NAME] of config.toml.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl ConfigArgs {
    /// Combines the options before the subcommand with those after it, which take precedence.
    pub(super) fn merge(self, after: Self) -> Invocation {
        Invocation {
            overrides: [self.overrides, after.overrides].concat(),
            enable: [self.enable, after.enable].concat(),
            disable: [self.disable, after.disable].concat(),
            profile: after.profile.or(self.profile),
        }
    }

    /// Refuses the options of a command that reads no configuration.
    ///
    /// # Errors
    /// If an option is set.
    pub(super) fn refuse(self) -> Result<(), UsageError> {
        let Self { overrides, enable, disable, profile } = self;
        if overrides.is_empty() && enable.is_empty() && disable.is_empty() && profile.is_none() {
            return Ok(());
        }
        Err(UsageError(
            "this command reads no configuration; leave out -c, --enable, --disable and --profile".to_owned(),
        ))
    }
}
