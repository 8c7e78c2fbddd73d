//! The lists of what an image server does not have. Their responses are constants.

use std::sync::Arc;

use easel_protocol::method::{
    AccountSecuritySetupRead, AccountWorkspaceMessagesRead, AppInstalled, AppList, McpServerStatusList, Method,
    PermissionProfileList, PluginInstalled, PluginList, ThreadSectionList,
};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::settings::Settings;

macro_rules! return_empty {
    ($($method:ident)+) => {
        $(impl Handler for $method {
            type Service = Settings;

            async fn handle(
                _settings: Arc<Settings>,
                _cx: RequestContext,
                _params: <$method as Method>::Params,
            ) -> HandlerResult<<$method as Method>::Response> {
                Ok(HandlerOutput::new(Default::default()))
            }
        })+
    };
}

return_empty! {
    AccountSecuritySetupRead AccountWorkspaceMessagesRead AppInstalled AppList
    McpServerStatusList PermissionProfileList PluginInstalled PluginList ThreadSectionList
}
