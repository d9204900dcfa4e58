//! What missions are to be flown and driven.

use super::coverage::{Line, Point};
use super::engagement::Objective;
use super::field::ScannedField;
use crate::engine::SimTime;
use crate::infra::vehicles::Waypoint;
use crate::infra::{NodeId, Position};

/// A way along waypoints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Way {
    /// The waypoints, in order.
    pub waypoints: Vec<Waypoint>,
    /// Of each waypoint whether the vehicle works on the way to it.
    pub works: Vec<bool>,
}

impl Way {
    /// A way along lines, on which the vehicle works, and straight on between them, at a height above the ground.
    #[must_use]
    pub fn along(lines: &[Line], height_m: f64, speed_m_per_s: Option<f64>) -> Self {
        let mut way = Way::default();
        let mut last: Option<Point> = None;
        let at = |[x_m, y_m]: Point| Waypoint {
            speed_m_per_s,
            ..Waypoint::at(Position { x_m, y_m, z_m: height_m })
        };
        for line in lines {
            // Where one line ends at the start of the next there is no way between them.
            if last != Some(line.from) {
                way.waypoints.push(at(line.from));
                way.works.push(false);
            }
            way.waypoints.push(at(line.to));
            way.works.push(true);
            last = Some(line.to);
        }
        way
    }

    /// A way on which the vehicle works from the first waypoint on.
    #[must_use]
    pub fn of(waypoints: Vec<Waypoint>) -> Self {
        let works = (0..waypoints.len()).map(|number| number > 0).collect();
        Way { waypoints, works }
    }
}

/// What is done about the battery of a vehicle that has come home.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Service {
    /// Nothing: it does not start again.
    #[default]
    None,
    /// It gets a full one after so many seconds.
    Swap {
        /// Seconds.
        time_s: f64,
    },
    /// It is charged.
    Charge {
        /// Watts that it takes in, above 0.
        power_w: f64,
        /// Share of the capacity up to which it is charged, above 0 and at most 1.
        level: f64,
    },
}

impl Service {
    /// Seconds that it usually takes, of an empty battery; infinite if there is none.
    #[must_use]
    pub fn usual_s(self, capacity_j: f64) -> f64 {
        match self {
            Service::None => f64::INFINITY,
            Service::Swap { time_s } => time_s,
            Service::Charge { power_w, level } => level * capacity_j / power_w,
        }
    }
}

/// What vehicles do at the end of their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WayEnd {
    /// They go home.
    #[default]
    Return,
    /// They stay.
    Stay,
    /// They land where they are.
    Land,
}

/// What kind of mission vehicles on ways of their own are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatrolKind {
    /// One vehicle over a field.
    Scan,
    /// A field that is divided among vehicles.
    Survey,
    /// Given waypoints.
    Route,
}

impl PatrolKind {
    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PatrolKind::Scan => "scan",
            PatrolKind::Survey => "survey",
            PatrolKind::Route => "route",
        }
    }
}

/// Vehicles on ways of their own. One that returns because of its battery goes on where it left when that was serviced.
#[derive(Clone, Debug, PartialEq)]
pub struct PatrolPlan {
    /// What it is called.
    pub kind: PatrolKind,
    /// The vehicles, each with its way.
    pub ways: Vec<(NodeId, Way)>,
    /// Height of the take-off in metres above home, above 0.
    pub height_m: f64,
    /// Area of the field in square metres; 0 if there is none.
    pub area_m2: f64,
    /// Width in metres of the strip along a line; 0 if there is no field.
    pub width_m: f64,
    /// What is scanned, if anything.
    pub field: Option<ScannedField>,
    /// What is done about batteries.
    pub service: Service,
    /// What happens at the end of a way.
    pub end: WayEnd,
}

/// A vehicle that scans a field and sprays what it sees, and drones that may help it.
#[derive(Clone, Debug, PartialEq)]
pub struct AgriculturePlan {
    /// The vehicle.
    pub vehicle: NodeId,
    /// Its way over the field.
    pub way: Way,
    /// Area of the field in square metres.
    pub area_m2: f64,
    /// What it scans.
    pub field: ScannedField,
    /// What it does in the end.
    pub end: WayEnd,
    /// Seconds of an observation period, above 0.
    pub period_s: f64,
    /// Standard deviation of a measurement of the detection.
    pub noise: f64,
    /// Litres that are sprayed on each weed that is seen.
    pub spray_l: f64,
    /// The drones.
    pub drones: Vec<NodeId>,
    /// Height of their take-off in metres above home, above 0.
    pub height_m: f64,
    /// Metres east, north and up of the vehicle at which they help.
    pub offset_m: [f64; 3],
    /// Detection of a drone on average, as policies know it.
    pub helper: f64,
    /// What is done about their batteries.
    pub service: Service,
    /// What is aimed at.
    pub objective: Objective,
}

/// A drone between a vehicle and a node that this sends to.
#[derive(Clone, Debug, PartialEq)]
pub struct RelayPlan {
    /// The drone.
    pub drone: NodeId,
    /// Whom it helps.
    pub vehicle: NodeId,
    /// Where that sends to.
    pub sink: NodeId,
    /// Its height in metres.
    pub height_m: f64,
    /// How far from the vehicle to the sink it stays, as a share in 0..=1.
    pub share: f64,
    /// Seconds between looks at where it should be, above 0.
    pub period_s: f64,
    /// How far in metres its place may be off before it is told another one.
    pub tolerance_m: f64,
    /// When it goes home; at the end of the run if none.
    pub until: Option<SimTime>,
    /// What is done about its battery.
    pub service: Service,
}

/// What is done in a mission.
#[derive(Clone, Debug, PartialEq)]
pub enum MissionKind {
    /// Vehicles on ways of their own.
    Patrol(PatrolPlan),
    /// A vehicle that scans a field, and drones that may help it.
    Agriculture(Box<AgriculturePlan>),
    /// A drone as a relay.
    Relay(RelayPlan),
}

impl MissionKind {
    /// The name in tables.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            MissionKind::Patrol(plan) => plan.kind.name(),
            MissionKind::Agriculture(_) => "agriculture",
            MissionKind::Relay(_) => "relay",
        }
    }

    /// The vehicles that it commands.
    #[must_use]
    pub fn vehicles(&self) -> Vec<NodeId> {
        match self {
            MissionKind::Patrol(plan) => plan.ways.iter().map(|(vehicle, _)| *vehicle).collect(),
            MissionKind::Agriculture(plan) => {
                std::iter::once(plan.vehicle).chain(plan.drones.iter().copied()).collect()
            }
            MissionKind::Relay(plan) => vec![plan.drone],
        }
    }
}

/// A mission.
#[derive(Clone, Debug, PartialEq)]
pub struct MissionPlan {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub start: SimTime,
    /// What is done.
    pub kind: MissionKind,
}
