//! What a provider says when it refuses, in whatever shape it says it.
