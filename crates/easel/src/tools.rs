//! The service of `tool/list`: which image tools a turn offers its model, and the event when that changes.

use std::sync::Arc;

use easel_imagegen::gate;
use easel_imagegen::port::Provider;
use easel_imagegen::spec;
use easel_protocol::event::{Event, ToolListUpdatedNotification};
use easel_protocol::tool::{HeldBack, HeldBackReason, Tool, ToolExposure, ToolListResponse};
use easel_store::EaselStore;
use easel_thread::ThreadConfig;
use parking_lot::Mutex;
use serde_json::Value;

use crate::connections::Connections;
use crate::providers::{ProviderCatalog, ThreadProvider};
use crate::requests::RequestError;
use crate::settings::{Configuration, derive_thread_config};
use crate::threads::LoadedThreads;

/// The service of `tool/list`.
pub(crate) struct Tools {
    store: EaselStore,
    configuration: Arc<Configuration>,
    catalog: Arc<ProviderCatalog>,
    loaded: Arc<LoadedThreads>,
    connections: Connections,
    /// What was announced last; `None` before the first handshake.
    announced: Mutex<Option<OfferedTools>>,
}

/// The tools that a turn of a thread without settings of its own would offer its model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OfferedTools {
    exposure: ToolExposure,
    /// The exact entries of the `tools` array: a tool whose arguments differ counts as changed.
    entries: Vec<Value>,
}

impl OfferedTools {
    /// Returns the names of the tools, as `tool/list` and the response to `initialize` spell them.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = match self.exposure {
            ToolExposure::Standalone => Some(spec::STANDALONE_NAME),
            ToolExposure::Hosted => Some(spec::HOSTED_NAME),
            ToolExposure::None => None,
        };
        name.map(str::to_owned).into_iter().collect()
    }
}

impl Tools {
    /// Creates a service that has announced nothing yet.
    pub(crate) fn new(
        store: EaselStore,
        configuration: Arc<Configuration>,
        catalog: Arc<ProviderCatalog>,
        loaded: Arc<LoadedThreads>,
        connections: Connections,
    ) -> Self {
        Self { store, configuration, catalog, loaded, connections, announced: Mutex::default() }
    }

    /// Returns the tools that are offered now, for a client in its handshake.
    pub(crate) fn current(&self) -> OfferedTools {
        let current = self.compute_offered_tools();
        self.announced.lock().get_or_insert_with(|| current.clone());
        current
    }

    /// Sends every connection an event if the offered tools differ from those announced last. Call it whenever the
    /// credential, a feature or the configuration may have changed.
    pub(crate) async fn announce_changes(&self) {
        let event;
        let broadcast = {
            let mut announced = self.announced.lock();
            let current = self.compute_offered_tools();
            // Before the first handshake there is nothing that could have changed for a client.
            if announced.as_ref().is_none_or(|announced| *announced == current) {
                return;
            }
            let (exposure, tools) = (current.exposure, current.names());
            *announced = Some(current);
            event = Event::ToolListUpdated(ToolListUpdatedNotification { exposure, tools });
            self.connections.broadcast(&event)
        };
        broadcast.await;
    }

    fn compute_offered_tools(&self) -> OfferedTools {
        let (provider, model) = self.catalog.defaults();
        let config = derive_thread_config(&self.configuration.config());
        let exposure = config.choose_tool(&*provider, &model).exposure;
        let entries =
            spec::tool_entries(exposure, &provider.image_info().capabilities, config.partial_images(&*provider));
        OfferedTools { exposure, entries }
    }

    /// Lists the tools of a loaded thread, or of new threads, with the reasons why a tool is not offered.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadNotLoaded`], [`RequestError::ThreadInUse`], and those of
    /// the store.
    pub(crate) async fn list(&self, thread_id: Option<&str>) -> Result<ToolListResponse, RequestError> {
        let Some(thread_id) = thread_id else {
            let (provider, model) = self.catalog.defaults();
            return Ok(describe(&derive_thread_config(&self.configuration.config()), &provider, &model));
        };
        let Some((config, provider)) = self.loaded.actors.config_and_provider(thread_id).await? else {
            return Err(self.loaded.leases.not_loaded_error(thread_id).await);
        };
        let thread = self.store.thread(thread_id).await?;
        let model = thread.and_then(|thread| thread.model).unwrap_or_default();
        Ok(describe(&config, &provider, &model))
    }
}

fn describe(config: &ThreadConfig, provider: &ThreadProvider, model: &str) -> ToolListResponse {
    let decision = config.choose_tool(provider, model);
    let capabilities = &provider.image_info().capabilities;
    let standalone = Tool {
        name: spec::STANDALONE_NAME.to_owned(),
        kind: ToolExposure::Standalone,
        offered: decision.exposure == ToolExposure::Standalone,
        entry: spec::standalone_entry(capabilities),
        description: Some(spec::host_description()),
        input_schema: Some(spec::input_schema(capabilities)),
        namespace: Some(spec::NAMESPACE.to_owned()),
        function: Some(spec::FUNCTION.to_owned()),
        dynamic_tool: Some(spec::dynamic_entry(capabilities)),
        reasons: to_held_back(&decision.standalone_held_back),
    };
    let hosted = Tool {
        name: spec::HOSTED_NAME.to_owned(),
        kind: ToolExposure::Hosted,
        offered: decision.exposure == ToolExposure::Hosted,
        entry: spec::hosted_entry(config.partial_images(provider)),
        description: None,
        input_schema: None,
        namespace: None,
        function: None,
        dynamic_tool: None,
        reasons: to_held_back(&decision.hosted_held_back),
    };
    ToolListResponse { exposure: decision.exposure, data: vec![standalone, hosted] }
}

/// Describes the reasons why a tool is not offered.
pub(crate) fn to_held_back(reasons: &[HeldBackReason]) -> Vec<HeldBack> {
    let to_held_back =
        |reason: &HeldBackReason| HeldBack { reason: *reason, message: gate::describe(*reason).to_owned() };
    reasons.iter().map(to_held_back).collect()
}
