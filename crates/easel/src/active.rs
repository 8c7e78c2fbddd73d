//! The actors of loaded threads: started for a turn, with rules that follow the configuration, and ended when too many
//! rest. No client can tell whether a thread has one.

use std::sync::Arc;
use std::time::Duration;

use easel_thread::actor::ThreadRules;
use easel_thread::registry::ThreadHandle;
use easel_thread::rules::Departing;
use easel_thread::slot::{BeginRefused, TurnPermit};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::provider::AnyProvider;
use crate::refusal::Refusal;

/// A request that has passed the gate is handed to its connection within milliseconds; its disk may be slow.
const DEPARTURE: Duration = Duration::from_secs(5);

impl App {
    /// Takes the right to run a turn in a loaded thread. Its actor knows the history as it is stored, and its rules are
    /// those of the configuration as it is now. The caller has the thread's place in the order of requests.
    pub(crate) async fn begin_turn(
        self: &Arc<Self>,
        thread_id: &str,
        turn_id: &str,
    ) -> Result<(Arc<ThreadHandle<AnyProvider>>, TurnPermit), Refusal> {
        let not_loaded = || Refusal::ThreadNotLoaded(thread_id.into());
        let (handle, permit) = loop {
            let Some(handle) = self.actor(thread_id).await? else {
                return Err(self.absent(thread_id, not_loaded()).await);
            };
            // Clients start the next turn as soon as their interrupt is answered.
            handle.slot.interrupted().await;
            match handle.slot.begin(turn_id) {
                Ok(permit) => break (handle, permit),
                Err(BeginRefused::Running(turn)) => return Err(Refusal::TurnRunning(turn)),
                // Its actor ended by itself, and there is another or none.
                Err(BeginRefused::Retired) => {}
            }
        };
        self.evict_after(Arc::clone(&handle));
        // Only now: whoever changes the configuration finds this turn among those that run, or else the change is found
        // here.
        self.refresh_rules(thread_id).await?;
        Ok((handle, permit))
    }

    /// The actor of a loaded thread, started if there is none.
    async fn actor(&self, thread_id: &str) -> Result<Option<Arc<ThreadHandle<AnyProvider>>>, Refusal> {
        if let Some(handle) = self.threads.get(thread_id) {
            self.threads.touch(thread_id);
            return Ok(Some(handle));
        }
        if !self.threads.is_loaded(thread_id) {
            return Ok(None);
        }
        let stored = self.store.load_thread(thread_id).await?;
        let stored = stored.ok_or_else(|| Refusal::ThreadNotFound(thread_id.into()))?;
        Ok(self.threads.start(stored, self.store.clone(), self.hub.clone()))
    }

    /// Ends the actors of threads that rest, those first that have rested longest, as soon as this turn is over.
    fn evict_after(self: &Arc<Self>, turn: Arc<ThreadHandle<AnyProvider>>) {
        let app = Arc::clone(self);
        self.tasks.spawn(async move {
            turn.slot.idle().await;
            drop(turn);
            while let Some(thread_id) = app.threads.idle_beyond(app.idle_threads) {
                let _place = app.order.take(&thread_id).await;
                if app.threads.idle_beyond(app.idle_threads).as_ref() != Some(&thread_id) {
                    continue;
                }
                if let Some(handle) = app.threads.get(&thread_id) {
                    // Its next actor must not tell of another turn before this one has told its last.
                    handle.told().await;
                }
                app.threads.evict(&thread_id);
            }
        });
    }

    /// Lets the threads in memory follow the configuration as it is now: the others when they begin their next turn, those
    /// in which one runs at once, as far as it makes them stricter. When this returns, no request for images begins that
    /// the configuration refuses. `answered` is cancelled once the request that asked for this is answered: what turns
    /// tell of the change comes after that. Models and providers stay.
    pub(crate) async fn reload_threads(&self, answered: &CancellationToken) -> Result<(), Refusal> {
        self.configuration.advance();
        let (mut departing, mut refused) = (Vec::new(), None);
        for thread_id in self.threads.running() {
            match self.refresh(&thread_id, Some(answered)).await {
                Ok(of_thread) => departing.extend(of_thread),
                // The others follow all the same.
                Err(refusal) => refused = Some(refusal),
            }
        }
        let departed = join_all(departing.into_iter().map(Departing::departed));
        if tokio::time::timeout(DEPARTURE, departed).await.is_err() {
            tracing::warn!("a request for an image is still on its way to its connection");
        }
        refused.map_or(Ok(()), Err)
    }

    /// The rules that the next turn of a loaded thread follows.
    pub(crate) async fn rules_of(&self, thread_id: &str) -> Result<Option<Arc<ThreadRules>>, Refusal> {
        self.refresh_rules(thread_id).await?;
        Ok(self.threads.settings(thread_id).map(|(rules, _)| rules.get()))
    }

    /// Gives a loaded thread the rules of the configuration as it is now, if those that it has are out of date.
    async fn refresh_rules(&self, thread_id: &str) -> Result<(), Refusal> {
        self.refresh(thread_id, None).await.map(drop)
    }

    /// The same; returns the requests that passed under the rules before.
    async fn refresh(
        &self,
        thread_id: &str,
        answered: Option<&CancellationToken>,
    ) -> Result<Option<Departing>, Refusal> {
        let version = self.configuration.version();
        let Some((rules, _)) = self.threads.settings(thread_id).filter(|(rules, _)| rules.version() < version) else {
            return Ok(None);
        };
        let Some(stored) = self.store.thread_settings(thread_id).await? else { return Ok(None) };
        let loaded = self.configuration.for_thread(stored.cwd.into(), stored.overrides).await?;
        Ok(Some(rules.set(version, self.shared_rules.of(&loaded.config), answered)))
    }
}
