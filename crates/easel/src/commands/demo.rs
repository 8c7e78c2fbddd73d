//! `easel demo`: spawns an app-server, as a client would, and shows a whole conversation with the preview or with a
//! provider that the user names.

use std::error::Error;
use std::path::PathBuf;
use std::process::Stdio;

use easel_client::{Client, Direction, Tap};
use easel_config::{Environment, Invocation, Loader};
use easel_imagegen::port::Provider;
use easel_preview::PROVIDER_ID;
use easel_protocol::event::{Event, ItemCompletedNotification, ItemStartedNotification, TurnCompletedNotification};
use easel_protocol::handshake::{ClientInfo, InitializeParams};
use easel_protocol::input::UserInput;
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::method::{Initialize, ThreadRead, ThreadStart, TurnStart};
use easel_protocol::thread::{ThreadReadParams, ThreadStartParams};
use easel_protocol::turn::{TurnStartParams, TurnStatus};
use tokio::process::Command;

use super::{print, report, require_provider};
use crate::credentials::{Account, LoginStore};
use crate::providers::Providers;

const DRAW: &str = "Draw a red star over a blue mountain";
const EDIT: &str = "Edit the image: make the star yellow";

/// How the conversation is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// As text for people.
    Text,
    /// As JSON-RPC messages with their direction, one JSON object a line.
    Json,
}

/// Runs the demo with the preview, or with `provider` from the user's configuration.
///
/// # Errors
/// If the provider does not exist or cannot be used, or if a turn fails.
pub(crate) fn run(
    environment: &Environment,
    invocation: Invocation,
    provider: Option<&str>,
    json: bool,
) -> Result<(), Box<dyn Error>> {
    let format = if json { Format::Json } else { Format::Text };
    let invocation = choose_provider(invocation, provider);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        check_provider(environment, &invocation, provider, format).await?;
        converse(&invocation, format).await
    })
}

/// Sets the provider: `provider`, else the one of a `-c` option, else the preview.
fn choose_provider(invocation: Invocation, provider: Option<&str>) -> Invocation {
    let set = |id: &str| format!("model_provider={id:?}");
    let mut overrides = vec![set(PROVIDER_ID)];
    overrides.extend(invocation.overrides);
    overrides.extend(provider.map(set));
    let enable = [vec!["imagegenext".to_owned()], invocation.enable].concat();
    Invocation { overrides, enable, ..invocation }
}

/// Checks that `provider`, or that of the configuration, can be used, and prints a warning if it bills its images.
async fn check_provider(
    environment: &Environment,
    invocation: &Invocation,
    provider: Option<&str>,
    format: Format,
) -> Result<(), Box<dyn Error>> {
    let home = easel_config::home(environment)?;
    let config = Loader::new(environment.clone(), home.clone(), invocation.clone()).load().config;
    let id = provider.or(config.model_provider.as_deref()).unwrap_or(PROVIDER_ID);
    require_provider(id, &config)?;
    let store = LoginStore::new(home.clone(), config.cli_auth_credentials_store);
    let account = Account::open(environment, store);
    let provider = Providers::new(environment.clone(), home, account.into()).get(id, &config);
    provider.check_credential().await?;
    let images = provider.image_info();
    if images.capabilities.bills {
        let warning = format!("This makes two images, which {} may bill.", images.name);
        match format {
            Format::Text => print(&warning)?,
            Format::Json => report(&warning),
        }
    }
    Ok(())
}

async fn converse(invocation: &Invocation, format: Format) -> Result<(), Box<dyn Error>> {
    let narrate = |line: &str| if format == Format::Text { print(line) } else { Ok(()) };
    let mut client = connect(invocation, format)?;
    narrate("A client spawns `easel app-server` and opens the connection.")?;
    let server = client.request::<Initialize>(&initialize_params()).await?;
    narrate(&format!("  server  {}", server.user_agent))?;
    let tools = if server.tools.is_empty() { "none".to_owned() } else { server.tools.join(", ") };
    narrate(&format!("  tools   {tools}"))?;

    let thread = client.request::<ThreadStart>(&ThreadStartParams::default()).await?;
    let thread_id = thread.thread.id;
    narrate(&format!("It starts a thread with model {} of provider {}.", thread.model, thread.model_provider))?;
    let mut images = Vec::new();
    for text in [DRAW, EDIT] {
        narrate("")?;
        narrate(&format!("  user    {text}"))?;
        images.extend(run_turn(&mut client, &thread_id, text, format).await?);
    }
    let (status, _) = client.close().await?;
    if !status.success() {
        return Err(format!("the server exited with {status}").into());
    }

    narrate("")?;
    narrate("The server has exited. A new one reads the thread back.")?;
    let mut client = connect(invocation, format)?;
    client.request::<Initialize>(&initialize_params()).await?;
    let params = ThreadReadParams { thread_id, include_turns: Some(true) };
    let thread = client.request::<ThreadRead>(&params).await?.thread;
    for turn in &thread.turns {
        let kinds: Vec<&str> = turn.items.iter().map(item_kind).collect();
        narrate(&format!("  turn    {}", kinds.join(", ")))?;
    }
    client.close().await?;

    if thread.turns.len() != 2 {
        return Err("the thread that was read back is incomplete".into());
    }
    narrate("")?;
    narrate("The images, which stay in your history:")?;
    for image in &images {
        narrate(&format!("  {}", image.display()))?;
    }
    Ok(())
}

fn connect(invocation: &Invocation, format: Format) -> Result<Client, Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("app-server").stderr(Stdio::inherit());
    let Invocation { overrides, enable, disable, profile } = invocation;
    for (option, values) in [("-c", overrides), ("--enable", enable), ("--disable", disable)] {
        for value in values {
            command.args([option, value]);
        }
    }
    if let Some(name) = profile {
        command.args(["--profile", name]);
    }
    let tap: Tap = Box::new(move |direction, line| {
        if format == Format::Json {
            let direction = match direction {
                Direction::Sent => "sent",
                Direction::Received => "received",
            };
            // A closed stdout does not stop the demo.
            let _ = print(&format!(r#"{{"direction":"{direction}","message":{line}}}"#));
        }
    });
    Ok(Client::spawn(command, tap)?)
}

fn initialize_params() -> InitializeParams {
    InitializeParams {
        client_info: ClientInfo {
            name: "easel_demo".to_owned(),
            title: Some("Easel demo".to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        capabilities: None,
    }
}

/// Runs one turn and prints its progress. Returns the paths of its images, at least one.
async fn run_turn(
    client: &mut Client,
    thread_id: &str,
    text: &str,
    format: Format,
) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let params = TurnStartParams {
        thread_id: thread_id.into(),
        input: vec![UserInput::Text { text: text.into(), text_elements: Vec::new() }],
        ..TurnStartParams::default()
    };
    client.request::<TurnStart>(&params).await?;
    let mut images = Vec::new();
    loop {
        let event = client.next_event().await?.ok_or("the server disconnected during the turn")?;
        if let (Format::Text, Some(line)) = (format, describe(&event)) {
            print(&line)?;
        }
        if let Event::ItemCompleted(ItemCompletedNotification { item: ThreadItem::ImageGeneration(item), .. }) = event {
            // Without the first image, the edit would cost money for nothing.
            check_image(&item)?;
            images.extend(item.images.into_iter().map(|image| PathBuf::from(image.path)));
        } else if let Event::TurnCompleted(TurnCompletedNotification { turn, .. }) = event {
            if turn.status == TurnStatus::Completed && images.is_empty() {
                return Err("the turn completed without an image".into());
            }
            if turn.status == TurnStatus::Completed {
                return Ok(images);
            }
            let reason = turn.error.map_or_else(String::new, |error| error.message);
            let outcome = if turn.status == TurnStatus::Interrupted { "was interrupted" } else { "failed" };
            return Err(format!("the turn {outcome}: {reason}").into());
        }
    }
}

/// Returns an error if the image failed, with the names of the protocol for its kind and whether it was billed.
fn check_image(item: &ImageGenerationItem) -> Result<(), Box<dyn Error>> {
    let Some(error) = &item.error else { return Ok(()) };
    let (kind, billed) = (serde_json::to_value(error.kind)?, serde_json::to_value(error.billed)?);
    let name = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Err(format!("the image failed: {}: {} (billed: {})", name(kind), error.message, name(billed)).into())
}

/// Describes an event for people; `None` if the demo does not show it.
fn describe(event: &Event) -> Option<String> {
    if let Event::ConfigWarning(warning) = event {
        return Some(format!("  warning {}", warning.summary));
    }
    if let Event::Warning(warning) = event {
        return Some(format!("  warning {}", warning.message));
    }
    if let Event::ItemStarted(ItemStartedNotification { item: ThreadItem::ImageGeneration(item), .. }) = event {
        return Some(format!("  image   {} started", item.id));
    }
    let Event::ItemCompleted(ItemCompletedNotification { item, .. }) = event else { return None };
    match item {
        ThreadItem::ImageGeneration(item) if item.status == ImageStatus::Completed => {
            let image = item.images.first()?;
            let (facts, inputs) = (&image.facts, image.inputs.len());
            Some(format!(
                "  image   done: {}x{}, {} KiB, {inputs} reference{}, {} ms",
                facts.width,
                facts.height,
                facts.bytes / 1024,
                if inputs == 1 { "" } else { "s" },
                image.elapsed_ms
            ))
        }
        ThreadItem::ImageGeneration(_) => Some("  image   failed".to_owned()),
        ThreadItem::AgentMessage(message) => {
            let words: Vec<&str> = message.text.split_whitespace().collect();
            Some(format!("  model   {}", words.join(" ")))
        }
        ThreadItem::UserMessage(_) | ThreadItem::Reasoning(_) | ThreadItem::ContextCompaction(_) => None,
    }
}

fn item_kind(item: &ThreadItem) -> &'static str {
    match item {
        ThreadItem::UserMessage(_) => "user message",
        ThreadItem::AgentMessage(_) => "agent message",
        ThreadItem::Reasoning(_) => "reasoning",
        ThreadItem::ImageGeneration(_) => "image",
        ThreadItem::ContextCompaction(_) => "compaction",
    }
}
