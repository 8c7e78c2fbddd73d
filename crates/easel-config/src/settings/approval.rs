//! `approval`: which image calls need an approval of the user.

use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// Which image calls need an approval of the user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Approval {
    /// None. A call over a limit of spending is refused.
    #[default]
    Never,
    /// All.
    Always,
    /// Calls over a limit of spending, or of unknown price while a limit of cost applies.
    OverLimit,
}
