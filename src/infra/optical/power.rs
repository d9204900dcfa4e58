//! What a fabric between leaves draws, and what leaving the spines out saves.

use super::error::{OpticalError, not_negative};
use super::fabric::{LeafSpine, OpticalLayer};

/// The parts of a fabric from the uplinks of leaves upwards, with the leaves themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FabricParts {
    /// Leaves.
    pub leaves: u64,
    /// Spines.
    pub spines: u64,
    /// Optical circuit switches.
    pub circuit_switches: u64,
    /// Transceivers of uplinks. A link to a spine has one at either end; one to a circuit switch has that of the leaf only,
    /// since light passes through.
    pub transceivers: u64,
}

impl From<LeafSpine> for FabricParts {
    fn from(network: LeafSpine) -> Self {
        FabricParts {
            leaves: u64::from(network.leaves()),
            spines: u64::from(network.spines()),
            circuit_switches: 0,
            transceivers: 2 * network.uplinks_in_all(),
        }
    }
}

impl From<OpticalLayer> for FabricParts {
    fn from(layer: OpticalLayer) -> Self {
        FabricParts {
            leaves: u64::from(layer.leaves()),
            spines: 0,
            circuit_switches: u64::from(layer.switches()),
            transceivers: layer.ports_in_use(),
        }
    }
}

/// What each part draws, whatever it carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FabricPower {
    leaf_w: f64,
    spine_w: f64,
    circuit_switch_w: f64,
    transceiver_w: f64,
}

impl FabricPower {
    /// Watts of a leaf and a spine without their transceivers, of a circuit switch, and of a transceiver.
    ///
    /// # Errors
    /// If one is negative or not finite.
    pub fn new(
        leaf_w: f64,
        spine_w: f64,
        circuit_switch_w: f64,
        transceiver_w: f64,
    ) -> Result<Self, OpticalError> {
        Ok(FabricPower {
            leaf_w: not_negative("the power of a leaf", leaf_w)?,
            spine_w: not_negative("the power of a spine", spine_w)?,
            circuit_switch_w: not_negative("the power of a circuit switch", circuit_switch_w)?,
            transceiver_w: not_negative("the power of a transceiver", transceiver_w)?,
        })
    }

    /// Watts of these parts.
    ///
    /// ```
    /// use stratosim::infra::optical::{FabricPower, LeafSpine, OpticalLayer};
    /// let power = FabricPower::new(500.0, 500.0, 100.0, 10.0)?;
    /// let network = LeafSpine::non_blocking(64)?;
    /// let layer = OpticalLayer::in_place_of(network, 64)?;
    /// // 32 spines at 500 W and 2048 transceivers at 10 W less, 32 circuit switches at 100 W more.
    /// assert_eq!(power.total_w(network) - power.total_w(layer), 16_000.0 + 20_480.0 - 3_200.0);
    /// # Ok::<(), stratosim::infra::optical::OpticalError>(())
    /// ```
    #[must_use]
    pub fn total_w(&self, parts: impl Into<FabricParts>) -> f64 {
        let parts = parts.into();
        self.leaf_w * parts.leaves as f64
            + self.spine_w * parts.spines as f64
            + self.circuit_switch_w * parts.circuit_switches as f64
            + self.transceiver_w * parts.transceivers as f64
    }
}
