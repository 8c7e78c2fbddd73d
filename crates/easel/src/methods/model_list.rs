use std::sync::Arc;

use easel_protocol::method::ModelList;
use easel_protocol::model::{ModelListParams, ModelListResponse};

use crate::providers::ProviderCatalog;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, paginate};

/// Maximum number of entries of a page. Providers list hundreds of models; a page stays under 64 KiB however long their
/// names are.
const MAX_PAGE: u32 = 50;

impl Handler for ModelList {
    type Service = ProviderCatalog;

    async fn handle(
        catalog: Arc<ProviderCatalog>,
        _cx: RequestContext,
        params: ModelListParams,
    ) -> HandlerResult<ModelListResponse> {
        let models = catalog.models(params.include_hidden == Some(true)).await;
        let limit = params.limit.unwrap_or(MAX_PAGE).min(MAX_PAGE);
        let (data, next_cursor) = paginate(models, params.cursor.as_deref(), Some(limit), |model| &model.id)?;
        Ok(HandlerOutput::new(ModelListResponse { data, next_cursor }))
    }
}
