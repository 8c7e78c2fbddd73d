//! Complete responses over a real connection.

mod fixture;

mod body;
mod copies;
mod faults;
mod hosted;
mod image_limit;
mod kept_images;
mod once;
mod prompt_cache;
mod reasoning;
mod sending;
mod stalled;
mod text;
mod truncated_images;
mod unlabelled;
mod unusable_images;
