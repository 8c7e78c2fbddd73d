//! Images: any connection lists, reads, copies and deletes those of all threads.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::model::{PROCESS_OF, Seat, Thread, text};
use super::world::World;
use crate::harness::pictures::{read, sha256};

impl World {
    /// Of one thread, or of all.
    pub(super) fn image_list(&mut self, seat: Seat, id: Option<&str>) {
        if let Some(id) = id {
            self.settle(id);
        }
        let mut listed = self.pages(seat, "image/list", &json!({ "threadId": id })).expect("images");
        // What runs may have made images that are not told yet.
        let runs = |thread: &&Thread| thread.running.is_some();
        let running: Vec<&str> = self.model.threads.iter().filter(runs).map(|thread| thread.id.as_str()).collect();
        let shown = self.model.shown();
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
        let mut expected = self.model.owners().find(|thread| thread.id == id).map(Thread::handles).unwrap_or_default();
        expected.reverse();
        assert_eq!(handles, expected);
    }

    /// Any image that there ever was, by chunks of any size.
    pub(super) fn image_read(&mut self, seat: Seat) {
        if let Some(handle) = self.some_image() {
            self.read_image(seat, &handle);
        }
    }

    pub(super) fn read_image(&mut self, seat: Seat, handle: &str) {
        if !self.model.shown().contains(handle) {
            let answer = self.call(seat, "image/read", &json!({ "imageId": handle, "offset": 0 }));
            let fate = if self.model.is_marked(handle) { "was deleted" } else { "not found" };
            return assert_eq!(answer, Err(format!("-32600 image {handle} {fate}")));
        }
        if self.model.lost.contains(handle) {
            let answer = self.call(seat, "image/read", &json!({ "imageId": handle, "offset": 0 }));
            return assert!(answer.is_err_and(|told| told.starts_with("-32603 ")), "{handle} has no file");
        }
        let length = 256 + self.dice.below(4096);
        let (mut bytes, mut offset) = (Vec::new(), json!(0));
        while !offset.is_null() {
            let wish = json!({ "imageId": handle, "offset": offset, "length": length });
            let mut answer = self.result(seat, "image/read", &wish);
            bytes.extend(STANDARD.decode(text(&answer["chunk"]["data"])).expect("base64"));
            offset = answer["chunk"]["nextOffset"].take();
        }
        assert_eq!(sha256(&bytes), self.model.images[handle].sha256);
    }

    /// Copies an image to one of a few files, which may be there already.
    pub(super) fn export(&mut self, seat: Seat) {
        let Some(handle) = self.some_image() else { return };
        let path = self.place.project().join(format!("export-{}.png", self.dice.below(3)));
        let (is_there, overwrite) = (path.exists(), self.dice.once_in(2));
        let answer = self.call(
            seat,
            "image/export",
            &json!({ "imageId": handle, "path": path.display().to_string(), "overwrite": overwrite }),
        );
        if !self.model.shown().contains(&handle) {
            return assert_eq!(answer, Err(format!("-32600 image {handle} not found")));
        }
        if is_there && !overwrite {
            let refusal = "-32602 Invalid params: `path`: is there already; ask with overwrite to replace it";
            return assert_eq!(answer, Err(refusal.to_owned()));
        }
        if self.model.lost.contains(&handle) {
            return assert!(answer.is_err_and(|told| told.starts_with("-32603 ")), "{handle} has no file");
        }
        let copy = read(answer.expect("a copy")["path"].as_str().expect("a path"));
        assert_eq!(sha256(&copy), self.model.images[&handle].sha256);
    }

    /// Deletes an image from the only thread that shows it, or from a named one.
    pub(super) fn delete_image(&mut self, seat: Seat) {
        let Some(handle) = self.some_image() else { return };
        let showing = |world: &Self| -> Vec<String> {
            let showing = world.model.owners().filter(|thread| thread.shows(&handle));
            showing.map(|thread| thread.id.clone()).collect()
        };
        for id in showing(self) {
            self.settle(&id);
        }
        let showing = showing(self);
        let named = if self.dice.once_in(3) { Some(self.some_thread()) } else { self.dice.one_of(&showing).cloned() };
        let named = named.filter(|_| !self.dice.once_in(3));
        let wish = json!({ "imageId": handle, "threadId": named });
        let refusal = match (&named, &showing[..]) {
            (Some(named), showing) if showing.contains(named) => None,
            (None, [_]) => None,
            (_, []) => Some(format!("-32600 image {handle} not found")),
            (Some(named), _) if self.model.seen(seat, named).is_none() => {
                Some(format!("-32600 thread {named} not found"))
            }
            (Some(named), _) => Some(format!("-32600 thread {named} has no image {handle}")),
            (None, [..]) => {
                Some("-32602 Invalid params: `threadId`: is needed, since several threads show the image".to_owned())
            }
        };
        if let Some(refusal) = refusal {
            return assert_eq!(self.call(seat, "image/delete", &wish), Err(refusal));
        }
        self.delete_image_of(seat, &handle, &named.unwrap_or_else(|| showing[0].clone()), &wish, showing.len());
    }

    fn delete_image_of(&mut self, seat: Seat, handle: &str, id: &str, wish: &Value, showing: usize) {
        let elsewhere = self.model.thread(id).filter(|thread| thread.ephemeral).and_then(|thread| thread.writer);
        let refusal = match elsewhere.filter(|writer| *writer != PROCESS_OF[seat]) {
            // Others do not see the thread, but leave it its images.
            Some(writer) => Some(self.in_use(id, writer)),
            None if self.model.thread(id).is_some() => self.may_not_rewrite(seat, id),
            // A thread that has ended refuses nothing.
            None => None,
        };
        let answer = self.call(seat, "image/delete", wish);
        if let Some(refusal) = refusal {
            return assert_eq!(answer, Err(refusal));
        }
        assert_eq!(answer, Ok(json!({ "threadId": id, "fileDeleted": showing == 1 })));
        self.model.owner_mut(id).delete(handle);
        self.expect(self.told(seat, id, "image/deleted"));
    }

    /// Any that there ever was.
    pub(super) fn some_image(&mut self) -> Option<String> {
        let handles: Vec<String> = self.model.images.keys().cloned().collect();
        self.dice.one_of(&handles).cloned()
    }
}
