use easel_protocol::configuration::{ConfigRequirementsReadParams, ConfigRequirementsReadResponse};
use easel_protocol::method::ConfigRequirementsRead;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ConfigRequirementsRead {
    async fn handle(
        _cx: Cx,
        _params: ConfigRequirementsReadParams,
    ) -> Result<Answer<ConfigRequirementsReadResponse>, Refusal> {
        Ok(Answer::new(ConfigRequirementsReadResponse { requirements: None }))
    }
}
