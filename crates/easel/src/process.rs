//! The process: its log, its limits, files that only its user may read, and text for a terminal.

pub(crate) mod logging;
pub(crate) mod os;
pub(crate) mod private_file;
pub(crate) mod terminal;
