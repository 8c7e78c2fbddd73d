//! One TypeScript module with a declaration for every type of the protocol.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use super::message::{
    ClientNotification, EMITTED_AT, EMITTED_AT_MS, ErrorResponse, MESSAGE, MESSAGES, SuccessResponse,
};
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
    TypeVisitor::visit::<SuccessResponse>(&mut collector);
    TypeVisitor::visit::<ErrorResponse>(&mut collector);
    TypeVisitor::visit::<ClientNotification>(&mut collector);

    let Collector { mut types, methods: server_requests, .. } = collector;
    if let Some(event) = types.get_mut("Event") {
        add_time(event);
    }
    types.insert("ClientRequest".to_owned(), requests("A request of a client.", "ClientRequest", "Methods"));
    types.insert("ServerRequest".to_owned(), requests("A request of the server.", "ServerRequest", "ServerRequests"));
    types.insert(
        "Message".to_owned(),
        format!("/**\n * {MESSAGE}\n */\nexport type Message = {};\n", MESSAGES.join(" | ")),
    );
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

/// Adds the member that `easel-rpc` writes into every notification.
fn add_time(event: &mut String) {
    let Some((head, variants)) = event.trim_end().trim_end_matches(';').split_once(" = ") else { return };
    *event = format!("{head} = ({variants}) & {{\n/**\n * {EMITTED_AT}\n */\n{EMITTED_AT_MS}: number, }};\n");
}

/// Returns the declaration of the union of the requests that an interface lists.
fn requests(description: &str, name: &str, interface: &str) -> String {
    format!(
        "/**\n * {description}\n */\nexport type {name} = {{ [M in keyof {interface}]: {{ id: RequestId, method: M, \
         params: {interface}[M][\"params\"], }} }}[keyof {interface}];\n"
    )
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
