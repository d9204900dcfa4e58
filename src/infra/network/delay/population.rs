//! M/M/1 by population: the load is that of the devices that are present.

use super::{DelayModel, Message};

/// A queue whose arrivals are those of the devices that are attached to the access point, whether they send
/// or not: with n of them, the sojourn of a message is W = 1 / (mu - n lambda), mu = B / s, where B is the
/// bandwidth, s the mean message and lambda the rate of one device (Kleinrock 1975, section 3.2; so used by
/// Sonmez, Ozgovde & Ersoy 2018). The message's own size plays no part. Messages are refused where the queue
/// is unstable, n lambda >= mu, and where W is beyond the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PopulationQueue {
    messages_per_s: f64,
    mean_message_bytes: f64,
    longest_s: f64,
}

/// What makes no population queue.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("population queue: {parameter} is {value}, but must be {allowed}")]
pub struct PopulationError {
    /// The parameter at fault.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

impl PopulationQueue {
    /// Devices that send `messages_per_s` messages a second each of `mean_message_bytes` on average; messages
    /// that would take more than `longest_s` seconds are refused (infinity for no limit).
    ///
    /// # Errors
    /// If the rate is negative, or the mean size or the limit not above 0.
    pub fn new(
        messages_per_s: f64,
        mean_message_bytes: f64,
        longest_s: f64,
    ) -> Result<Self, PopulationError> {
        let checks = [
            (messages_per_s >= 0.0, "messages_per_s", messages_per_s, "at least 0"),
            (mean_message_bytes > 0.0, "mean_message_bytes", mean_message_bytes, "above 0"),
            (longest_s > 0.0, "longest_s", longest_s, "above 0"),
        ];
        match checks.into_iter().find(|check| !check.0) {
            None => Ok(PopulationQueue { messages_per_s, mean_message_bytes, longest_s }),
            Some((_, parameter, value, allowed)) => Err(PopulationError { parameter, value, allowed }),
        }
    }
}

impl DelayModel for PopulationQueue {
    fn delay_s(&mut self, message: &Message) -> Option<f64> {
        let served_per_s = message.bandwidth_bps / (8.0 * self.mean_message_bytes);
        let spare_per_s = served_per_s - f64::from(message.population) * self.messages_per_s;
        let delay_s = 1.0 / spare_per_s;
        (spare_per_s > 0.0 && delay_s <= self.longest_s).then_some(delay_s)
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
    use super::super::tests::message;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn delay_follows_the_population() {
        // 200 Mbit/s and messages of 301.875 kB: mu = 82.816/s. With 71 devices of 1/5.4 messages a second,
        // lambda = 13.148/s: 1 / 69.667 = 14.354 ms.
        let mut queue = PopulationQueue::new(1.0 / 5.4, 301_875.0, 5.0).unwrap();
        let at = |population| message(200e6, 1.0).with_population(population);
        assert!((queue.delay_s(&at(71)).unwrap() - 0.014_354).abs() < 1e-6);
        assert!((queue.delay_s(&at(0)).unwrap() - 8.0 * 301_875.0 / 200e6).abs() < 1e-12);
        // 447 devices offer 82.78/s: 1 / 0.038 = 26 s is beyond 5 s; 448 make it unstable.
        assert_eq!(queue.delay_s(&at(447)), None);
        assert_eq!(queue.delay_s(&at(448)), None);
        assert!(PopulationQueue::new(1.0 / 5.4, 301_875.0, 100.0).unwrap().delay_s(&at(447)).is_some());
    }

    #[test]
    fn bad_parameters_are_named() {
        let message = PopulationQueue::new(-1.0, 1.0, 1.0).unwrap_err().to_string();
        assert_eq!(message, "population queue: messages_per_s is -1, but must be at least 0");
        assert!(PopulationQueue::new(1.0, 0.0, 1.0).is_err());
        assert!(PopulationQueue::new(1.0, 1.0, f64::NAN).is_err());
    }

    proptest! {
        #[test]
        fn delay_is_the_closed_form_or_none(
            rate in 0.0..10.0f64, bytes in 1.0..1e7f64, bandwidth in 1e3..1e9f64, population in 0..2000u32,
        ) {
            let mut queue = PopulationQueue::new(rate, bytes, 5.0).unwrap();
            let delay = queue.delay_s(&message(bandwidth, 1.0).with_population(population));
            let mu = bandwidth / 8.0 / bytes;
            let lambda = rate * f64::from(population);
            if lambda < mu && 1.0 / (mu - lambda) <= 5.0 {
                prop_assert!((delay.unwrap() * (mu - lambda) - 1.0).abs() < 1e-9);
            } else {
                prop_assert_eq!(delay, None);
            }
        }
    }
}
