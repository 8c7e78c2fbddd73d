use std::sync::Arc;

use easel_imagegen::gate::describe;
use easel_imagegen::port::Provider;
use easel_imagegen::spec;
use easel_protocol::method::ToolList;
use easel_protocol::tool::{HeldBack, HeldBackReason, Tool, ToolExposure, ToolListParams, ToolListResponse};

use crate::app::Cx;
use crate::methods::model_list::default_model;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;
use crate::rules::thread_rules;

impl Handler for ToolList {
    async fn handle(cx: Cx, params: ToolListParams) -> Result<Answer<ToolListResponse>, Refusal> {
        let (rules, provider, model) = match &params.thread_id {
            Some(thread_id) => {
                let rules = cx.app.rules_of(thread_id).await?;
                let Some((rules, (_, provider))) = rules.zip(cx.app.threads.settings(thread_id)) else {
                    return Err(cx.app.absent(thread_id, Refusal::ThreadNotLoaded(thread_id.clone())).await);
                };
                let thread = cx.app.store.thread(thread_id).await?;
                let model = thread.and_then(|thread| thread.model).unwrap_or_default();
                (rules, provider, model)
            }
            None => {
                let config = cx.app.config();
                let provider = cx.app.default_provider();
                let model = default_model(provider.info(), &config);
                (Arc::new(thread_rules(&config)), provider, model)
            }
        };
        let decision = rules.decide(&*provider, &model);
        let standalone = spec::standalone_entry(&provider.info().capabilities);
        let hosted = spec::hosted_entry(rules.partial_images(&*provider));
        let tool = |kind, name: &str, entry, reasons: &[HeldBackReason]| Tool {
            name: name.to_owned(),
            kind,
            offered: decision.exposure == kind,
            entry,
            reasons: reasons.iter().map(held_back).collect(),
        };
        let data = vec![
            tool(ToolExposure::Standalone, spec::STANDALONE_NAME, standalone, &decision.standalone_held_back),
            tool(ToolExposure::Hosted, spec::HOSTED_NAME, hosted, &decision.hosted_held_back),
        ];
        Ok(Answer::new(ToolListResponse { exposure: decision.exposure, data }))
    }
}

fn held_back(reason: &HeldBackReason) -> HeldBack {
    HeldBack { reason: *reason, message: describe(*reason).to_owned() }
}
