use easel_config::{Config, Edit, Merge};
use easel_protocol::configuration::{
    ConfigBatchWriteParams, ConfigEdit, ConfigWriteResponse, MergeStrategy, OverriddenMetadata, WriteStatus,
};
use easel_protocol::method::ConfigBatchWrite;

use tokio_util::sync::CancellationToken;

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

/// Writes the home file. Threads that are started from now on follow it; those in memory when the client asks for that, or
/// when the write makes them stricter.
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
    let before = app.config();
    let (written, loaded) = app.configuration.write(edits, params.expected_version).await?;
    let answered = CancellationToken::new();
    let guard = answered.clone().drop_guard();
    if params.reload_user_config == Some(true) || is_stricter(&loaded.config, &before) {
        app.reload_threads(&answered).await?;
    }
    let overridden: Option<OverriddenMetadata> = easel_config::overridden(&loaded, &written.keys)
        .and_then(|told| serde_json::from_value(told).inspect_err(|error| tracing::error!(%error, "untold")).ok());
    let response = ConfigWriteResponse {
        status: if overridden.is_some() { WriteStatus::OkOverridden } else { WriteStatus::Ok },
        version: written.version,
        file_path: written.file.display().to_string(),
        overridden_metadata: overridden,
    };
    Ok(Answer::then(response, async move {
        drop(guard);
        cx.app.announce_tools().await;
    }))
}

/// Whether a write switches image generation off or lowers the limit of a turn: nobody should have to ask that this holds.
fn is_stricter(config: &Config, before: &Config) -> bool {
    (before.features.image_generation && !config.features.image_generation)
        || config.limits.images_per_turn < before.limits.images_per_turn
}

fn edit(edit: ConfigEdit) -> Edit {
    let merge = match edit.merge_strategy {
        MergeStrategy::Replace => Merge::Replace,
        MergeStrategy::Upsert => Merge::Upsert,
    };
    Edit { key_path: edit.key_path, value: edit.value, merge }
}
