//! The parser of a model's response, without network.

use std::sync::{Arc, LazyLock};

use easel_imagegen::history::History;
use easel_imagegen::model_copy::ModelCopies;
use easel_imagegen::port::{Files, ModelError, ModelEvent, ModelRequest, Reasoning, SendGate};
use easel_imagegen::preset::Preset;
use easel_imagegen::strip::Metadata;
use easel_protocol::tool::ToolExposure;
use tokio_util::sync::CancellationToken;

use super::{OpenStream, Phase, ResponseState, ResponseStream};
use crate::fuzzing::{FixedCredentials, redactor};
use crate::http::{ApiClient, Destination, Endpoint, OpenResponse};
use crate::profile::ApiProfile;
use crate::responses::body::ConversationBody;
use crate::responses::model_call::ModelCall;
use crate::responses::prompt_cache::CacheFields;
use crate::responses::{Refusals, ResponsesApi};
use crate::settings::{Retries, Timeouts};

/// Reads a response to a request that offered the hosted tool, which is never sent again. Must be called within a
/// runtime.
///
/// # Errors
/// The error after the events, if the response is not complete.
pub async fn read_model_response<F: Files>(
    response: reqwest::Response,
    files: Arc<F>,
) -> (Vec<ModelEvent>, Result<(), ModelError>) {
    // No request is sent there: the credential does not go over plain HTTP.
    static CLIENT: LazyLock<ApiClient<FixedCredentials>> = LazyLock::new(|| ApiClient {
        provider_id: "fuzzing".to_owned(),
        profile: ApiProfile::from_preset(Preset::Openai),
        endpoint: Endpoint::new(
            reqwest::Url::parse("http://192.0.2.1/v1").unwrap_or_else(|error| panic!("{error}")),
            Timeouts::default().connect,
        ),
        credentials: FixedCredentials,
    });
    let refusals = Refusals::default();
    let api = ResponsesApi {
        client: &CLIENT,
        timeouts: Timeouts::default(),
        retries: Retries { request: 0, stream: 0 },
        refusals: &refusals,
    };
    let request = request();
    let body = ConversationBody::new(&request, CacheFields::default(), Metadata::Strip, true)
        .unwrap_or_else(|error| panic!("{error}"));
    let call = ModelCall::new(&api, request, body, Arc::clone(&files));
    let response = OpenResponse { response, redactor: redactor(), destination: Destination::default(), attempt: None };
    let state = ResponseState::new(call.context(&response));
    let stream = OpenStream::new(response, "fuzzing".to_owned(), call.exposure, Arc::clone(&files), state);
    let mut stream = ResponseStream {
        phase: Phase::Receiving(Box::new(stream)),
        ..ResponseStream::new(api, call, files, CancellationToken::new())
    };
    let mut events = Vec::new();
    loop {
        match stream.next().await {
            Some(Ok(event)) => events.push(event),
            Some(Err(error)) => return (events, Err(error)),
            None => return (events, Ok(())),
        }
    }
}

fn request() -> ModelRequest {
    ModelRequest {
        thread_id: "thread".into(),
        model: "model".to_owned(),
        instructions: String::new(),
        reasoning: Reasoning::default(),
        output_schema: None,
        originator: String::new(),
        history: History::default(),
        input: Vec::new(),
        copies: ModelCopies::new(),
        images: Vec::new(),
        exposure: ToolExposure::Hosted,
        tools: Vec::new(),
        partial_images: 3,
        gate: SendGate::open(),
    }
}
