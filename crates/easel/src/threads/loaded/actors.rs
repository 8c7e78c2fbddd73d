//! The actors of loaded threads. An actor is started for a turn and ended when too many are idle. Clients cannot
//! observe whether a thread has one.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::Store;
use easel_protocol::event::Event;
use easel_protocol::thread::ThreadActiveFlag;
use easel_store::EaselStore;
use easel_thread::{BeginError, LiveConfig, PendingSends, ThreadConfig, ThreadHandle, TurnPermit, TurnSlot};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::require_history;
use super::{Leases, Registry, ThreadQueue};
use crate::connections::Hub;
use crate::providers::ThreadProvider;
use crate::requests::RequestError;
use crate::settings::{Configuration, ThreadConfigCache};

/// How long a change of the configuration waits for image requests that the old configuration allowed. They are sent
/// within milliseconds, unless the disk is slow.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts, reconfigures and ends the actors of loaded threads.
pub(crate) struct Actors {
    pub(super) registry: Arc<Registry>,
    pub(super) store: EaselStore,
    pub(super) hub: Hub,
    pub(super) configuration: Arc<Configuration>,
    pub(super) configs: Arc<ThreadConfigCache>,
    pub(super) leases: Arc<Leases>,
    pub(super) queue: ThreadQueue,
    pub(super) tasks: TaskTracker,
    /// Maximum number of idle threads that keep their actor.
    pub(super) max_idle: usize,
}

impl Actors {
    /// Returns the thread's actor, if it has one.
    pub(crate) fn get(&self, thread_id: &str) -> Option<Arc<ThreadHandle<ThreadProvider>>> {
        self.registry.get(thread_id)
    }

    /// Returns whether a turn runs in the thread.
    pub(crate) fn is_running(&self, thread_id: &str) -> bool {
        self.get(thread_id).is_some_and(|handle| handle.slot.running_turn().is_some())
    }

    /// Returns what the thread's turn waits for; `None` if no turn runs.
    pub(crate) fn active_flags(&self, thread_id: &str) -> Option<Vec<ThreadActiveFlag>> {
        let handle = self.get(thread_id)?;
        handle.slot.running_turn()?;
        let waits = handle.slot.waits_for_approval();
        Some(waits.then_some(ThreadActiveFlag::WaitingOnApproval).into_iter().collect())
    }

    /// Acquires the permit to run a turn in a loaded thread. The thread's actor then has the stored history, and its
    /// configuration is the current one. `begin` takes the slot. The caller is at the head of the thread's queue.
    ///
    /// # Errors
    /// [`RequestError::TurnRunning`] if another turn runs, [`RequestError::ThreadNotLoaded`] if the thread exists but
    /// is not loaded.
    pub(crate) async fn begin_turn(
        self: &Arc<Self>,
        thread_id: &str,
        begin: impl Fn(&TurnSlot) -> Result<TurnPermit, BeginError>,
    ) -> Result<(Arc<ThreadHandle<ThreadProvider>>, TurnPermit), RequestError> {
        let (handle, permit) = loop {
            let Some(handle) = self.start(thread_id).await? else {
                return Err(self.leases.not_loaded_error(thread_id).await);
            };
            // Clients start the next turn as soon as they have the response to their interrupt.
            handle.slot.wait_for_interrupted().await;
            match begin(&handle.slot) {
                Ok(permit) => break (handle, permit),
                Err(BeginError::Running(turn)) => return Err(RequestError::TurnRunning(turn)),
                // The actor has ended in the meantime, so the loop starts another one.
                Err(BeginError::Retired) => {}
            }
        };
        self.evict_after(Arc::clone(&handle));
        // The permit comes first: a change of the configuration then finds this turn among the running ones, or the
        // refresh finds the change.
        self.refresh(thread_id, None).await?;
        Ok((handle, permit))
    }

    /// Returns the actor of a loaded thread, and starts it if necessary; `None` if the thread is not loaded.
    async fn start(&self, thread_id: &str) -> Result<Option<Arc<ThreadHandle<ThreadProvider>>>, RequestError> {
        if let Some(handle) = self.registry.get(thread_id) {
            self.registry.touch(thread_id);
            return Ok(Some(handle));
        }
        if !self.registry.is_loaded(thread_id) {
            return Ok(None);
        }
        let stored = require_history(&self.store, thread_id).await?;
        Ok(self.registry.start_actor(stored, self.store.clone(), self.hub.clone()))
    }

    /// Waits for the end of a turn whose interrupt was accepted, including its last event: clients proceed as soon as
    /// they have the response to the interrupt. The caller is at the head of the thread's queue.
    ///
    /// # Errors
    /// [`RequestError::TurnRunning`] if another turn runs.
    pub(crate) async fn wait_until_idle(&self, thread_id: &str) -> Result<(), RequestError> {
        let Some(handle) = self.registry.get(thread_id) else { return Ok(()) };
        handle.slot.wait_for_interrupted().await;
        if let Some(turn) = handle.slot.running_turn() {
            return Err(RequestError::TurnRunning(turn));
        }
        handle.flush().await;
        Ok(())
    }

    /// Ends the actor of an idle thread, so that its next turn reads the stored history again.
    ///
    /// # Errors
    /// [`RequestError::TurnRunning`] if a turn runs.
    pub(crate) fn evict(&self, thread_id: &str) -> Result<(), RequestError> {
        if self.registry.evict(thread_id) {
            return Ok(());
        }
        let turn = self.registry.get(thread_id).and_then(|handle| handle.slot.running_turn());
        Err(RequestError::TurnRunning(turn.unwrap_or_default()))
    }

    /// Changes the stored history of a thread, loaded or not. The caller is at the head of the thread's queue, so that
    /// no turn begins in the meantime.
    ///
    /// The actor with the old history ends before the change begins. So whether the change succeeds or not, no turn
    /// continues a history that is not the stored one.
    ///
    /// # Errors
    /// [`RequestError::TurnRunning`] if a turn runs, those of [`Leases::acquire`], and those of `change`.
    pub(crate) async fn rewrite(
        &self,
        thread_id: &str,
        change: impl Future<Output = Result<(), RequestError>>,
    ) -> Result<(), RequestError> {
        self.wait_until_idle(thread_id).await?;
        let change = async {
            self.evict(thread_id)?;
            change.await
        };
        self.leases.with_lease(thread_id, change).await
    }

    /// Stores one change of a thread's own data, which its actor does not keep.
    ///
    /// # Errors
    /// Those of [`Leases::acquire`], and of the store.
    pub(crate) async fn append(&self, thread_id: &str, event: Event) -> Result<(), RequestError> {
        self.leases.with_lease(thread_id, async { Ok(self.store.append(vec![event]).await?) }).await
    }

    /// Waits for the end of this turn, then ends the actors that have been idle longest until `max_idle` are left.
    fn evict_after(self: &Arc<Self>, turn: Arc<ThreadHandle<ThreadProvider>>) {
        let actors = Arc::clone(self);
        self.tasks.spawn(async move {
            turn.slot.wait_until_idle().await;
            drop(turn);
            while let Some(thread_id) = actors.registry.next_to_evict(actors.max_idle) {
                let _guard = actors.queue.enter(&thread_id).await;
                if actors.registry.next_to_evict(actors.max_idle).as_ref() != Some(&thread_id) {
                    continue;
                }
                if let Some(handle) = actors.registry.get(&thread_id) {
                    // The next actor must not send events before this one has sent its last.
                    handle.flush().await;
                }
                if !actors.registry.evict(&thread_id) {
                    tracing::debug!(%thread_id, "an actor is kept: a turn began");
                }
            }
        });
    }

    /// Applies the current configuration to the loaded threads: to idle ones when their next turn begins, to running
    /// ones at once as far as it is stricter. When this returns, no image request begins that the configuration
    /// forbids. Models and providers stay.
    ///
    /// `response_sent` is cancelled once the response to the request that caused this is queued; events about the
    /// change wait for it.
    ///
    /// # Errors
    /// Those of the store for one of the threads; the others are reconfigured anyway.
    pub(crate) async fn reload_all(&self, response_sent: &CancellationToken) -> Result<(), RequestError> {
        self.configuration.advance();
        let (mut pending, mut failure) = (Vec::new(), None);
        for thread_id in self.registry.running_ids() {
            match self.refresh(&thread_id, Some(response_sent)).await {
                Ok(sends) => pending.extend(sends),
                Err(error) => failure = Some(error),
            }
        }
        let all_sent = join_all(pending.into_iter().map(PendingSends::wait));
        if tokio::time::timeout(SEND_TIMEOUT, all_sent).await.is_err() {
            tracing::warn!("an image request that began before the configuration changed is still being sent");
        }
        failure.map_or(Ok(()), Err)
    }

    /// Returns the configuration of the thread's next turn, and its provider; `None` if the thread is not loaded.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn config_and_provider(
        &self,
        thread_id: &str,
    ) -> Result<Option<(Arc<ThreadConfig>, Arc<ThreadProvider>)>, RequestError> {
        self.refresh(thread_id, None).await?;
        Ok(self.registry.config_and_provider(thread_id).map(|(config, provider)| (config.get(), provider)))
    }

    /// Applies the current configuration to a loaded thread if its own is out of date. Returns the requests that were
    /// allowed by the old one and are still being sent.
    async fn refresh(
        &self,
        thread_id: &str,
        response_sent: Option<&CancellationToken>,
    ) -> Result<Option<PendingSends>, RequestError> {
        let version = self.configuration.version();
        let Some((config, _)) =
            self.registry.config_and_provider(thread_id).filter(|(config, _)| config.version() < version)
        else {
            return Ok(None);
        };
        let Some(stored) = self.store.thread_settings(thread_id).await? else { return Ok(None) };
        let loaded = self.configuration.load_for_thread(stored.cwd.into(), stored.overrides).await?;
        Ok(Some(self.apply(&config, version, &loaded.config, response_sent)))
    }

    /// Replaces the configuration of a thread with one that is as new as `version`.
    pub(super) fn apply(
        &self,
        thread: &LiveConfig,
        version: u64,
        config: &easel_config::Config,
        response_sent: Option<&CancellationToken>,
    ) -> PendingSends {
        thread.replace(version, self.configs.get(config), response_sent)
    }
}
