//! How devices move: models that give each device one straight [`Leg`] after another.
//!
//! One [`MobilityModel`] serves all devices of a class. What belongs to a single device is its current
//! leg, eight bytes of memory and its own random stream, so that a hundred thousand devices stay small
//! and the movement of one does not depend on how many others there are. Nothing happens between the
//! ends of a leg: the place is a closed form of time, and so is the instant at which a device should
//! change its [access point](crate::infra::AccessPoints).

mod area;
mod fixed;
mod nomadic;
mod ring_road;
mod trajectory;
mod waypoint;

pub use area::Area;
pub use fixed::Static;
pub use nomadic::{Nomadic, NomadicPlace};
pub use ring_road::{RingRoad, RoadSegment};
pub use trajectory::{Trajectory, TrajectoryPoint};
pub use waypoint::RandomWaypoint;

use super::geometry::{Leg, Position};
use crate::engine::{EntityStream, SimTime};
use std::fmt;

/// What a model is told of the device that it moves.
#[derive(Debug)]
pub struct Mover<'a> {
    /// The device's number within its class, from zero.
    pub index: u32,
    /// The present: the time of the start, or the end of the previous leg.
    pub now: SimTime,
    /// The device's own stream. All chance of a movement must come from here.
    pub random: &'a mut EntityStream,
    /// The model's memory of this device; zero before the start.
    pub memory: &'a mut u64,
}

/// A way of moving, for all devices of a class.
///
/// A leg whose end is [`SimTime::MAX`] never ends. A leg that ends must end after its start, or the
/// device would move for ever within one instant. Each leg starts when the previous one ended, and also
/// where it ended, except in models that jump.
///
/// ```
/// use stratosim::engine::{RandomStreams, SimDuration};
/// use stratosim::infra::{Leg, MobilityModel, Mover, Position};
///
/// /// A shuttle that takes `ride` from one terminal to the other, and turns.
/// #[derive(Debug)]
/// struct Shuttle {
///     terminals: [Position; 2],
///     ride: SimDuration,
/// }
///
/// impl MobilityModel for Shuttle {
///     fn start(&mut self, mover: &mut Mover<'_>) -> Leg {
///         let [from, to] = self.terminals;
///         Leg::straight(from, to, mover.now, mover.now + self.ride)
///     }
///
///     fn next_leg(&mut self, previous: &Leg, mover: &mut Mover<'_>) -> Leg {
///         let (from, to) = (previous.to, previous.from);
///         Leg::straight(from, to, mover.now, mover.now + self.ride)
///     }
/// }
///
/// let mut shuttle = Shuttle {
///     terminals: [Position::ground(0.0, 0.0), Position::ground(900.0, 0.0)],
///     ride: SimDuration::from_secs(60.0),
/// };
/// let mut random = RandomStreams::new(1).entity("mobility", 0);
/// let mut memory = 0;
/// let mut mover = Mover { index: 0, now: Default::default(), random: &mut random, memory: &mut memory };
/// let out = shuttle.start(&mut mover);
/// assert_eq!(out.speed_m_per_s(), 15.0);
/// mover.now = out.arrive;
/// assert_eq!(shuttle.next_leg(&out, &mut mover).to, Position::ground(0.0, 0.0));
/// ```
pub trait MobilityModel: fmt::Debug + Send {
    /// The device's first leg, which holds at [`Mover::now`].
    fn start(&mut self, mover: &mut Mover<'_>) -> Leg;

    /// The leg after `previous`, which has ended at [`Mover::now`]. Never asked of a leg without end.
    fn next_leg(&mut self, previous: &Leg, mover: &mut Mover<'_>) -> Leg;
}

/// A parameter that makes no mobility model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{model}: {parameter} is {value}, but must be {allowed}")]
pub struct MobilityError {
    /// The model that was asked for.
    pub model: &'static str,
    /// The parameter at fault, with its index where there are many.
    pub parameter: String,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

fn check(
    good: bool,
    model: &'static str,
    parameter: impl Into<String>,
    value: f64,
    allowed: &'static str,
) -> Result<(), MobilityError> {
    if good { Ok(()) } else { Err(MobilityError { model, parameter: parameter.into(), value, allowed }) }
}

/// That all coordinates of `place`, named `name` in messages, are finite.
fn check_place(model: &'static str, name: &str, place: Position) -> Result<(), MobilityError> {
    for (axis, value) in [("x_m", place.x_m), ("y_m", place.y_m), ("z_m", place.z_m)] {
        check(value.is_finite(), model, format!("{name}.{axis}"), value, "finite")?;
    }
    Ok(())
}

#[cfg(test)]
mod harness {
    use super::*;
    use crate::engine::RandomStreams;

    /// The first `count` legs of device `index` under `model`, or fewer if one never ends.
    pub(super) fn legs(model: &mut dyn MobilityModel, seed: u64, index: u32, count: usize) -> Vec<Leg> {
        let mut random = RandomStreams::new(seed).entity("mobility", u64::from(index));
        let mut memory = 0;
        let mut mover = Mover { index, now: SimTime::ZERO, random: &mut random, memory: &mut memory };
        let mut legs = vec![model.start(&mut mover)];
        while let Some(&last) = legs.last()
            && legs.len() < count
            && last.arrive < SimTime::MAX
        {
            mover.now = last.arrive;
            legs.push(model.next_leg(&last, &mut mover));
        }
        legs
    }
}
