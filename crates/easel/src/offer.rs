//! Which image tools are offered with the defaults, and telling clients when that changes.

use std::sync::{MutexGuard, PoisonError};

use easel_imagegen::port::Provider;
use easel_imagegen::spec;
use easel_protocol::event::{Event, ToolListUpdatedNotification};
use easel_protocol::tool::ToolExposure;
use serde_json::Value;

use crate::app::App;
use crate::methods::default_model;
use crate::rules::thread_rules;

/// What a turn of a thread with the defaults would offer its model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offered {
    exposure: ToolExposure,
    /// The exact entries of the `tools` array: a tool with other arguments is another offer.
    entries: Vec<Value>,
}

impl Offered {
    /// As `tool/list` and the answer to `initialize` name the tools.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = match self.exposure {
            ToolExposure::Standalone => Some(spec::STANDALONE_NAME),
            ToolExposure::Hosted => Some(spec::HOSTED_NAME),
            ToolExposure::None => None,
        };
        name.map(str::to_owned).into_iter().collect()
    }
}

impl App {
    /// What is offered now, for a client that is just being told.
    pub(crate) fn offered(&self) -> Offered {
        let now = self.offered_now();
        self.offered_last().get_or_insert_with(|| now.clone());
        now
    }

    /// Tells every connection when something else is offered with the defaults than before. Call it after whatever the
    /// gate looks at may have changed: the credential, a feature, the configuration.
    pub(crate) async fn announce_tools(&self) {
        let event;
        let telling = {
            let mut last = self.offered_last();
            let now = self.offered_now();
            // Before the first handshake nobody was told anything that could have changed.
            if last.as_ref().is_none_or(|last| *last == now) {
                return;
            }
            let (exposure, tools) = (now.exposure, now.names());
            *last = Some(now);
            event = Event::ToolListUpdated(ToolListUpdatedNotification { exposure, tools });
            self.hub.connections().announce(&event)
        };
        telling.await;
    }

    fn offered_now(&self) -> Offered {
        let provider = self.default_provider();
        let config = self.config();
        let model = default_model(provider.info(), &config);
        let rules = thread_rules(&config);
        let exposure = rules.decide(&*provider, &model).exposure;
        let entries = spec::entries(exposure, &provider.info().capabilities, rules.partial_images(&*provider));
        Offered { exposure, entries }
    }

    fn offered_last(&self) -> MutexGuard<'_, Option<Offered>> {
        self.offered_last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
