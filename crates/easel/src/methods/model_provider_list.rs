use easel_imagegen::port::Provider;
use easel_protocol::method::ModelProviderList;
use easel_protocol::model::{ModelProvider, ModelProviderListParams, ModelProviderListResponse, ProviderSettings};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::provider;
use crate::refusal::Refusal;

impl Handler for ModelProviderList {
    async fn handle(cx: Cx, _params: ModelProviderListParams) -> Result<Answer<ModelProviderListResponse>, Refusal> {
        let config = &*cx.app.config();
        let data = provider::ids(config)
            .into_iter()
            .map(|id| {
                let provider = cx.app.providers.get(id, config);
                let info = provider.info();
                ModelProvider {
                    id: info.id.clone(),
                    name: info.name.clone(),
                    base_url: info.base_url.clone(),
                    can_edit: false,
                    settings: ProviderSettings::Openai {},
                }
            })
            .collect();
        let default_provider_id = cx.app.providers.default_id(config).to_owned();
        Ok(Answer::new(ModelProviderListResponse { data, default_provider_id, can_change_default: false }))
    }
}
