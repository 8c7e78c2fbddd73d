//! `images/generations` and `images/edits`: one call from its request to staged files.
