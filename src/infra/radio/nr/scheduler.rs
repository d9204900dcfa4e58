//! Who gets the resource blocks of a carrier.

use std::cmp::Ordering;

/// A device's claim on a carrier in one direction over a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Goodput with the whole carrier in bits per second, 0 or more.
    pub rate_bps: f64,
    /// What it has to send in bits per second; infinite if as much as it can.
    pub demand_bps: f64,
}

impl Claim {
    /// Share of the carrier that serves all of the demand: 0 for devices out of range.
    fn most(&self) -> f64 {
        if self.rate_bps > 0.0 { (self.demand_bps / self.rate_bps).max(0.0) } else { 0.0 }
    }
}

/// A device in one slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlotClaim {
    /// Rate with all resource blocks of this slot in bits per second, 0 if out of range.
    pub rate_bps: f64,
    /// Mean of what it was served lately in bits per second; see [`served_average`].
    pub average_bps: f64,
    /// Resource blocks that serve all it has to send.
    pub most_blocks: u32,
}

/// A scheduler: shares over a period, which the analytic fidelity needs, and grants in a slot. One of your own:
///
/// ```
/// use stratosim::infra::nr::{BlockScheduler, Claim, RoundRobin, SlotClaim};
///
/// /// The first device has everything.
/// #[derive(Debug)]
/// struct First;
///
/// impl BlockScheduler for First {
///     fn name(&self) -> &'static str {
///         "first"
///     }
///     fn shares(&self, claims: &[Claim], shares: &mut Vec<f64>) {
///         shares.clear();
///         shares.extend((0..claims.len()).map(|place| if place == 0 { 1.0 } else { 0.0 }));
///     }
///     fn grants(&self, _: u64, blocks: u32, claims: &[SlotClaim], grants: &mut Vec<u32>) {
///         grants.clear();
///         grants.extend((0..claims.len()).map(|place| if place == 0 { blocks } else { 0 }));
///     }
/// }
///
/// let claims = [Claim { rate_bps: 1e8, demand_bps: f64::INFINITY }; 4];
/// let mut shares = Vec::new();
/// First.shares(&claims, &mut shares);
/// assert_eq!(shares, [1.0, 0.0, 0.0, 0.0]);
/// RoundRobin.shares(&claims, &mut shares);
/// assert_eq!(shares, [0.25; 4]);
/// ```
pub trait BlockScheduler: std::fmt::Debug + Send + Sync {
    /// Its name: `round_robin`, `proportional_fair`, `max_rate`.
    fn name(&self) -> &'static str;

    /// Shares of the carrier over a period, one for each claim: 0 to 1, together no more than 1, and 1 if the claims
    /// take all. Clears `shares` first.
    fn shares(&self, claims: &[Claim], shares: &mut Vec<f64>);

    /// Resource blocks in a slot, one number for each claim, together no more than `blocks`. Clears `grants` first.
    fn grants(&self, slot: u64, blocks: u32, claims: &[SlotClaim], grants: &mut Vec<u32>);
}

/// All devices in turn: equal shares, and what a device does not need for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundRobin;

/// The device whose rate is highest against what it has had lately: rate / average^fairness. Over a period that makes the
/// greatest sum of alpha-fair utilities (Kelly 1997; Mo and Walrand 2000), alpha being the fairness: shares in proportion
/// to rate^((1 - alpha) / alpha). With 1 these are equal shares, as those of [`RoundRobin`]: what the scheduler gains by
/// serving devices at the peaks of their fading is in its grants only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProportionalFair {
    /// alpha, 0.01 to 100: 1 is proportional fairness, 2 the least delay of files, large values equal rates, small ones the
    /// highest sum of rates.
    pub fairness: f64,
}

impl Default for ProportionalFair {
    fn default() -> Self {
        ProportionalFair { fairness: 1.0 }
    }
}

/// The device with the highest rate first, and others only with what it leaves. Devices with equal rates share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaxRate;

impl BlockScheduler for RoundRobin {
    fn name(&self) -> &'static str {
        "round_robin"
    }

    fn shares(&self, claims: &[Claim], shares: &mut Vec<f64>) {
        shares.clear();
        shares.resize(claims.len(), 0.0);
        let all: Vec<usize> = (0..claims.len()).collect();
        fill(claims, &all, |_| 1.0, 1.0, shares);
    }

    fn grants(&self, slot: u64, blocks: u32, claims: &[SlotClaim], grants: &mut Vec<u32>) {
        grants.clear();
        grants.resize(claims.len(), 0);
        let mut rest = blocks;
        // Whoever still wants some, from another one in each slot.
        let mut open: Vec<usize> = rotated(slot, claims.len())
            .filter(|&place| claims[place].rate_bps > 0.0 && claims[place].most_blocks > 0)
            .collect();
        while rest > 0 && !open.is_empty() {
            let each = rest / open.len() as u32;
            // The first few get the blocks that are left over.
            let more = (rest as usize) % open.len();
            let mut given = 0;
            for (turn, &place) in open.iter().enumerate() {
                let part = each + u32::from(turn < more);
                let granted = part.min(claims[place].most_blocks - grants[place]);
                grants[place] += granted;
                given += granted;
            }
            rest -= given;
            open.retain(|&place| grants[place] < claims[place].most_blocks);
        }
    }
}

impl BlockScheduler for ProportionalFair {
    fn name(&self) -> &'static str {
        "proportional_fair"
    }

    fn shares(&self, claims: &[Claim], shares: &mut Vec<f64>) {
        shares.clear();
        shares.resize(claims.len(), 0.0);
        let all: Vec<usize> = (0..claims.len()).collect();
        let highest = claims.iter().map(|claim| claim.rate_bps).fold(0.0, f64::max);
        let power = (1.0 - self.fairness) / self.fairness;
        let weight = |claim: &Claim| match power {
            0.0 => 1.0,
            _ => (claim.rate_bps / highest).powf(power),
        };
        fill(claims, &all, weight, 1.0, shares);
    }

    fn grants(&self, slot: u64, blocks: u32, claims: &[SlotClaim], grants: &mut Vec<u32>) {
        // A device that has had nothing comes first, by its rate.
        let metric =
            |claim: &SlotClaim| claim.rate_bps / claim.average_bps.max(1e-3).powf(self.fairness);
        in_order(slot, blocks, claims, grants, metric);
    }
}

impl BlockScheduler for MaxRate {
    fn name(&self) -> &'static str {
        "max_rate"
    }

    fn shares(&self, claims: &[Claim], shares: &mut Vec<f64>) {
        shares.clear();
        shares.resize(claims.len(), 0.0);
        let rate = |place: usize| claims[place].rate_bps;
        let mut order: Vec<usize> = (0..claims.len()).collect();
        order.sort_by(|&one, &other| rate(other).total_cmp(&rate(one)));
        let mut rest = 1.0;
        for equals in order.chunk_by(|&one, &other| rate(one) == rate(other)) {
            rest = fill(claims, equals, |_| 1.0, rest, shares);
        }
    }

    fn grants(&self, slot: u64, blocks: u32, claims: &[SlotClaim], grants: &mut Vec<u32>) {
        in_order(slot, blocks, claims, grants, |claim| claim.rate_bps);
    }
}

/// Mean of what a device was served, after another slot: a window of so many slots, at least 1, with weights that fall
/// exponentially.
#[must_use]
pub fn served_average(average_bps: f64, served_bps: f64, window_slots: f64) -> f64 {
    average_bps + (served_bps - average_bps) / window_slots.max(1.0)
}

/// Places from another one in each slot.
fn rotated(slot: u64, count: usize) -> impl Iterator<Item = usize> {
    let first = if count == 0 { 0 } else { (slot % count as u64) as usize };
    (first..count).chain(0..first)
}

/// Fills the shares of some claims in proportion to weights, none beyond what it needs. Returns what is left over.
fn fill(
    claims: &[Claim],
    places: &[usize],
    weight: impl Fn(&Claim) -> f64,
    available: f64,
    shares: &mut [f64],
) -> f64 {
    // Where there is enough for all, nobody's weight matters.
    let wanted: f64 = places.iter().map(|&place| claims[place].most()).sum();
    if wanted <= available {
        for &place in places {
            shares[place] = claims[place].most();
        }
        return available - wanted;
    }
    // By the level at which each is full, the first to be so first.
    let mut order: Vec<(f64, f64, usize)> = places
        .iter()
        .filter(|&&place| claims[place].most() > 0.0)
        .map(|&place| {
            let weight = weight(&claims[place]);
            (claims[place].most() / weight, weight, place)
        })
        .collect();
    order.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.2.cmp(&other.2)));
    // Weights of each and all after it, summed up from the end so that none is lost to rounding.
    let mut weights: Vec<f64> = order.iter().map(|entry| entry.1).collect();
    for place in (1..weights.len()).rev() {
        weights[place - 1] += weights[place];
    }
    let mut rest = available;
    for ((full, weight, place), weights) in order.into_iter().zip(weights) {
        let level = rest / weights;
        let share = if full <= level { claims[place].most() } else { level * weight };
        shares[place] = share.min(rest);
        rest = (rest - shares[place]).max(0.0);
    }
    rest
}

/// All that is wanted to the claim with the highest metric, then to the next; equals in turns.
fn in_order(
    slot: u64,
    blocks: u32,
    claims: &[SlotClaim],
    grants: &mut Vec<u32>,
    metric: impl Fn(&SlotClaim) -> f64,
) {
    grants.clear();
    grants.resize(claims.len(), 0);
    let mut order: Vec<(f64, usize)> = rotated(slot, claims.len())
        .filter(|&place| claims[place].rate_bps > 0.0)
        .map(|place| (metric(&claims[place]), place))
        .collect();
    // Stable, so that equals stay in their turns.
    order.sort_by(|one, other| other.0.partial_cmp(&one.0).unwrap_or(Ordering::Equal));
    let mut rest = blocks;
    for (_, place) in order {
        grants[place] = rest.min(claims[place].most_blocks);
        rest -= grants[place];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all() -> [Box<dyn BlockScheduler>; 4] {
        [
            Box::new(RoundRobin),
            Box::new(ProportionalFair::default()),
            Box::new(ProportionalFair { fairness: 2.0 }),
            Box::new(MaxRate),
        ]
    }

    fn shares(scheduler: &dyn BlockScheduler, claims: &[Claim]) -> Vec<f64> {
        let mut shares = vec![7.0];
        scheduler.shares(claims, &mut shares);
        shares
    }

    const fn claim(rate_bps: f64, demand_bps: f64) -> Claim {
        Claim { rate_bps, demand_bps }
    }

    /// By hand: a device needs a tenth; the others share nine tenths evenly, by 1/sqrt(rate) with alpha 2 (10 and 40 are
    /// as 2 to 1), or the fastest takes all.
    #[test]
    fn shares_are_those_of_hand_calculations() {
        let none = f64::INFINITY;
        let claims = [claim(10.0, none), claim(40.0, none), claim(20.0, 2.0), claim(0.0, none)];
        let close = |found: Vec<f64>, expected: [f64; 4]| {
            assert!(
                found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-12),
                "{found:?}"
            );
        };
        close(shares(&RoundRobin, &claims), [0.45, 0.45, 0.1, 0.0]);
        close(shares(&ProportionalFair::default(), &claims), [0.45, 0.45, 0.1, 0.0]);
        close(shares(&ProportionalFair { fairness: 2.0 }, &claims), [0.6, 0.3, 0.1, 0.0]);
        close(shares(&MaxRate, &claims), [0.0, 1.0, 0.0, 0.0]);
        // Equals share, and what they leave goes on.
        let equals = [claim(40.0, none), claim(40.0, 8.0), claim(20.0, none)];
        assert_eq!(shares(&MaxRate, &equals), [0.8, 0.2, 0.0]);
    }

    /// Slots in a row come to the shares of the period.
    #[test]
    fn grants_add_up_to_the_shares() {
        let rates = [10e6, 40e6, 20e6, 0.0];
        let claims = rates.map(|rate_bps| claim(rate_bps, f64::INFINITY));
        for scheduler in all() {
            let (mut averages, mut given) = ([0.0; 4], [0.0; 4]);
            let slots = 40_000;
            for slot in 0..slots {
                let users: Vec<SlotClaim> = rates
                    .iter()
                    .zip(averages)
                    .map(|(&rate_bps, average_bps)| SlotClaim {
                        rate_bps,
                        average_bps,
                        most_blocks: 273,
                    })
                    .collect();
                let mut grants = Vec::new();
                scheduler.grants(slot, 273, &users, &mut grants);
                assert_eq!(grants.iter().sum::<u32>(), 273);
                for place in 0..4 {
                    let share = f64::from(grants[place]) / 273.0;
                    given[place] += share / slots as f64;
                    averages[place] = served_average(averages[place], share * rates[place], 200.0);
                }
            }
            for (found, expected) in given.iter().zip(shares(scheduler.as_ref(), &claims)) {
                assert!((found - expected).abs() < 0.02, "{} {given:?} {expected}", scheduler.name());
            }
        }
    }

    proptest! {
        /// Nobody gets more than it needs, all together what there is, or all they need.
        #[test]
        fn shares_and_grants_add_up(
            claims in prop::collection::vec((0.0..1e9_f64, 0.0..2e9_f64, 0..400_u32), 0..12),
            slot in 0..1000_u64,
        ) {
            for scheduler in all() {
                let period: Vec<Claim> = claims.iter().map(|&(rate, demand, _)| claim(rate, demand)).collect();
                let found = shares(scheduler.as_ref(), &period);
                let wanted: f64 = period.iter().map(Claim::most).sum();
                prop_assert_eq!(found.len(), period.len());
                prop_assert!((found.iter().sum::<f64>() - wanted.min(1.0)).abs() < 1e-9);
                for (share, claim) in found.iter().zip(&period) {
                    prop_assert!((0.0..=claim.most() + 1e-9).contains(share));
                }
                let users: Vec<SlotClaim> = claims
                    .iter()
                    .map(|&(rate_bps, average_bps, most_blocks)| SlotClaim { rate_bps, average_bps, most_blocks })
                    .collect();
                let mut grants = Vec::new();
                scheduler.grants(slot, 273, &users, &mut grants);
                let wanted: u32 =
                    users.iter().filter(|user| user.rate_bps > 0.0).map(|user| user.most_blocks).sum();
                prop_assert_eq!(grants.iter().sum::<u32>(), wanted.min(273));
                prop_assert!(grants.iter().zip(&users).all(|(grant, user)| *grant <= user.most_blocks));
            }
        }
    }
}
