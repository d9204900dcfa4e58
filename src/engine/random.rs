//! Random numbers from named streams.
//!
//! Each stochastic part of a run draws from a stream of its own, which depends on the run's seed and the
//! stream's name only. Adding a part, or changing a policy, therefore leaves the numbers of all others
//! as they were: policies are compared on the same arrivals, movements and faults (common random
//! numbers).

use rand::SeedableRng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A stream for one part of the world: xoshiro256++, whose values are stable across versions.
pub type Stream = rand_xoshiro::Xoshiro256PlusPlus;

/// A stream for one of very many entities: SplitMix64, eight bytes of state, because with a hundred
/// thousand streams the state's cache line costs more than the arithmetic.
pub type EntityStream = rand_xoshiro::SplitMix64;

/// Makes the streams of one run.
///
/// ```
/// use rand::Rng;
/// use stratosim::engine::RandomStreams;
/// let streams = RandomStreams::new(7);
/// assert_eq!(streams.stream("arrivals").next_u64(), streams.stream("arrivals").next_u64());
/// assert_ne!(streams.stream("arrivals").next_u64(), streams.stream("mobility").next_u64());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RandomStreams {
    seed: u64,
}

impl RandomStreams {
    /// The streams of the run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        RandomStreams { seed }
    }

    /// The stream of this name, from its start.
    #[must_use]
    pub fn stream(&self, name: &str) -> Stream {
        Stream::seed_from_u64(self.hash(name))
    }

    /// The stream of this name for the entity `index`, from its start.
    #[must_use]
    pub fn entity(&self, name: &str, index: u64) -> EntityStream {
        EntityStream::seed_from_u64(xxh3_64_with_seed(&index.to_le_bytes(), self.hash(name)))
    }

    fn hash(&self, name: &str) -> u64 {
        xxh3_64_with_seed(name.as_bytes(), self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    /// The values themselves are part of the contract: if they move, every fingerprint moves.
    #[test]
    fn streams_are_stable_and_distinct() {
        let first = |seed, name| RandomStreams::new(seed).stream(name).next_u64();
        assert_eq!(first(1, "arrivals"), first(1, "arrivals"));
        assert_ne!(first(1, "arrivals"), first(2, "arrivals"));
        assert_ne!(first(1, "arrivals"), first(1, "arrival"));
        let entity = |index| RandomStreams::new(1).entity("arrivals", index).next_u64();
        assert_ne!(entity(0), entity(1));
    }

    /// Neighbouring entities must not be correlated: the mean of their first draws is one half.
    #[test]
    fn entities_are_independent() {
        let streams = RandomStreams::new(3);
        let count = 10_000;
        let mean = (0..count)
            .map(|index| streams.entity("x", index).next_u64() as f64 / u64::MAX as f64)
            .sum::<f64>()
            / count as f64;
        // Standard error of the mean of uniforms: sqrt(1/12/count) = 0.0029.
        assert!((mean - 0.5).abs() < 4.0 * 0.0029, "{mean}");
    }
}
