//! `easel draw`: makes one image from the shell, as a client of a server in the same process.

mod approval;
pub(crate) mod inline;
mod outcome;
mod output;
mod progress;
mod request;
mod session;
mod target;
mod thread;
mod tool;

use std::error::Error;
use std::io::{self, IsTerminal};

use console::Term;
use easel_client::ClientError;
use easel_config::{Environment, Invocation};
use easel_imagegen::approval::UNDECLARED;
use easel_protocol::record::ImageErrorKind;
use serde_json::json;
use tempfile::TempDir;

use self::inline::{InlineMode, TerminalSize};
use self::outcome::Outcome;
use self::output::Delivered;
use self::progress::Progress;
pub(crate) use self::request::DrawOptions;
use self::session::DrawSession;
use super::setup::config;
use super::{Interrupted, error_chain, print, refusal, report, require_provider, to_utf8};
use crate::server::local::{self, Local};

/// Makes the images, and prints their paths. With `--json`, one JSON object is printed in any case.
///
/// # Errors
/// [`UsageError`](super::UsageError) for wrong arguments, [`Interrupted`] if the user stopped it, and any error if the
/// configuration has a problem or no image was made.
pub(crate) fn run(
    environment: &Environment,
    invocation: Invocation,
    options: DrawOptions,
) -> Result<(), Box<dyn Error>> {
    let (is_json, mut is_printed) = (options.json, false);
    let result = draw(environment, invocation, options, &mut is_printed);
    let result = result.map_err(|error| match error.downcast::<ClientError>() {
        Ok(error) => refusal(*error, without_field),
        Err(error) => error,
    });
    if let Err(error) = &result
        && is_json
        && !is_printed
    {
        output::print_json(&Outcome::of_error(error_chain(&**error)), &[])?;
    }
    result
}

/// Returns a message about the input of a turn without the name of its field, which the user does not know.
fn without_field(message: &str) -> String {
    match message.split_once("`: ") {
        Some((field, reason)) if field.starts_with("`input") => reason.to_owned(),
        Some(_) | None => message.to_owned(),
    }
}

/// Makes the images, and prints their paths or, after `is_printed` was set, one JSON object.
fn draw(
    environment: &Environment,
    invocation: Invocation,
    mut options: DrawOptions,
    is_printed: &mut bool,
) -> Result<(), Box<dyn Error>> {
    let (request, target) = options.check(environment)?;
    config::require_no_problem(environment, &invocation)?;
    let (is_terminal, screen) = (io::stderr().is_terminal() && !options.json, Term::stderr());
    let (rows, columns) = screen.size();
    let size = TerminalSize { rows, columns };
    let inline = match options.inline {
        Some(mode) => mode,
        None if is_terminal && Term::stdout().is_term() => InlineMode::detect(environment, options.asks_for_previews),
        None => InlineMode::None,
    };
    let inline = if options.json { InlineMode::None } else { inline };
    // Running the command is the user's choice of the standalone tool. The kill switch turns it off all the same.
    let enable = [vec!["imagegenext".to_owned()], invocation.enable].concat();
    let mut invocation = Invocation { enable, ..invocation };
    // The tool reads files below certain folders only. It gets copies, so that no other file is readable.
    let folder = request.is_direct().then(tempfile::tempdir).transpose()?;
    if let Some(folder) = &folder {
        let folder = folder.path();
        let root = to_utf8(folder).map_err(|error| format!("{error}; set TMPDIR to another folder"))?;
        invocation.overrides.push(format!("images.reference_roots={}", json!([root])));
    }
    local::run(environment, invocation, async |local: Local| {
        let config = local.config();
        request.provider.as_deref().map_or(Ok(()), |id| require_provider(id, &config))?;
        let reference_bytes = config.limits.reference_bytes;
        let Local { connection, mut messages, stopping, .. } = local;
        let progress = Progress::start(is_terminal, inline, size);
        let mut session = DrawSession {
            connection: &connection,
            messages: &mut messages,
            stopping: &stopping,
            progress: &progress,
            reference_bytes,
        };
        session.initialize(io::stdin().is_terminal() && is_terminal).await?;
        let mut outcome = session.run(request, folder.as_ref().map(TempDir::path)).await?;
        outcome.reword(UNDECLARED, "nobody can be asked here; run it on a terminal, or set approval");
        progress.finish();
        let images = std::mem::take(&mut outcome.images);
        let delivered = output::deliver(&connection, images, target.as_ref()).await;
        if options.json {
            *is_printed = true;
            output::print_json(&outcome, &delivered)?;
        }
        for one in &delivered {
            if !options.json {
                inline
                    .show(&one.path, size, 1)
                    .unwrap_or_else(|error| report(&format!("the image cannot be shown: {error}")));
                print(&one.path.display().to_string())?;
                report(&output::facts(&one.image));
            }
        }
        if options.open {
            output::open(delivered.iter().map(|one| &one.path));
        }
        conclude(&outcome, &delivered)
    })
}

/// Returns the result of the command: success if all images are there and copied, unless the user stopped it.
fn conclude(outcome: &Outcome, delivered: &[Delivered]) -> Result<(), Box<dyn Error>> {
    let failure = outcome.error.as_ref().map(output::failure);
    if outcome.was_interrupted {
        let bill = match &outcome.error {
            Some(error) if error.kind == ImageErrorKind::Interrupted => output::bill(error.billed).to_owned(),
            Some(error) => format!("A call failed: {}", output::failure(error)),
            None => outcome.reason.clone().unwrap_or_else(|| "No image call was open.".to_owned()),
        };
        return Err(Interrupted(format!("interrupted. {bill}")).into());
    }
    let mut not_copied = delivered.iter().filter_map(|one| one.copy_error.as_deref()).peekable();
    if not_copied.peek().is_some() {
        failure.iter().for_each(|failure| report(&format!("a call failed: {failure}")));
        let errors = not_copied.collect::<Vec<_>>().join("; ");
        return Err(format!("{errors}. Easel keeps the image.").into());
    }
    match (failure, &outcome.reason) {
        (Some(failure), _) if delivered.is_empty() => Err(failure.into()),
        (Some(failure), _) if outcome.is_image_missing() => Err(format!("an image is missing: {failure}").into()),
        (None, Some(reason)) if delivered.is_empty() => Err(reason.clone().into()),
        (None, None) if delivered.is_empty() => {
            let words = outcome.message.as_deref().unwrap_or("The model said nothing.");
            Err(format!("no image was made. {words}").into())
        }
        (failure, reason) => {
            failure.iter().for_each(|failure| report(&format!("an earlier call failed: {failure}")));
            reason.iter().for_each(|reason| report(reason));
            Ok(())
        }
    }
}
