//! A provider that follows scripts.
//!
//! The script of a response has one event per line: `reason ID`, `think ID words`, `text ID words`, `call ID prompt`,
//! `edit ID path`, `hosted ID`, `hosted ID of IMAGE`, `preview ID`, `image ID`, `done`, `fail` or `panic`. `wait GATE`
//! waits as for the network, `store GATE` as for the disk. The stream ends with the script.
//!
//! A prompt is a script, too: `wait GATE`, `store GATE`, `panic`, `fail`, `none`, `partly`, `lost N` or `lost N busy`.
//! All other prompts make one image.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{
    Files, FunctionCall, GeneratedImage, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, Preview,
    PreviewSink, Provider, ProviderInfo, ReasoningEvent, ReasoningPart, image_error,
};
use easel_protocol::event::TokenUsage;
use easel_protocol::record::{AppliedImage, Billed, ImageAction, ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::turn::CodexErrorInfo;
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::images::older_image;
use super::log::{Log, LogOnDrop};
use super::store::{preview, stage};

pub(crate) struct FakeProvider {
    pub(crate) info: ProviderInfo,
    pub(crate) log: Log,
    pub(crate) responses: Mutex<VecDeque<&'static str>>,
    pub(crate) auth: Mutex<AuthKind>,
    pub(crate) info_panics: Mutex<bool>,
}

fn generated<F: Files>(files: &F, names: &[&str]) -> GeneratedImages {
    let image = |name: &&str| GeneratedImage {
        staged: stage(files, name),
        revised_prompt: None,
        applied: AppliedImage::default(),
        edit: None,
    };
    let images = names.iter().map(image).collect();
    GeneratedImages { images, usage: None, request_id: None, generation_id: None, attempts: 1, missing: None }
}

impl FakeProvider {
    async fn event<F: Files>(&self, line: &str, files: &F) -> Result<ModelEvent, ModelError> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (id, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let id = id.to_owned();
        let call = |call_id: String, arguments: String| {
            let call_id = call_id.into();
            let namespace = Some("image_gen".to_owned());
            ModelEvent::FunctionCall(FunctionCall { call_id, namespace, name: "imagegen".to_owned(), arguments })
        };
        Ok(match word {
            "reason" => ModelEvent::Reasoning {
                item_id: id.into(),
                event: ReasoningEvent::PartAdded(ReasoningPart::Summary(0)),
            },
            "think" => ModelEvent::Reasoning {
                item_id: id.into(),
                event: ReasoningEvent::Delta { part: ReasoningPart::Summary(0), delta: text.to_owned() },
            },
            "text" => ModelEvent::Message { item_id: id.into(), text: text.to_owned() },
            "call" if text.starts_with('{') => call(id, text.to_owned()),
            "call" => call(id, json!({ "prompt": text }).to_string()),
            "edit" => call(id, json!({ "prompt": "change it", "images": [text] }).to_string()),
            "hosted" => {
                let parameters = AppliedImage::default();
                let requested = RequestedImage { action: ImageAction::Generate, prompt: "x".to_owned(), parameters };
                let references = text.strip_prefix("of ").map(|name| older_image(name).reference).into_iter().collect();
                ModelEvent::HostedStarted { call_id: id.into(), requested, references }
            }
            "preview" => ModelEvent::HostedPreview {
                preview: Preview { index: 0, staged: preview(files, &id) },
                call_id: id.into(),
            },
            "image" => ModelEvent::HostedEnded { outcome: Ok(generated(files, &[&id])), call_id: id.into() },
            "done" => ModelEvent::Completed { usage: TokenUsage { total_tokens: 10, ..TokenUsage::default() } },
            "fail" => {
                let message = "the model is gone".to_owned();
                return Err(ModelError { message, info: CodexErrorInfo::RateLimitExceeded, was_refused: true });
            }
            "panic" => panic!("the provider panics while it responses"),
            other => panic!("unknown event: {other}"),
        })
    }
}

impl Provider for FakeProvider {
    fn info(&self) -> &ProviderInfo {
        let panics = *self.info_panics.lock().unwrap();
        assert!(!panics, "the provider panics");
        &self.info
    }

    fn auth(&self) -> AuthKind {
        *self.auth.lock().unwrap()
    }

    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send {
        self.log.add(format!("request with {} items, {} tools", request.input.len(), request.tools.len()));
        drop(request.gate.acquire());
        let script = self.responses.lock().unwrap().pop_front().expect("a script for every request");
        assert_ne!(script, "panic at once");
        let lines: VecDeque<&str> = script.lines().map(str::trim).collect();
        let open = LogOnDrop::new(&self.log, "close response".to_owned());
        stream::unfold((lines, open), move |(mut lines, open)| {
            let (files, stop) = (Arc::clone(&files), stop.clone());
            async move {
                let mut line = lines.pop_front()?;
                loop {
                    if let Some(gate) = line.strip_prefix("wait ") {
                        stop.run_until_cancelled(self.log.wait_at(gate)).await?;
                    } else if let Some(gate) = line.strip_prefix("store ") {
                        self.log.add(format!("begin to store at {gate}"));
                        self.log.wait_at(gate).await;
                    } else {
                        break;
                    }
                    line = lines.pop_front()?;
                }
                Some((self.event(line, &*files).await, (lines, open)))
            }
        })
    }

    async fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: PreviewSink,
        stop: CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        let call_id = job.item_id;
        let references: Vec<String> = job.references.iter().map(|image| image.path.display().to_string()).collect();
        self.log.add(format!("make {call_id} of {references:?}"));
        let mut open = LogOnDrop::new(&self.log, format!("drop make {call_id}"));
        let prompt = &job.requested.prompt;
        for index in 0..job.partial_images {
            previews(Preview { index, staged: preview(&*files, &format!("{call_id}-{index}")) });
        }
        if let Some(gate) = prompt.strip_prefix("wait ") {
            tokio::select! {
                biased;
                () = self.log.wait_at(gate) => {}
                () = stop.cancelled() => {
                    let billed = if self.info.capabilities.bills { Billed::Uncertain } else { Billed::No };
                    let request_id = Some(format!("req_{call_id}"));
                    let error = image_error(ImageErrorKind::Interrupted, "it was stopped");
                    return Err(ImageError { billed, request_id, attempts: 1, ..error });
                }
            }
        }
        if let Some(gate) = prompt.strip_prefix("store ") {
            self.log.add(format!("begin to store {call_id}"));
            self.log.wait_at(gate).await;
        }
        open.disarm();
        if let Some((lost, rest)) = prompt.strip_prefix("lost ").map(|lost| lost.split_once(' ').unwrap_or((lost, "")))
        {
            let is_lost = self.log.count(&format!("make {call_id}")) <= lost.parse().unwrap();
            let billed = if is_lost && self.info.capabilities.bills { Billed::Uncertain } else { Billed::No };
            let kind = if is_lost { ImageErrorKind::Network } else { ImageErrorKind::RateLimited };
            if is_lost || rest == "busy" {
                return Err(ImageError { billed, attempts: 1, ..image_error(kind, "no image") });
            }
        }
        match prompt.as_str() {
            "panic" => panic!("the provider panics during a call"),
            "none" => Ok(generated(&*files, &[])),
            "partly" => {
                let missing = Some(Box::new(image_error(ImageErrorKind::Timeout, "the second is missing")));
                Ok(GeneratedImages { missing, ..generated(&*files, &[&call_id]) })
            }
            "fail" => Err(ImageError {
                billed: Billed::Yes,
                ..image_error(ImageErrorKind::ModerationBlocked, "the prompt was refused")
            }),
            _ => {
                self.log.add(format!("made {call_id}"));
                Ok(generated(&*files, &[&call_id]))
            }
        }
    }
}
