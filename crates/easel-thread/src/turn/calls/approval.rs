//! The approval of a call: asked before the call is journaled, or when the limits refuse it.

use easel_imagegen::approval::{ApprovalPolicy, ApprovalRequest, Denial};
use easel_imagegen::hooks::HookQuestion;
use easel_imagegen::port::{Admission, Approver, ImageJob, Provider, ReserveError, Store, image_error};
use easel_imagegen::spending::{Budget, LimitError, Quote};
use easel_protocol::record::{ImageError, ImageErrorKind};
use tokio::sync::{SemaphorePermit, oneshot};
use tokio_util::sync::CancellationToken;

use super::CallContext;
use super::journal::to_image_error;
use crate::config::Reserved;
use crate::turn::questions::ApprovalNotice;

/// What demands an approval of a call.
#[derive(Debug)]
pub(super) struct ApprovalDemand {
    pub(super) policy: ApprovalPolicy,
    /// The hook that leaves the call to the user.
    pub(super) hook: Option<HookQuestion>,
}

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Reserves a call, with an approval if one is demanded. While it waits for that, it gives its permit to other
    /// calls.
    ///
    /// # Errors
    /// The call is refused, not approved or cancelled, or the store failed. It must not be sent.
    pub(super) async fn admit<'a>(
        &'a self,
        job: &ImageJob,
        ApprovalDemand { policy, hook }: ApprovalDemand,
        mut permit: Option<SemaphorePermit<'a>>,
        approver: &dyn Approver,
        stop: &CancellationToken,
    ) -> Result<(Reserved, Option<SemaphorePermit<'a>>), Box<ImageError>> {
        // Quoted once, so that the price which a person approves is the one that is reserved.
        let info = self.provider.image_info();
        let quote = self.gate.quote(|policy| policy.quote(&info.image_model, &job.requested, job.references.len()));
        let mut admission = Admission::WithinLimits;
        if policy.is_for_all || hook.is_some() {
            let request = ApprovalRequest { hook, ..self.approval_request(job, quote.clone(), None).await? };
            if let Some(refusal) = &request.refusal {
                if !policy.is_over_limits {
                    return Err(Box::new(refusal.to_error()));
                }
                admission = Admission::Approved;
            }
            permit = self.approve(request, permit, approver, stop).await?;
        }
        let inputs = (job.references.as_slice(), job.mask.as_ref());
        let reserved = match self.reserve(&job.item_id, &job.requested, inputs, quote.clone(), admission).await {
            Err(ReserveError::Refused(refusal)) if policy.is_over_limits => {
                let request = self.approval_request(job, quote.clone(), Some(*refusal)).await?;
                permit = self.approve(request, permit, approver, stop).await?;
                self.reserve(&job.item_id, &job.requested, inputs, quote, Admission::Approved).await
            }
            reserved => reserved,
        };
        Ok((reserved.map_err(|error| Box::new(to_image_error(&error)))?, permit))
    }

    /// Describes a call for the person who approves it. Without a `refusal`, the limits are checked.
    async fn approval_request(
        &self,
        job: &ImageJob,
        quote: Quote,
        refusal: Option<LimitError>,
    ) -> Result<ApprovalRequest, Box<ImageError>> {
        // The provider that makes the image, and bills it.
        let info = self.provider.image_info();
        let budget = self.store.budget(&self.thread_id, self.gate.limits()).await;
        let budget: Budget =
            budget.map_err(|error| Box::new(image_error(ImageErrorKind::Storage, error.client_message())))?;
        let refusal = refusal.or_else(|| budget.admit(&quote).err().filter(|_| info.counts_for_limits()));
        Ok(ApprovalRequest {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item_id: job.item_id.clone(),
            cwd: self.cwd.clone(),
            provider: info.id.clone(),
            bills: info.capabilities.bills,
            requested: job.requested.clone(),
            references: job.references.iter().chain(&job.mask).cloned().collect(),
            quote,
            budget,
            refusal,
            hook: None,
            timeout: self.approval_timeout,
        })
    }

    /// Returns once the call is approved, with a permit to run it.
    async fn approve<'a>(
        &'a self,
        request: ApprovalRequest,
        permit: Option<SemaphorePermit<'a>>,
        approver: &dyn Approver,
        stop: &CancellationToken,
    ) -> Result<Option<SemaphorePermit<'a>>, Box<ImageError>> {
        if approver.has_approved(&request) {
            return Ok(permit);
        }
        drop(permit);
        let (refusal, hook) = (request.refusal.clone(), request.hook.clone());
        self.unless_cancelled(stop, async {
            let approved =
                if approver.can_ask() { self.ask(request, approver).await } else { Err(Denial::NobodyToAsk) };
            approved.map_err(|denial| Box::new(denial.to_error(refusal.as_ref(), hook.as_ref())))?;
            Ok(self.permits.acquire().await.ok())
        })
        .await
    }

    /// Asks about a call, once its item and the status of its thread are sent.
    async fn ask(&self, request: ApprovalRequest, approver: &dyn Approver) -> Result<(), Denial> {
        let item_id = request.item_id.clone();
        let (may_ask, permitted) = oneshot::channel();
        let notice = ApprovalNotice::Needed { item_id: item_id.clone(), may_ask };
        if self.approval_notices.send(notice).await.is_err() || permitted.await.is_err() {
            return Err(Denial::TurnFailed);
        }
        let approved = approver.ask(request).await;
        // A turn that has failed does not care.
        let _ = self.approval_notices.send(ApprovalNotice::Ended { item_id }).await;
        approved
    }
}
