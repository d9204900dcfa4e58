//! MMPP/M/1: a queue whose arrivals are measured in windows.

use super::{DelayModel, Message};
use crate::engine::SimTime;

/// A queue whose rate of arrivals is piecewise constant, as in a Markov-modulated Poisson process: in each
/// window the sojourn is W = 1 / (mu - lambda), mu = B / s, with the rate lambda and the mean message s that
/// were measured in the window before (Kleinrock 1975, section 3.2; so used by Sonmez et al. 2021 for
/// vehicular networks). The message's own size plays no part. Messages are refused where the queue is
/// unstable or W is beyond the limit; they are measured nevertheless.
///
/// After a window without messages the state is that of the last one in which a message was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowedQueue {
    /// Length of a window in seconds, above 0.
    pub window_s: f64,
    /// When the first window begins, in seconds.
    pub first_window_s: f64,
    /// Rate until the end of the first window, in messages a second.
    pub messages_per_s: f64,
    /// Mean message until the end of the first window, in bytes.
    pub mean_message_bytes: f64,
    /// Messages a second of each attached device that are not simulated, added to what a window saw.
    pub background_messages_per_s: f64,
    /// Their mean size in bytes.
    pub background_message_bytes: f64,
    /// Weight of a window in the mean gap between messages when the rate has fallen: 1 takes the window as
    /// it is.
    pub falling_weight: f64,
    /// From when on [`falling_weight`](Self::falling_weight) is used, in seconds: the warm-up of the
    /// published model.
    pub smooth_from_s: f64,
    /// Longest sojourn in seconds that is taken.
    pub longest_s: f64,
    state: State,
}

/// Rate in messages a second, and mean message in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Measured {
    messages_per_s: f64,
    mean_bytes: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct State {
    started: bool,
    now: Measured,
    /// Those with which a message was taken last.
    last_good: Measured,
    /// The number of the present window.
    window: u64,
    /// Before this instant it is still that one.
    window_holds_until: SimTime,
    messages: f64,
    bytes: f64,
}

/// What makes no windowed queue.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("windowed queue: {parameter} is {value}, but must be {allowed}")]
pub struct WindowError {
    /// The parameter at fault.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

impl WindowedQueue {
    /// A queue measured in windows of `window_s` seconds, at first with this rate and mean message, without
    /// background, smoothing and limit.
    ///
    /// # Errors
    /// If the window or the mean message is not above 0, or the rate negative.
    pub fn new(
        window_s: f64,
        messages_per_s: f64,
        mean_message_bytes: f64,
    ) -> Result<Self, WindowError> {
        let queue = WindowedQueue {
            window_s,
            first_window_s: 0.0,
            messages_per_s,
            mean_message_bytes,
            background_messages_per_s: 0.0,
            background_message_bytes: 0.0,
            falling_weight: 1.0,
            smooth_from_s: 0.0,
            longest_s: f64::INFINITY,
            state: State::default(),
        };
        queue.checked()
    }

    /// The same, if all its parameters are in range.
    ///
    /// # Errors
    /// The first parameter that is not.
    pub fn checked(self) -> Result<Self, WindowError> {
        let least = |value: f64| value >= 0.0 && value.is_finite();
        let checks = [
            (
                self.window_s > 1e-9 && self.window_s.is_finite(),
                "window_s",
                self.window_s,
                "above 1e-9 and finite",
            ),
            (least(self.first_window_s), "first_window_s", self.first_window_s, "at least 0"),
            (least(self.messages_per_s), "messages_per_s", self.messages_per_s, "at least 0"),
            (
                self.mean_message_bytes > 0.0 && self.mean_message_bytes.is_finite(),
                "mean_message_bytes",
                self.mean_message_bytes,
                "above 0",
            ),
            (
                least(self.background_messages_per_s),
                "background_messages_per_s",
                self.background_messages_per_s,
                "at least 0",
            ),
            (
                least(self.background_message_bytes),
                "background_message_bytes",
                self.background_message_bytes,
                "at least 0",
            ),
            (
                self.falling_weight > 0.0 && self.falling_weight <= 1.0,
                "falling_weight",
                self.falling_weight,
                "above 0 and at most 1",
            ),
            (least(self.smooth_from_s), "smooth_from_s", self.smooth_from_s, "at least 0"),
            (self.longest_s > 0.0, "longest_s", self.longest_s, "above 0"),
        ];
        match checks.into_iter().find(|check| !check.0) {
            None => Ok(self),
            Some((_, parameter, value, allowed)) => Err(WindowError { parameter, value, allowed }),
        }
    }

    /// Closes the windows that have ended at `now`.
    fn roll(&mut self, now: SimTime, devices: u32) {
        if now < self.state.window_holds_until {
            return;
        }
        if !self.state.started {
            let first =
                Measured { messages_per_s: self.messages_per_s, mean_bytes: self.mean_message_bytes };
            self.state.now = first;
            self.state.last_good = first;
            self.state.started = true;
        }
        let passed_s = now.as_secs() - self.first_window_s;
        // A nanosecond of grace, so that what happens at a window's end is in the next one.
        let window = ((passed_s + 1e-9) / self.window_s).max(0.0) as u64;
        // Short of its end by more than what is rounded above.
        let end_s = self.first_window_s + (window + 1) as f64 * self.window_s;
        self.state.window_holds_until = SimTime::from_secs(end_s * (1.0 - 1e-12) - 1e-6);
        if window == self.state.window {
            return;
        }
        let closed_at_s = self.first_window_s + (self.state.window + 1) as f64 * self.window_s;
        if self.state.messages > 0.0 {
            let background = self.background_messages_per_s * f64::from(devices) * self.window_s;
            let messages = self.state.messages + background;
            let mut gap_s = self.window_s / messages;
            let before_s = 1.0 / self.state.now.messages_per_s;
            if closed_at_s > self.smooth_from_s && gap_s > before_s {
                gap_s = self.falling_weight * gap_s + (1.0 - self.falling_weight) * before_s;
            }
            self.state.now = Measured {
                messages_per_s: 1.0 / gap_s,
                mean_bytes: (self.state.bytes + background * self.background_message_bytes) / messages,
            };
        } else {
            self.state.now = self.state.last_good;
        }
        if window > self.state.window + 1 {
            // At least one window passed without a message.
            self.state.now = self.state.last_good;
        }
        (self.state.messages, self.state.bytes, self.state.window) = (0.0, 0.0, window);
    }
}

impl DelayModel for WindowedQueue {
    fn delay_s(&mut self, message: &Message) -> Option<f64> {
        self.roll(message.now, message.devices);
        let Measured { messages_per_s, mean_bytes } = self.state.now;
        let spare_per_s = message.bandwidth_bps / (8.0 * mean_bytes) - messages_per_s;
        let delay_s = 1.0 / spare_per_s;
        (spare_per_s > 0.0 && delay_s <= self.longest_s).then_some(delay_s)
    }

    fn note(&mut self, message: &Message, delay_s: Option<f64>) {
        self.roll(message.now, message.devices);
        self.state.messages += 1.0;
        self.state.bytes += message.bytes;
        if delay_s.is_some() {
            self.state.last_good = self.state.now;
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
    use super::super::tests::message;
    use super::*;

    fn at(queue: &mut WindowedQueue, time_s: f64, bytes: f64) -> Option<f64> {
        let message = Message { devices: 2, ..message(8e6, bytes).at(time_s) };
        let delay_s = queue.delay_s(&message);
        queue.note(&message, delay_s);
        delay_s
    }

    #[test]
    fn a_window_decides_the_next_one() {
        // mu = 1e6 / 1e5 = 10/s at first, lambda 5/s.
        let mut queue = WindowedQueue::new(1.0, 5.0, 1e5).unwrap();
        assert_eq!(at(&mut queue, 0.1, 2e5), Some(0.2));
        assert_eq!(at(&mut queue, 0.9, 2e5), Some(0.2));
        // Two messages of 2e5 in 1 s: mu = 5/s, lambda = 2/s.
        assert!((at(&mut queue, 1.0, 1e5).unwrap() - 1.0 / 3.0).abs() < 1e-12);
        // One of 1e5: mu = 10/s, lambda = 1/s.
        assert!((at(&mut queue, 2.5, 1e5).unwrap() - 1.0 / 9.0).abs() < 1e-12);
        for _ in 0..9 {
            at(&mut queue, 3.5, 2e5);
        }
        // Nine of 2e5: mu = 5/s, lambda = 9/s: unstable. Then one message was seen, but none taken.
        assert_eq!(at(&mut queue, 4.5, 1e5), None);
        // An empty window brings back the last good state, that of window 3: one of 1e5.
        assert!((at(&mut queue, 6.5, 1e5).unwrap() - 1.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn a_falling_rate_is_smoothed_and_background_counted() {
        let mut queue = WindowedQueue {
            falling_weight: 0.25,
            background_messages_per_s: 0.5,
            background_message_bytes: 0.0,
            ..WindowedQueue::new(1.0, 4.0, 1e5).unwrap()
        };
        at(&mut queue, 0.5, 2e5);
        // 2 messages of 1e5 in 1 s after 4: the gap is 0.25 x 0.5 + 0.75 x 0.25 = 0.3125 s, lambda = 3.2/s.
        assert!((at(&mut queue, 1.5, 2e5).unwrap() - 1.0 / 6.8).abs() < 1e-12);
        assert_eq!(
            WindowedQueue { falling_weight: 0.0, ..queue }.checked().unwrap_err().to_string(),
            "windowed queue: falling_weight is 0, but must be above 0 and at most 1"
        );
    }
}
