//! Contracts on service levels: from the format to the model.

use crate::energy::sla::{
    Contract, Penalty, ServiceLevel, UptimePromise, uptime_promise, uptime_promises,
};
use crate::scenario::Site;
use crate::scenario::format::{PenaltySpec, SlaSpec, UptimeSpec};
use std::borrow::Cow;

/// Seconds of an hour.
const HOUR_S: f64 = 3600.0;

fn penalty(spec: PenaltySpec) -> Penalty {
    match spec {
        PenaltySpec::None => Penalty::None,
        PenaltySpec::Fixed { amount } => Penalty::Fixed { amount },
        PenaltySpec::DelayDependent { rate_per_hour, grace } => {
            Penalty::DelayDependent { rate_per_s: rate_per_hour / HOUR_S, grace_s: grace.as_secs() }
        }
        PenaltySpec::Full { factor } => Penalty::Full { factor },
        PenaltySpec::Proportional { factor } => Penalty::Proportional { factor },
        PenaltySpec::Quadratic { rate_per_hour } => Penalty::Quadratic { rate: rate_per_hour / HOUR_S },
    }
}

fn uptime(spec: &UptimeSpec, site: &Site<'_>) -> Option<UptimePromise> {
    match spec {
        UptimeSpec::Name(name) => {
            let promise = uptime_promise(&name.0);
            if promise.is_none() {
                let known = uptime_promises().iter().map(|promise| &*promise.name);
                site.unknown("promise of uptime", &name.0, known);
            }
            promise.cloned()
        }
        UptimeSpec::Promise(promise) => {
            let tiers =
                promise.tiers.iter().map(|tier| (tier.below.as_fraction(), tier.credit.as_fraction()));
            Some(UptimePromise {
                name: Cow::Borrowed("own"),
                about: Cow::Borrowed("given in the scenario"),
                commitment: promise.commitment.as_fraction(),
                tiers: tiers.collect::<Vec<_>>().into(),
            })
        }
    }
}

/// What is agreed by a contract of the format.
pub(super) fn service_level(spec: &SlaSpec, site: &Site<'_>) -> Option<ServiceLevel> {
    let causes = [("overload", spec.overload), ("migration", spec.migration), ("crash", spec.crash)];
    if spec.price_per_hour <= 0.0 {
        let asks_price = |own: &PenaltySpec| {
            matches!(own, PenaltySpec::Full { .. } | PenaltySpec::Proportional { .. })
        };
        let given = causes.iter().filter_map(|(key, own)| own.as_ref().map(|own| (*key, own)));
        let is_vain = |(key, own): (&'static str, &PenaltySpec)| asks_price(own).then_some(key);
        let vain = given.chain([("penalty", &spec.penalty)]).find_map(is_vain);
        let vain = vain.or(spec.uptime.as_ref().map(|_| "uptime")).or(spec.cap.map(|_| "cap"));
        if let Some(key) = vain {
            site.key(key).error_with_help(
                "this is a share of the price, but the virtual machine costs nothing",
                "give `price_per_hour` beside it",
            );
            return None;
        }
    }
    let promise = match &spec.uptime {
        Some(spec) => Some(uptime(spec, &site.key("uptime"))?),
        None => None,
    };
    let contract = Contract {
        price_per_s: spec.price_per_hour / HOUR_S,
        penalties: causes.map(|(_, own)| penalty(own.unwrap_or(spec.penalty))),
        uptime: promise,
        cap_share: spec.cap.map(|share| share.as_fraction()),
    };
    let mut level = ServiceLevel::new(contract);
    level.availability = spec.availability.map(|share| share.as_fraction()).or(level.availability);
    Some(level)
}
