//! Folded Clos networks of several levels that spread flows by hashing.

use super::capped::capped_rates;
use super::ecmp::LeafFlow;
use super::error::OpticalError;
use crate::infra::LinkIndex;
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Most levels of links above leaves.
pub const MOST_LEVELS: usize = 4;

/// Leaves under one or several levels of switches, without oversubscription above the uplinks of leaves: a leaf-spine network has
/// one level, a k-ary fat-tree two, a Clos of four tiers three.
///
/// The units of a level are leaves at first; so many of them (`groups`) make a unit of the next level, and each of them has a
/// link to each of the switches that the group shares. As many links lead up from each level as from leaves.
///
/// ```
/// use stratosim::infra::optical::Clos;
/// // A fat-tree of 16-port switches: 128 leaves with 8 uplinks, in 16 pods of 8 leaves.
/// let tree = Clos::new(128, 8, &[8])?;
/// assert_eq!((tree.levels(), tree.switches_above()), (2, 16 * 8 + 64));
/// // In place of that, spines for all leaves: 8 of 128 ports.
/// assert_eq!(Clos::new(128, 8, &[])?.switches_above(), 8);
/// # Ok::<(), stratosim::infra::optical::OpticalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clos {
    leaves: u32,
    uplinks: u32,
    /// Units in a group, from below; the topmost switches are shared by all that is left.
    groups: Vec<u32>,
}

/// The ways of flows through a [`Clos`], which stay while the flows do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ways {
    /// The links of one flow after the other.
    links: Vec<LinkIndex>,
    /// Of each flow where its links end, and its cap.
    flows: Vec<(usize, f64)>,
}

impl Ways {
    pub(super) fn push(&mut self, path: impl IntoIterator<Item = LinkIndex>, cap_bytes_per_s: f64) {
        self.links.extend(path);
        self.flows.push((self.links.len(), cap_bytes_per_s));
    }

    /// The links and the cap of each flow.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[LinkIndex], f64)> {
        let mut first = 0;
        self.flows.iter().map(move |&(end, cap_bytes_per_s)| {
            let own = first..end;
            first = end;
            (&self.links[own], cap_bytes_per_s)
        })
    }

    /// The most that each flow sends, in bytes a second.
    pub fn caps_bytes_per_s(&self) -> impl Iterator<Item = f64> + '_ {
        self.flows.iter().map(|flow| flow.1)
    }

    /// How many flows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }
}

impl Clos {
    /// `leaves` leaves with `uplinks` uplinks; `groups` says how many units of each level share switches, but for the topmost.
    ///
    /// # Errors
    /// If a number is out of range, or groups do not divide what is to be grouped.
    pub fn new(leaves: u32, uplinks: u32, groups: &[u32]) -> Result<Self, OpticalError> {
        let range =
            |what, found: u32, allowed| OpticalError::Range { what, found: f64::from(found), allowed };
        if !(1..=65_536).contains(&leaves) {
            return Err(range("the number of leaves", leaves, "from 1 to 65536"));
        }
        if !(1..=4096).contains(&uplinks) {
            return Err(range("the number of uplinks of a leaf", uplinks, "from 1 to 4096"));
        }
        if groups.len() >= MOST_LEVELS {
            return Err(range("the number of groups", groups.len() as u32, "at most 3"));
        }
        let mut units = leaves;
        for &group in groups {
            if group == 0 || !units.is_multiple_of(group) {
                return Err(range("the size of a group", group, "a divisor of what is grouped"));
            }
            units /= group;
        }
        Ok(Clos { leaves, uplinks, groups: groups.to_vec() })
    }

    /// The three-level fat-tree of switches with `ports` ports: leaves are its edge switches.
    ///
    /// # Errors
    /// If the number is odd, below 2 or above 256.
    pub fn fat_tree(ports: u32) -> Result<Self, OpticalError> {
        if !(2..=256).contains(&ports) || !ports.is_multiple_of(2) {
            let what = "the number of ports of a switch of a fat-tree";
            let found = f64::from(ports);
            return Err(OpticalError::Range { what, found, allowed: "even, from 2 to 256" });
        }
        Clos::new(ports * ports / 2, ports / 2, &[ports / 2])
    }

    /// Leaves.
    #[must_use]
    pub const fn leaves(&self) -> u32 {
        self.leaves
    }

    /// Uplinks of a leaf.
    #[must_use]
    pub const fn uplinks(&self) -> u32 {
        self.uplinks
    }

    /// Levels of links above leaves.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.groups.len() + 1
    }

    /// Links of each level.
    #[must_use]
    pub fn links_per_level(&self) -> u64 {
        u64::from(self.leaves) * u64::from(self.uplinks)
    }

    /// Switches above the leaves: as many links lead to a level as there are, and each switch has one to each unit of its group.
    #[must_use]
    pub fn switches_above(&self) -> u64 {
        let mut units = self.leaves;
        let mut switches = 0;
        for &group in &self.groups {
            switches += self.links_per_level() / u64::from(group);
            units /= group;
        }
        switches + self.links_per_level() / u64::from(units)
    }

    /// The links of a flow: up at each level until its group holds both ends, then down the same switches. The choices on the
    /// way up are by hash (ECMP); down, there is one way.
    fn path(&self, flow: &LeafFlow, seed: u64) -> SmallVec<[LinkIndex; 2 * MOST_LEVELS]> {
        let known = flow.from.0 < self.leaves && flow.to.0 < self.leaves;
        let mut path = SmallVec::new();
        if flow.from == flow.to || !known {
            return path;
        }
        let hash = flow.hash(seed);
        let per_level = self.leaves * self.uplinks;
        // The unit of the level that holds the end, ways up from one such unit, and the number of the one that is taken.
        let (mut from, mut to) = (flow.from.0, flow.to.0);
        let (mut ways, mut taken) = (self.uplinks, 0_u32);
        for level in 0..self.levels() {
            let fan = if level == 0 { self.uplinks } else { self.groups[level - 1] };
            let drawn = xxh3_64_with_seed(&hash.to_le_bytes(), seed.wrapping_add(level as u64 + 1));
            // A remainder of a 32-bit number.
            let choice = (drawn % u64::from(fan)) as u32;
            if level > 0 {
                ways *= fan;
            }
            taken = taken * fan + choice;
            let base = 2 * level as u32 * per_level;
            path.push(LinkIndex(base + from * ways + taken));
            path.push(LinkIndex(base + per_level + to * ways + taken));
            let Some(&group) = self.groups.get(level) else { break };
            (from, to) = (from / group, to / group);
            if from == to {
                break;
            }
        }
        path
    }

    /// The max-min fair rates, in bytes a second, of flows that are there all the time, where each link carries
    /// `link_bytes_per_s` in each direction. Flows within a leaf, and those of leaves that there are not, have their cap.
    ///
    /// ```
    /// use stratosim::infra::optical::{Clos, LeafFlow, LeafId};
    /// let network = Clos::new(2, 1, &[])?;
    /// let flow = |key| LeafFlow { from: LeafId(0), to: LeafId(1), key, cap_bytes_per_s: 50e9 };
    /// assert_eq!(network.rates(50e9, &[flow(0), flow(1)], 7), [25e9, 25e9]);
    /// # Ok::<(), stratosim::infra::optical::OpticalError>(())
    /// ```
    #[must_use]
    pub fn rates(&self, link_bytes_per_s: f64, flows: &[LeafFlow], seed: u64) -> Vec<f64> {
        self.rates_over(link_bytes_per_s, &[&self.ways(flows, seed)])
    }

    /// The ways of flows.
    #[must_use]
    pub fn ways(&self, flows: &[LeafFlow], seed: u64) -> Ways {
        let mut ways = Ways::default();
        flows.iter().for_each(|flow| ways.push(self.path(flow, seed), flow.cap_bytes_per_s));
        ways
    }

    /// As [`Clos::rates`], of flows whose [ways](Clos::ways) are known, in their order.
    #[must_use]
    pub fn rates_over(&self, link_bytes_per_s: f64, flows: &[&Ways]) -> Vec<f64> {
        let links = 2 * self.levels() * self.links_per_level() as usize;
        capped_rates(links, link_bytes_per_s, flows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::optical::LeafId;
    use std::collections::BTreeMap;

    fn flow(from: u32, to: u32, key: u64) -> LeafFlow {
        LeafFlow { from: LeafId(from), to: LeafId(to), key, cap_bytes_per_s: 10.0 }
    }

    #[test]
    fn paths_go_up_as_far_as_they_must_and_down_the_same_switches() {
        // 8 leaves with 2 uplinks, pods of 2, two pods to a group: three levels of 16 links up and 16 down.
        let clos = Clos::new(8, 2, &[2, 2]).unwrap();
        assert_eq!((clos.levels(), clos.links_per_level()), (3, 16));
        // 4 pods of 2 switches, 2 groups of 4, and 8 at the top.
        assert_eq!(clos.switches_above(), 8 + 8 + 8);
        let hops = |from, to| clos.path(&flow(from, to, 0), 1).len();
        assert_eq!([hops(0, 0), hops(0, 1), hops(0, 2), hops(0, 7)], [0, 2, 4, 6]);
        for key in 0..64 {
            let path = clos.path(&flow(1, 6, key), 3);
            // At each level the unit of either end takes the link with the same number.
            for (level, (up, down)) in (0_u32..).zip(path.chunks(2).map(|pair| (pair[0].0, pair[1].0))) {
                let ways = 2 << level;
                assert!(up >= level * 32 && up < level * 32 + 16);
                assert!(down >= level * 32 + 16 && down < (level + 1) * 32);
                assert_eq!(up % ways, down % ways);
                assert_eq!((up - level * 32) / ways, 1 >> level);
                assert_eq!((down - level * 32 - 16) / ways, 6 >> level);
            }
        }
    }

    #[test]
    fn hashes_spread_flows_over_all_links() {
        let clos = Clos::fat_tree(8).unwrap();
        let mut used: BTreeMap<u32, u32> = BTreeMap::new();
        for key in 0..4000 {
            clos.path(&flow(0, 31, key), 5)
                .iter()
                .for_each(|link| *used.entry(link.0).or_default() += 1);
        }
        // 4 uplinks of the leaf and 16 of its pod, and as many down.
        assert_eq!(used.len(), 2 * (4 + 16));
        assert!(used.values().all(|&count| count > 150));
    }

    #[test]
    fn more_levels_meet_more() {
        // One flow from each of 64 leaves to one eight further, with 8 uplinks: on the first level alone, half of two levels.
        let flows: Vec<LeafFlow> =
            (0..64).flat_map(|leaf| (0..8).map(move |key| flow(leaf, (leaf + 8) % 64, key))).collect();
        let mean = |clos: &Clos| {
            let seeds = 0..10;
            seeds.map(|seed| clos.rates(10.0, &flows, seed).iter().sum::<f64>() / 512.0).sum::<f64>()
                / 10.0
        };
        let (two, three) = (Clos::new(64, 8, &[]).unwrap(), Clos::new(64, 8, &[8]).unwrap());
        let (two, three) = (mean(&two), mean(&three));
        assert!(three < two && two < 10.0, "{three} {two}");
    }

    #[test]
    fn bad_sizes_are_refused() {
        assert!(Clos::new(0, 1, &[]).is_err());
        assert!(Clos::new(8, 0, &[]).is_err());
        assert!(Clos::new(8, 1, &[3]).is_err());
        assert!(Clos::new(8, 1, &[2, 2, 2, 1]).is_err());
        assert!(Clos::fat_tree(7).is_err());
    }
}
