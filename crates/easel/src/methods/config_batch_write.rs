use easel_config::{Edit, Merge};
use easel_protocol::configuration::{
    ConfigBatchWriteParams, ConfigEdit, ConfigWriteResponse, MergeStrategy, OverriddenMetadata, WriteStatus,
};
use easel_protocol::method::ConfigBatchWrite;

use crate::app::Cx;
use crate::configuration::is_same_file;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Most changes of one request.
const MAX_EDITS: usize = 256;

impl Handler for ConfigBatchWrite {
    async fn handle(cx: Cx, params: ConfigBatchWriteParams) -> Result<Answer<ConfigWriteResponse>, Refusal> {
        write(cx, params).await
    }
}

/// Writes the home file. Threads that are started from now on follow it; those in memory when the client asks for that.
pub(super) async fn write(cx: Cx, params: ConfigBatchWriteParams) -> Result<Answer<ConfigWriteResponse>, Refusal> {
    let app = &cx.app;
    if params.edits.len() > MAX_EDITS {
        return Err(Refusal::field(
            "edits",
            format!("has {} changes; at most {MAX_EDITS} are taken", params.edits.len()),
        ));
    }
    if let Some(path) = &params.file_path
        && !is_same_file(&app.absolute(Some(path)), &app.configuration.file())
    {
        return Err(Refusal::ConfigReadOnly);
    }
    let edits = params.edits.into_iter().map(edit).collect();
    let (written, loaded) = app.configuration.write(edits, params.expected_version).await?;
    if params.reload_user_config == Some(true) {
        app.reload_threads().await?;
    }
    let overridden: Option<OverriddenMetadata> = easel_config::overridden(&loaded, &written.keys)
        .and_then(|told| serde_json::from_value(told).inspect_err(|error| tracing::error!(%error, "untold")).ok());
    let response = ConfigWriteResponse {
        status: if overridden.is_some() { WriteStatus::OkOverridden } else { WriteStatus::Ok },
        version: written.version,
        file_path: written.file.display().to_string(),
        overridden_metadata: overridden,
    };
    Ok(Answer::then(response, async move { cx.app.announce_tools().await }))
}

fn edit(edit: ConfigEdit) -> Edit {
    let merge = match edit.merge_strategy {
        MergeStrategy::Replace => Merge::Replace,
        MergeStrategy::Upsert => Merge::Upsert,
    };
    Edit { key_path: edit.key_path, value: edit.value, merge }
}
