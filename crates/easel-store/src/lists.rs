//! Queries over many rows, answered page by page.

pub(crate) mod image_list;
pub(crate) mod ledger;
pub(crate) mod page;
pub(crate) mod search;
pub(crate) mod thread_list;
pub(crate) mod thread_search;
pub(crate) mod turn_list;
pub(crate) mod usage;
