//! The embedded preview provider: a rule instead of a model, and a renderer instead of an image model.
//!
//! It needs neither network nor key, so a client can be written and tested without them. Its pictures are real PNG
//! files with a visible note that no model made them.
//!
//! The rule and the renderer are pure: the same inputs give the same text and the same bytes. `clippy.toml` forbids
//! clocks, files, environment, randomness and tasks. Only [`PreviewProvider`], the implementation of the provider port,
//! is exempt: it waits on tokio's clock to simulate a slow provider and draws on blocking threads. Image files are read
//! and written through the port.
//!
//! Start at [`PreviewProvider`] for the steps of a turn, or at [`draw()`] for the renderer.

mod provider;

mod conversation;
mod response;
mod rule;

mod job;
mod size;

mod draw;

mod base;
mod note;
mod plan;
mod scene;

mod art;
mod palette;
mod shapes;

mod inset;
mod reference;

mod card;
mod layout;
mod text;

mod brush;

pub use draw::{DEFAULT_SIDE, DrawError, MAX_SIDE, MIN_SIDE, Picture, Reference, draw};
pub use provider::{Billing, IMAGE_MODEL, MODEL, PROVIDER_ID, PreviewOptions, PreviewProvider};
pub use rule::Drawer;
