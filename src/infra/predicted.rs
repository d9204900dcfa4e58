//! Predicted loads: what is booked on each processor by tasks that announce the share of it they will take.
//!
//! Admission by predicted utilisation, as EdgeCloudSim has it, is a matter of tokens: a task announces a share
//! of an instance, and is admitted while the shares there come to no more than one. How fast it then runs is
//! decided by the processor, and does not depend on the tokens.

use super::ids::{JobId, ProcessorId};
use super::node::Tier;
use crate::engine::{ABSENT, IndexedHeap, SimTime};

/// Shares are counted in billionths, so that sums are exact and ties are ties.
const PARTS: f64 = 1e9;

/// A share of an instance, 0 and above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u64);

impl Share {
    /// All of an instance.
    pub const WHOLE: Share = Share(PARTS as u64);

    /// A fraction of an instance; what is negative or no number counts as zero.
    #[must_use]
    pub fn of(fraction: f64) -> Self {
        Share((fraction * PARTS).round() as u64)
    }

    /// The fraction.
    #[must_use]
    pub fn as_fraction(self) -> f64 {
        self.0 as f64 / PARTS
    }
}

/// What is booked on one tier.
#[derive(Clone, Copy, Debug, Default)]
struct TierSum {
    instances: u32,
    booked: u64,
    /// Integral of `booked` over time, in billionths times seconds.
    integral: f64,
    since: SimTime,
}

/// The books of all processors.
#[derive(Debug, Default)]
pub struct PredictedLoads {
    of_processor: Vec<u64>,
    tier_of: Vec<Tier>,
    of_job: Vec<u64>,
    tiers: [TierSum; Tier::ALL.len()],
    /// The processors of each tier that serve jobs, least booked first, the first among equals.
    least: [IndexedHeap<(u64, u32)>; Tier::ALL.len()],
    places: Vec<u32>,
    used: bool,
}

impl PredictedLoads {
    /// Adds the next processor; `serves` says whether jobs run on it, or only in its instances.
    pub(super) fn add_processor(&mut self, tier: Tier, serves: bool) {
        self.of_processor.push(0);
        self.tier_of.push(tier);
        self.places.push(ABSENT);
        if serves {
            let processor = self.places.len() as u32 - 1;
            self.tiers[tier as usize].instances += 1;
            self.least[tier as usize].set(&mut self.places, processor, (0, processor));
        }
    }

    /// What is booked on a processor; may be above [`Share::WHOLE`] if bookings are not checked.
    #[must_use]
    pub fn on(&self, processor: ProcessorId) -> Share {
        Share(self.of_processor[processor.index()])
    }

    /// Whether a share fits beside what is booked already.
    #[must_use]
    pub fn fits(&self, processor: ProcessorId, share: Share) -> bool {
        self.of_processor[processor.index()] + share.0 <= Share::WHOLE.0
    }

    /// The instance of a tier with the least booked, the first among equals. O(1).
    #[must_use]
    pub fn least(&self, tier: Tier) -> Option<ProcessorId> {
        self.least[tier as usize].peek().map(|(_, processor)| ProcessorId(processor))
    }

    /// Mean of what is booked over the instances of a tier, as a fraction.
    #[must_use]
    pub fn utilisation(&self, tier: Tier) -> f64 {
        let sum = &self.tiers[tier as usize];
        if sum.instances == 0 { 0.0 } else { sum.booked as f64 / PARTS / f64::from(sum.instances) }
    }

    /// The same, averaged over the time from the start to `now`; `None` if nothing was ever booked.
    #[must_use]
    pub fn mean_utilisation(&self, tier: Tier, now: SimTime) -> Option<f64> {
        let sum = &self.tiers[tier as usize];
        let integral = sum.integral + sum.booked as f64 * now.since(sum.since).as_secs();
        let whole = f64::from(sum.instances) * PARTS * now.as_secs();
        (self.used && whole > 0.0).then(|| integral / whole)
    }

    /// Books a share.
    pub(super) fn book(&mut self, now: SimTime, processor: ProcessorId, share: Share) {
        self.used = true;
        self.of_processor[processor.index()] += share.0;
        let sum = self.advance(now, processor);
        sum.booked += share.0;
        self.sort_in(processor);
    }

    fn sort_in(&mut self, processor: ProcessorId) {
        let booked = self.of_processor[processor.index()];
        let heap = &mut self.least[self.tier_of[processor.index()] as usize];
        if self.places[processor.index()] != ABSENT {
            heap.set(&mut self.places, processor.0, (booked, processor.0));
        }
    }

    /// Takes a booked share back.
    pub(super) fn release(&mut self, now: SimTime, processor: ProcessorId, share: Share) {
        let booked = &mut self.of_processor[processor.index()];
        *booked = booked.saturating_sub(share.0);
        let sum = self.advance(now, processor);
        sum.booked = sum.booked.saturating_sub(share.0);
        self.sort_in(processor);
    }

    fn advance(&mut self, now: SimTime, processor: ProcessorId) -> &mut TierSum {
        let sum = &mut self.tiers[self.tier_of[processor.index()] as usize];
        sum.integral += sum.booked as f64 * now.since(sum.since).as_secs();
        sum.since = now;
        sum
    }

    /// Books a share for a job, until [`end_job`](Self::end_job).
    pub(super) fn book_job(&mut self, now: SimTime, processor: ProcessorId, job: JobId, share: Share) {
        // Ended jobs leave nothing behind, so that what is not booked need not be noted.
        if share.0 == 0 {
            return;
        }
        if self.of_job.len() <= job.index() {
            self.of_job.resize(job.index() + 1, 0);
        }
        self.of_job[job.index()] = share.0;
        self.book(now, processor, share);
    }

    /// The job has left its processor.
    pub(super) fn end_job(&mut self, now: SimTime, processor: ProcessorId, job: JobId) {
        if let Some(share) = self.of_job.get_mut(job.index()).map(std::mem::take)
            && share > 0
        {
            self.release(now, processor, Share(share));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_are_exact_and_averaged_over_time() {
        let mut loads = PredictedLoads::default();
        loads.add_processor(Tier::Edge, false);
        loads.add_processor(Tier::Edge, true);
        loads.add_processor(Tier::Edge, true);
        let (one, other) = (ProcessorId(1), ProcessorId(2));
        assert_eq!(loads.mean_utilisation(Tier::Edge, SimTime::from_secs(1.0)), None);
        for _ in 0..3 {
            loads.book(SimTime::ZERO, one, Share::of(0.3));
        }
        assert!(loads.fits(one, Share::of(0.1)) && !loads.fits(one, Share::of(0.1 + 1e-9)));
        loads.book_job(SimTime::ZERO, other, JobId(4), Share::of(0.1));
        assert_eq!(loads.utilisation(Tier::Edge), 0.5);
        assert_eq!(loads.least(Tier::Edge), Some(other));
        loads.end_job(SimTime::from_secs(1.0), other, JobId(4));
        for _ in 0..3 {
            loads.release(SimTime::from_secs(1.0), one, Share::of(0.3));
        }
        assert_eq!(loads.on(one), Share::default());
        assert_eq!((loads.least(Tier::Edge), loads.least(Tier::Fog)), (Some(one), None));
        // Half of both instances for one of four seconds.
        assert_eq!(loads.mean_utilisation(Tier::Edge, SimTime::from_secs(4.0)), Some(0.125));
        assert_eq!(loads.mean_utilisation(Tier::Cloud, SimTime::from_secs(4.0)), None);
        assert_eq!(Share::of(-1.0), Share::of(f64::NAN));
    }
}
