//! What each method does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use easel_protocol::account::{GetAccountParams, LogoutAccountParams};
use easel_protocol::handshake::{ClientCapabilities, ClientInfo, ImageResult, InitializeParams as AppInitializeParams};
use easel_protocol::id::ThreadId;
use easel_protocol::method::{
    AccountLogout, AccountRead, Initialize, ModelList, ThreadDelete, ThreadResume, ThreadStart, ThreadUnsubscribe,
};
use easel_protocol::model::ModelListParams;
use easel_protocol::thread::{ThreadDeleteParams, ThreadResumeParams, ThreadStartParams, ThreadUnsubscribeParams};
use easel_rpc::{ErrorObjectOwned, auth_required, invalid_params};

use super::errors::app_error;
use super::{Agent, Opened, Session};
use crate::schema::{
    AgentCapabilities, AuthMethod, AuthenticateParams, Implementation, InitializeParams, InitializeResponse,
    NewSessionParams, NewSessionResponse, OpenSessionParams, OpenSessionResponse, PROTOCOL_VERSION, PromptCapabilities,
    SetConfigOptionParams,
};

/// How a user logs in.
const LOGIN_HINT: &str = "run `easel login --with-api-key`, or set OPENAI_API_KEY, and try again";

/// The method `authenticate`: checks that the app-server has what it needs.
const AUTH_BY_AGENT: AuthMethod = AuthMethod {
    kind: None,
    id: "easel",
    name: "Easel's own login",
    description: "Uses the key that `easel login --with-api-key` has stored, or that of the environment. The built-in preview needs none.",
    args: &[],
};

/// The login in a terminal, for clients that can open one.
const AUTH_BY_TERMINAL: AuthMethod = AuthMethod {
    kind: Some("terminal"),
    id: "easel-login",
    name: "Enter an API key",
    description: "Stores an API key with `easel acp --login`.",
    args: &["--login"],
};

impl Agent {
    /// Opens both connections to the app-server in the name of the client.
    pub(crate) async fn initialize(&self, params: InitializeParams) -> Result<InitializeResponse, ErrorObjectOwned> {
        let (name, version) = params.client();
        let text = |text: Option<&str>| {
            let plain = text.unwrap_or_default().chars().filter(|c| !c.is_control()).take(64).collect::<String>();
            if plain.trim().is_empty() { "acp".to_owned() } else { plain }
        };
        let client_info = ClientInfo { name: text(name), title: None, version: text(version) };
        let capabilities = ClientCapabilities {
            request_permissions_approval: Some(true),
            // Updates have their own pictures.
            image_result: Some(ImageResult::None),
            ..ClientCapabilities::default()
        };
        let params_of_app = AppInitializeParams { client_info, capabilities: Some(capabilities) };
        for connection in [&self.app, &self.reads] {
            connection.request::<Initialize>(&params_of_app).await.map_err(app_error)?;
        }
        let mut auth_methods = vec![AUTH_BY_AGENT];
        auth_methods.extend(params.has_terminal_login().then_some(AUTH_BY_TERMINAL));
        Ok(InitializeResponse {
            protocol_version: PROTOCOL_VERSION,
            agent_capabilities: AgentCapabilities {
                load_session: true,
                prompt_capabilities: PromptCapabilities { image: true, audio: false, embedded_context: true },
                ..AgentCapabilities::default()
            },
            auth_methods,
            agent_info: Implementation { name: "easel", title: "Easel", version: self.version },
        })
    }

    /// Succeeds if the provider in use needs no credential of OpenAI, or there is one.
    pub(crate) async fn authenticate(&self, params: AuthenticateParams) -> Result<(), ErrorObjectOwned> {
        if params.method_id != AUTH_BY_AGENT.id {
            return Err(invalid_params("methodId", "is not a method of `authenticate`"));
        }
        self.check_account().await
    }

    async fn check_account(&self) -> Result<(), ErrorObjectOwned> {
        let account = self.reads.request::<AccountRead>(&GetAccountParams::default()).await.map_err(app_error)?;
        match account.account {
            None if account.requires_openai_auth => {
                Err(auth_required(&format!("Easel has no API key for its provider: {LOGIN_HINT}")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Removes the stored key.
    pub(crate) async fn log_out(&self) -> Result<(), ErrorObjectOwned> {
        self.reads.request::<AccountLogout>(&LogoutAccountParams::default()).await.map_err(app_error)?;
        Ok(())
    }

    /// Starts a thread.
    pub(crate) async fn new_session(
        self: &Arc<Self>,
        params: NewSessionParams,
    ) -> Result<NewSessionResponse, ErrorObjectOwned> {
        check_cwd(&params.cwd)?;
        self.check_account().await?;
        let permit = self.reserve_session()?;
        let start = ThreadStartParams { cwd: Some(params.cwd), ..ThreadStartParams::default() };
        let started = self.app.request::<ThreadStart>(&start).await.map_err(app_error)?;
        let opened = Opened { cwd: PathBuf::from(started.cwd), model: started.model };
        let session = self.open(started.thread.id, opened, Some(permit))?;
        self.read_models(&session).await;
        let mut choices = session.choices.lock();
        choices.untitled = true;
        let config_options = choices.options(&session.opened.lock().model);
        drop(choices);
        Ok(NewSessionResponse { session_id: session.id.clone(), config_options })
    }

    /// Loads a stored thread, and sends its history if `replay` is set.
    pub(crate) async fn open_session(
        self: &Arc<Self>,
        params: OpenSessionParams,
        replay: bool,
    ) -> Result<OpenSessionResponse, ErrorObjectOwned> {
        check_cwd(&params.cwd)?;
        let is_open = self.find_session(params.session_id.as_str()).is_some();
        let permit = if is_open { None } else { Some(self.reserve_session()?) };
        let resume = ThreadResumeParams {
            thread_id: params.session_id,
            cwd: Some(params.cwd),
            model: None,
            model_provider: None,
            config: None,
            base_instructions: None,
            developer_instructions: None,
            exclude_turns: Some(true),
            experimental_raw_events: None,
        };
        let resumed = self.app.request::<ThreadResume>(&resume).await.map_err(app_error)?.settings;
        let opened = Opened { cwd: PathBuf::from(resumed.cwd), model: resumed.model };
        let session = self.open(resumed.thread.id, opened, permit)?;
        self.read_models(&session).await;
        if replay {
            self.replay(&session.id).await?;
        }
        let config_options = session.choices.lock().options(&session.opened.lock().model);
        Ok(OpenSessionResponse { config_options })
    }

    /// Interrupts the prompt of a session and closes it.
    pub(crate) async fn close_session(&self, id: &ThreadId) -> Result<(), ErrorObjectOwned> {
        let session = self.session(id.as_str())?;
        let stopped = session.stop().await?;
        self.close(&session);
        drop(stopped);
        let params = ThreadUnsubscribeParams { thread_id: id.clone() };
        self.app.request::<ThreadUnsubscribe>(&params).await.map_err(app_error)?;
        Ok(())
    }

    /// Deletes a stored session, open or not.
    pub(crate) async fn delete_session(&self, id: ThreadId) -> Result<(), ErrorObjectOwned> {
        let session = self.find_session(id.as_str());
        let stopped = match &session {
            Some(session) => Some(session.stop().await?),
            None => None,
        };
        let params = ThreadDeleteParams { thread_id: id };
        self.app.request::<ThreadDelete>(&params).await.map_err(app_error)?;
        if let Some(session) = session {
            self.close(&session);
        }
        drop(stopped);
        Ok(())
    }

    /// Chooses a value of an option.
    pub(crate) fn choose(&self, params: SetConfigOptionParams) -> Result<OpenSessionResponse, ErrorObjectOwned> {
        let session = self.session(params.session_id.as_str())?;
        let mut choices = session.choices.lock();
        choices.choose(&params.config_id, params.value)?;
        Ok(OpenSessionResponse { config_options: choices.options(&session.opened.lock().model) })
    }

    /// Reads the models that the user can choose. Without a list there is only the current one.
    async fn read_models(&self, session: &Session) {
        let models = match self.reads.request::<ModelList>(&ModelListParams::default()).await {
            Ok(page) => page.data.into_iter().map(|model| (model.model, model.display_name)).collect(),
            Err(error) => {
                tracing::warn!(%error, "the models cannot be listed");
                Vec::new()
            }
        };
        session.choices.lock().set_models(models, &session.opened.lock().model);
    }
}

fn check_cwd(cwd: &str) -> Result<(), ErrorObjectOwned> {
    if Path::new(cwd).is_absolute() { Ok(()) } else { Err(invalid_params("cwd", "must be an absolute path")) }
}
