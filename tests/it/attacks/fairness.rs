//! No client, and no stranger, makes another client wait.
