//! What is kept of a flight, or of a drive: from arming to disarming or loss.

use super::super::geometry::Position;
use super::{LossReason, VehiclePhase};
use crate::engine::SimTime;

/// How a flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlightEnd {
    /// It was told to land or disarm, or to return.
    Commanded,
    /// It returned on account of its battery.
    Reserve,
    /// It landed where it was on account of its battery, or of a fault.
    Forced,
    /// Its node failed: a loss in the air, and a stand on the ground.
    Fault,
    /// Its battery was empty: a loss in the air, and a stand on the ground.
    BatteryEmpty,
    /// It left the world.
    Vanished,
    /// The run ended before.
    Unfinished,
}

impl FlightEnd {
    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FlightEnd::Commanded => "commanded",
            FlightEnd::Reserve => "reserve",
            FlightEnd::Forced => "forced",
            FlightEnd::Fault => "fault",
            FlightEnd::BatteryEmpty => "battery_empty",
            FlightEnd::Vanished => "vanished",
            FlightEnd::Unfinished => "unfinished",
        }
    }
}

impl From<LossReason> for FlightEnd {
    fn from(why: LossReason) -> Self {
        match why {
            LossReason::Fault => FlightEnd::Fault,
            LossReason::BatteryEmpty => FlightEnd::BatteryEmpty,
            LossReason::Vanished => FlightEnd::Vanished,
        }
    }
}

/// A flight, or the present part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flight {
    /// Its number, from zero, of all of the vehicle.
    pub number: u32,
    /// When it was armed.
    pub armed_at: SimTime,
    /// Where.
    pub from: Position,
    /// Seconds in each phase, in the order of [`VehiclePhase::ALL`], without the present one.
    pub phase_s: [f64; VehiclePhase::ALL.len()],
    /// Metres along its way.
    pub distance_m: f64,
    /// Metres above home, at most.
    pub greatest_height_m: f64,
    /// Waypoints reached.
    pub waypoints: u32,
    /// Joules of motion and payload up to its start, of all of the vehicle.
    pub(super) motion_before_j: f64,
    /// Joules of its node up to its start.
    pub(super) node_before_j: f64,
    /// Whether it went home on account of its battery.
    pub(super) is_by_reserve: bool,
    /// Since when it is in its phase.
    pub(super) phase_since: SimTime,
    pub(super) end: Option<FlightEnd>,
}

impl Flight {
    /// How it ended; `None` while it goes on.
    #[must_use]
    pub fn end(&self) -> Option<FlightEnd> {
        self.end
    }

    pub(super) fn leave(&mut self, phase: VehiclePhase, now: SimTime) {
        self.phase_s[phase as usize] += now.since(self.phase_since).as_secs();
        self.phase_since = now;
    }
}
