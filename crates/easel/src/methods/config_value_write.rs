use easel_protocol::configuration::{ConfigBatchWriteParams, ConfigEdit, ConfigValueWriteParams, ConfigWriteResponse};
use easel_protocol::method::ConfigValueWrite;

use crate::app::Cx;
use crate::methods::config_batch_write::write;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ConfigValueWrite {
    async fn handle(cx: Cx, params: ConfigValueWriteParams) -> Result<Answer<ConfigWriteResponse>, Refusal> {
        let ConfigValueWriteParams { key_path, value, merge_strategy, file_path, expected_version } = params;
        let edits = vec![ConfigEdit { key_path, value, merge_strategy }];
        write(cx, ConfigBatchWriteParams { edits, file_path, expected_version, reload_user_config: None }).await
    }
}
