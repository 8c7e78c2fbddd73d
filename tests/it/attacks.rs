//! Attacks on the real executable: each test is one way in which a provider, a client, a model or a repository could
//! make Easel lose money or data, leak a secret, fill memory, or make others wait.

mod data;
mod fairness;
mod memory;
mod money;
mod secrets;
