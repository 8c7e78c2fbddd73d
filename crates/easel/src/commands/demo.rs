//! `easel demo`: spawns its own app-server, as a client would, and shows a whole conversation on the preview provider.

use std::error::Error;
use std::path::PathBuf;
use std::process::Stdio;

use easel_client::{Client, Direction, Tap};
use easel_protocol::event::{Event, ItemCompletedNotification, ItemStartedNotification, TurnCompletedNotification};
use easel_protocol::handshake::{ClientInfo, InitializeParams};
use easel_protocol::input::UserInput;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::method::{Initialize, ThreadRead, ThreadStart, TurnStart};
use easel_protocol::thread::{ThreadReadParams, ThreadStartParams};
use easel_protocol::turn::{TurnStartParams, TurnStatus};
use tokio::process::Command;

use super::print;

const DRAW: &str = "Draw a red star over a blue mountain";
const EDIT: &str = "Edit the picture: make the star yellow";

type Failure = Box<dyn Error>;

/// How the conversation is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Story,
    Lines,
}

pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let shown = if json { Shown::Lines } else { Shown::Story };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(converse(shown))
}

async fn converse(shown: Shown) -> Result<(), Failure> {
    let say = |line: &str| if shown == Shown::Story { print(line) } else { Ok(()) };
    let mut client = connect(shown)?;
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
    let mut client = connect(shown)?;
    client.request::<Initialize>(&introduction()).await?;
    let params = ThreadReadParams { thread_id, include_turns: Some(true) };
    let thread = client.request::<ThreadRead>(&params).await?.thread;
    for turn in &thread.turns {
        let kinds: Vec<&str> = turn.items.iter().map(kind).collect();
        say(&format!("  turn    {}", kinds.join(", ")))?;
    }
    client.close().await?;

    if thread.turns.len() != 2 || images.len() != 2 {
        return Err("the demo ended without its two pictures".into());
    }
    say("")?;
    say("The pictures:")?;
    for image in &images {
        say(&format!("  {}", image.display()))?;
    }
    Ok(())
}

fn connect(shown: Shown) -> Result<Client, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["app-server", "--enable", "imagegenext", "-c", "model_provider=\"preview\""]);
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

/// One turn, told as it happens. Returns where its images lie.
async fn turn(client: &mut Client, thread_id: &str, text: &str, shown: Shown) -> Result<Vec<PathBuf>, Failure> {
    let params = TurnStartParams {
        thread_id: thread_id.to_owned(),
        input: vec![UserInput::Text { text: text.to_owned(), text_elements: Vec::new() }],
        client_user_message_id: None,
        cwd: None,
        model: None,
    };
    client.request::<TurnStart>(&params).await?;
    let mut images = Vec::new();
    loop {
        let event = client.event().await?.ok_or("the server closed the connection in mid turn")?;
        if let (Shown::Story, Some(line)) = (shown, story(&event)) {
            print(&line)?;
        }
        if let Event::ItemCompleted(ItemCompletedNotification { item: ThreadItem::ImageGeneration(item), .. }) = event {
            images.extend(item.images.into_iter().map(|image| PathBuf::from(image.path)));
        } else if let Event::TurnCompleted(TurnCompletedNotification { turn, .. }) = event {
            if turn.status == TurnStatus::Completed {
                return Ok(images);
            }
            let reason = turn.error.map_or_else(String::new, |error| error.message);
            return Err(format!("the turn ended as {:?}. {reason}", turn.status).into());
        }
    }
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
        ThreadItem::ImageGeneration(item) => item.error.as_ref().map(|error| format!("  image   {}", error.message)),
        ThreadItem::AgentMessage(message) => Some(format!("  model   {}", message.text)),
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
