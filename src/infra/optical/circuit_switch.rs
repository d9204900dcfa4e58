//! One optical circuit switch: its map of ports over time.

use super::colouring::PortMode;
use super::error::{OpticalError, not_negative};
use super::fabric::SwitchId;
use crate::engine::{SimDuration, SimTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const NONE: u32 = u32::MAX;

/// Classes of devices by the time in which they change their map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SwitchPreset {
    /// 3D MEMS with cameras, 3 ms: 99 % of changes of Google's Palomar take less (Urata et al., *Mission Apollo*, 2022).
    MemsFast,
    /// 3D MEMS, 25 ms: a single change of a device such as Calient S320.
    Mems,
    /// 3D MEMS, 200 ms: changes of such a device that follow each other.
    MemsBulk,
    /// A robotic patch panel, 120 s.
    PatchPanel,
}

impl SwitchPreset {
    /// Seconds to change the map.
    #[must_use]
    pub const fn switching_s(self) -> f64 {
        match self {
            SwitchPreset::MemsFast => 0.003,
            SwitchPreset::Mems => 0.025,
            SwitchPreset::MemsBulk => 0.2,
            SwitchPreset::PatchPanel => 120.0,
        }
    }
}

/// How long a new circuit carries nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchTiming {
    /// The change of the map.
    pub switching: SimDuration,
    /// Training of the transceivers and routing, after that.
    pub link_up: SimDuration,
}

impl SwitchTiming {
    /// Seconds of the change of the map and, after that, until the link is up. Both are rounded up to the nanosecond.
    ///
    /// # Errors
    /// If one is negative or not finite.
    pub fn new(switching_s: f64, link_up_s: f64) -> Result<Self, OpticalError> {
        not_negative("the switching time", switching_s)?;
        not_negative("the time until a link is up", link_up_s)?;
        Ok(SwitchTiming {
            switching: SimDuration::from_secs_ceil(switching_s),
            link_up: SimDuration::from_secs_ceil(link_up_s),
        })
    }

    /// That of a class of devices.
    ///
    /// # Errors
    /// If `link_up_s` is negative or not finite.
    pub fn preset(preset: SwitchPreset, link_up_s: f64) -> Result<Self, OpticalError> {
        SwitchTiming::new(preset.switching_s(), link_up_s)
    }

    /// Both together.
    #[must_use]
    pub fn dark(self) -> SimDuration {
        self.switching + self.link_up
    }
}

/// What does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakage {
    /// One port.
    Port(u32),
    /// The whole switch.
    Switch,
}

/// An optical circuit switch. Its map is one to one: simplex, each port sends into one circuit and receives from one; duplex,
/// a circuit is both directions of two ports.
///
/// ```
/// use stratosim::engine::SimTime;
/// use stratosim::infra::optical::{CircuitSwitch, PortMode, SwitchId, SwitchPreset, SwitchTiming};
/// let timing = SwitchTiming::preset(SwitchPreset::Mems, 0.975)?;
/// let mut switch = CircuitSwitch::new(SwitchId(0), 4, PortMode::Duplex, timing);
/// let start = SimTime::ZERO;
/// assert_eq!(switch.reconfigure(start, &[(0, 1), (2, 3)])?, 2);
/// assert!(!switch.carries(SimTime::from_secs(0.9), 0, 1));
/// assert!(switch.carries(SimTime::from_secs(1.0), 1, 0));
/// // The circuit 2-3 goes, 0-1 stays and carries on.
/// assert_eq!(switch.reconfigure(SimTime::from_secs(2.0), &[(1, 0)])?, 0);
/// assert!(switch.carries(SimTime::from_secs(2.0), 0, 1));
/// # Ok::<(), stratosim::infra::optical::OpticalError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CircuitSwitch {
    id: SwitchId,
    mode: PortMode,
    timing: SwitchTiming,
    /// For each port the one that it sends to.
    to: Vec<u32>,
    /// For each port the one that it receives from.
    from: Vec<u32>,
    /// For each port since when what it sends arrives.
    carries_from: Vec<SimTime>,
    broken: Vec<bool>,
    is_down: bool,
    set_up: u64,
}

impl CircuitSwitch {
    /// A switch of `ports` ports without circuits.
    #[must_use]
    pub fn new(id: SwitchId, ports: u32, mode: PortMode, timing: SwitchTiming) -> Self {
        let count = ports as usize;
        CircuitSwitch {
            id,
            mode,
            timing,
            to: vec![NONE; count],
            from: vec![NONE; count],
            carries_from: vec![SimTime::ZERO; count],
            broken: vec![false; count],
            is_down: false,
            set_up: 0,
        }
    }

    /// How many ports it has.
    #[must_use]
    pub fn ports(&self) -> u32 {
        // It was made with so many.
        self.to.len() as u32
    }

    /// How many circuits have been set up so far.
    #[must_use]
    pub const fn set_up(&self) -> u64 {
        self.set_up
    }

    /// The port that `port` sends to.
    #[must_use]
    pub fn peer(&self, port: u32) -> Option<u32> {
        self.to.get(port as usize).copied().filter(|&to| to != NONE)
    }

    /// Whether what `a` sends arrives at `b` at this time.
    #[must_use]
    pub fn carries(&self, now: SimTime, a: u32, b: u32) -> bool {
        self.peer(a) == Some(b) && self.carries_from[a as usize] <= now
    }

    /// When what `port` sends arrives somewhere; `None` without a circuit.
    #[must_use]
    pub fn carries_from(&self, port: u32) -> Option<SimTime> {
        self.peer(port).map(|_| self.carries_from[port as usize])
    }

    /// Whether the port works.
    #[must_use]
    pub fn works(&self, port: u32) -> bool {
        !self.is_down && self.broken.get(port as usize).is_some_and(|&broken| !broken)
    }

    /// The circuits, each from the port that sends; of duplex ones the lower port first, once.
    pub fn circuits(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let twice = self.mode == PortMode::Duplex;
        (0..self.ports())
            .filter_map(|port| self.peer(port).map(|to| (port, to)))
            .filter(move |&(port, to)| !twice || port < to)
    }

    fn check(&self, a: u32, b: u32) -> Result<(), OpticalError> {
        let (switch, ports) = (self.id, self.ports());
        for port in [a, b] {
            if port >= ports {
                return Err(OpticalError::NoPort { switch, port, ports });
            }
            if !self.works(port) {
                return Err(OpticalError::Broken { switch, port });
            }
        }
        if a == b { Err(OpticalError::Loop { switch, port: a }) } else { Ok(()) }
    }

    fn cut(&mut self, a: u32) {
        let b = std::mem::replace(&mut self.to[a as usize], NONE);
        if b != NONE {
            self.from[b as usize] = NONE;
        }
    }

    fn join(&mut self, now: SimTime, a: u32, b: u32) {
        self.to[a as usize] = b;
        self.from[b as usize] = a;
        self.carries_from[a as usize] = now + self.timing.dark();
    }

    /// Connects two ports, for simplex ones what `a` sends to `b`. Circuits that have these ports are cut; one that is there
    /// already is left alone. Tells since when it carries.
    ///
    /// # Errors
    /// If there is no such port, it is broken, or both are one.
    pub fn connect(&mut self, now: SimTime, a: u32, b: u32) -> Result<SimTime, OpticalError> {
        self.check(a, b)?;
        if self.to[a as usize] != b {
            self.disconnect(a);
            match self.mode {
                PortMode::Duplex => {
                    self.disconnect(b);
                    self.join(now, b, a);
                }
                PortMode::Simplex => {
                    let other = self.from[b as usize];
                    if other != NONE {
                        self.cut(other);
                    }
                }
            }
            self.join(now, a, b);
            self.set_up += 1;
        }
        Ok(self.carries_from[a as usize])
    }

    /// Cuts the circuit that `port` sends into; of duplex ports both directions. Nothing if there is none.
    pub fn disconnect(&mut self, port: u32) {
        let Some(peer) = self.peer(port) else { return };
        self.cut(port);
        if self.mode == PortMode::Duplex {
            self.cut(peer);
        }
    }

    /// Makes these circuits the whole map: others are cut, those that are there already go on. Tells how many were set up.
    ///
    /// # Errors
    /// If a port is not there, broken, or wanted twice; the map then stays as it was.
    pub fn reconfigure(&mut self, now: SimTime, circuits: &[(u32, u32)]) -> Result<usize, OpticalError> {
        let (mut sends, mut receives) = (vec![NONE; self.to.len()], vec![NONE; self.to.len()]);
        let switch = self.id;
        for &(a, b) in circuits {
            self.check(a, b)?;
            let directions: &[(u32, u32)] =
                if self.mode == PortMode::Duplex { &[(a, b), (b, a)] } else { &[(a, b)] };
            for &(a, b) in directions {
                if std::mem::replace(&mut sends[a as usize], b) != NONE {
                    return Err(OpticalError::Twice { switch, port: a });
                }
                if std::mem::replace(&mut receives[b as usize], a) != NONE {
                    return Err(OpticalError::Twice { switch, port: b });
                }
            }
        }
        for port in 0..self.ports() {
            if self.to[port as usize] != sends[port as usize] {
                self.cut(port);
            }
        }
        let before = self.set_up;
        for &(a, b) in circuits {
            self.connect(now, a, b)?;
        }
        Ok((self.set_up - before) as usize)
    }

    /// A port or the switch breaks; gives the circuits that are lost with it.
    pub fn fail(&mut self, breakage: Breakage) -> Vec<(u32, u32)> {
        let all: Vec<(u32, u32)> = self.circuits().collect();
        let lost: Vec<(u32, u32)> = match breakage {
            Breakage::Switch => {
                self.is_down = true;
                all
            }
            Breakage::Port(port) => {
                if let Some(broken) = self.broken.get_mut(port as usize) {
                    *broken = true;
                }
                all.into_iter().filter(|&(a, b)| a == port || b == port).collect()
            }
        };
        for &(a, _) in &lost {
            self.disconnect(a);
        }
        lost
    }

    /// It works again, without circuits.
    pub fn repair(&mut self, breakage: Breakage) {
        match breakage {
            Breakage::Switch => self.is_down = false,
            Breakage::Port(port) => {
                if let Some(broken) = self.broken.get_mut(port as usize) {
                    *broken = false;
                }
            }
        }
    }
}
