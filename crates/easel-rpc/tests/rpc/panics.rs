use easel_rpc::Limits;

use crate::client::Client;

#[test]
fn a_panic_costs_its_own_request_only() {
    let mut client = Client::ready(Limits::default());
    for method in ["test/panicNow", "test/panicLater"] {
        assert_eq!(
            client.ask(&format!(r#"{{"id":1,"method":"{method}"}}"#)),
            r#"{"id":1,"error":{"code":-32603,"message":"Internal error"}}"#
        );
        client.assert_alive();
    }
}
