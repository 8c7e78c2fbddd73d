//! Name, settings and Git metadata of threads, and injected items.

use serde_json::{Value, json};

use crate::random::model::{ClientIndex, PROCESS_OF_CLIENT, Thread};
use crate::random::world::World;

impl World {
    pub(in crate::random) fn rename(&mut self, client: ClientIndex, id: &str) {
        let name = format!("name {}", self.rng.below(1000));
        let response = self.call(client, "thread/name/set", &json!({ "threadId": id, "name": name }));
        if let Some(refusal) = self.write_error(client, id) {
            return assert_eq!(response, Err(refusal));
        }
        assert_eq!(response, Ok(json!({})));
        self.model.thread_mut(id).name = Some(name);
        self.expect_notices(self.notices_for(client, id, "thread/name/updated"));
    }

    /// Sets or removes the branch.
    pub(in crate::random) fn update_metadata(&mut self, client: ClientIndex, id: &str) {
        let branch = (!self.rng.one_in(4)).then(|| format!("branch-{}", self.rng.below(1000)));
        let params = json!({ "threadId": id, "gitInfo": { "branch": branch } });
        let response = self.call(client, "thread/metadata/update", &params);
        if let Some(refusal) = self.write_error(client, id) {
            return assert_eq!(response, Err(refusal));
        }
        self.model.thread_mut(id).branch = branch;
        self.assert_thread(client, &response.expect("a thread")["thread"]);
    }

    /// Sets the model or the folder of a thread. Equal values are not announced.
    pub(in crate::random) fn update_settings(&mut self, client: ClientIndex, id: &str) {
        let model = self.some_model();
        let cwd = self.rng.one_in(2).then(|| self.sandbox.root().join(format!("cwd-{}", self.rng.below(2))));
        let response = self.call(
            client,
            "thread/settings/update",
            &json!({ "threadId": id, "model": model, "cwd": cwd.as_ref().map(|cwd| cwd.display().to_string()) }),
        );
        if let Some(refusal) = self.write_error(client, id) {
            return assert_eq!(response, Err(refusal));
        }
        assert_eq!(response, Ok(json!({})));
        let thread = self.model.thread_mut(id);
        let cwd = cwd.map_or_else(|| thread.cwd.clone(), |cwd| json!(cwd.display().to_string()));
        let is_same = (&thread.model, &thread.cwd) == (&model, &cwd);
        (thread.model, thread.cwd) = (model, cwd);
        let notices = if is_same { Vec::new() } else { self.notices_for(client, id, "thread/settings/updated") };
        self.expect_notices(notices);
    }

    pub(in crate::random) fn some_model(&mut self) -> Value {
        json!(format!("model-{}", self.rng.below(3)))
    }

    /// Injects a message, sometimes with an image that the thread does not have.
    pub(in crate::random) fn inject(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        let handle = self.some_image().filter(|_| self.rng.one_in(2));
        let mut content = vec![json!({ "type": "input_text", "text": "remember this" })];
        content.extend(
            handle.iter().map(|handle| json!({ "type": "input_image", "image_url": format!("easel:{handle}") })),
        );
        let item = json!({ "type": "message", "role": "user", "content": content });
        let response = self.call(client, "thread/inject_items", &json!({ "threadId": id, "items": [item] }));
        if let Some(refusal) = self.write_error(client, id) {
            return assert_eq!(response, Err(refusal));
        }
        let thread = self.model.thread(id).expect("a thread of the model");
        let has = |thread: &Thread, handle: &String| {
            thread.images.iter().any(|image| image.handle == *handle && !image.deleted && !image.withdrawn)
        };
        let expected = if thread.writer != Some(PROCESS_OF_CLIENT[client]) {
            Err(format!("-32600 thread {id} is not loaded; call thread/resume first"))
        } else if let Some(running) = &thread.running {
            Err(format!("-32600 turn {} is still running", running.id))
        } else if handle.is_some_and(|handle| !has(thread, &handle)) {
            let field = "items[0].content[1].image_url";
            Err(format!("-32602 Invalid params: `{field}`: refers to an image that is not in this thread"))
        } else {
            Ok(json!({}))
        };
        assert_eq!(response, expected);
    }
}
