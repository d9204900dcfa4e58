//! Circuits for jobs.

use super::colouring::{Circuit, CircuitMap, PortMode};
use super::fabric::{LeafId, OpticalLayer, SwitchId};
use super::routes::Routes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Circuits that a job wants between two leaves: for simplex ports from the one to the other, of duplex ones both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairDemand {
    /// The leaf that sends.
    pub from: LeafId,
    /// The leaf that receives.
    pub to: LeafId,
    /// How many circuits.
    pub circuits: u32,
}

/// What a job takes if it cannot have all that it wants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitOptions {
    /// The part of the circuits of each pair of leaves that is enough to start, above 0 and at most 1; rounded up, so that it
    /// is one at least.
    pub accept: f64,
    /// Whether pairs may do without circuits if others of the job's leaves can send on what they exchange.
    pub multi_hop: bool,
    /// Whether circuits of other jobs may be moved to other switches. They carry nothing meanwhile.
    pub may_move: bool,
}

impl Default for CircuitOptions {
    fn default() -> Self {
        CircuitOptions { accept: 1.0, multi_hop: false, may_move: true }
    }
}

/// What a job has been given between two leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The leaf that sends.
    pub from: LeafId,
    /// The leaf that receives.
    pub to: LeafId,
    /// The circuits that were wanted.
    pub wanted: u32,
    /// Those that there are.
    pub granted: u32,
}

/// What devices have to do for a change of circuits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replan {
    /// Circuits that must be set up. What else their ports were connected to is cut with that.
    pub set_up: Vec<Circuit>,
    /// Those among them that belong to jobs which had them, or others in their place, before.
    pub moved: usize,
}

/// Circuits that a job has been given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// By pair of leaves, in the order of the demand.
    pub granted: Vec<Granted>,
    /// What devices have to do for it.
    pub replan: Replan,
}

impl Allocation {
    /// Whether some pair has fewer than it wanted.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.granted.iter().any(|pair| pair.granted < pair.wanted)
    }
}

/// Why a job has no circuits now.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitRefusal {
    /// The part that is enough is not a part.
    #[error("the part of circuits to accept is {0}, but must be above 0 and at most 1")]
    Accept(f64),
    /// It has circuits already.
    #[error("job {0} has circuits already")]
    Twice(u32),
    /// It names a leaf that there is not, or one with itself.
    #[error("circuits from leaf {from} to leaf {to}: there are leaves 0 to {last}, and a circuit needs two", last = leaves.saturating_sub(1))]
    NoPair {
        /// Where they would start.
        from: LeafId,
        /// Where they would end.
        to: LeafId,
        /// How many leaves there are.
        leaves: u32,
    },
    /// A leaf has too few free ports.
    #[error("leaf {leaf} needs {wanted} free ports and has {free}")]
    Ports {
        /// The leaf.
        leaf: LeafId,
        /// What it needs at least.
        wanted: u32,
        /// What is free.
        free: u32,
    },
    /// There are ports, but not on the same switches.
    #[error(
        "leaves {from} and {to} have free ports, but no way to give them circuit {circuit} of {wanted} on a common switch was \
         found"
    )]
    Colouring {
        /// The one leaf.
        from: LeafId,
        /// The other.
        to: LeafId,
        /// Which of the circuits found no place, from 1.
        circuit: u32,
        /// How many are needed at least.
        wanted: u32,
    },
    /// With what can be had, two leaves of the job do not reach each other.
    #[error("leaf {from} would not reach leaf {to} over the circuits that can be had")]
    Unconnected {
        /// The one leaf.
        from: LeafId,
        /// The other.
        to: LeafId,
    },
}

/// Hands out the circuits of a layer to jobs, and keeps who has which.
///
/// ```
/// use stratosim::infra::optical::{
///     CircuitAllocator, CircuitOptions, LeafId, OpticalLayer, PairDemand, PortMode,
/// };
/// let mut allocator = CircuitAllocator::new(OpticalLayer::new(4, 2, 4)?, PortMode::Duplex);
/// let demand = [PairDemand { from: LeafId(0), to: LeafId(1), circuits: 4 }];
/// // Two uplinks are not four; half of them are enough for a job that runs slower.
/// assert!(allocator.allocate(7, &demand, CircuitOptions::default()).is_err());
/// let half = CircuitOptions { accept: 0.5, ..CircuitOptions::default() };
/// assert_eq!(allocator.allocate(7, &demand, half)?.granted[0].granted, 2);
/// allocator.release(7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CircuitAllocator {
    map: CircuitMap,
    jobs: BTreeMap<u32, Vec<Granted>>,
}

impl CircuitAllocator {
    /// A layer without circuits.
    #[must_use]
    pub fn new(layer: OpticalLayer, mode: PortMode) -> Self {
        CircuitAllocator { map: CircuitMap::new(layer, mode), jobs: BTreeMap::new() }
    }

    /// The circuits that there are.
    #[must_use]
    pub const fn map(&self) -> &CircuitMap {
        &self.map
    }

    /// What a job has been given.
    #[must_use]
    pub fn granted(&self, job: u32) -> Option<&[Granted]> {
        self.jobs.get(&job).map(Vec::as_slice)
    }

    /// The ways of a job over its circuits.
    #[must_use]
    pub fn routes(&self, job: u32) -> Routes {
        Routes::new(self.map.mode(), self.granted(job).unwrap_or_default())
    }

    /// Gives a job circuits: first what is enough to start for each pair, then in turn one more to each pair until it has
    /// what it wants. If that cannot be, nothing is changed.
    ///
    /// # Errors
    /// If even what is enough cannot be had.
    pub fn allocate(
        &mut self,
        job: u32,
        demand: &[PairDemand],
        options: CircuitOptions,
    ) -> Result<Allocation, CircuitRefusal> {
        if !(options.accept > 0.0 && options.accept <= 1.0) {
            return Err(CircuitRefusal::Accept(options.accept));
        }
        if self.jobs.contains_key(&job) {
            return Err(CircuitRefusal::Twice(job));
        }
        let leaves = self.map.leaves();
        for &PairDemand { from, to, .. } in demand {
            if !self.map.has(from) || !self.map.has(to) || from == to {
                return Err(CircuitRefusal::NoPair { from, to, leaves });
            }
        }
        let enough = |pair: &PairDemand| (f64::from(pair.circuits) * options.accept).ceil() as u32;
        if !options.multi_hop {
            self.check_ports(demand, enough)?;
        }
        let mut granted: Vec<Granted> = demand
            .iter()
            .map(|pair| Granted { from: pair.from, to: pair.to, wanted: pair.circuits, granted: 0 })
            .collect();
        let result = self
            .give_enough(job, demand, &mut granted, enough, options)
            .and_then(|()| if options.multi_hop { self.check_reach(&granted) } else { Ok(()) });
        if let Err(refusal) = result {
            self.map.rollback();
            return Err(refusal);
        }
        self.give_more(job, &mut granted, options.may_move);
        let replan = self.commit(Some(job));
        self.jobs.insert(job, granted.clone());
        Ok(Allocation { granted, replan })
    }

    fn check_ports(
        &self,
        demand: &[PairDemand],
        enough: impl Fn(&PairDemand) -> u32,
    ) -> Result<(), CircuitRefusal> {
        let duplex = self.map.mode() == PortMode::Duplex;
        let mut needs: BTreeMap<LeafId, (u64, u64)> = BTreeMap::new();
        for pair in demand {
            let count = u64::from(enough(pair));
            needs.entry(pair.from).or_default().0 += count;
            let other = needs.entry(pair.to).or_default();
            if duplex { other.0 += count } else { other.1 += count }
        }
        for (leaf, (to_send, to_receive)) in needs {
            for (wanted, free) in
                [(to_send, self.map.free_to_send(leaf)), (to_receive, self.map.free_to_receive(leaf))]
            {
                if wanted > u64::from(free) {
                    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
                    return Err(CircuitRefusal::Ports { leaf, wanted, free });
                }
            }
        }
        Ok(())
    }

    fn give_enough(
        &mut self,
        job: u32,
        demand: &[PairDemand],
        granted: &mut [Granted],
        enough: impl Fn(&PairDemand) -> u32,
        options: CircuitOptions,
    ) -> Result<(), CircuitRefusal> {
        for (pair, has) in demand.iter().zip(granted) {
            let wanted = enough(pair);
            while has.granted < wanted {
                if self.map.insert(pair.from, pair.to, job, options.may_move) {
                    has.granted += 1;
                } else if options.multi_hop {
                    break;
                } else {
                    let (from, to, circuit) = (pair.from, pair.to, has.granted + 1);
                    return Err(CircuitRefusal::Colouring { from, to, circuit, wanted });
                }
            }
        }
        Ok(())
    }

    fn check_reach(&self, granted: &[Granted]) -> Result<(), CircuitRefusal> {
        let routes = Routes::new(self.map.mode(), granted);
        match granted.iter().find(|pair| routes.way(pair.from, pair.to).is_none()) {
            Some(&Granted { from, to, .. }) => Err(CircuitRefusal::Unconnected { from, to }),
            None => Ok(()),
        }
    }

    /// One more for each pair in turn, until none finds a place.
    fn give_more(&mut self, job: u32, granted: &mut [Granted], may_move: bool) {
        let mut open: Vec<usize> = (0..granted.len()).collect();
        while !open.is_empty() {
            open.retain(|&place| {
                let pair = &mut granted[place];
                let gets =
                    pair.granted < pair.wanted && self.map.insert(pair.from, pair.to, job, may_move);
                pair.granted += u32::from(gets);
                gets
            });
        }
    }

    fn commit(&mut self, job: Option<u32>) -> Replan {
        let set_up = self.map.commit();
        let is_other = |circuit: &&Circuit| self.map.owner_of(**circuit) != job;
        let moved = set_up.iter().filter(is_other).count();
        Replan { set_up, moved }
    }

    /// Takes all circuits of a job away; their ports are free, and the devices keep them until then.
    pub fn release(&mut self, job: u32) {
        for pair in self.jobs.remove(&job).unwrap_or_default() {
            self.map.remove(pair.from, pair.to, job, pair.granted);
        }
        self.map.commit();
    }

    /// Gives a job that has fewer circuits than it wanted what has become free; `None` if there is nothing to gain.
    pub fn upgrade(&mut self, job: u32, may_move: bool) -> Option<Allocation> {
        let mut granted = self.jobs.get(&job)?.clone();
        self.give_more(job, &mut granted, may_move);
        if self.jobs.get(&job) == Some(&granted) {
            return None;
        }
        let replan = self.commit(Some(job));
        self.jobs.insert(job, granted.clone());
        Some(Allocation { granted, replan })
    }

    /// Moves circuits to the first switches on which both their leaves are free, those of the last switches first, at most
    /// `most` of them: free ports of all leaves come to be on the same switches, so that later circuits find a place without
    /// moving others.
    pub fn defragment(&mut self, most: usize) -> Replan {
        let mut circuits: Vec<Circuit> = self.map.circuits().map(|(circuit, _)| circuit).collect();
        circuits.reverse();
        let mut moved = 0;
        for circuit in circuits {
            if moved < most && self.map.lower(circuit) {
                moved += 1;
            }
        }
        self.commit(None)
    }

    /// A port of a leaf breaks. Gives the jobs that lose circuits by it, once for each circuit.
    pub fn fail_port(&mut self, leaf: LeafId, switch: SwitchId) -> Vec<(u32, Circuit)> {
        let lost = self.map.block(leaf, switch);
        for &(circuit, job) in &lost {
            let ends = (circuit.from, circuit.to);
            let pairs = self.jobs.get_mut(&job).into_iter().flatten();
            let either_way = self.map.mode() == PortMode::Duplex;
            let pair = pairs
                .filter(|pair| pair.granted > 0)
                .find(|pair| (pair.from, pair.to) == ends || either_way && (pair.to, pair.from) == ends);
            if let Some(pair) = pair {
                pair.granted -= 1;
            }
        }
        lost.into_iter().map(|(circuit, job)| (job, circuit)).collect()
    }

    /// A whole switch breaks, which is all its ports.
    pub fn fail_switch(&mut self, switch: SwitchId) -> Vec<(u32, Circuit)> {
        (0..self.map.leaves()).flat_map(|leaf| self.fail_port(LeafId(leaf), switch)).collect()
    }

    /// A port of a leaf works again.
    pub fn repair_port(&mut self, leaf: LeafId, switch: SwitchId) {
        self.map.unblock(leaf, switch);
    }

    /// A whole switch works again.
    pub fn repair_switch(&mut self, switch: SwitchId) {
        (0..self.map.leaves()).for_each(|leaf| self.map.unblock(LeafId(leaf), switch));
    }
}
