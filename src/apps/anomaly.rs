//! Alarms about radio links, as workloads are told of them.

use crate::infra::{CellId, NodeId};

/// An alarm about the radio link of a device, on which workloads are to put what they run at its gNB elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anomaly {
    /// The device.
    pub device: NodeId,
    /// The cell that serves it.
    pub cell: CellId,
    /// The gNB of the cell.
    pub site: NodeId,
    /// The score of the detector that gives the alarm.
    pub score: f64,
}
