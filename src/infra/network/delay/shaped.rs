//! Links shaped as Linux's traffic control does: a rate, a queue, a delay that varies, losses.

use super::packet_loss::PacketLoss;
use super::{DelayModel, Message};
use crate::engine::{EntityStream, RandomStreams};
use rand_distr::{Distribution as _, StandardNormal};
use statrs::function::erf::erfc;
use std::sync::Arc;

/// Bytes of an opportunity of a trace.
const OPPORTUNITY_BYTES: f64 = 1500.0;
/// Rounds after which a message is given up: with half of all packets lost, one in 2^201.
const MOST_ROUNDS: u32 = 200;
/// Exponent of netem's distribution `pareto`, and its mean and standard deviation.
const PARETO: (f64, f64, f64) = (3.0, 1.5, 0.866_025_403_784_438_6);

/// How a delay varies around its mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Evenly between the mean less the jitter and the mean and the jitter: netem's default.
    #[default]
    Uniform,
    /// Normal, with the jitter as standard deviation; below zero counts as zero.
    Normal,
    /// By a Pareto distribution with exponent 3, shifted and scaled to this mean and standard deviation.
    Pareto,
}

/// When bytes leave.
#[derive(Clone, Debug, PartialEq)]
pub enum ShapedRate {
    /// A token bucket: up to `burst_bytes` at once, and no more than `rate_bps` in the long run; the bandwidth of the link if
    /// that is `None`.
    TokenBucket {
        /// Bits a second.
        rate_bps: Option<f64>,
        /// Bytes.
        burst_bytes: f64,
    },
    /// Opportunities, at each of which a packet of up to 1500 bytes leaves, in milliseconds from the start in order; after the
    /// last one they begin anew (mahimahi: Netravali et al. 2015, USENIX ATC). What is not used is lost.
    Trace(Arc<[u64]>),
}

/// A link whose delay is that of a shaped interface: a rate, before which up to a limit of packets wait first in first out;
/// then a delay T that varies by J; then losses.
///
/// A message is as many packets as it needs, and arrives with the last of them. Those of its packets that are lost are sent
/// again after a round trip of 2 T, until none is lost, if the link is `reliable`; they take their share of the rate at once. After
/// 200 such rounds the message is lost. If not, a message of which a packet is lost is lost, as is one that does not fit into the queue. The delay is drawn once a
/// message; a correlation is one with the message before. Times of round trips know nothing of the way back.
#[derive(Clone, Debug)]
pub struct Shaped {
    /// When bytes leave.
    pub rate: ShapedRate,
    /// Packets that may wait.
    pub limit: f64,
    /// Mean delay T in seconds.
    pub delay_s: f64,
    /// Jitter J in seconds.
    pub jitter_s: f64,
    /// How the delay varies by it.
    pub distribution: Jitter,
    /// Correlation of a delay with the one before, 0 up to 1.
    pub correlation: f64,
    /// Losses.
    pub loss: PacketLoss,
    /// Whether lost packets are sent again.
    pub reliable: bool,
    /// Bytes of a packet, above 0.
    pub packet_bytes: f64,
    streams: RandomStreams,
    direction: u64,
    state: State,
}

#[derive(Clone, Debug)]
struct State {
    /// When the last byte has left that has come so far, in seconds.
    left_s: f64,
    /// Tokens in bytes at that time; `None` before the first message, with a full bucket.
    tokens_bytes: Option<f64>,
    /// The next opportunity of a trace that is not taken.
    opportunity: u64,
    /// The last draw of the delay, standard normal.
    normal: Option<f64>,
    is_bad: Option<bool>,
    random: EntityStream,
}

impl State {
    fn new(streams: RandomStreams, direction: u64, link: u32) -> Self {
        State {
            left_s: 0.0,
            tokens_bytes: None,
            opportunity: 0,
            normal: None,
            is_bad: None,
            random: streams.entity("network/shaped", u64::from(link) << 1 | direction),
        }
    }
}

impl Shaped {
    /// An interface with the rate of its link, a burst of a packet of 1500 bytes, a queue of 1000 packets, and neither delay
    /// nor losses. `direction` is 0 or 1: those of one link draw for themselves.
    #[must_use]
    pub fn new(streams: RandomStreams, direction: u64) -> Self {
        Shaped {
            rate: ShapedRate::TokenBucket { rate_bps: None, burst_bytes: 1500.0 },
            limit: 1000.0,
            delay_s: 0.0,
            jitter_s: 0.0,
            distribution: Jitter::default(),
            correlation: 0.0,
            loss: PacketLoss::default(),
            reliable: true,
            packet_bytes: 1500.0,
            streams,
            direction,
            state: State::new(streams, direction, 0),
        }
    }

    /// The same for another direction, 0 or 1.
    #[must_use]
    pub fn in_direction(&self, direction: u64) -> Self {
        Shaped { direction, state: State::new(self.streams, direction, 0), ..self.clone() }
    }

    /// Seconds until the last packet of a message has arrived; `None` if it is lost or does not fit.
    fn pass(&self, state: &mut State, message: &Message) -> Option<f64> {
        let now_s = message.now.as_secs();
        let packets = (message.bytes / self.packet_bytes).ceil().max(1.0);
        let waiting = self.waiting(state, now_s, message.bandwidth_bps);
        let fits = waiting + if self.reliable { 0.0 } else { packets } <= self.limit;
        if !fits {
            return None;
        }
        let mut sent_s = self.leave(state, now_s, message.bytes, message.bandwidth_bps);
        let mut lost = self.loss.lost(&mut state.is_bad, packets as u64, &mut state.random);
        if lost > 0 && !self.reliable {
            return None;
        }
        for _ in 0..MOST_ROUNDS {
            if lost == 0 {
                break;
            }
            let bytes = lost as f64 * self.packet_bytes.min(message.bytes);
            let before_s = state.left_s;
            self.leave(state, now_s, bytes, message.bandwidth_bps);
            // A round trip later, and for as long as it takes at this rate.
            sent_s += 2.0 * self.delay_s + (state.left_s - before_s);
            lost = self.loss.lost(&mut state.is_bad, lost, &mut state.random);
        }
        if lost > 0 {
            return None;
        }
        Some((sent_s - now_s).max(0.0) + self.draw_delay_s(state))
    }

    fn rate_bps(&self, bandwidth_bps: f64) -> f64 {
        match &self.rate {
            ShapedRate::TokenBucket { rate_bps, .. } => rate_bps.unwrap_or(bandwidth_bps),
            ShapedRate::Trace(_) => bandwidth_bps,
        }
    }

    /// Packets that have not left yet.
    fn waiting(&self, state: &State, now_s: f64, bandwidth_bps: f64) -> f64 {
        match &self.rate {
            ShapedRate::TokenBucket { .. } => {
                let bytes = (state.left_s - now_s).max(0.0) * self.rate_bps(bandwidth_bps) / 8.0;
                bytes / self.packet_bytes
            }
            ShapedRate::Trace(times) => {
                state.opportunity.saturating_sub(first_opportunity(times, now_s)) as f64
            }
        }
    }

    /// When the last of some bytes leaves that come now, in seconds.
    fn leave(&self, state: &mut State, now_s: f64, bytes: f64, bandwidth_bps: f64) -> f64 {
        match &self.rate {
            ShapedRate::TokenBucket { burst_bytes, .. } => {
                let bytes_per_s = self.rate_bps(bandwidth_bps) / 8.0;
                let from_s = now_s.max(state.left_s);
                let kept_bytes = state.tokens_bytes.unwrap_or(*burst_bytes);
                let tokens_bytes =
                    (kept_bytes + (from_s - state.left_s) * bytes_per_s).min(*burst_bytes);
                let short_bytes = (bytes - tokens_bytes).max(0.0);
                state.tokens_bytes = Some((tokens_bytes - bytes).max(0.0));
                state.left_s = from_s + short_bytes / bytes_per_s;
            }
            ShapedRate::Trace(times) => {
                let first = first_opportunity(times, now_s).max(state.opportunity);
                let packets = (bytes / OPPORTUNITY_BYTES).ceil().max(1.0) as u64;
                state.opportunity = first.saturating_add(packets);
                state.left_s = opportunity_s(times, state.opportunity - 1);
            }
        }
        state.left_s
    }

    fn draw_delay_s(&self, state: &mut State) -> f64 {
        if self.jitter_s <= 0.0 {
            return self.delay_s;
        }
        let drawn: f64 = StandardNormal.sample(&mut state.random);
        let kept = if state.normal.is_some() { self.correlation } else { 0.0 };
        let normal = kept * state.normal.unwrap_or(0.0) + (1.0 - kept * kept).sqrt() * drawn;
        state.normal = Some(normal);
        let deviation = match self.distribution {
            Jitter::Normal => normal,
            Jitter::Uniform => 2.0 * normal_share(normal) - 1.0,
            Jitter::Pareto => {
                let (exponent, mean, deviation) = PARETO;
                let above = normal_share(-normal).max(f64::MIN_POSITIVE);
                (above.powf(-1.0 / exponent) - mean) / deviation
            }
        };
        (self.delay_s + self.jitter_s * deviation).max(0.0)
    }
}

/// The first opportunity at a time or later.
fn first_opportunity(times_ms: &[u64], at_s: f64) -> u64 {
    let Some(&length_ms) = times_ms.last() else { return 0 };
    // Up to the rounding of seconds.
    let at_ms = (at_s * 1e3 - 1e-6).max(0.0);
    let length = length_ms.max(1) as f64;
    let rounds = (at_ms / length).floor();
    let within_ms = at_ms - rounds * length;
    let place = times_ms.partition_point(|&time_ms| (time_ms as f64) < within_ms);
    rounds as u64 * times_ms.len() as u64 + place as u64
}

/// When an opportunity is, in seconds.
fn opportunity_s(times_ms: &[u64], number: u64) -> f64 {
    let (count, length_ms) = (times_ms.len() as u64, times_ms.last().copied().unwrap_or(1).max(1));
    let within_ms = times_ms.get((number % count.max(1)) as usize).copied().unwrap_or(0);
    ((number / count.max(1)) as f64 * length_ms as f64 + within_ms as f64) / 1e3
}

/// Share of a standard normal distribution below a value.
fn normal_share(value: f64) -> f64 {
    0.5 * erfc(-value / std::f64::consts::SQRT_2)
}

impl DelayModel for Shaped {
    /// What it would be now: draws are those that the next message will have.
    fn delay_s(&mut self, message: &Message) -> Option<f64> {
        self.pass(&mut self.state.clone(), message)
    }

    fn note(&mut self, message: &Message, _: Option<f64>) {
        let mut state = self.state.clone();
        self.pass(&mut state, message);
        self.state = state;
    }

    fn needs_distance(&self) -> bool {
        false
    }

    fn boxed_clone(&self) -> Box<dyn DelayModel> {
        Box::new(self.clone())
    }

    fn for_link(&self, link: u32) -> Box<dyn DelayModel> {
        Box::new(Shaped { state: State::new(self.streams, self.direction, link), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::message;
    use super::*;
    use crate::engine::Summary;

    fn shaped() -> Shaped {
        Shaped::new(RandomStreams::new(7), 0)
    }

    fn at(link: &mut Shaped, time_s: f64, bytes: f64) -> Option<f64> {
        let message = message(8e6, bytes).at(time_s);
        let delay_s = link.delay_s(&message);
        assert_eq!(delay_s, link.delay_s(&message), "a question changes nothing");
        link.note(&message, delay_s);
        delay_s
    }

    fn near(found: Option<f64>, expected_s: f64) {
        let found = found.expect("it passes");
        assert!((found - expected_s).abs() < 1e-9, "{found} {expected_s}");
    }

    #[test]
    fn a_bucket_lets_its_burst_pass_and_the_rest_at_its_rate() {
        let rate = ShapedRate::TokenBucket { rate_bps: Some(8e5), burst_bytes: 10_000.0 };
        let mut link = Shaped { rate, delay_s: 0.05, ..shaped() };
        // All in the bucket; 100 kB/s from there on: 1 kB over, then 5 kB behind it, first in first out.
        near(at(&mut link, 0.0, 10_000.0), 0.05);
        near(at(&mut link, 0.0, 1000.0), 0.01 + 0.05);
        near(at(&mut link, 0.0, 5000.0), 0.06 + 0.05);
        // 40 ms after the last one has left there are 4 kB.
        near(at(&mut link, 0.1, 6000.0), 0.02 + 0.05);
        // It never holds more than its burst.
        near(at(&mut link, 100.0, 12_000.0), 0.02 + 0.05);
        // Without a rate of its own it has that of the link: 1 MB/s, with a burst of 1500 bytes.
        near(at(&mut shaped(), 0.0, 1_001_500.0), 1.0);
    }

    #[test]
    fn a_queue_holds_as_many_packets_as_it_may() {
        let rate = ShapedRate::TokenBucket { rate_bps: Some(12_000.0), burst_bytes: 0.0 };
        let mut link = Shaped { rate, limit: 10.0, reliable: false, ..shaped() };
        // A packet a second.
        near(at(&mut link, 0.0, 15_000.0), 10.0);
        assert_eq!(at(&mut link, 0.5, 1500.0), None);
        near(at(&mut link, 1.0, 1500.0), 10.0);
    }

    #[test]
    fn a_trace_is_followed_and_begins_anew() {
        // Opportunities at 10, 20 and 40 ms, then at 50, 60, 80, ...
        let mut link = Shaped { rate: ShapedRate::Trace([10, 20, 40].into()), ..shaped() };
        near(at(&mut link, 0.0, 1500.0), 0.010);
        near(at(&mut link, 0.0, 3000.0), 0.040);
        near(at(&mut link, 0.035, 100.0), 0.015);
        near(at(&mut link, 0.061, 100.0), 0.019);
        // That at 1000 ms is the last one of its round; then 1010 and 1020 ms.
        near(at(&mut link, 1.0, 4500.0), 0.020);
    }

    #[test]
    fn delays_have_their_mean_and_deviation() {
        // Of a uniform one the deviation is J / sqrt(3).
        for (distribution, deviation) in
            [(Jitter::Normal, 1.0), (Jitter::Uniform, 1.0 / 3f64.sqrt()), (Jitter::Pareto, 1.0)]
        {
            for correlation in [0.0, 0.5] {
                let mut link =
                    Shaped { delay_s: 0.1, jitter_s: 0.01, distribution, correlation, ..shaped() };
                let mut delays = Summary::default();
                for number in 0..100_000 {
                    delays.add(at(&mut link, f64::from(number), 100.0).unwrap());
                }
                assert!((delays.mean() - 0.1).abs() < 2e-4, "{distribution:?} {}", delays.mean());
                // The tail of a Pareto distribution of exponent 3 makes its deviation a rough one.
                let within = if distribution == Jitter::Pareto { 0.2 } else { 0.02 };
                let found = delays.variance().sqrt() / (0.01 * deviation);
                assert!((found - 1.0).abs() < within, "{distribution:?} {found}");
            }
        }
    }

    /// Of single packets of which 99 % are lost 0.99^201 = 13.3 % are lost 201 times.
    #[test]
    fn a_message_is_given_up_in_the_end() {
        let mut link = Shaped { loss: PacketLoss::random(0.99, 0.0), ..shaped() };
        let given_up =
            (0..10_000).filter(|&number| at(&mut link, 1e4 * f64::from(number), 100.0).is_none());
        let share = given_up.count() as f64 / 1e4;
        assert!((share - 0.99f64.powi(201)).abs() < 0.01, "{share}");
        let mut link = Shaped { loss: PacketLoss::random(1.0, 0.0), ..shaped() };
        assert_eq!(at(&mut link, 0.0, 100.0), None);
    }

    #[test]
    fn lost_packets_are_sent_again_after_a_round_trip() {
        let loss = PacketLoss::random(0.2, 0.0);
        let mut link = Shaped { delay_s: 0.1, loss, ..shaped() };
        let mut delays = Summary::default();
        for number in 0..100_000 {
            delays.add(at(&mut link, f64::from(number), 1500.0).unwrap());
        }
        // 0.1 s and 0.2 s for each of p / (1 - p) = 0.25 tries more; each of these takes 1.5 ms at 8 Mbit/s.
        assert!((delays.mean() / (0.1 + 0.25 * 0.2015) - 1.0).abs() < 0.01, "{}", delays.mean());
        // Of messages of three packets 1 - 0.8^3 are lost where nothing is sent again.
        let mut link = Shaped { reliable: false, ..link };
        let lost =
            (0..100_000).filter(|&number| at(&mut link, 1e6 + f64::from(number), 4500.0).is_none());
        assert!((lost.count() as f64 / 1e5 - 0.488).abs() < 0.01);
    }
}
