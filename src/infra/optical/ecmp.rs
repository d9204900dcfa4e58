//! Long flows on a leaf-spine network that spreads them over its spines by hashing.

use super::fabric::{LeafId, LeafSpine};
use crate::infra::{LinkIndex, max_min_rates};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A flow between leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeafFlow {
    /// Where it comes from.
    pub from: LeafId,
    /// Where it goes.
    pub to: LeafId,
    /// What tells it from other flows of this pair, such as the rail: equal keys take equal ways.
    pub key: u64,
    /// The most that it sends, in bytes a second: that of its NIC.
    pub cap_bytes_per_s: f64,
}

impl LeafFlow {
    pub(super) fn hash(&self, seed: u64) -> u64 {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&self.from.0.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.to.0.to_le_bytes());
        bytes[8..].copy_from_slice(&self.key.to_le_bytes());
        xxh3_64_with_seed(&bytes, seed)
    }
}

/// The max-min fair rates, in bytes a second, of flows that are there all the time. Each takes one link up and one link down,
/// drawn by a hash of its ends and key (ECMP), so that flows may meet on one link while another is idle. Flows within a leaf,
/// and those of leaves that there are not, have their cap.
///
/// ```
/// use stratosim::infra::optical::{LeafFlow, LeafId, LeafSpine, ecmp_rates};
/// let network = LeafSpine::new(2, 2, 1, 1)?;
/// let flow = |key| LeafFlow { from: LeafId(0), to: LeafId(1), key, cap_bytes_per_s: 50e9 };
/// // One uplink for two flows, whatever the hash.
/// assert_eq!(ecmp_rates(network, 50e9, &[flow(0), flow(1)], 7), [25e9, 25e9]);
/// # Ok::<(), stratosim::infra::optical::OpticalError>(())
/// ```
#[must_use]
pub fn ecmp_rates(
    network: LeafSpine,
    uplink_bytes_per_s: f64,
    flows: &[LeafFlow],
    seed: u64,
) -> Vec<f64> {
    let uplinks = network.uplinks();
    // Links up, then links down: uplink i of a leaf ends at spine i mod spines.
    let up = |leaf: LeafId, uplink: u32| LinkIndex(leaf.0 * uplinks + uplink);
    let down = |leaf: LeafId, uplink: u32| LinkIndex((network.leaves() + leaf.0) * uplinks + uplink);
    let links = 2 * network.leaves() as usize * uplinks as usize;
    let paths: Vec<Vec<LinkIndex>> = flows
        .iter()
        .map(|flow| {
            let known = flow.from.0 < network.leaves() && flow.to.0 < network.leaves();
            if flow.from == flow.to || !known {
                return Vec::new();
            }
            let hash = flow.hash(seed);
            // Remainders of 32-bit numbers.
            let upward = (hash % u64::from(uplinks)) as u32;
            let parallel = ((hash >> 32) % u64::from(network.links_per_spine())) as u32;
            let downward = upward % network.spines() + parallel * network.spines();
            vec![up(flow.from, upward), down(flow.to, downward)]
        })
        .collect();
    let flows: Vec<(&[LinkIndex], f64)> =
        paths.iter().zip(flows).map(|(path, flow)| (path.as_slice(), flow.cap_bytes_per_s)).collect();
    max_min_rates(&vec![uplink_bytes_per_s; links], &flows)
}
