//! Queues as EdgeCloudSim computes them.

use crate::infra::network::{DelayModel, Message, WindowedQueue};

/// One application in the arithmetic of [`SharedWanQueue`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MobileDemand {
    /// Share of the devices that run it, 0 to 1.
    pub share: f64,
    /// Mean seconds between tasks.
    pub interval_s: f64,
    /// Share of its tasks that go to the cloud, 0 to 1.
    pub cloud_share: f64,
    /// Mean bytes of a message in the queue's direction.
    pub message_bytes: f64,
}

/// The slips of [`SharedWanQueue`]; without one, what was meant is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WanSlips {
    /// Means over applications are divided by their number once more.
    pub divide_by_applications: bool,
    /// The gap between messages to the cloud grows with the running sum over the applications before.
    pub wan_mean_accumulates: bool,
    /// A queue that is overloaded by far gives a short delay: the reciprocal of a large negative number, plus the
    /// propagation.
    pub overload_is_fast: bool,
}

/// The M/M/1 by population of EdgeCloudSim's first sample application, for what goes to the edge or, if `wan` is
/// set, on to the cloud. Both hops to the cloud count as one.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedWanQueue {
    /// Messages a second of one device on its access point.
    wlan_per_s: f64,
    /// Messages a second of one device to the cloud.
    wan_per_s: f64,
    mean_bytes: f64,
    /// Bandwidth in bits a second and propagation in seconds of the way to the cloud; `None` for the WLAN alone.
    wan: Option<(f64, f64)>,
    longest_s: f64,
    slips: WanSlips,
}

impl SharedWanQueue {
    /// The queue of these applications. `wan` is the bandwidth in bits a second and the propagation delay in
    /// seconds of the way to the cloud beyond the access point; messages are refused beyond `longest_s` seconds
    /// on either hop.
    #[must_use]
    pub fn new(
        applications: &[MobileDemand],
        wan: Option<(f64, f64)>,
        longest_s: f64,
        slips: WanSlips,
    ) -> Self {
        let counted = applications.iter().filter(|application| application.share > 0.0);
        let (mut gap_s, mut wan_gap_s, mut bytes, mut count) = (0.0, 0.0, 0.0, 0.0);
        let mut wan_per_s = 0.0;
        for application in counted {
            let MobileDemand { share, interval_s, cloud_share, message_bytes } = *application;
            gap_s += interval_s * share;
            wan_gap_s += gap_s / cloud_share * share;
            bytes += message_bytes * share;
            wan_per_s += share * cloud_share / interval_s;
            count += 1.0;
        }
        let divisor = if slips.divide_by_applications { count } else { 1.0 };
        SharedWanQueue {
            wlan_per_s: divisor / gap_s,
            wan_per_s: if slips.wan_mean_accumulates { 1.0 / wan_gap_s } else { wan_per_s },
            mean_bytes: bytes / divisor,
            wan,
            longest_s,
            slips,
        }
    }

    fn hop_s(&self, bandwidth_bps: f64, per_s: f64, propagation_s: f64, population: u32) -> Option<f64> {
        let spare_per_s = bandwidth_bps / 8.0 / self.mean_bytes - per_s * f64::from(population);
        let delay_s = 1.0 / spare_per_s + propagation_s;
        let stable = if self.slips.overload_is_fast { delay_s > 0.0 } else { spare_per_s > 0.0 };
        (stable && delay_s <= self.longest_s).then_some(delay_s)
    }
}

impl DelayModel for SharedWanQueue {
    fn delay_s(&mut self, message: &Message) -> Option<f64> {
        let n = message.population;
        let wlan_s = self.hop_s(message.bandwidth_bps, self.wlan_per_s, 0.0, n)?;
        match self.wan {
            None => Some(wlan_s),
            Some((bandwidth_bps, propagation_s)) => {
                Some(wlan_s + self.hop_s(bandwidth_bps, self.wan_per_s, propagation_s, n)?)
            }
        }
    }

    fn needs_distance(&self) -> bool {
        false
    }

    fn boxed_clone(&self) -> Box<dyn DelayModel> {
        Box::new(self.clone())
    }
}

/// The metropolitan network of EdgeCloudSim's second sample application: arrivals are measured in windows, but
/// two things are not as the model says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelayQueue {
    /// The queue that is meant.
    pub queue: WindowedQueue,
    /// The mean message stays what it was at the start, whatever is sent.
    pub size_never_updates: bool,
    /// Whoever asks how long a message would take is counted as one.
    pub estimate_counts: bool,
}

impl RelayQueue {
    fn counted(&self, message: &Message) -> Message {
        let bytes = if self.size_never_updates { self.queue.mean_message_bytes } else { message.bytes };
        Message { bytes, ..*message }
    }
}

impl DelayModel for RelayQueue {
    fn delay_s(&mut self, message: &Message) -> Option<f64> {
        let delay_s = self.queue.delay_s(message);
        if self.estimate_counts {
            let counted = self.counted(message);
            self.queue.note(&counted, delay_s);
        }
        delay_s
    }

    fn note(&mut self, message: &Message, delay_s: Option<f64>) {
        // Each message asks before it enters, and is counted then.
        if !self.estimate_counts {
            let counted = self.counted(message);
            self.queue.note(&counted, delay_s);
        }
    }

    fn needs_distance(&self) -> bool {
        false
    }

    fn boxed_clone(&self) -> Box<dyn DelayModel> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;

    fn message(population: u32) -> Message {
        Message {
            now: SimTime::ZERO,
            bytes: 1.0,
            bandwidth_bps: 200e6,
            transfers: 0,
            population,
            devices: population,
            device: None,
            distance_m: 0.0,
            received_dbm: None,
        }
    }

    /// The first sample application: shares .3 .2 .2 .3, gaps 5 30 60 7 s, cloud 20 20 40 15 %.
    fn demand(sizes_kb: [f64; 4]) -> [MobileDemand; 4] {
        let rows = [(0.3, 5.0, 0.2), (0.2, 30.0, 0.2), (0.2, 60.0, 0.4), (0.3, 7.0, 0.15)];
        let mut sizes = sizes_kb.into_iter();
        rows.map(|(share, interval_s, cloud_share)| MobileDemand {
            share,
            interval_s,
            cloud_share,
            message_bytes: sizes.next().unwrap_or(0.0) * 1e3,
        })
    }

    const SLIPS: WanSlips =
        WanSlips { divide_by_applications: true, wan_mean_accumulates: true, overload_is_fast: true };

    #[test]
    fn the_first_sample_has_the_published_delays() {
        let (up, down) = (demand([1500.0, 1250.0, 2500.0, 25.0]), demand([25.0, 20.0, 250.0, 2000.0]));
        let wlan = |n| {
            [up, down]
                .map(|own| SharedWanQueue::new(&own, None, 5.0, SLIPS).delay_s(&message(n)).unwrap())
        };
        let round_trip = |n| wlan(n).iter().sum::<f64>();
        // Published: 0.0187 s for an empty place, 0.0216 s with 71 devices.
        assert!((round_trip(0) - 0.0187).abs() < 5e-5, "{}", round_trip(0));
        assert!((round_trip(71) - 0.0216).abs() < 5e-5, "{}", round_trip(71));
        let queue = SharedWanQueue::new(&up, Some((15e6, 0.1)), 5.0, SLIPS);
        assert!((1.0 / queue.wlan_per_s - 5.4).abs() < 1e-9);
        assert!((1.0 / queue.wan_per_s - 62.7).abs() < 0.05, "{}", 1.0 / queue.wan_per_s);
        assert!((queue.mean_bytes - 301_875.0).abs() < 1e-6);
        let wan: f64 = [up, down]
            .map(|own| {
                let mut queue = SharedWanQueue::new(&own, Some((15e6, 0.1)), 5.0, SLIPS);
                queue.delay_s(&message(71)).unwrap()
            })
            .iter()
            .sum();
        // Published: 0.52 s.
        assert!((wan - 0.52).abs() < 5e-3, "{wan}");
    }

    #[test]
    fn without_slips_overload_is_refused_and_rates_are_those_of_the_applications() {
        let up = demand([1500.0, 1250.0, 2500.0, 25.0]);
        let crowd = Message { bandwidth_bps: 10e9, ..message(2000) };
        let slow = SharedWanQueue::new(&up, Some((1e6, 0.1)), 5.0, SLIPS).delay_s(&crowd);
        // WLAN: mu = 4140.8/s, n lambda = 370.4/s: 0.00027 s. WAN: mu = 0.414/s, n lambda = 31.9/s:
        // 1 / -31.49 + 0.1 = 0.0682 s.
        assert!(slow.is_some_and(|delay_s| (delay_s - 0.0685).abs() < 2e-4), "{slow:?}");
        let good = SharedWanQueue::new(&up, Some((1e6, 0.1)), 5.0, WanSlips::default());
        assert_eq!(good.clone().delay_s(&crowd), None);
        // As far as the WLAN carries them: mu = 1035.2/s, n lambda = 2000 * 0.0463 = 92.6/s.
        let wlan = SharedWanQueue::new(&up, None, 5.0, WanSlips::default()).delay_s(&crowd);
        assert!(wlan.is_some_and(|delay_s| (delay_s - 1.0 / 942.6).abs() < 1e-6), "{wlan:?}");
        // .3*.2/5 + .2*.2/30 + .2*.4/60 + .3*.15/7 = 0.021095/s.
        assert!((good.wan_per_s - 0.021_095).abs() < 1e-6);
        assert!((good.mean_bytes - 1_207_500.0).abs() < 1e-6);
    }

    #[test]
    fn relays_are_counted_as_told() {
        let queue = WindowedQueue::new(5.0, 10.0, 240e3).unwrap();
        let rate_after = |mut relays: RelayQueue| {
            for asked_only in [true, false] {
                let delay = relays.delay_s(&message(0));
                if !asked_only {
                    relays.note(&message(0), delay);
                }
            }
            let later = Message { now: SimTime::from_secs(5.0), ..message(0) };
            let mu = 200e6 / 8.0 / 240e3;
            mu - 1.0 / relays.delay_s(&later).unwrap()
        };
        let size_never_updates = true;
        let counted = RelayQueue { queue, size_never_updates, estimate_counts: true };
        assert!((rate_after(counted) - 0.4).abs() < 1e-6);
        let counted = RelayQueue { queue, size_never_updates, estimate_counts: false };
        assert!((rate_after(counted) - 0.2).abs() < 1e-6);
    }
}
