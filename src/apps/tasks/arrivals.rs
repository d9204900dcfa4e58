//! When a device creates its next task.

use super::application::{Application, Arrival};
use crate::engine::{EntityStream, SimDuration, SimTime};
use rand::RngExt;

/// The clock of one device: active and idle periods, and arrivals within the active ones.
#[derive(Clone, Debug)]
pub(super) struct ArrivalClock {
    pub(super) random: EntityStream,
    /// End of the present active period, or of the one that comes next.
    active_end: SimTime,
    last: SimTime,
    /// When a periodic application begins.
    first: Option<SimTime>,
}

impl ArrivalClock {
    /// A clock that starts at `now`, at a random point of its cycle, so that the load is stationary from
    /// the start (for periods of constant length; others start with a whole active or idle period).
    pub(super) fn start(application: &Application, mut random: EntityStream, now: SimTime) -> Self {
        let mut last = now;
        let mut active_end = SimTime::MAX;
        if let (Some((active, _)), Some(first)) = (&application.activity, &application.first_active_s) {
            last = now + SimDuration::from_secs(first.sample(&mut random));
            active_end = last + SimDuration::from_secs(active.sample(&mut random));
        } else if let Some((active, idle)) = &application.activity {
            let (active_s, idle_s) = (active.sample(&mut random), idle.sample(&mut random));
            let into = random.random::<f64>() * (active_s + idle_s);
            if into < active_s {
                active_end = now + SimDuration::from_secs(active_s - into);
            } else {
                last = now + SimDuration::from_secs(active_s + idle_s - into);
                active_end = last + SimDuration::from_secs(active.sample(&mut random));
            }
        }
        let mut first = None;
        if let Arrival::Periodic(period_s) = application.arrival {
            first = Some(last + SimDuration::from_secs(random.random::<f64>() * period_s));
        }
        ArrivalClock { random, active_end, last, first }
    }

    /// The time of the next task; `None` if there is none, or only beyond `horizon`.
    pub(super) fn next(&mut self, application: &Application, horizon: SimTime) -> Option<SimTime> {
        loop {
            let gap_s = match &application.arrival {
                Arrival::Gaps(gaps) => gaps.sample(&mut self.random),
                Arrival::Periodic(period_s) => *period_s,
                Arrival::Trace(_) => return None,
            };
            let time = match self.first.take() {
                Some(first) => first,
                None => self.last + SimDuration::from_secs(gap_s),
            };
            let Some((active, idle)) = &application.activity else {
                self.last = time;
                return (time <= horizon).then_some(time);
            };
            if time <= self.active_end {
                self.last = time;
                return (time <= horizon).then_some(time);
            }
            // The gap reaches beyond the active period: the next one starts afresh.
            let pause = SimDuration::from_secs(idle.sample(&mut self.random));
            self.last = self.active_end + pause;
            self.active_end = self.last + SimDuration::from_secs(active.sample(&mut self.random));
            if self.last > horizon {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::JobClass;
    use crate::engine::{Distribution, RandomStreams};

    fn application(arrival: Arrival, activity: Option<(f64, f64)>) -> Application {
        let constant = |value| Distribution::constant(value).unwrap();
        Application {
            name: "test".into(),
            share: 1.0,
            arrival,
            activity: activity.map(|(active, idle)| (constant(active), constant(idle))),
            first_active_s: None,
            predicted: None,
            cloud_share: 0.0,
            length_mi: constant(1.0),
            upload_bytes: constant(1.0),
            download_bytes: constant(1.0),
            cores: 1,
            memory_bytes: constant(0.0),
            accelerator: None,
            accelerated: None,
            class: JobClass::Compute,
            deadline_s: None,
            delay_sensitivity: 0.5,
        }
    }

    fn count(application: &Application, devices: u64, horizon_s: f64) -> f64 {
        let horizon = SimTime::from_secs(horizon_s);
        let mut tasks = 0;
        for device in 0..devices {
            let random = RandomStreams::new(9).entity("arrivals", device);
            let mut clock = ArrivalClock::start(application, random, SimTime::ZERO);
            let mut last = SimTime::ZERO;
            while let Some(time) = clock.next(application, horizon) {
                assert!(time >= last && time <= horizon);
                last = time;
                tasks += 1;
            }
        }
        tasks as f64
    }

    #[test]
    fn the_rate_is_the_active_share_over_the_mean_gap() {
        let gaps = Arrival::Gaps(Distribution::exponential(2.0).unwrap());
        // Always active: 1000 devices for 100 s at 1/2 s: 50 000, standard deviation 224.
        let tasks = count(&application(gaps.clone(), None), 1000, 100.0);
        assert!((tasks - 50_000.0).abs() < 4.0 * 224.0, "{tasks}");
        // 40 s of each 60 s active, from a random phase on: two thirds of that, and more spread.
        let tasks = count(&application(gaps, Some((40.0, 20.0))), 1000, 120.0);
        assert!((tasks - 40_000.0).abs() < 4.0 * 300.0, "{tasks}");
    }

    #[test]
    fn periodic_tasks_keep_their_period() {
        let application = application(Arrival::Periodic(10.0), None);
        let random = RandomStreams::new(9).entity("arrivals", 4);
        let mut clock = ArrivalClock::start(&application, random, SimTime::ZERO);
        let times: Vec<f64> = std::iter::from_fn(|| clock.next(&application, SimTime::from_secs(100.0)))
            .map(SimTime::as_secs)
            .collect();
        assert_eq!(times.len(), 10);
        assert!(times[0] < 10.0);
        assert!(times.windows(2).all(|pair| (pair[1] - pair[0] - 10.0).abs() < 1e-6), "{times:?}");
    }
}
