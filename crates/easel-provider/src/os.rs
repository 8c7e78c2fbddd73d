//! What differs by operating system. No other file of this crate has code for one system only.

/// Whether `SSL_CERT_FILE` names the authorities that certificates are checked against. Other systems have a store of
/// their own.
pub(crate) const READS_SSL_CERT_FILE: bool = cfg!(target_os = "linux");
