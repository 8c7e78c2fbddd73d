//! Spawns Easel, makes one image and prints its path.
//! `cargo run --package easel-client --example draw -- target/debug/easel "a red square"`

use easel_client::Client;
use easel_protocol::event::Event;
use easel_protocol::handshake::{ClientInfo, InitializeParams};
use easel_protocol::input::UserInput;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{Initialize, ThreadStart, TurnStart};
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::turn::{TurnStartParams, TurnStatus};
use tokio::process::Command;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the example prints its result")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [easel, prompt] = std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "EASEL PROMPT")?;
    let mut command = Command::new(easel);
    command.args(["app-server", "--enable", "imagegenext"]);
    let mut client = Client::spawn(command, Box::new(|_, _| {}))?;
    let client_info = ClientInfo { name: "draw".to_owned(), title: None, version: "1.0.0".to_owned() };
    client.request::<Initialize>(&InitializeParams { client_info, capabilities: None }).await?;
    let thread = client.request::<ThreadStart>(&ThreadStartParams::default()).await?.thread;
    let input = vec![UserInput::Text { text: prompt.into(), text_elements: Vec::new() }];
    let turn = TurnStartParams { thread_id: thread.id, input, ..TurnStartParams::default() };
    client.request::<TurnStart>(&turn).await?;
    let mut images = 0;
    let turn = loop {
        let event = client.next_event().await?.ok_or("the server closed the connection")?;
        if let Event::ItemCompleted(done) = &event
            && let ThreadItem::ImageGeneration(image) = &done.item
        {
            if let Some(error) = &image.error {
                return Err(error.message.clone().into());
            }
            images += image.images.len();
            image.images.iter().for_each(|image| println!("{}", image.path));
        }
        if let Event::TurnCompleted(done) = event {
            break done.turn;
        }
    };
    if turn.status != TurnStatus::Completed || images == 0 {
        return Err(turn.error.map_or("the turn has no image".to_owned(), |error| error.message).into());
    }
    client.close().await?;
    Ok(())
}
