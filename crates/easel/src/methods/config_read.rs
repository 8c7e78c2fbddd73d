use easel_protocol::configuration::{ConfigReadParams, ConfigReadResponse};
use easel_protocol::method::ConfigRead;
use serde_json::Map;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ConfigRead {
    async fn handle(cx: Cx, params: ConfigReadParams) -> Result<Answer<ConfigReadResponse>, Refusal> {
        let cwd = cx.app.absolute(params.cwd.as_deref());
        let loaded = cx.app.configuration_for(cwd, Map::new()).await?;
        let described: ConfigReadResponse =
            serde_json::from_value(easel_config::describe(&loaded)).map_err(|error| {
                tracing::error!(%error, "the configuration cannot be described");
                Refusal::field("config", "cannot be described")
            })?;
        let layers = if params.include_layers == Some(true) { described.layers } else { None };
        Ok(Answer::new(ConfigReadResponse { layers, ..described }))
    }
}
