//! The hooks of a call. Those before it run before anything is journaled or sent.

use std::panic::AssertUnwindSafe;

use easel_imagegen::hooks::{Hook, HookCall, HookEnd, HookInput, HookQuestion, decide, report};
use easel_imagegen::port::{ImageJob, Provider, Reference, Store};
use easel_imagegen::spec::{HOSTED_NAME, STANDALONE_NAME};
use easel_protocol::id::ItemId;
use easel_protocol::record::{ImageError, RequestedImage};
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::CallContext;
use crate::machine::CallOutput;

/// What the hooks after a call need to know of it.
#[derive(Debug)]
pub(in crate::turn) struct HookData {
    tool_name: &'static str,
    requested: RequestedImage,
    references: Vec<Reference>,
    mask: Option<Reference>,
}

impl From<&ImageJob> for HookData {
    /// Copies what the standalone tool requests.
    fn from(job: &ImageJob) -> Self {
        Self {
            tool_name: STANDALONE_NAME,
            requested: job.requested.clone(),
            references: job.references.clone(),
            mask: job.mask.clone(),
        }
    }
}

impl From<(&RequestedImage, &[Reference])> for HookData {
    /// Copies what is known about a request of the hosted tool.
    fn from((requested, references): (&RequestedImage, &[Reference])) -> Self {
        Self { tool_name: HOSTED_NAME, requested: requested.clone(), references: references.to_vec(), mask: None }
    }
}

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Runs the hooks before a call of the standalone tool, one after the other. Returns the first of them that leaves
    /// the call to the user.
    ///
    /// # Errors
    /// The error of the first hook that denies the call. The others do not run.
    pub(super) async fn run_pre_hooks(
        &self,
        job: &ImageJob,
        hooks: &[Hook],
    ) -> Result<Option<HookQuestion>, Box<ImageError>> {
        if hooks.is_empty() {
            return Ok(None);
        }
        let data = HookData::from(job);
        let input = HookInput::before(&self.hook_call(&job.item_id, &data));
        let mut question = None;
        for hook in hooks {
            let end = self.run_hook(hook, &input).await;
            let decision = decide(hook, &end).inspect_err(|error| {
                tracing::info!(item_id = %job.item_id, hook = hook.name, reason = error.message, "a hook denied a call");
            })?;
            question = question.or(decision);
        }
        Ok(question)
    }

    /// Returns a copy of what the hooks after the call need; `None` without such hooks.
    pub(super) fn keep_for_hooks(&self, data: impl Into<HookData>) -> Option<HookData> {
        (!self.hooks.post.is_empty()).then(|| data.into())
    }

    /// Runs the hooks after a call, one after the other. They end when the calls of the turn are cancelled. What they
    /// print goes to the log. A panic ends them too: the call has ended and keeps its outcome.
    pub(super) async fn run_post_hooks(
        &self,
        item_id: &ItemId,
        data: &HookData,
        outcome: &Result<CallOutput, Box<ImageError>>,
        stop: &CancellationToken,
    ) {
        let call = self.hook_call(item_id, data);
        let input = match outcome {
            Ok(output) => HookInput::after(&call, &output.records, output.missing.as_deref()),
            Err(error) => HookInput::after(&call, &[], Some(error)),
        };
        let running = async {
            for hook in &self.hooks.post {
                let end = tokio::select! {
                    biased;
                    () = stop.cancelled() => HookEnd::Failed("was ended by an interrupt".to_owned()),
                    end = self.run_hook(hook, &input) => end,
                };
                match report(&end) {
                    (true, output) => tracing::debug!(%item_id, hook = hook.name, output, "a hook ran after a call"),
                    (false, output) => tracing::warn!(%item_id, hook = hook.name, output, "a hook failed after a call"),
                }
            }
        };
        // The panic hook has logged why.
        if AssertUnwindSafe(running).catch_unwind().await.is_err() {
            tracing::error!(%item_id, "the hooks after a call panicked");
        }
    }

    async fn run_hook(&self, hook: &Hook, input: &HookInput) -> HookEnd {
        if hook.command.is_empty() {
            return HookEnd::Failed("has an invalid configuration".to_owned());
        }
        match input.to_json() {
            Ok(input) => self.hook_runner.run(hook, &input).await,
            Err(error) => HookEnd::Failed(format!("has no input: {error}")),
        }
    }

    fn hook_call<'a>(&'a self, item_id: &'a ItemId, data: &'a HookData) -> HookCall<'a> {
        let info = self.provider.image_info();
        HookCall {
            tool_name: data.tool_name,
            thread_id: &self.thread_id,
            turn_id: &self.turn_id,
            item_id,
            cwd: &self.cwd,
            model: &self.model,
            provider: &info.id,
            image_model: &info.image_model,
            requested: &data.requested,
            references: &data.references,
            mask: data.mask.as_ref(),
        }
    }
}
