//! What vehicles are told to do, and what they tell.

use super::super::event::NodeChange;
use super::super::geometry::Position;
use super::super::ids::NodeId;

/// A place on a route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waypoint {
    /// Where it is; a rover keeps to the ground whatever the height.
    pub place: Position,
    /// Seconds that the vehicle stays there (>= 0); it stops for any that are more than 0.
    pub hold_s: f64,
    /// Speed on the way there in m/s (> 0), at most the vehicle's own; that of the vehicle if none.
    pub speed_m_per_s: Option<f64>,
}

impl Waypoint {
    /// A place that is passed at the vehicle's own speed.
    #[must_use]
    pub const fn at(place: Position) -> Self {
        Waypoint { place, hold_s: 0.0, speed_m_per_s: None }
    }
}

/// What a vehicle can be told. A new command takes the place of the one before.
#[derive(Clone, Debug, PartialEq)]
pub enum VehicleCommand {
    /// Arm, and rise straight up to this height above home. A rover only arms.
    TakeOff {
        /// Metres above home (> 0).
        altitude_m: f64,
    },
    /// Go along straight lines from place to place; then loiter.
    Route(Vec<Waypoint>),
    /// Stop and stay.
    Loiter,
    /// Keep station on another node.
    Follow {
        /// The node, which may be any.
        target: NodeId,
        /// Metres east, north and up of it at which the station is; a rover keeps to the ground.
        offset_m: [f64; 3],
    },
    /// Go home: rise to the return height, fly over home, hover, land and disarm. A rover drives home and holds.
    ReturnToLaunch,
    /// Land where it is, and disarm; a rover stops and disarms.
    Land,
}

/// Why a vehicle goes home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnReason {
    /// It was told to.
    Commanded,
    /// Its battery only just suffices for the way.
    Reserve,
}

impl ReturnReason {
    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ReturnReason::Commanded => "commanded",
            ReturnReason::Reserve => "reserve",
        }
    }
}

/// What a vehicle was lost to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// Its node failed in the air.
    Fault,
    /// Its battery was empty in the air.
    BatteryEmpty,
    /// It left the world in the air.
    Vanished,
}

impl LossReason {
    /// What the end of a node is for a vehicle in the air.
    pub(super) const fn of(change: NodeChange) -> Self {
        match change {
            NodeChange::BatteryEmpty => LossReason::BatteryEmpty,
            NodeChange::Vanished => LossReason::Vanished,
            _ => LossReason::Fault,
        }
    }

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LossReason::Fault => "fault",
            LossReason::BatteryEmpty => "battery_empty",
            LossReason::Vanished => "vanished",
        }
    }
}

/// What a vehicle is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VehiclePhase {
    /// It stands, its motors off.
    Disarmed,
    /// Its motors start.
    Arming,
    /// It rises after its start.
    TakingOff,
    /// It stops, to do something else then.
    Stopping,
    /// It is on its way along a route.
    Cruising,
    /// It stays at a waypoint for the time that it was told.
    Holding,
    /// It stays where it is until it is told something else.
    Loitering,
    /// It is on its way to a node that it follows.
    Approaching,
    /// It keeps station on a node.
    OnStation,
    /// It is on its way home.
    Returning,
    /// It comes down.
    Landing,
    /// It is down, and its motors stop.
    Disarming,
    /// It is lost.
    Lost,
}

impl VehiclePhase {
    /// All phases, in order.
    pub const ALL: [VehiclePhase; 13] = [
        VehiclePhase::Disarmed,
        VehiclePhase::Arming,
        VehiclePhase::TakingOff,
        VehiclePhase::Stopping,
        VehiclePhase::Cruising,
        VehiclePhase::Holding,
        VehiclePhase::Loitering,
        VehiclePhase::Approaching,
        VehiclePhase::OnStation,
        VehiclePhase::Returning,
        VehiclePhase::Landing,
        VehiclePhase::Disarming,
        VehiclePhase::Lost,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            VehiclePhase::Disarmed => "disarmed",
            VehiclePhase::Arming => "arming",
            VehiclePhase::TakingOff => "taking_off",
            VehiclePhase::Stopping => "stopping",
            VehiclePhase::Cruising => "cruising",
            VehiclePhase::Holding => "holding",
            VehiclePhase::Loitering => "loitering",
            VehiclePhase::Approaching => "approaching",
            VehiclePhase::OnStation => "on_station",
            VehiclePhase::Returning => "returning",
            VehiclePhase::Landing => "landing",
            VehiclePhase::Disarming => "disarming",
            VehiclePhase::Lost => "lost",
        }
    }
}

/// The flight modes of ArduPilot that vehicles are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VehicleMode {
    /// A copter that is disarmed or lost.
    Stabilize,
    /// A single place or a take-off.
    Guided,
    /// A route.
    Auto,
    /// A copter that stays.
    Loiter,
    /// Station keeping.
    Follow,
    /// On the way home.
    Rtl,
    /// Coming down.
    Land,
    /// A rover that stays.
    Hold,
}

impl VehicleMode {
    /// ArduPilot's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            VehicleMode::Stabilize => "STABILIZE",
            VehicleMode::Guided => "GUIDED",
            VehicleMode::Auto => "AUTO",
            VehicleMode::Loiter => "LOITER",
            VehicleMode::Follow => "FOLLOW",
            VehicleMode::Rtl => "RTL",
            VehicleMode::Land => "LAND",
            VehicleMode::Hold => "HOLD",
        }
    }

    /// ArduPilot's number, `custom_mode` of HEARTBEAT, of a copter or a rover.
    #[must_use]
    pub const fn custom_mode(self, is_rover: bool) -> u32 {
        match (self, is_rover) {
            (VehicleMode::Stabilize, _) => 0,
            (VehicleMode::Auto, false) => 3,
            (VehicleMode::Guided, false) => 4,
            (VehicleMode::Loiter, false) => 5,
            (VehicleMode::Rtl, false) => 6,
            (VehicleMode::Land, false) => 9,
            (VehicleMode::Follow, false) => 23,
            (VehicleMode::Hold | VehicleMode::Land, _) => 4,
            (VehicleMode::Loiter, true) => 5,
            (VehicleMode::Follow, true) => 6,
            (VehicleMode::Auto, true) => 10,
            (VehicleMode::Rtl, true) => 11,
            (VehicleMode::Guided, true) => 15,
        }
    }
}

/// What has happened to a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VehicleEvent {
    /// Its motors run.
    Armed,
    /// It is at the height of its take-off; of a rover, it is armed and may go.
    TookOff,
    /// It has reached the waypoint of this number of its route, from zero, and has not held there yet.
    WaypointReached(u32),
    /// Its route is done; it loiters.
    RouteDone,
    /// It is at the station of the node that it follows.
    OnStation,
    /// The node that it followed is gone, or too far away; it loiters.
    TargetLost,
    /// It goes home.
    Returning(ReturnReason),
    /// It comes down, as the battery suffices for no more if `forced`.
    Landing {
        /// Whether nobody told it to.
        forced: bool,
    },
    /// It is down; `forced` as the landing was.
    Landed {
        /// Whether nobody told it to.
        forced: bool,
    },
    /// A rover that was told to return is at home, and holds.
    Home,
    /// Its motors are off.
    Disarmed,
    /// It is lost, for good.
    Lost(LossReason),
    /// It is in another phase; told of every change, after what brought it about.
    Phase(VehiclePhase),
}

/// Why a vehicle does not do what it is told. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum VehicleRefusal {
    /// The node is none.
    #[error("the node is not a vehicle")]
    NotAVehicle,
    /// It was lost before.
    #[error("the vehicle is lost")]
    Lost,
    /// Its node has failed, has no energy or is not in the world.
    #[error("the vehicle's node does not work")]
    Unavailable,
    /// It has to take off first; a rover has to be armed.
    #[error("the vehicle has not taken off")]
    NotReady,
    /// It lands, and is so near the ground that it cannot stop.
    #[error("the vehicle is about to touch the ground")]
    TouchingDown,
    /// It lands because its node has failed in the air.
    #[error("the vehicle lands because its node failed")]
    Faulted,
    /// The wind is as fast as it can fly.
    #[error(
        "the wind is {wind_m_per_s:.1} m/s at this height, and the vehicle flies at {limit_m_per_s:.1} m/s at most"
    )]
    Wind {
        /// Speed of the wind at the height of the take-off.
        wind_m_per_s: f64,
        /// The limit of the vehicle's speed through the air.
        limit_m_per_s: f64,
    },
    /// It has taken off already.
    #[error("the vehicle has taken off already")]
    AlreadyReady,
    /// The height of the take-off.
    #[error("the height of the take-off is {altitude_m} m, but must be above 0 and finite")]
    Altitude {
        /// What was asked for.
        altitude_m: f64,
    },
    /// The route has no waypoints.
    #[error("the route has no waypoints")]
    EmptyRoute,
    /// A waypoint is not a place, is below the ground, or has a hold or speed out of range.
    #[error(
        "waypoint {index} must have finite coordinates at or above the vehicle's ground, a hold of at least 0 s and a \
         speed above 0 m/s"
    )]
    Waypoint {
        /// Its number, from zero.
        index: u32,
    },
    /// The node to follow does not exist, is the vehicle itself, or the offset is not finite.
    #[error("the vehicle cannot follow this node")]
    NoSuchTarget,
    /// The node to follow does not work.
    #[error("the node to follow does not work")]
    TargetUnavailable,
    /// The node to follow is too far away.
    #[error("the node to follow is {distance_m:.0} m away, and only {limit_m:.0} m are allowed")]
    TargetTooFar {
        /// How far it is.
        distance_m: f64,
        /// What is allowed.
        limit_m: f64,
    },
    /// The battery does not even suffice to take off and land again with the reserve.
    #[error(
        "the battery has {left_j:.0} J, but taking off and landing again with the reserve takes {needed_j:.0} J"
    )]
    NoEnergy {
        /// Joules that it takes.
        needed_j: f64,
        /// Joules that are left.
        left_j: f64,
    },
    /// It returns or lands because its battery is at the reserve.
    #[error("the vehicle's battery only suffices for the way home, or to land")]
    Reserve,
}
