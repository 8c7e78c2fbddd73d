use std::sync::Arc;

use easel_imagegen::port::{StorageError, StorageErrorKind};
use easel_protocol::account::{LogoutAccountParams, LogoutAccountResponse};
use easel_protocol::event::{ConfigWarningNotification, Event};
use easel_protocol::method::AccountLogout;

use crate::app::Cx;
use crate::methods::account_read::updated;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for AccountLogout {
    async fn handle(cx: Cx, _params: LogoutAccountParams) -> Result<Answer<LogoutAccountResponse>, Refusal> {
        let account = Arc::clone(&cx.app.account);
        let logout = tokio::task::spawn_blocking(move || account.log_out());
        logout
            .await
            .map_err(|_| Refusal::ShuttingDown)?
            .map_err(|error| StorageError::new(StorageErrorKind::Other, error.message))?;
        Ok(Answer::then(LogoutAccountResponse {}, async move {
            cx.app.hub.connections().announce(&updated(&cx.app)).await;
            cx.app.announce_tools().await;
            // Threads that name no provider are drawn by the preview from now on, and whoever logs out may not expect that.
            if let Some(summary) = cx.app.preview_stands_in() {
                let warning = ConfigWarningNotification { summary, details: None, path: None };
                cx.app.hub.connections().announce(&Event::ConfigWarning(warning)).await;
            }
        }))
    }
}
