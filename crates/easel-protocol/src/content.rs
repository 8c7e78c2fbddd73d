//! What a turn consists of: the user's input, its items, the records of its images, and the model's own history.

pub mod input;
pub mod item;
pub mod record;
pub mod response_item;
