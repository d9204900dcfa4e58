//! Which replica of a service a request goes to.

use crate::engine::Stream;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rule by which a replica is chosen. Replicas that serve come before those that do not yet, or not now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Routing {
    /// The one with the fewest requests that are on their way to it, wait for it or are processed; the first among
    /// equals.
    #[default]
    LeastOutstanding,
    /// One by chance, all alike.
    Random,
    /// One after the other.
    RoundRobin,
    /// The one with the shortest way, by delay; the first among equals.
    Nearest,
    /// Of so many drawn by chance, without repetition, the one with the fewest outstanding requests.
    PowerOfD {
        /// How many are drawn.
        #[serde(default = "two")]
        #[schemars(range(min = 1))]
        choices: u32,
    },
}

fn two() -> u32 {
    2
}

/// A replica that can be chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) replica: u32,
    pub(super) outstanding: u32,
    /// Delay of the way to it.
    pub(super) latency_s: f64,
}

impl Routing {
    /// Whether delays are looked at.
    pub(super) fn needs_latency(self) -> bool {
        self == Routing::Nearest
    }

    /// The chosen one of `candidates`, which may be put into another order; `turn` counts the requests of the service
    /// that were routed before.
    pub(super) fn choose(
        self,
        candidates: &mut [Candidate],
        turn: &mut u32,
        random: &mut Stream,
    ) -> Option<u32> {
        let least = |candidates: &[Candidate]| {
            candidates.iter().min_by_key(|own| (own.outstanding, own.replica)).map(|own| own.replica)
        };
        match self {
            Routing::LeastOutstanding => least(candidates),
            Routing::Random => {
                let drawn = random.random_range(0..candidates.len().max(1));
                candidates.get(drawn).map(|own| own.replica)
            }
            Routing::RoundRobin => {
                let chosen = candidates.get(*turn as usize % candidates.len().max(1));
                *turn = turn.wrapping_add(1);
                chosen.map(|own| own.replica)
            }
            Routing::Nearest => {
                let nearer = |a: &&Candidate, b: &&Candidate| {
                    a.latency_s.total_cmp(&b.latency_s).then(a.replica.cmp(&b.replica))
                };
                candidates.iter().min_by(nearer).map(|own| own.replica)
            }
            Routing::PowerOfD { choices } => {
                let drawn = (choices as usize).min(candidates.len());
                for place in 0..drawn {
                    let other = random.random_range(place..candidates.len());
                    candidates.swap(place, other);
                }
                least(&candidates[..drawn])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    fn candidates() -> Vec<Candidate> {
        [(4, 3, 0.3), (5, 1, 0.2), (6, 1, 0.1)]
            .map(|(replica, outstanding, latency_s)| Candidate { replica, outstanding, latency_s })
            .to_vec()
    }

    /// How often each replica was chosen of 3000 times.
    fn chosen(routing: Routing) -> [u32; 3] {
        let (mut turn, mut random) = (0, RandomStreams::new(1).stream("routing"));
        let mut counts = [0; 3];
        for _ in 0..3000 {
            let chosen = routing.choose(&mut candidates(), &mut turn, &mut random).unwrap();
            counts[chosen as usize - 4] += 1;
        }
        counts
    }

    #[test]
    fn each_rule_chooses_as_it_says() {
        assert_eq!(chosen(Routing::LeastOutstanding), [0, 3000, 0]);
        assert_eq!(chosen(Routing::Nearest), [0, 0, 3000]);
        assert_eq!(chosen(Routing::RoundRobin), [1000; 3]);
        // 1000 each, with a standard deviation of 26.
        assert!(chosen(Routing::Random).iter().all(|&count| count.abs_diff(1000) < 110));
        // Of two of three the busiest never wins, and the first of the equal ones wins if it is drawn: 2/3.
        let [busiest, first, last] = chosen(Routing::PowerOfD { choices: 2 });
        assert!(busiest == 0 && first.abs_diff(2000) < 110 && last.abs_diff(1000) < 110);
        assert_eq!(chosen(Routing::PowerOfD { choices: 9 }), [0, 3000, 0]);
        let mut random = RandomStreams::new(1).stream("routing");
        for routing in [Routing::Random, Routing::RoundRobin, Routing::PowerOfD { choices: 2 }] {
            assert_eq!(routing.choose(&mut [], &mut 0, &mut random), None);
        }
    }
}
