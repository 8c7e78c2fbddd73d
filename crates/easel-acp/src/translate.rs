//! What becomes of prompts, items and events. Pure, except that pictures are given by the caller.

mod approval;
mod files;
mod history;
mod prompt;
mod settings;
mod tool_call;
mod turn;

#[cfg(test)]
mod tests;

pub(crate) use approval::permission_params;
pub(crate) use history::{item_updates, pictures_of};
pub(crate) use prompt::prompt_input;
pub(crate) use settings::{IMAGE_OPTIONS, settings_sentence};
pub(crate) use tool_call::{Pictures, finished_tool_call, partial_tool_call};
pub(crate) use turn::{Step, TurnTranslation};
