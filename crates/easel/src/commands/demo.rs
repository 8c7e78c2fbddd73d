//! `easel demo`: spawns its own app-server, as a client would, and shows a whole conversation, on the preview provider or
//! on one that the user names.

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

use super::{WrongUsage, print, report};
use crate::credentials::Account;
use crate::credentials::store::LoginStore;
use crate::providers::{Providers, provider_ids};

const DRAW: &str = "Draw a red star over a blue mountain";
const EDIT: &str = "Edit the picture: make the star yellow";

type Failure = Box<dyn Error>;

/// How the conversation is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Story,
    Lines,
}

/// `provider` is looked for in the user's own configuration.
pub(crate) fn run(environment: &Environment, provider: Option<&str>, json: bool) -> Result<(), Failure> {
    let shown = if json { Shown::Lines } else { Shown::Story };
    if let Some(provider) = provider {
        announce(environment, provider, shown)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(converse(provider.unwrap_or(PROVIDER_ID), shown))
}

/// Refuses a provider that cannot be used, and says beforehand what the demo costs.
fn announce(environment: &Environment, id: &str, shown: Shown) -> Result<(), Failure> {
    let home = easel_config::home(environment)?;
    let config = Loader::new(environment.clone(), home.clone(), Invocation::default()).load().config;
    let known = provider_ids(&config);
    if !known.contains(&id) {
        let known = known.join(", ");
        return Err(WrongUsage(format!("there is no provider `{id}`; configured or built in are: {known}")).into());
    }
    let store = LoginStore::new(home.clone(), config.cli_auth_credentials_store);
    let account = Account::open(environment, store);
    let provider = Providers::new(environment.clone(), home, account.into()).get(id, &config);
    if let Some(reason) = provider.unavailable() {
        return Err(reason.into());
    }
    if provider.info().capabilities.bills {
        let warning = format!("This makes two images, which {} may bill.", provider.info().name);
        match shown {
            Shown::Story => print(&warning)?,
            Shown::Lines => report(&warning),
        }
    }
    Ok(())
}

async fn converse(provider: &str, shown: Shown) -> Result<(), Failure> {
    let say = |line: &str| if shown == Shown::Story { print(line) } else { Ok(()) };
    let mut client = connect(provider, shown)?;
    say("A client spawns `easel app-server` and opens the connection.")?;
    let hello = client.request::<Initialize>(&introduction()).await?;
    say(&format!("  server  {}", hello.user_agent))?;
    say(&format!("  tools   {}", hello.tools.join(", ")))?;

    let thread = client.request::<ThreadStart>(&ThreadStartParams::default()).await?;
    let thread_id = thread.thread.id;
    say(&format!("It starts a thread with model {} of provider {}.", thread.model, thread.model_provider))?;
    let mut images = Vec::new();
    for text in [DRAW, EDIT] {
        say("")?;
        say(&format!("  user    {text}"))?;
        images.extend(turn(&mut client, &thread_id, text, shown).await?);
    }
    let (status, _) = client.close().await?;
    if !status.success() {
        return Err(format!("the server ended with {status}").into());
    }

    say("")?;
    say("The server has ended. A new one reads the thread back.")?;
    let mut client = connect(provider, shown)?;
    client.request::<Initialize>(&introduction()).await?;
    let params = ThreadReadParams { thread_id, include_turns: Some(true) };
    let thread = client.request::<ThreadRead>(&params).await?.thread;
    for turn in &thread.turns {
        let kinds: Vec<&str> = turn.items.iter().map(kind).collect();
        say(&format!("  turn    {}", kinds.join(", ")))?;
    }
    client.close().await?;

    if thread.turns.len() != 2 {
        return Err("the thread was not read back whole".into());
    }
    say("")?;
    say("The pictures:")?;
    for image in &images {
        say(&format!("  {}", image.display()))?;
    }
    Ok(())
}

fn connect(provider: &str, shown: Shown) -> Result<Client, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["app-server", "--enable", "imagegenext", "-c", &format!("model_provider={provider:?}")]);
    command.stderr(Stdio::inherit());
    let tap: Tap = Box::new(move |direction, line| {
        if shown == Shown::Lines {
            let arrow = match direction {
                Direction::Sent => "->",
                Direction::Received => "<-",
            };
            // A reader that closed our stdout has seen enough.
            let _ = print(&format!("{arrow} {line}"));
        }
    });
    Ok(Client::spawn(command, tap)?)
}

fn introduction() -> InitializeParams {
    InitializeParams {
        client_info: ClientInfo {
            name: "easel_demo".to_owned(),
            title: Some("Easel demo".to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        capabilities: None,
    }
}

/// One turn, told as it happens. Returns where its images lie, at least one.
async fn turn(client: &mut Client, thread_id: &str, text: &str, shown: Shown) -> Result<Vec<PathBuf>, Failure> {
    let params = TurnStartParams {
        thread_id: thread_id.into(),
        input: vec![UserInput::Text { text: text.into(), text_elements: Vec::new() }],
        client_user_message_id: None,
        cwd: None,
        model: None,
        output_schema: None,
    };
    client.request::<TurnStart>(&params).await?;
    let mut images = Vec::new();
    loop {
        let event = client.event().await?.ok_or("the server closed the connection in mid turn")?;
        if let (Shown::Story, Some(line)) = (shown, story(&event)) {
            print(&line)?;
        }
        if let Event::ItemCompleted(ItemCompletedNotification { item: ThreadItem::ImageGeneration(item), .. }) = event {
            // Nothing is edited, and paid, where nothing was drawn.
            failure(&item)?;
            images.extend(item.images.into_iter().map(|image| PathBuf::from(image.path)));
        } else if let Event::TurnCompleted(TurnCompletedNotification { turn, .. }) = event {
            if turn.status == TurnStatus::Completed && images.is_empty() {
                return Err("the model made no image".into());
            }
            if turn.status == TurnStatus::Completed {
                return Ok(images);
            }
            let reason = turn.error.map_or_else(String::new, |error| error.message);
            return Err(format!("the turn ended as {:?}. {reason}", turn.status).into());
        }
    }
}

/// Why an image was not made, with the names that a client gets.
fn failure(item: &ImageGenerationItem) -> Result<(), Failure> {
    let Some(error) = &item.error else { return Ok(()) };
    let (kind, billed) = (serde_json::to_value(error.kind)?, serde_json::to_value(error.billed)?);
    let name = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Err(format!("the image failed: {}: {} (billed: {})", name(kind), error.message, name(billed)).into())
}

/// What a person wants to know of an event.
fn story(event: &Event) -> Option<String> {
    if let Event::ConfigWarning(warning) = event {
        return Some(format!("  warning {}", warning.summary));
    }
    if let Event::ItemStarted(ItemStartedNotification { item: ThreadItem::ImageGeneration(item), .. }) = event {
        return Some(format!("  image   {} is being made", item.id));
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
        ThreadItem::UserMessage(_) | ThreadItem::Reasoning(_) => None,
    }
}

fn kind(item: &ThreadItem) -> &'static str {
    match item {
        ThreadItem::UserMessage(_) => "user message",
        ThreadItem::AgentMessage(_) => "agent message",
        ThreadItem::Reasoning(_) => "reasoning",
        ThreadItem::ImageGeneration(_) => "image",
    }
}
