use easel_imagegen::port::Provider;
use easel_imagegen::spec;
use easel_protocol::PEER_VERSION;
use easel_protocol::handshake::{ImageResult, InitializeParams, InitializeResponse};
use easel_protocol::method::Initialize;
use easel_protocol::tool::ToolExposure;

use crate::app::{App, Cx};
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;
use crate::rules::thread_rules;

impl Handler for Initialize {
    async fn handle(cx: Cx, params: InitializeParams) -> Result<Answer<InitializeResponse>, Refusal> {
        let response = InitializeResponse {
            user_agent: user_agent(&params.client_info.name),
            codex_home: cx.app.home.display().to_string(),
            platform_family: std::env::consts::FAMILY.to_owned(),
            platform_os: std::env::consts::OS.to_owned(),
            tools: offered(&cx.app),
        };
        let image_result = match cx.app.config().wire.image_result {
            easel_config::ImageResult::None => ImageResult::None,
            easel_config::ImageResult::Inline => ImageResult::Inline,
        };
        cx.client.greet(params, image_result);
        Ok(Answer::then(response, async move {
            for warning in cx.app.warnings() {
                cx.app.hub.tell(&cx.client, &warning).await;
            }
        }))
    }
}

/// Clients read the first version in it and refuse old ones, so the protocol's comes before ours.
fn user_agent(client: &str) -> String {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{client}/{PEER_VERSION} ({os}; {arch}) easel/{}", env!("CARGO_PKG_VERSION"))
}

fn offered(app: &App) -> Vec<String> {
    let provider = app.default_provider();
    let model = super::model_list::default_model(provider.info(), app.config());
    let name = match thread_rules(app.config()).decide(&*provider, &model).exposure {
        ToolExposure::Standalone => Some(spec::STANDALONE_NAME),
        ToolExposure::Hosted => Some(spec::HOSTED_NAME),
        ToolExposure::None => None,
    };
    name.map(str::to_owned).into_iter().collect()
}
