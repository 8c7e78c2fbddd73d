//! The embedded preview provider: a rule instead of a model, and a renderer instead of an image model.
//!
//! It needs no network and no key, so that a client can be written, tried and tested without either. Its pictures are
//! real PNG files, and each says on its face that no model made it.
//!
//! It must not know disk, clock, network or JSON-RPC: what it makes follows from its inputs alone. Files come and go
//! through the port; time only passes where somebody rehearses a slow provider.
//!
//! Start reading at [`PreviewProvider`] for the way of a turn, or at [`draw()`], whose `compose` is the picture from
//! back to front.
#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests compare files"))]

mod provider;

mod answer;
mod conversation;
mod rule;

mod making;
mod wish;

mod draw;

mod palette;
mod subject;

mod ground;
mod scene;
mod shapes;

mod inset;
mod reference;

mod card;
mod layout;
mod text;

mod brush;

pub use draw::{DEFAULT_SIDE, DrawError, MAX_SIDE, MIN_SIDE, Picture, Reference, draw};
pub use provider::{Billing, IMAGE_MODEL, MODEL, PROVIDER_ID, PreviewOptions, PreviewProvider};
pub use reference::MAX_REFERENCE_PIXELS;
pub use rule::{Outcome, Rule, closing_sentence, plan};
