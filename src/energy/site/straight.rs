//! A span of time in which demand, generation, prices and the like are straight lines.

use super::SiteBattery;
use super::account::{EnergyFlows, SiteTotals};

/// A straight line over the seconds of a span.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    /// At the start of the span.
    pub(super) value: f64,
    /// A second.
    pub(super) slope: f64,
}

impl Line {
    pub(super) fn times(self, factor: f64) -> Line {
        Line { value: self.value * factor, slope: self.slope * factor }
    }

    pub(super) fn plus(self, other: Line) -> Line {
        Line { value: self.value + other.value, slope: self.slope + other.slope }
    }

    fn minus(self, other: Line) -> Line {
        self.plus(other.times(-1.0))
    }

    fn at(self, time_s: f64) -> f64 {
        self.value + self.slope * time_s
    }

    /// When the line meets a level, if it does after `from_s` and before `to_s`.
    fn meets(self, level: f64, from_s: f64, to_s: f64) -> Option<f64> {
        let time_s = (level - self.value) / self.slope;
        (time_s > from_s && time_s < to_s).then_some(time_s)
    }

    fn integral(self, from_s: f64, to_s: f64) -> f64 {
        self.at((from_s + to_s) / 2.0) * (to_s - from_s)
    }

    /// Integral of the product with another line; Simpson's rule is exact for it.
    fn integral_with(self, other: Line, from_s: f64, to_s: f64) -> f64 {
        let product = |time_s: f64| self.at(time_s) * other.at(time_s);
        let middle = product((from_s + to_s) / 2.0);
        (product(from_s) + 4.0 * middle + product(to_s)) * (to_s - from_s) / 6.0
    }

    /// When the integral from `from_s` on reaches an amount of at least 0, for a line that is not negative; never
    /// if it does not. The root of `v x + k x^2 / 2 = amount` in the form that cancels nothing.
    fn time_of(self, amount: f64, from_s: f64) -> f64 {
        let rate = self.at(from_s);
        let discriminant = rate * rate + 2.0 * self.slope * amount;
        if discriminant < 0.0 {
            return f64::INFINITY;
        }
        let denominator = rate + discriminant.sqrt();
        if denominator > 0.0 { from_s + 2.0 * amount / denominator } else { f64::INFINITY }
    }
}

/// A battery as it is now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Battery {
    spec: SiteBattery,
    pub(super) level_j: f64,
}

impl Battery {
    pub(super) fn new(spec: &SiteBattery) -> Self {
        Battery { spec: *spec, level_j: spec.capacity_j * spec.level }
    }
}

/// The lines of a span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Straight {
    pub(super) span_s: f64,
    pub(super) demand: Line,
    pub(super) generation: Line,
    pub(super) price: Line,
    pub(super) carbon: Line,
    pub(super) cap: Option<Line>,
}

impl Straight {
    /// What happens in the span, `energy_j` aside. The battery is changed as it does.
    ///
    /// The span is cut where demand and generation cross, where the battery reaches a limit of its power, where
    /// it is full or empty, and where the demand crosses the cap; between these everything is straight.
    pub(super) fn follow(&self, mut battery: Option<&mut Battery>) -> SiteTotals {
        let mut seen = SiteTotals::default();
        let lack = self.demand.minus(self.generation);
        let mut at_s = 0.0;
        while at_s < self.span_s {
            let mut to_s = self.span_s;
            if let Some(time_s) = lack.meets(0.0, at_s, to_s) {
                to_s = time_s;
            }
            if let Some(Battery { spec, .. }) = battery.as_deref() {
                for level_w in [spec.discharge_limit_w, -spec.charge_limit_w] {
                    if let Some(time_s) = lack.meets(level_w, at_s, to_s) {
                        to_s = time_s;
                    }
                }
            }
            if let Some(time_s) = self.cap.and_then(|cap| self.demand.minus(cap).meets(0.0, at_s, to_s))
            {
                to_s = time_s;
            }
            // The battery's share of what lacks and of what is too much, by the middle, where no sign is unsure.
            let lacks_w = lack.at((at_s + to_s) / 2.0);
            let limited = |line: Line, limit_w: f64| {
                if lacks_w.abs() <= limit_w { line } else { Line { value: limit_w, slope: 0.0 } }
            };
            let (mut given, mut taken) = (Line::default(), Line::default());
            if let Some(battery) = battery.as_deref_mut() {
                let spec = battery.spec;
                let mut stored = Line::default();
                let mut bound_s = f64::INFINITY;
                if lacks_w > 0.0 && battery.level_j > 0.0 {
                    given = limited(lack, spec.discharge_limit_w);
                    stored = given.times(-1.0);
                    bound_s = given.time_of(battery.level_j, at_s);
                } else if lacks_w < 0.0 && battery.level_j < spec.capacity_j {
                    taken = limited(lack.times(-1.0), spec.charge_limit_w);
                    stored = taken.times(spec.efficiency);
                    bound_s = stored.time_of(spec.capacity_j - battery.level_j, at_s);
                }
                if bound_s <= to_s {
                    to_s = bound_s.max(at_s);
                    battery.level_j = if lacks_w > 0.0 { 0.0 } else { spec.capacity_j };
                } else {
                    let level_j = battery.level_j + stored.integral(at_s, to_s);
                    battery.level_j = level_j.clamp(0.0, spec.capacity_j);
                }
            }
            let green = if lacks_w > 0.0 { self.generation } else { self.demand };
            let brown = if lacks_w > 0.0 { lack.minus(given) } else { Line::default() };
            seen.flows += EnergyFlows {
                energy_j: 0.0,
                demand_j: self.demand.integral(at_s, to_s),
                green_j: green.integral(at_s, to_s),
                battery_j: given.integral(at_s, to_s),
                brown_j: brown.integral(at_s, to_s),
                cost: brown.integral_with(self.price, at_s, to_s),
                carbon_g: brown.integral_with(self.carbon, at_s, to_s),
            };
            seen.generation_j += self.generation.integral(at_s, to_s);
            seen.charged_j += taken.integral(at_s, to_s);
            let surplus = if lacks_w > 0.0 { Line::default() } else { lack.times(-1.0).minus(taken) };
            seen.surplus_j += surplus.integral(at_s, to_s);
            let middle_s = (at_s + to_s) / 2.0;
            if self.cap.is_some_and(|cap| self.demand.at(middle_s) > cap.at(middle_s)) {
                seen.over_cap_s += to_s - at_s;
            }
            at_s = to_s;
        }
        seen
    }
}
