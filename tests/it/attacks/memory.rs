//! Memory stays flat whatever a provider or a client sends.
