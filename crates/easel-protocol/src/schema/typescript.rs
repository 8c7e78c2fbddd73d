//! One TypeScript module with a declaration for every type of the protocol.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use crate::event::Event;
use crate::method::{Method, MethodVisitor, visit_methods, visit_server_requests};

/// Returns the module: the types by name, then `Methods` and `ServerRequests`, which map a name to its params and
/// response.
pub(super) fn module(comment: &str) -> String {
    // No number of the protocol reaches 2^53, so JSON.parse reads each exactly.
    let mut collector =
        Collector { config: Config::new().with_large_int("number"), types: BTreeMap::new(), methods: String::new() };
    visit_methods(&mut collector);
    let methods = std::mem::take(&mut collector.methods);
    visit_server_requests(&mut collector);
    TypeVisitor::visit::<Event>(&mut collector);

    let Collector { types, methods: server_requests, .. } = collector;
    let mut module = format!("// {comment}\n");
    for declaration in types.into_values() {
        module.push('\n');
        module.push_str(&declaration);
    }
    module.push_str("\n/** The params and the response of every method. */\nexport interface Methods {\n");
    module.push_str(&methods);
    module.push_str(
        "}\n\n/** The requests that the server sends to a client: their params and the response that it expects. */\n",
    );
    module.push_str("export interface ServerRequests {\n");
    module.push_str(&server_requests);
    module.push_str("}\n");
    without_trailing_spaces(&module)
}

struct Collector {
    config: Config,
    /// Declarations by name.
    types: BTreeMap<String, String>,
    methods: String,
}

impl MethodVisitor for Collector {
    fn visit<M: Method>(&mut self) {
        TypeVisitor::visit::<M::Params>(self);
        TypeVisitor::visit::<M::Response>(self);
        let (params, response) = (M::Params::name(&self.config), M::Response::name(&self.config));
        let (name, summary) = (M::NAME, M::SUMMARY);
        let _ =
            writeln!(self.methods, "  /** {summary} */\n  \"{name}\": {{ params: {params}; response: {response} }};");
    }
}

impl TypeVisitor for Collector {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // A type without a path of its own, such as a number or a list, is written inline.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        if self.types.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        let declaration = format!("{docs}export {}\n", T::decl(&self.config));
        // Before its dependencies, because a type may contain itself.
        self.types.insert(name, declaration);
        T::visit_dependencies(self);
    }
}

/// Removes the spaces that ts-rs leaves before the line break of a commented field.
fn without_trailing_spaces(text: &str) -> String {
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}
