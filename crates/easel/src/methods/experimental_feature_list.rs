use std::sync::Arc;

use easel_config::FEATURES;
use easel_protocol::configuration::{
    ExperimentalFeature, ExperimentalFeatureListParams, ExperimentalFeatureListResponse, FeatureStage,
};
use easel_protocol::method::ExperimentalFeatureList;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, paginate};
use crate::settings::Settings;

impl Handler for ExperimentalFeatureList {
    type Service = Settings;

    async fn handle(
        settings: Arc<Settings>,
        _cx: RequestContext,
        params: ExperimentalFeatureListParams,
    ) -> HandlerResult<ExperimentalFeatureListResponse> {
        let enabled = settings.features(params.thread_id.as_deref()).await?;
        let features: Vec<ExperimentalFeature> = FEATURES
            .iter()
            .map(|feature| ExperimentalFeature {
                name: feature.name.to_owned(),
                stage: if feature.is_stable { FeatureStage::Stable } else { FeatureStage::UnderDevelopment },
                display_name: None,
                description: Some(feature.description.to_owned()),
                announcement: None,
                enabled: enabled.is_enabled(feature.name).unwrap_or(feature.default),
                default_enabled: feature.default,
            })
            .collect();
        let (data, next_cursor) = paginate(features, params.cursor.as_deref(), params.limit, |feature| &feature.name)?;
        Ok(HandlerOutput::new(ExperimentalFeatureListResponse { data, next_cursor }))
    }
}
