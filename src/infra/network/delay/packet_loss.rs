//! Losses of packets in a row.

use crate::engine::EntityStream;
use rand::RngExt as _;
use rand_distr::{Binomial, Distribution as _, Geometric};

/// The model of Gilbert (1960) and Elliott (1963): a channel that is good or bad, and changes between packets. Losses that are
/// random, correlated with the one before or not, are the case that all of the bad state is lost and nothing of the good one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PacketLoss {
    /// Probability p that a good channel is bad for the next packet, 0 to 1.
    pub to_bad: f64,
    /// Probability r that a bad channel is good for the next packet, 0 to 1.
    pub to_good: f64,
    /// Probability 1 - h that a packet is lost in the bad state.
    pub lost_in_bad: f64,
    /// Probability 1 - k that a packet is lost in the good state.
    pub lost_in_good: f64,
}

impl PacketLoss {
    /// Losses of this share of packets, of which each is correlated with that of the packet before: the probability of a loss
    /// after a loss is `share + correlation (1 - share)`.
    #[must_use]
    pub fn random(share: f64, correlation: f64) -> Self {
        PacketLoss {
            to_bad: share * (1.0 - correlation),
            to_good: (1.0 - share) * (1.0 - correlation),
            lost_in_bad: 1.0,
            lost_in_good: 0.0,
        }
    }

    /// Share of packets in the bad state in the long run: p / (p + r).
    #[must_use]
    pub fn bad_share(&self) -> f64 {
        let sum = self.to_bad + self.to_good;
        if sum > 0.0 { self.to_bad / sum } else { 0.0 }
    }

    /// Share of packets that is lost in the long run.
    #[must_use]
    pub fn share(&self) -> f64 {
        let bad = self.bad_share();
        bad * self.lost_in_bad + (1.0 - bad) * self.lost_in_good
    }

    /// How many of so many packets are lost. `is_bad` is the state before them and after them; before the first ones it is
    /// drawn as it is in the long run. O(changes of state).
    pub(super) fn lost(
        &self,
        is_bad: &mut Option<bool>,
        packets: u64,
        random: &mut EntityStream,
    ) -> u64 {
        let is_independent = (self.to_bad + self.to_good - 1.0).abs() < 1e-12;
        if is_independent {
            return hits(packets, self.share(), random);
        }
        let mut bad = is_bad.unwrap_or_else(|| random.random::<f64>() < self.bad_share());
        let (mut left, mut lost) = (packets, 0);
        while left > 0 {
            let (leave, loss) = match bad {
                true => (self.to_good, self.lost_in_bad),
                false => (self.to_bad, self.lost_in_good),
            };
            // Packets of the present state: one, and those after which it is not left.
            let stays = Geometric::new(leave).ok().filter(|_| leave > 0.0);
            let run = stays.map_or(u64::MAX, |stays| stays.sample(random).saturating_add(1));
            lost += hits(run.min(left), loss, random);
            if run <= left {
                bad = !bad;
            }
            left -= run.min(left);
        }
        *is_bad = Some(bad);
        lost
    }
}

/// How many of so many tries succeed with this probability.
fn hits(tries: u64, probability: f64, random: &mut EntityStream) -> u64 {
    if tries == 0 || probability <= 0.0 {
        return 0;
    }
    Binomial::new(tries, probability.min(1.0)).map_or(0, |binomial| binomial.sample(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    #[test]
    fn losses_are_those_of_the_closed_form() {
        let models = [
            PacketLoss::random(0.02, 0.0),
            PacketLoss::random(0.1, 0.25),
            PacketLoss { to_bad: 0.01, to_good: 0.1, lost_in_bad: 0.8, lost_in_good: 0.001 },
        ];
        assert!((models[1].share() - 0.1).abs() < 1e-12);
        // 1/11 x 0.8 + 10/11 x 0.001.
        assert!((models[2].share() - 0.801 / 11.0 - 0.009 / 11.0).abs() < 1e-12);
        for (number, model) in (0..).zip(models) {
            let mut random = RandomStreams::new(3).entity("loss", number);
            let (mut state, mut lost) = (None, 0);
            for _ in 0..20_000 {
                lost += model.lost(&mut state, 50, &mut random);
            }
            let found = lost as f64 / 1e6;
            assert!((found / model.share() - 1.0).abs() < 0.03, "{model:?}: {found}");
        }
    }

    /// In runs of 1: P(two losses in a row) = share x (share + c (1 - share)).
    #[test]
    fn losses_come_together_as_they_are_correlated() {
        let model = PacketLoss::random(0.2, 0.5);
        let mut random = RandomStreams::new(4).entity("loss", 0);
        let mut state = None;
        let (mut before, mut both, count) = (0, 0, 400_000);
        for _ in 0..count {
            let now = model.lost(&mut state, 1, &mut random);
            both += before * now;
            before = now;
        }
        let found = both as f64 / f64::from(count);
        assert!((found / (0.2 * 0.6) - 1.0).abs() < 0.03, "{found}");
    }
}
