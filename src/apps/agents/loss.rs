//! What becomes of a message by chance: lost, doubled, late.

use super::options::AgentOptions;
use crate::engine::{EntityStream, SimDuration};
use rand::{Rng, SeedableRng};

/// What chance has for one copy of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fate {
    /// Uniform in 0..1; a copy is lost where its way loses a greater share.
    loss: f64,
    /// How late it is.
    pub(super) late_by: SimDuration,
}

impl Fate {
    /// Of what does not leave its node.
    pub(super) const SPARED: Fate = Fate { loss: 1.0, late_by: SimDuration::ZERO };

    /// Whether a way of so many links loses the copy.
    pub(super) fn is_lost(&self, hops: u32, options: &AgentOptions) -> bool {
        self.loss < lost_share(options.loss, hops)
    }

    /// By a number for its loss, and one for its lateness.
    fn of(loss: u64, late: u64, options: &AgentOptions) -> Self {
        let mut late_by = SimDuration::ZERO;
        if unit(late) < options.late {
            // How late is drawn from the draw itself: others stay what they are.
            let mut stream = EntityStream::seed_from_u64(late);
            let late_s = options.late_by.as_ref().map_or(1.0, |late_by| late_by.sample(&mut stream));
            late_by = SimDuration::from_secs(late_s);
        }
        Fate { loss: unit(loss), late_by }
    }
}

/// Share of messages that a way of `hops` links loses if each loses this share.
pub(super) fn lost_share(loss: f64, hops: u32) -> f64 {
    1.0 - (1.0 - loss).powf(f64::from(hops))
}

/// A random number as one in 0..1.
fn unit(number: u64) -> f64 {
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

/// Draws what becomes of a message, and of its double if there is one. Three numbers are taken from the stream, whatever
/// the options are, so that changing one of them changes nothing that hangs on the others.
pub(super) fn draw(random: &mut EntityStream, options: &AgentOptions) -> (Fate, Option<Fate>) {
    let [loss, doubled, late] = [random.next_u64(), random.next_u64(), random.next_u64()];
    let double = (unit(doubled) < options.doubled).then(|| {
        let mut stream = EntityStream::seed_from_u64(doubled);
        Fate::of(stream.next_u64(), stream.next_u64(), options)
    });
    (Fate::of(loss, late, options), double)
}
