//! Power-aware best fit decreasing (Beloglazov and Buyya, 2012): the host whose power rises least.

use super::power_index::PowerIndex;
use super::{AllocationView, VmAllocationDecision, VmAllocationPolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The host with room whose power rises least, the first among equals (PABFD, when virtual machines come in
/// falling order of their demand). A host without virtual machines counts as asleep, so that what it draws when
/// idle is charged to the first one. Rises are compared in whole microwatts.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PowerAwareBestFit {
    #[serde(skip)]
    index: PowerIndex,
}

impl VmAllocationPolicy for PowerAwareBestFit {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        self.index.least_increase(view).into()
    }

    fn forget(&mut self) {
        self.index.clear();
    }
}
