//! The handlers, one file per method and named after it.
//!
//! The table of methods comes from the protocol's list, so a method without a handler does not compile.

mod absent_lists;
mod account_login_cancel;
mod account_login_start;
mod account_logout;
mod account_rate_limits_read;
mod account_read;
mod account_usage_read;
mod config_batch_write;
mod config_read;
mod config_requirements_read;
mod config_value_write;
mod experimental_feature_enablement_set;
mod experimental_feature_list;
mod hooks_list;
mod image_compare;
mod image_composite;
mod image_delete;
mod image_export;
mod image_export_set;
mod image_list;
mod image_read;
mod initialize;
mod model_list;
mod model_provider_capabilities_read;
mod model_provider_list;
mod skills_list;
mod thread_archive;
mod thread_compact_start;
mod thread_delete;
mod thread_fork;
mod thread_goal_get;
mod thread_inject_items;
mod thread_items_list;
mod thread_list;
mod thread_loaded_list;
mod thread_metadata_update;
mod thread_name_set;
mod thread_read;
mod thread_resume;
mod thread_revert;
mod thread_rollback;
mod thread_search;
mod thread_settings_update;
mod thread_start;
mod thread_turns_list;
mod thread_unarchive;
mod thread_unsubscribe;
mod tool_call;
mod tool_list;
mod turn_interrupt;
mod turn_start;
mod turn_steer;
mod usage_read;

use easel_protocol::method;
use easel_rpc::{DuplicateMethod, HeavyWork, Limits, Table};

use crate::requests::{ConnectionContext, register, unknown_method};

/// Builds the dispatch table of all methods.
///
/// # Errors
/// [`DuplicateMethod`] if two methods have the same name.
pub(crate) fn build_table(limits: Limits, heavy: HeavyWork) -> Result<Table<ConnectionContext>, DuplicateMethod> {
    let mut table = Table::builder().unknown_method(unknown_method).limits(limits).heavy_work(heavy);
    macro_rules! register_all {
        ($($method:ident)+) => { $(table = register::<method::$method>(table);)+ };
    }
    easel_protocol::for_each_method!(register_all);
    table.build()
}
