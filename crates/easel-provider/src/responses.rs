//! `responses`: one answer of the model over server-sent events.
