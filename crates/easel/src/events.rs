//! Builds events that several services send.

use easel_config::Warning;
use easel_protocol::event::{ConfigWarningNotification, Event};

/// Creates a `configWarning` that is not about a file.
pub(crate) fn warning(summary: String) -> Event {
    Event::ConfigWarning(ConfigWarningNotification { summary, details: None, path: None })
}

/// Creates a `configWarning` about the configuration.
pub(crate) fn config_warning(warning: &Warning) -> Event {
    Event::ConfigWarning(ConfigWarningNotification {
        summary: warning.to_string(),
        details: None,
        path: warning.path.as_ref().map(|path| path.display().to_string()),
    })
}
