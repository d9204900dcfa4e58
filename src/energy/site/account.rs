//! The account of a site: what its nodes draw, and where that comes from.

use super::straight::{Battery, Line, Straight};
use super::{SiteError, SiteSpec};
use crate::energy::signal::{Piece, Signal};
use crate::engine::SimTime;
use std::ops::{Add, AddAssign, Mul, Sub};

/// Amounts of energy by origin, and what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EnergyFlows {
    /// Joules that nodes used.
    pub energy_j: f64,
    /// Joules that the site drew for it: times its power usage effectiveness. The sum of the next three.
    pub demand_j: f64,
    /// Joules that came from the site's own sources.
    pub green_j: f64,
    /// Joules that came from the site's battery.
    pub battery_j: f64,
    /// Joules that came from the grid.
    pub brown_j: f64,
    /// What those from the grid cost, in the site's currency.
    pub cost: f64,
    /// Grams of CO2 equivalent of those from the grid.
    pub carbon_g: f64,
}

impl EnergyFlows {
    fn combined(self, other: Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        EnergyFlows {
            energy_j: combine(self.energy_j, other.energy_j),
            demand_j: combine(self.demand_j, other.demand_j),
            green_j: combine(self.green_j, other.green_j),
            battery_j: combine(self.battery_j, other.battery_j),
            brown_j: combine(self.brown_j, other.brown_j),
            cost: combine(self.cost, other.cost),
            carbon_g: combine(self.carbon_g, other.carbon_g),
        }
    }
}

impl Add for EnergyFlows {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.combined(other, |own, other| own + other)
    }
}

impl AddAssign for EnergyFlows {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for EnergyFlows {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.combined(other, |own, other| own - other)
    }
}

impl Mul<f64> for EnergyFlows {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        self.combined(self, |own, _| own * factor)
    }
}

/// All that a site has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SiteTotals {
    /// What its nodes used.
    pub flows: EnergyFlows,
    /// Joules that its own sources generated: those used, charged and left over.
    pub generation_j: f64,
    /// Joules that its battery took.
    pub charged_j: f64,
    /// Joules that were generated and not used.
    pub surplus_j: f64,
    /// Seconds during which it drew more than its cap.
    pub over_cap_s: f64,
}

/// The account of one site. Power is constant between two calls; everything is integrated exactly over the steps
/// and straight lines of the site's signals, also where the battery runs full or empty within them.
///
/// ```
/// use std::sync::Arc;
/// use stratosim::energy::{Signal, SiteAccount, SiteSpec};
/// use stratosim::engine::SimTime;
/// let mut site = SiteSpec::new("site");
/// // 36 EUR/MWh are 1e-8 EUR/J.
/// site.price = Some(Arc::new(Signal::constant(1e-8)));
/// site.pue = Arc::new(Signal::constant(1.5));
/// let mut account = SiteAccount::new(site)?;
/// account.set_power(SimTime::ZERO, 1000.0);
/// account.advance(SimTime::from_secs(3600.0));
/// let flows = account.totals().flows;
/// assert_eq!((flows.energy_j, flows.brown_j), (3.6e6, 5.4e6));
/// assert!((flows.cost - 0.054).abs() < 1e-12);
/// # Ok::<(), stratosim::energy::SiteError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SiteAccount {
    spec: SiteSpec,
    power_w: f64,
    since: SimTime,
    totals: SiteTotals,
    per_watt: EnergyFlows,
    battery: Option<Battery>,
    /// Power usage effectiveness and cap, where neither changes and there is nothing but a grid.
    grid_only: Option<(f64, f64)>,
}

impl SiteAccount {
    /// An account of a site that draws nothing yet.
    ///
    /// # Errors
    /// If a value of the site is out of range.
    pub fn new(spec: SiteSpec) -> Result<Self, SiteError> {
        spec.check()?;
        let cap_w = spec.cap_w.as_ref().map_or(Some(f64::INFINITY), |cap| cap.as_constant());
        let plain = spec.generation.is_empty() && spec.battery.is_none();
        let grid_only = spec.pue.as_constant().zip(cap_w).filter(|_| plain);
        Ok(SiteAccount {
            battery: spec.battery.as_ref().map(Battery::new),
            spec,
            power_w: 0.0,
            since: SimTime::ZERO,
            totals: SiteTotals::default(),
            per_watt: EnergyFlows::default(),
            grid_only,
        })
    }

    /// What the site depends on.
    #[must_use]
    pub fn spec(&self) -> &SiteSpec {
        &self.spec
    }

    /// Watts that its nodes draw.
    #[must_use]
    pub fn power_w(&self) -> f64 {
        self.power_w
    }

    /// What there was up to the last change or [advance](Self::advance).
    #[must_use]
    pub fn totals(&self) -> &SiteTotals {
        &self.totals
    }

    /// What a watt of a node at the site would have amounted to if it had been drawn all the time, up to the last
    /// change or advance. The difference of two instants times the watts drawn between them is the share of
    /// whatever drew them, be it a node or a part of one such as a virtual machine.
    #[must_use]
    pub fn per_watt(&self) -> EnergyFlows {
        self.per_watt
    }

    /// Joules in the battery; `None` if there is none.
    #[must_use]
    pub fn battery_j(&self) -> Option<f64> {
        self.battery.as_ref().map(|battery| battery.level_j)
    }

    /// Money for a joule from the grid now; 0 if it is free.
    #[must_use]
    pub fn price(&self, now: SimTime) -> f64 {
        value(self.spec.price.as_deref(), now)
    }

    /// Grams of CO2 equivalent for a joule from the grid now; 0 if that is not known.
    #[must_use]
    pub fn carbon_intensity(&self, now: SimTime) -> f64 {
        value(self.spec.carbon.as_deref(), now)
    }

    /// Watts that the site's own sources give now.
    #[must_use]
    pub fn generation_w(&self, now: SimTime) -> f64 {
        let sources = self.spec.generation.iter();
        sources.map(|source| source.scale_w * source.signal.value(now.as_secs())).sum()
    }

    /// Watts that the site may draw now, cooling included; infinite if there is no cap.
    #[must_use]
    pub fn cap_w(&self, now: SimTime) -> f64 {
        self.spec.cap_w.as_ref().map_or(f64::INFINITY, |cap| cap.value(now.as_secs()))
    }

    /// Watts that its nodes may draw from now to `until` without the site ever being above its cap: the least
    /// that cap and power usage effectiveness allow at the ends of their straight pieces. Infinite without a cap.
    #[must_use]
    pub fn allowed_w(&self, now: SimTime) -> f64 {
        let Some(cap) = &self.spec.cap_w else { return f64::INFINITY };
        let at = now.as_secs();
        let least = |piece: Piece| end_value(piece, at).min(piece.value);
        let most = |piece: Piece| end_value(piece, at).max(piece.value);
        least(cap.piece(at)) / most(self.spec.pue.piece(at))
    }

    /// When what is [allowed](Self::allowed_w) may change next.
    #[must_use]
    pub fn next_cap_change(&self, now: SimTime) -> Option<SimTime> {
        let at = now.as_secs();
        let cap = self.spec.cap_w.as_ref()?;
        let until_s = cap.piece(at).until_s.min(self.spec.pue.piece(at).until_s);
        // Not before the change in any rounding, and never now.
        let nanos = (until_s * 1e9).ceil();
        let constant = self.spec.pue.as_constant().and(cap.as_constant()).is_some();
        (!constant && nanos.is_finite())
            .then(|| SimTime::from_nanos((nanos as u64).max(now.as_nanos() + 1)))
    }

    /// From `now` on the nodes draw `power_w` watts together.
    pub fn set_power(&mut self, now: SimTime, power_w: f64) {
        self.advance(now);
        // Sums of many nodes may end a rounding error below nothing.
        self.power_w = power_w.max(0.0);
    }

    /// What there would be between two instants if the nodes drew `power_w` watts together from the first one on; up to
    /// there they draw what they do.
    #[must_use]
    pub fn expected(&self, from: SimTime, until: SimTime, power_w: f64) -> EnergyFlows {
        let mut copy = self.clone();
        copy.set_power(from, power_w);
        let before = copy.totals.flows;
        copy.advance(until);
        copy.totals.flows - before
    }

    /// Adds energy that a node used at once, all of it from the grid, and returns what it amounts to.
    pub fn add_energy(&mut self, now: SimTime, energy_j: f64) -> EnergyFlows {
        let demand_j = energy_j * self.spec.pue.value(now.as_secs());
        let flows = EnergyFlows {
            energy_j,
            demand_j,
            brown_j: demand_j,
            cost: demand_j * self.price(now),
            carbon_g: demand_j * self.carbon_intensity(now),
            ..EnergyFlows::default()
        };
        self.totals.flows += flows;
        flows
    }

    /// Brings the account up to `now`.
    pub fn advance(&mut self, now: SimTime) {
        let (from_s, to_s) = (self.since.as_secs(), now.as_secs());
        if now <= self.since {
            return;
        }
        self.since = now;
        match self.grid_only {
            Some((pue, cap_w)) => self.advance_grid_only(from_s, to_s, pue, cap_w),
            None => self.advance_by_pieces(from_s, to_s),
        }
    }

    /// With nothing but a grid, a watt costs the integral of the price, whatever else is drawn.
    fn advance_grid_only(&mut self, from_s: f64, to_s: f64, pue: f64, cap_w: f64) {
        let integral =
            |signal: Option<&Signal>| signal.map_or(0.0, |signal| pue * signal.integral(from_s, to_s));
        let span_s = to_s - from_s;
        let watt = EnergyFlows {
            energy_j: span_s,
            demand_j: pue * span_s,
            green_j: 0.0,
            battery_j: 0.0,
            brown_j: pue * span_s,
            cost: integral(self.spec.price.as_deref()),
            carbon_g: integral(self.spec.carbon.as_deref()),
        };
        self.per_watt += watt;
        self.totals.flows += watt * self.power_w;
        if self.power_w * pue > cap_w {
            self.totals.over_cap_s += span_s;
        }
    }

    /// Along the straight pieces of all signals.
    fn advance_by_pieces(&mut self, from_s: f64, to_s: f64) {
        let mut at_s = from_s;
        while at_s < to_s {
            let mut until_s = to_s;
            let mut line = |signal: Option<&Signal>| {
                let Some(signal) = signal else { return Line::default() };
                let piece = signal.piece(at_s);
                until_s = until_s.min(piece.until_s);
                Line { value: piece.value, slope: piece.slope }
            };
            let (price, carbon) = (line(self.spec.price.as_deref()), line(self.spec.carbon.as_deref()));
            let demand = line(Some(&self.spec.pue)).times(self.power_w);
            let cap = self.spec.cap_w.as_deref().map(|cap| line(Some(cap)));
            let mut generation = Line::default();
            for source in &self.spec.generation {
                generation = generation.plus(line(Some(&source.signal)).times(source.scale_w));
            }
            // A piece that rounding has left without length is passed.
            until_s = if until_s > at_s { until_s } else { at_s.next_up() };
            let straight = Straight { span_s: until_s - at_s, demand, generation, price, carbon, cap };
            let mut seen = straight.follow(self.battery.as_mut());
            seen.flows.energy_j = self.power_w * straight.span_s;
            if self.power_w > 0.0 {
                self.per_watt += seen.flows * (1.0 / self.power_w);
            }
            self.totals.flows += seen.flows;
            self.totals.generation_j += seen.generation_j;
            self.totals.charged_j += seen.charged_j;
            self.totals.surplus_j += seen.surplus_j;
            self.totals.over_cap_s += seen.over_cap_s;
            at_s = until_s;
        }
    }
}

fn value(signal: Option<&Signal>, now: SimTime) -> f64 {
    signal.map_or(0.0, |signal| signal.value(now.as_secs()))
}

/// The value at the end of a piece that was asked for at `at_s`.
fn end_value(piece: Piece, at_s: f64) -> f64 {
    if piece.slope == 0.0 { piece.value } else { piece.value + piece.slope * (piece.until_s - at_s) }
}
