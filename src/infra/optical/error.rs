//! What can be wrong with a fabric or a circuit.

use super::fabric::SwitchId;

/// Why there is no such fabric or circuit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpticalError {
    /// A quantity is out of range.
    #[error("{what} is {found}, but must be {allowed}")]
    Range {
        /// What.
        what: &'static str,
        /// Its value.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A leaf has no port on a circuit switch.
    #[error(
        "{leaves} leaves need a circuit switch with as many ports, but it has {ports}; take a larger switch or fewer \
         leaves"
    )]
    TooFewPorts {
        /// How many leaves there are.
        leaves: u32,
        /// Ports of a switch.
        ports: u32,
    },
    /// There is no such port.
    #[error("circuit switch {switch} has ports 0 to {last}, but not {port}", last = ports.saturating_sub(1))]
    NoPort {
        /// The switch.
        switch: SwitchId,
        /// The port.
        port: u32,
        /// How many ports it has.
        ports: u32,
    },
    /// A circuit would lead from a port to itself.
    #[error("circuit switch {switch}: port {port} cannot be connected to itself")]
    Loop {
        /// The switch.
        switch: SwitchId,
        /// The port.
        port: u32,
    },
    /// A port is wanted twice in one map.
    #[error("circuit switch {switch}: port {port} is wanted by more than one circuit")]
    Twice {
        /// The switch.
        switch: SwitchId,
        /// The port.
        port: u32,
    },
    /// A port, or the whole switch, does not work.
    #[error("circuit switch {switch}: port {port} does not work")]
    Broken {
        /// The switch.
        switch: SwitchId,
        /// The port.
        port: u32,
    },
}

/// Refuses a number that is negative or not finite.
pub(super) fn not_negative(what: &'static str, value: f64) -> Result<f64, OpticalError> {
    if value >= 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(OpticalError::Range { what, found: value, allowed: "at least 0 and finite" })
    }
}
