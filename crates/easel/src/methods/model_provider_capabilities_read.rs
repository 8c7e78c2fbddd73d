use easel_imagegen::port::Provider;
use easel_protocol::method::ModelProviderCapabilitiesRead;
use easel_protocol::model::{ModelProviderCapabilitiesReadParams, ModelProviderCapabilitiesReadResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ModelProviderCapabilitiesRead {
    async fn handle(
        cx: Cx,
        _params: ModelProviderCapabilitiesReadParams,
    ) -> Result<Answer<ModelProviderCapabilitiesReadResponse>, Refusal> {
        let provider = cx.app.default_provider();
        let capabilities = &provider.info().capabilities;
        let image_generation = capabilities.image_generation || capabilities.hosted_image_generation;
        Ok(Answer::new(ModelProviderCapabilitiesReadResponse { image_generation, web_search: false }))
    }
}
