use easel_config::{FEATURES, Stage};
use easel_protocol::configuration::{
    ExperimentalFeature, ExperimentalFeatureListParams, ExperimentalFeatureListResponse, FeatureStage,
};
use easel_protocol::method::ExperimentalFeatureList;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ExperimentalFeatureList {
    async fn handle(
        cx: Cx,
        params: ExperimentalFeatureListParams,
    ) -> Result<Answer<ExperimentalFeatureListResponse>, Refusal> {
        let on = match &params.thread_id {
            Some(thread_id) => {
                let Some(rules) = cx.app.rules_of(thread_id).await? else {
                    return Err(cx.app.absent(thread_id, Refusal::ThreadNotLoaded(thread_id.clone())).await);
                };
                let (image_generation, imagegenext) = (rules.image_generation, rules.imagegenext);
                easel_config::Features { image_generation, imagegenext }
            }
            None => cx.app.config().features,
        };
        let features: Vec<ExperimentalFeature> = FEATURES
            .iter()
            .map(|feature| ExperimentalFeature {
                name: feature.name.to_owned(),
                stage: match feature.stage {
                    Stage::Stable => FeatureStage::Stable,
                    Stage::UnderDevelopment => FeatureStage::UnderDevelopment,
                },
                display_name: None,
                description: Some(feature.description.to_owned()),
                announcement: None,
                enabled: on.is_enabled(feature.name).unwrap_or(feature.default),
                default_enabled: feature.default,
            })
            .collect();
        let (data, next_cursor) = super::page(features, params.cursor.as_deref(), params.limit, |f| &f.name)?;
        Ok(Answer::new(ExperimentalFeatureListResponse { data, next_cursor }))
    }
}
