//! The job of a call: its references, imported, and what it asks for.

use easel_imagegen::idempotency;
use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::{ImageJob, ImageSource, Provenance, Provider, Reference, SendGate, Store, image_error};
use easel_imagegen::references::ImageRef;
use easel_protocol::id::ItemId;
use easel_protocol::record::ImageError;

use super::CallContext;

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Imports the files that the model named, and builds the job for the provider. Its gate is closed until the call
    /// is reserved.
    pub(super) async fn prepare_job(
        &self,
        item_id: &ItemId,
        call: PlannedCall,
        originator: &str,
    ) -> Result<ImageJob, Box<ImageError>> {
        let mut references = Vec::with_capacity(call.references.len());
        for image in &call.references {
            references.push(self.resolve(image).await?);
        }
        let mask = match &call.mask {
            Some(image) => Some(self.resolve(image).await?),
            None => None,
        };
        let images = call.requested.parameters.n.unwrap_or(1);
        Ok(ImageJob {
            idempotency_key: idempotency::create_key(&self.thread_id, item_id),
            originator: originator.to_owned(),
            item_id: item_id.clone(),
            // The previews of several images do not say which image they show.
            partial_images: if images == 1 { self.partial_images } else { 0 },
            gate: SendGate::closed(),
            requested: call.requested,
            references,
            mask,
            deadline: self.deadline,
        })
    }

    async fn resolve(&self, image: &ImageRef) -> Result<Reference, Box<ImageError>> {
        match image {
            ImageRef::Handle(reference) => Ok(reference.clone()),
            ImageRef::Path(path) => {
                let source = ImageSource::ModelPath { path: path.clone(), roots: self.roots.clone() };
                let imported = self.store.import_image(&self.thread_id, source).await.map_err(|error| {
                    tracing::debug!(
                        thread_id = %self.thread_id,
                        error = &error as &dyn std::error::Error,
                        "a file was not imported"
                    );
                    Box::new(image_error(error.kind(), error.client_message()))
                })?;
                Ok(Reference {
                    id: Some(imported.id),
                    path: imported.path.into(),
                    facts: imported.facts,
                    provenance: Provenance::User,
                })
            }
        }
    }
}
