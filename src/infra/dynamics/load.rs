//! Load from outside the simulation: days, arrivals, traffic between nodes.

use super::change::{Amount, Change, Contribution, Setup, Tick};
use super::target::Subject;
use crate::engine::{EntityStream, SimDuration, SimTime};
use crate::infra::ids::{LinkId, NodeId};
use rand::RngExt;
use rand_distr::{Binomial, Distribution as _, Poisson};
use std::collections::BTreeMap;

/// A wave around the base: the factor is `1 + amplitude cos(2 pi (t - peak) / period)`. It depends on the time within
/// the period alone, which is counted in whole nanoseconds, so that it is exactly periodic.
#[derive(Clone, Debug)]
pub struct Diurnal {
    /// Amplitude as a share of the base.
    pub amplitude: f64,
    /// The period, above 0.
    pub period: SimDuration,
    /// When in the period the factor is greatest.
    pub peak: SimDuration,
    /// Whether each subject has a peak of its own, drawn once.
    pub has_random_phases: bool,
    peaks: Vec<SimDuration>,
}

impl Diurnal {
    /// A wave, the same for all subjects.
    #[must_use]
    pub fn new(amplitude: f64, period: SimDuration, peak: SimDuration) -> Self {
        Diurnal { amplitude, period, peak, has_random_phases: false, peaks: Vec::new() }
    }

    /// The factor at an instant.
    ///
    /// ```
    /// use stratosim::engine::{SimDuration, SimTime};
    /// use stratosim::infra::dynamics::Diurnal;
    /// let hours = |hours: f64| SimDuration::from_secs(hours * 3600.0);
    /// let day = Diurnal::new(0.5, hours(24.0), hours(18.0));
    /// assert_eq!(day.factor(SimTime::ZERO + hours(18.0)), 1.5);
    /// assert_eq!(day.factor(SimTime::ZERO + hours(6.0)), 0.5);
    /// assert_eq!(day.factor(SimTime::ZERO + hours(7.0)), day.factor(SimTime::ZERO + hours(24_007.0)));
    /// ```
    #[must_use]
    pub fn factor(&self, now: SimTime) -> f64 {
        self.factor_with(now, self.peak)
    }

    fn factor_with(&self, now: SimTime, peak: SimDuration) -> f64 {
        let period = self.period.as_nanos().max(1);
        let after_peak = (now.as_nanos() % period + period - peak.as_nanos() % period) % period;
        let turn = std::f64::consts::TAU * (after_peak as f64 / period as f64);
        1.0 + self.amplitude * turn.cos()
    }
}

impl Change for Diurnal {
    fn start(&mut self, setup: &Setup<'_>) {
        let (period_s, spread) = (self.period.as_secs(), self.has_random_phases);
        let peak = |mut random: EntityStream| {
            if spread { SimDuration::from_secs(period_s * random.random::<f64>()) } else { self.peak }
        };
        self.peaks = setup.each().into_iter().map(peak).collect();
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if !tick.is_due {
            return;
        }
        let common = self.factor(tick.now);
        for (member, &peak) in self.peaks.iter().enumerate() {
            let factor = if self.has_random_phases { self.factor_with(tick.now, peak) } else { common };
            tick.set(member, Contribution::factor(factor));
        }
    }
}

/// What comes and goes and takes a part of each subject: Poisson arrivals that stay for exponential times (M/M/∞). Its
/// number is Poisson distributed with mean `rate x mean stay` at every instant, the first one too; from one instant to
/// the next it goes exactly: of n, Binomial(n, e^(-t / stay)) stay, and Poisson(rate stay (1 - e^(-t / stay))) are new.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// Arrivals a second at each subject.
    pub rate_per_s: f64,
    /// Mean stay in seconds, above 0.
    pub stay_s: f64,
    /// What each takes.
    pub takes: Amount,
    random: Vec<EntityStream>,
    present: Vec<u64>,
    has_begun: bool,
}

impl Arrivals {
    /// Arrivals at this rate that stay and take so much.
    #[must_use]
    pub fn new(rate_per_s: f64, stay_s: f64, takes: Amount) -> Self {
        Arrivals { rate_per_s, stay_s, takes, random: Vec::new(), present: Vec::new(), has_begun: false }
    }
}

fn poisson(mean: f64, random: &mut EntityStream) -> u64 {
    // A mean of 0, or beyond what can be drawn, is no distribution: nothing comes.
    Poisson::new(mean).map_or(0, |poisson| poisson.sample(random) as u64)
}

impl Change for Arrivals {
    fn start(&mut self, setup: &Setup<'_>) {
        self.random = setup.each();
        self.present = vec![0; setup.members.len()];
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if !tick.is_due {
            return;
        }
        let stays = if self.has_begun { (-tick.elapsed.as_secs() / self.stay_s).exp() } else { 0.0 };
        let new = self.rate_per_s * self.stay_s * (1.0 - stays);
        for (member, random) in self.random.iter_mut().enumerate() {
            let kept = Binomial::new(self.present[member], stays).map_or(0, |own| own.sample(random));
            let present = kept + poisson(new, random);
            self.present[member] = present;
            let takes = self.takes.of(tick.members[member].base);
            tick.set(member, Contribution::offset(-takes * present as f64));
        }
        self.has_begun = true;
    }
}

/// Traffic from one node to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// Where it enters the network; a wired node.
    pub from: NodeId,
    /// Where it leaves it; a wired node.
    pub to: NodeId,
    /// Bits a second.
    pub rate_bps: f64,
}

/// Traffic between nodes that takes bandwidth of the links on its routes, each in its direction; the routes of least
/// latency at each instant. What has no route is not carried.
#[derive(Clone, Debug)]
pub struct TrafficMatrix {
    /// The traffic.
    pub demands: Vec<Demand>,
    /// How it varies over the day, if it does.
    pub profile: Option<Diurnal>,
    /// For each link its members, forth and back. For look-ups only.
    members: BTreeMap<LinkId, [u32; 2]>,
    taken_bps: Vec<f64>,
}

impl TrafficMatrix {
    /// This traffic.
    #[must_use]
    pub fn new(demands: Vec<Demand>, profile: Option<Diurnal>) -> Self {
        TrafficMatrix { demands, profile, members: BTreeMap::new(), taken_bps: Vec::new() }
    }
}

impl Change for TrafficMatrix {
    fn start(&mut self, setup: &Setup<'_>) {
        self.taken_bps = vec![0.0; setup.members.len()];
        for (index, member) in (0..).zip(setup.members) {
            if let Subject::Link(link) = member.subject {
                self.members.entry(link).or_insert([index; 2])[1] = index;
            }
        }
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if !tick.is_due {
            return;
        }
        self.taken_bps.fill(0.0);
        let share = self.profile.as_ref().map_or(1.0, |profile| profile.factor(tick.now));
        for demand in &self.demands {
            let (members, taken) = (&self.members, &mut self.taken_bps);
            let mut route = smallvec::SmallVec::<[(LinkId, NodeId); 16]>::new();
            let found = tick.network.routes().route(demand.from, demand.to, |link, source| {
                route.push((link, source));
            });
            if found.is_none() {
                continue;
            }
            for (link, source) in route {
                let owner = tick.network.bandwidth_owner(link);
                let back = tick.network.links()[link.index()].a != source;
                if let Some(own) = members.get(&owner) {
                    taken[own[usize::from(back)] as usize] += demand.rate_bps * share;
                }
            }
        }
        for (member, &taken) in self.taken_bps.iter().enumerate() {
            tick.set(member, Contribution::offset(-taken));
        }
    }

    fn is_by_direction(&self) -> bool {
        true
    }
}
