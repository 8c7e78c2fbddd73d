//! A runner of hooks that follows the hook's command: `allow`, `deny`, `wait GATE`.

use std::fmt;
use std::time::Duration;

use easel_imagegen::hooks::{Hook, HookEnd};
use easel_imagegen::port::HookRunner;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::log::{Log, LogOnDrop};

#[derive(Clone)]
pub(crate) struct FakeHooks {
    pub(crate) log: Log,
}

impl fmt::Debug for FakeHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeHooks")
    }
}

impl HookRunner for FakeHooks {
    fn run<'a>(&'a self, hook: &'a Hook, input: &'a [u8]) -> BoxFuture<'a, HookEnd> {
        async move {
            let input: serde_json::Value = serde_json::from_slice(input).unwrap();
            let call = input["tool_use_id"].as_str().unwrap();
            self.log.add(format!("hook {} {call} {}", hook.name, input["hook_event_name"].as_str().unwrap()));
            let code = match hook.command.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["allow"] => 0,
                ["wait", gate] => {
                    let mut killed = LogOnDrop::new(&self.log, format!("kill {}", hook.name));
                    self.log.wait_at(gate).await;
                    killed.disarm();
                    0
                }
                _ => 1,
            };
            HookEnd::Exited { code: Some(code), stdout: Vec::new(), stderr: b"no".to_vec() }
        }
        .boxed()
    }
}

/// Returns a hook whose name is its command.
pub(crate) fn hook(command: &str) -> Hook {
    Hook {
        name: command.to_owned(),
        command: command.split(' ').map(str::to_owned).collect(),
        timeout: Duration::from_secs(1),
    }
}
