//! Requests about images. Every client can list, read, export and delete the images of all threads.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::image::sha256;
use serde_json::{Value, json};

use crate::harness::read_file;
use crate::random::model::{ClientIndex, PROCESS_OF_CLIENT, Thread, text};
use crate::random::world::World;

impl World {
    /// Lists the images of one thread, or of all.
    pub(in crate::random) fn list_images(&mut self, client: ClientIndex, id: Option<&str>) {
        if let Some(id) = id {
            self.finish_quick_turn(id);
        }
        let mut listed = self.read_pages(client, "image/list", &json!({ "threadId": id })).expect("images");
        // Running turns may have generated images that are not announced yet.
        let runs = |thread: &&Thread| thread.running.is_some();
        let running: Vec<&str> = self.model.threads.iter().filter(runs).map(|thread| thread.id.as_str()).collect();
        let shown = self.model.shown_handles();
        listed.retain(|entry| {
            let is_known = shown.contains(&text(&entry["image"]["id"]));
            is_known || !running.contains(&entry["threadId"].as_str().expect("a thread"))
        });
        let handles: Vec<String> = listed.iter().map(|entry| text(&entry["image"]["id"])).collect();
        for (handle, entry) in handles.iter().zip(&listed) {
            let known = self.model.images.get(handle).unwrap_or_else(|| panic!("an unknown image: {entry:#}"));
            assert_eq!(
                (&entry["image"]["sha256"], &entry["image"]["path"]),
                (&json!(known.sha256), &json!(known.path))
            );
        }
        let Some(id) = id else {
            let unique: BTreeSet<String> = handles.iter().cloned().collect();
            assert_eq!((unique.len(), unique), (handles.len(), shown));
            return;
        };
        let mut expected =
            self.model.threads_with_images().find(|thread| thread.id == id).map(Thread::handles).unwrap_or_default();
        expected.reverse();
        assert_eq!(handles, expected);
    }

    /// Reads any image that ever existed, in chunks of random size.
    pub(in crate::random) fn read_some_image(&mut self, client: ClientIndex) {
        if let Some(handle) = self.some_image() {
            self.read_image(client, &handle);
        }
    }

    pub(in crate::random) fn read_image(&mut self, client: ClientIndex, handle: &str) {
        if !self.model.shown_handles().contains(handle) {
            let response = self.call(client, "image/read", &json!({ "imageId": handle, "offset": 0 }));
            let fate = if self.model.is_marked_deleted(handle) { "was deleted" } else { "not found" };
            return assert_eq!(response, Err(format!("-32600 image {handle} {fate}")));
        }
        if self.model.missing_files.contains(handle) {
            let response = self.call(client, "image/read", &json!({ "imageId": handle, "offset": 0 }));
            return assert!(response.is_err_and(|error| error.starts_with("-32603 ")), "{handle} has no file");
        }
        let length = 256 + self.rng.below(4096);
        let (mut bytes, mut offset) = (Vec::new(), json!(0));
        while !offset.is_null() {
            let params = json!({ "imageId": handle, "offset": offset, "length": length });
            let mut response = self.request(client, "image/read", &params);
            bytes.extend(STANDARD.decode(text(&response["chunk"]["data"])).expect("base64"));
            offset = response["chunk"]["nextOffset"].take();
        }
        assert_eq!(sha256(&bytes), self.model.images[handle].sha256);
    }

    /// Exports an image to one of three files, which may exist.
    pub(in crate::random) fn export(&mut self, client: ClientIndex) {
        let Some(handle) = self.some_image() else { return };
        let path = self.sandbox.project().join(format!("export-{}.png", self.rng.below(3)));
        let (exists, overwrite) = (path.exists(), self.rng.one_in(2));
        let response = self.call(
            client,
            "image/export",
            &json!({ "imageId": handle, "path": path.display().to_string(), "overwrite": overwrite }),
        );
        if !self.model.shown_handles().contains(&handle) {
            return assert_eq!(response, Err(format!("-32600 image {handle} not found")));
        }
        if exists && !overwrite {
            let refusal = "-32602 Invalid params: `path`: already exists; set `overwrite` to replace it";
            return assert_eq!(response, Err(refusal.to_owned()));
        }
        if self.model.missing_files.contains(&handle) {
            return assert!(response.is_err_and(|error| error.starts_with("-32603 ")), "{handle} has no file");
        }
        let copy = read_file(response.expect("a copy")["path"].as_str().expect("a path"));
        assert_eq!(sha256(&copy), self.model.images[&handle].sha256);
    }

    /// Deletes an image from the only thread that shows it, or from a named thread.
    pub(in crate::random) fn delete_image(&mut self, client: ClientIndex) {
        let Some(handle) = self.some_image() else { return };
        let owners = |world: &Self| -> Vec<String> {
            let owners = world.model.threads_with_images().filter(|thread| thread.shows(&handle));
            owners.map(|thread| thread.id.clone()).collect()
        };
        for id in owners(self) {
            self.finish_quick_turn(&id);
        }
        let owners = owners(self);
        let named = if self.rng.one_in(3) { Some(self.some_thread()) } else { self.rng.choose(&owners).cloned() };
        let named = named.filter(|_| !self.rng.one_in(3));
        let params = json!({ "imageId": handle, "threadId": named });
        let refusal = match (&named, &owners[..]) {
            (Some(named), owners) if owners.contains(named) => None,
            (None, [_]) => None,
            (_, []) => Some(format!("-32600 image {handle} not found")),
            (Some(named), _) if self.model.visible_thread(client, named).is_none() => {
                Some(format!("-32600 thread {named} not found"))
            }
            (Some(named), _) => Some(format!("-32600 thread {named} has no image {handle}")),
            (None, [..]) => {
                Some("-32602 Invalid params: `threadId`: is required: several threads use this image".to_owned())
            }
        };
        if let Some(refusal) = refusal {
            return assert_eq!(self.call(client, "image/delete", &params), Err(refusal));
        }
        self.delete_image_of(client, &handle, &named.unwrap_or_else(|| owners[0].clone()), &params, owners.len());
    }

    fn delete_image_of(&mut self, client: ClientIndex, handle: &str, id: &str, params: &Value, owners: usize) {
        let elsewhere = self.model.thread(id).filter(|thread| thread.ephemeral).and_then(|thread| thread.writer);
        let refusal = match elsewhere.filter(|writer| *writer != PROCESS_OF_CLIENT[client]) {
            // Other processes cannot see an ephemeral thread, but must not delete its images.
            Some(writer) => Some(self.in_use_error(id, writer)),
            None if self.model.thread(id).is_some() => self.rewrite_error(client, id),
            // A thread that has ended does not refuse a deletion.
            None => None,
        };
        let response = self.call(client, "image/delete", params);
        if let Some(refusal) = refusal {
            return assert_eq!(response, Err(refusal));
        }
        assert_eq!(response, Ok(json!({ "threadId": id, "fileDeleted": owners == 1 })));
        self.model.thread_with_images_mut(id).delete_image(handle);
        self.forget_inputs_of_ended(id);
        self.expect_notices(self.notices_for(client, id, "image/deleted"));
    }

    /// Any image that ever existed.
    pub(in crate::random) fn some_image(&mut self) -> Option<String> {
        let handles: Vec<String> = self.model.images.keys().cloned().collect();
        self.rng.choose(&handles).cloned()
    }
}
