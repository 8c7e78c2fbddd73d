use std::sync::Arc;

use easel_protocol::method::ModelProviderList;
use easel_protocol::model::{ModelProviderListParams, ModelProviderListResponse};

use crate::providers::ProviderCatalog;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ModelProviderList {
    type Service = ProviderCatalog;

    async fn handle(
        catalog: Arc<ProviderCatalog>,
        _cx: RequestContext,
        _params: ModelProviderListParams,
    ) -> HandlerResult<ModelProviderListResponse> {
        Ok(HandlerOutput::new(catalog.list()))
    }
}
