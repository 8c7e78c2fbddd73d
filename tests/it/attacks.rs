//! Attacks on the executable. In each test a provider, a client, a model or a repository tries to make Easel lose money
//! or data, leak a secret, fill memory, or block others.

mod data;
mod fairness;
mod memory;
mod money;
mod secrets;
