//! Sites: what the energy of the nodes at one place is made of and costs.

mod account;
mod straight;

pub use account::{EnergyFlows, SiteAccount, SiteTotals};

use super::signal::Signal;
use std::sync::Arc;

/// A source of power at a site, such as a photovoltaic plant.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Its power over time, in units of `scale_w`.
    pub signal: Arc<Signal>,
    /// Watts of a unit of the signal.
    pub scale_w: f64,
}

/// A battery at a site. It takes what is generated beyond the demand, and gives when less is generated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteBattery {
    /// Joules that it gives when full.
    pub capacity_j: f64,
    /// Share of the capacity that is in it at the start, in 0..=1.
    pub level: f64,
    /// Greatest power in watts that it takes.
    pub charge_limit_w: f64,
    /// Greatest power in watts that it gives.
    pub discharge_limit_w: f64,
    /// Share of what it takes that it gives back, in 0..=1, above 0.
    pub efficiency: f64,
}

/// What makes no site.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// A value out of its range.
    #[error("{what} is {found}; it must be {allowed}")]
    OutOfRange {
        /// What the value is.
        what: &'static str,
        /// The value.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
}

/// What the energy of a site depends on.
#[derive(Clone, Debug)]
pub struct SiteSpec {
    /// Its name.
    pub name: String,
    /// Money for a joule from the grid; free if `None`. May be negative.
    pub price: Option<Arc<Signal>>,
    /// The currency of that money, such as `EUR`; empty if there is no price.
    pub currency: String,
    /// Grams of CO2 equivalent for a joule from the grid; none if `None`.
    pub carbon: Option<Arc<Signal>>,
    /// Power usage effectiveness: energy of the whole site over that of its nodes, at least 1.
    pub pue: Arc<Signal>,
    /// Sources at the site, which come first.
    pub generation: Vec<Generation>,
    /// Battery at the site, which comes second.
    pub battery: Option<SiteBattery>,
    /// Watts that the site may draw in all, cooling included; any if `None`.
    pub cap_w: Option<Arc<Signal>>,
}

impl SiteSpec {
    /// A site that has nothing but a grid, which is free.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        SiteSpec {
            name: name.into(),
            price: None,
            currency: String::new(),
            carbon: None,
            pue: Arc::new(Signal::constant(1.0)),
            generation: Vec::new(),
            battery: None,
            cap_w: None,
        }
    }

    /// Whether all is in range.
    ///
    /// # Errors
    /// The first value that is not.
    pub fn check(&self) -> Result<(), SiteError> {
        let out = |what, found, allowed| Err(SiteError::OutOfRange { what, found, allowed });
        let pue = self.pue.range().0;
        if pue < 1.0 {
            return out("the power usage effectiveness", pue, "at least 1");
        }
        for source in &self.generation {
            let least_w = source.signal.range().0 * source.scale_w;
            if !(least_w >= 0.0 && source.scale_w.is_finite()) {
                return out("the generated power", least_w, "at least 0 W");
            }
        }
        if let Some(cap_w) = self.cap_w.as_ref().map(|cap| cap.range().0).filter(|&cap_w| cap_w < 0.0) {
            return out("the power cap", cap_w, "at least 0 W");
        }
        if let Some(battery) = &self.battery {
            if !(battery.capacity_j.is_finite() && battery.capacity_j > 0.0) {
                return out("the capacity of the battery", battery.capacity_j, "above 0 J");
            }
            for (what, share) in [("the level", battery.level), ("the efficiency", battery.efficiency)] {
                if !(0.0..=1.0).contains(&share) || (share == 0.0 && what == "the efficiency") {
                    return out(what, share, "from 0 to 1, and an efficiency above 0");
                }
            }
            for limit_w in [battery.charge_limit_w, battery.discharge_limit_w] {
                if limit_w.is_nan() || limit_w < 0.0 {
                    return out("a limit of the battery", limit_w, "at least 0 W");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
