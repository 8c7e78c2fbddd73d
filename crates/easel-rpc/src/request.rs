//! What handlers see of a request: the method table, the params, and the reply.

pub(crate) mod json_terms;
pub(crate) mod param_error;
pub(crate) mod params;
pub(crate) mod reply;
pub(crate) mod request_params;
pub(crate) mod table;
