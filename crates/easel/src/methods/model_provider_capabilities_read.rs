use std::sync::Arc;

use easel_protocol::method::ModelProviderCapabilitiesRead;
use easel_protocol::model::{ModelProviderCapabilitiesReadParams, ModelProviderCapabilitiesReadResponse};

use crate::providers::ProviderCatalog;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ModelProviderCapabilitiesRead {
    type Service = ProviderCatalog;

    async fn handle(
        catalog: Arc<ProviderCatalog>,
        _cx: RequestContext,
        _params: ModelProviderCapabilitiesReadParams,
    ) -> HandlerResult<ModelProviderCapabilitiesReadResponse> {
        Ok(HandlerOutput::new(catalog.capabilities()))
    }
}
