use easel_config::Config;
use easel_imagegen::port::ProviderInfo;
use easel_protocol::method::ModelList;
use easel_protocol::model::{ModelListParams, ModelListResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Entries of a page: providers list hundreds, and a page stays below 64 KiB however long their names are.
const MAX_PAGE: u32 = 50;

impl Handler for ModelList {
    async fn handle(cx: Cx, params: ModelListParams) -> Result<Answer<ModelListResponse>, Refusal> {
        let provider = cx.app.default_provider();
        let hidden = params.include_hidden == Some(true);
        let mut models = provider.models().await;
        models.retain(|model| hidden || !model.hidden);
        let limit = params.limit.unwrap_or(MAX_PAGE).min(MAX_PAGE);
        let (data, next_cursor) = super::page(models, params.cursor.as_deref(), Some(limit), |model| &model.id)?;
        Ok(Answer::new(ModelListResponse { data, next_cursor }))
    }
}

/// The model of a thread that names none: the configured one, else the provider's default.
pub(crate) fn default_model(provider: &ProviderInfo, config: &Config) -> String {
    let first = || provider.models.iter().find(|model| model.is_default).or(provider.models.first());
    config.model.clone().or_else(|| first().map(|model| model.model.clone())).unwrap_or_default()
}
