//! Time and bytes of collective operations.
//!
//! The model is that of a start-up time alpha and a rate B for each step (Hockney): a message of s bytes takes alpha + s / B.
//! Times are those of Thakur, Rabenseifner and Gropp, *Optimization of Collective Communication Operations in MPICH*, IJHPCA
//! 19(1), 2005, and Chan et al., *Collective communication: theory, practice, and experience*, 2007. The cost of adding is left
//! out, as NCCL's own estimates do.

use super::error::{TrainingError, check, positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a rank sends over: the same in each direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// Seconds that each step takes beside its bytes.
    pub start_up_s: f64,
    /// Bytes a second in each direction.
    pub bytes_per_s: f64,
}

impl Channel {
    /// A channel.
    ///
    /// # Errors
    /// If the start-up time is negative or the rate not above 0, or one is not finite.
    pub fn new(start_up_s: f64, bytes_per_s: f64) -> Result<Self, TrainingError> {
        let good = start_up_s >= 0.0 && start_up_s.is_finite();
        check(good, "the start-up time of a step", start_up_s, "at least 0 and finite")?;
        positive("the rate of a channel", bytes_per_s)?;
        Ok(Channel { start_up_s, bytes_per_s })
    }

    fn step_s(self, bytes: f64) -> f64 {
        self.start_up_s + bytes / self.bytes_per_s
    }
}

/// A collective operation with its algorithm. `bytes` is always: of an all-reduce the buffer of a rank, of an all-gather its
/// whole result, of a reduce-scatter the input of a rank, of an all-to-all what a rank sends, its own part included, of a
/// broadcast and of a message what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Collective {
    /// All-reduce around a ring.
    RingAllReduce,
    /// All-reduce by halving and doubling. The number of ranks is a power of two.
    HalvingDoubling,
    /// All-reduce up and down a binary tree, all bytes at once; a rank sends to both below it at the same time.
    TreeAllReduce,
    /// All-reduce up and down two binary trees that share the bytes, in very many pieces (Sanders, Speck and Träff 2009).
    PipelinedTreeAllReduce,
    /// Reduce-scatter around a ring.
    ReduceScatter,
    /// All-gather around a ring.
    AllGather,
    /// All-to-all, pair by pair.
    AllToAll,
    /// Broadcast along a chain in pieces.
    ChainBroadcast {
        /// How many pieces.
        pieces: u32,
    },
    /// Broadcast down a binomial tree.
    TreeBroadcast,
    /// One message.
    PointToPoint,
}

/// What a collective operation costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CollectiveCost {
    /// Seconds from its start to its end.
    pub time_s: f64,
    /// Bytes that the rank sends which sends the most.
    pub sent_bytes: f64,
    /// With how many others a rank exchanges bytes at most.
    pub neighbours: u32,
}

impl Collective {
    /// Time, bytes and neighbours among `ranks` ranks. One rank alone needs nothing.
    ///
    /// ```
    /// use stratosim::apps::training::{Channel, Collective};
    /// let channel = Channel::new(5e-6, 50e9)?;
    /// let cost = Collective::RingAllReduce.cost(16, 1_073_741_824.0, channel)?;
    /// // 30 steps of 5 us, and 15/16 of 1 GiB twice.
    /// assert!((cost.time_s - 0.0404153184).abs() < 1e-12);
    /// # Ok::<(), stratosim::apps::training::TrainingError>(())
    /// ```
    ///
    /// # Errors
    /// If there are no ranks or pieces, bytes are negative or not finite, or halving and doubling is asked for of a number of
    /// ranks that is no power of two.
    pub fn cost(
        self,
        ranks: u32,
        bytes: f64,
        channel: Channel,
    ) -> Result<CollectiveCost, TrainingError> {
        check(ranks > 0, "the number of ranks", ranks, "at least 1")?;
        let good = bytes >= 0.0 && bytes.is_finite();
        check(good, "the number of bytes", bytes, "at least 0 and finite")?;
        if self == Collective::HalvingDoubling {
            let good = ranks.is_power_of_two();
            check(good, "the number of ranks of halving and doubling", ranks, "a power of two")?;
        }
        if let Collective::ChainBroadcast { pieces } = self {
            check(pieces > 0, "the number of pieces of a broadcast", pieces, "at least 1")?;
        }
        if ranks == 1 {
            return Ok(CollectiveCost { time_s: 0.0, sent_bytes: 0.0, neighbours: 0 });
        }
        let n = f64::from(ranks);
        let (alpha, rate) = (channel.start_up_s, channel.bytes_per_s);
        // ceil(log2 ranks), in whole numbers.
        let rounds = u32::BITS - (ranks - 1).leading_zeros();
        let depth = f64::from(rounds);
        let most = |neighbours: u32| neighbours.min(ranks - 1);
        let part = (n - 1.0) / n * bytes;
        let cost = |time_s, sent_bytes, neighbours| CollectiveCost { time_s, sent_bytes, neighbours };
        Ok(match self {
            Collective::RingAllReduce => {
                cost(2.0 * (n - 1.0) * alpha + 2.0 * part / rate, 2.0 * part, most(2))
            }
            Collective::HalvingDoubling => {
                cost(2.0 * depth * alpha + 2.0 * part / rate, 2.0 * part, rounds)
            }
            Collective::TreeAllReduce => {
                // A rank with one above and two below sends once up and twice down; fewer than five ranks have none such.
                let neighbours = if ranks < 5 { most(2) } else { 3 };
                let sent_bytes = bytes * f64::from(neighbours);
                cost(2.0 * depth * channel.step_s(bytes), sent_bytes, neighbours)
            }
            Collective::PipelinedTreeAllReduce => {
                cost(2.0 * depth * alpha + 2.0 * bytes / rate, 2.0 * bytes, most(6))
            }
            Collective::ReduceScatter | Collective::AllGather => {
                cost((n - 1.0) * alpha + part / rate, part, most(2))
            }
            Collective::AllToAll => cost((n - 1.0) * alpha + part / rate, part, ranks - 1),
            Collective::ChainBroadcast { pieces } => {
                let pieces = f64::from(pieces);
                cost((n - 2.0 + pieces) * channel.step_s(bytes / pieces), bytes, most(2))
            }
            Collective::TreeBroadcast => cost(depth * channel.step_s(bytes), depth * bytes, rounds),
            Collective::PointToPoint => cost(channel.step_s(bytes), bytes, 1),
        })
    }

    /// What bytes over time is to be multiplied with for the rate on the busiest link of a ring: NCCL's *bus bandwidth*.
    #[must_use]
    pub fn bus_factor(self, ranks: u32) -> f64 {
        let n = f64::from(ranks.max(1));
        match self {
            Collective::RingAllReduce
            | Collective::HalvingDoubling
            | Collective::TreeAllReduce
            | Collective::PipelinedTreeAllReduce => 2.0 * (n - 1.0) / n,
            Collective::ReduceScatter | Collective::AllGather | Collective::AllToAll => (n - 1.0) / n,
            Collective::ChainBroadcast { .. } | Collective::TreeBroadcast | Collective::PointToPoint => {
                1.0
            }
        }
    }
}

/// NCCL's bus bandwidth of a measured time, in bytes a second: bytes over time, times a factor that makes it the same for all
/// numbers of ranks (nccl-tests, PERFORMANCE.md).
#[must_use]
pub fn bus_bytes_per_s(collective: Collective, ranks: u32, bytes: f64, time_s: f64) -> f64 {
    bytes / time_s * collective.bus_factor(ranks)
}

/// Seconds of an all-reduce of `bytes` in three parts: reduce-scatter within nodes of `per_node` ranks, a ring all-reduce of
/// each rank's part with its like on `nodes` nodes, each over a NIC of its own, and all-gather within nodes.
///
/// # Errors
/// As [`Collective::cost`].
pub fn hierarchical_all_reduce_s(
    nodes: u32,
    per_node: u32,
    bytes: f64,
    within: Channel,
    between: Channel,
) -> Result<f64, TrainingError> {
    let scatter = Collective::ReduceScatter.cost(per_node, bytes, within)?;
    let gather = Collective::AllGather.cost(per_node, bytes, within)?;
    let across = Collective::RingAllReduce.cost(nodes, bytes / f64::from(per_node), between)?;
    Ok(scatter.time_s + across.time_s + gather.time_s)
}
