//! The decision point *mission engagement*: whether a drone is sent to help a vehicle that scans a field, and which.

use crate::apps::DecisionId;
use crate::infra::NodeId;

/// What an engagement is worth: the detection gained, in seconds of perfect detection, less what it costs.
///
/// The gain is the integral over the working time with a drone on station of `p_both - p_own`, where `p_own` is the
/// probability that the vehicle's own detector sees a weed, and `p_both` that one of the two does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Objective {
    /// Seconds of perfect detection that a joule of the drone is worth.
    pub per_joule: f64,
    /// Seconds of perfect detection that a second on the way to the vehicle is worth.
    pub per_overhead_second: f64,
}

impl Objective {
    /// The value of so much gained with so much energy and overhead.
    #[must_use]
    pub fn value(&self, gained_s: f64, energy_j: f64, overhead_s: f64) -> f64 {
        gained_s - self.per_joule * energy_j - self.per_overhead_second * overhead_s
    }
}

/// What a drone does, as far as a policy minds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DroneState {
    /// It stands at home and can be engaged.
    Ready,
    /// It is on its way to the vehicle.
    Underway,
    /// It is on station.
    OnStation,
    /// It is on its way home.
    Returning,
    /// Its battery is swapped or charged.
    Serviced,
    /// It is lost, or its node does not work.
    Gone,
}

/// A way of a drone, as it is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trip {
    /// Seconds.
    pub time_s: f64,
    /// Joules that its node takes, computing included.
    pub energy_j: f64,
}

/// What is known of a drone that may be engaged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DroneFacts {
    /// Its node.
    pub node: NodeId,
    /// What it does.
    pub state: DroneState,
    /// Metres over the ground from its home to the vehicle.
    pub distance_m: f64,
    /// From where it is to its station at the vehicle, start included; `None` if it cannot get there, or not with the battery
    /// that it has.
    pub reach: Option<Trip>,
    /// From the vehicle to its home, landing included.
    pub back: Trip,
    /// What is left of its battery, as a share in 0..=1.
    pub battery_share: f64,
    /// Joules that it may use until it must return.
    pub usable_j: f64,
    /// Watts on station.
    pub station_w: f64,
    /// Seconds until it can be engaged, as expected; 0 if it is ready, infinite if it never is.
    pub ready_in_s: f64,
    /// Bits a second that the network would carry from it now; 0 if it cannot be reached.
    pub link_bps: f64,
}

/// What lies ahead of a vehicle, in equal periods: for policies that may know it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foresight {
    /// Seconds of a period.
    pub period_s: f64,
    /// Seconds of perfect detection gained in each period if a drone is on station all of it.
    pub gain_s: Vec<f64>,
    /// For each drone and period the way to the vehicle (`drone * periods + period`).
    pub out: Vec<Trip>,
    /// For each drone and period the way back.
    pub back: Vec<Trip>,
}

impl Foresight {
    /// Number of periods.
    #[must_use]
    pub fn periods(&self) -> usize {
        self.gain_s.len()
    }

    /// The way of a drone to the vehicle from a period on.
    #[must_use]
    pub fn out(&self, drone: usize, period: usize) -> Trip {
        self.out[drone * self.periods() + period.min(self.periods() - 1)]
    }

    /// The way of a drone back from a period on.
    #[must_use]
    pub fn back(&self, drone: usize, period: usize) -> Trip {
        self.back[drone * self.periods() + period.min(self.periods() - 1)]
    }
}

/// A question, each observation period of a vehicle that scans.
#[derive(Clone, Copy, Debug)]
pub struct EngagementRequest<'a> {
    /// The workload's number, which the world fills in.
    pub workload: u16,
    /// The mission's number in its workload.
    pub mission: u32,
    /// The number of the period, from 0.
    pub period: u64,
    /// Seconds of an observation period.
    pub period_s: f64,
    /// The vehicle.
    pub vehicle: NodeId,
    /// Its detection as it was measured in the period, in 0..=1.
    pub measured: f64,
    /// Change of that from the period before, in 1/s.
    pub trend_per_s: f64,
    /// Mean of what was measured so far.
    pub mean: f64,
    /// Square metres that are left.
    pub left_m2: f64,
    /// Square metres of the field.
    pub area_m2: f64,
    /// Seconds until the field is done, as the vehicle has gone so far.
    pub left_s: f64,
    /// Detection of a drone on average.
    pub helper: f64,
    /// The drones.
    pub drones: &'a [DroneFacts],
    /// Which drone is engaged.
    pub engaged: Option<usize>,
    /// Seconds since a drone was last engaged or let go; infinite if none was.
    pub since_change_s: f64,
    /// Mean wind in m/s.
    pub wind_m_per_s: f64,
    /// Seconds from landing until a drone can be engaged again.
    pub service_s: f64,
    /// What is aimed at.
    pub objective: Objective,
    /// Where the vehicle is in `ahead`: the period, and what lies ahead of it. `None` if the policy does not ask for it.
    pub ahead: Option<(usize, &'a Foresight)>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngagementDecision {
    /// All stays as it is.
    #[default]
    Keep,
    /// This drone is sent out; the one that is engaged goes home.
    Engage(usize),
    /// The drone that is engaged goes home.
    Disengage,
}

/// The answer, which the world has checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngagementChoice {
    /// What is to be done.
    pub decision: EngagementDecision,
    /// To be resolved at the end of the period; `None` if it is not recorded.
    pub id: Option<DecisionId>,
}
