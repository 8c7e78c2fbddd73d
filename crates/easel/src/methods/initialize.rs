use easel_protocol::PEER_VERSION;
use easel_protocol::handshake::{ImageResult, InitializeParams, InitializeResponse};
use easel_protocol::method::Initialize;

use crate::app::Cx;
use crate::given;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for Initialize {
    async fn handle(cx: Cx, params: InitializeParams) -> Result<Answer<InitializeResponse>, Refusal> {
        let name = given::name("clientInfo.name", Some(params.client_info.name))?.unwrap_or_default();
        let response = InitializeResponse {
            user_agent: user_agent(&name),
            codex_home: cx.app.home.display().to_string(),
            platform_family: std::env::consts::FAMILY.to_owned(),
            platform_os: std::env::consts::OS.to_owned(),
            tools: cx.app.offered().names(),
        };
        let image_result = match cx.app.config().wire.image_result {
            easel_config::ImageResult::None => ImageResult::None,
            easel_config::ImageResult::Inline => ImageResult::Inline,
        };
        cx.client.greet(name, params.capabilities.unwrap_or_default(), image_result);
        cx.app.hub.connections().join(&cx.client);
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
