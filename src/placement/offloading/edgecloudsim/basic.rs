//! The orchestrator of EdgeCloudSim's first sample application.

use crate::infra::{NodeId, ProcessorId, Tier};
use crate::placement::offloading::{OffloadingDecision, OffloadingPolicy, OffloadingView, TierName};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which machines a task may run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TierScenario {
    /// Those of the device's own place.
    SingleTier,
    /// Those of the device's own place, or of the cloud.
    TwoTier,
    /// Those of any place, or of the cloud.
    #[default]
    TwoTierWithEo,
}

/// How a machine is found among those of the edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// One at random, once.
    RandomFit,
    /// The first that has room.
    FirstFit,
    /// The first that has room after the one found last: round the nodes, and on each round its machines.
    #[default]
    NextFit,
    /// The one with the least room that is enough.
    BestFit,
    /// The one with the most room.
    WorstFit,
}

/// Tasks go to the cloud with the probability that their application gives, else to the edge; the machine is
/// chosen when the input has arrived there.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BasicOrchestrator {
    /// Which machines a task may run on.
    pub scenario: TierScenario,
    /// How a machine is found.
    pub fit: Fit,
    /// The dice has 101 sides, 0 to 100, and 0 counts as cloud: a share of P per cent becomes (P + 1) / 101.
    pub dice_from_zero: bool,
    /// Over all places, the first fit goes on to the last node that has room.
    pub first_fit_last_node: bool,
    #[serde(skip)]
    last_node: Option<usize>,
    #[serde(skip)]
    last_machine: Vec<Option<usize>>,
}

impl BasicOrchestrator {
    fn goes_to_cloud(&self, view: &mut OffloadingView<'_>) -> bool {
        if self.scenario == TierScenario::SingleTier {
            return false;
        }
        let share = view.request().cloud_share;
        if self.dice_from_zero {
            let dice: u32 = view.random().random_range(0..=100);
            f64::from(dice) <= 100.0 * share
        } else {
            view.random().random::<f64>() < share
        }
    }

    /// The machines of a node that have room, by number.
    fn with_room(view: &OffloadingView<'_>, node: NodeId) -> impl Iterator<Item = (usize, ProcessorId)> {
        view.instances(node).enumerate().filter(|&(_, machine)| view.fits_on(machine))
    }

    fn first_fit(&self, view: &OffloadingView<'_>, nodes: &[NodeId]) -> Option<(NodeId, ProcessorId)> {
        let first = |&node: &NodeId| Some((node, Self::with_room(view, node).next()?.1));
        if self.first_fit_last_node && self.scenario == TierScenario::TwoTierWithEo {
            return nodes.iter().rev().find_map(first);
        }
        nodes.iter().find_map(first)
    }

    fn next_fit(
        &mut self,
        view: &OffloadingView<'_>,
        nodes: &[NodeId],
    ) -> Option<(NodeId, ProcessorId)> {
        let index_of = |node: NodeId| view.nodes(Tier::Edge).iter().position(|&own| own == node);
        self.last_machine.resize(view.nodes(Tier::Edge).len(), None);
        let start = self.last_node.map_or(0, |last| last + 1);
        for step in 0..nodes.len() {
            let number = if nodes.len() == 1 { 0 } else { (start + step) % nodes.len() };
            let node = nodes[number];
            let Some(own) = index_of(node) else { continue };
            let machines = view.instances(node).count();
            let after = self.last_machine[own].map_or(0, |last| last + 1);
            for machine in (0..machines).map(|step| (after + step) % machines) {
                let found = view.instances(node).nth(machine).filter(|&found| view.fits_on(found));
                if let Some(processor) = found {
                    self.last_machine[own] = Some(machine);
                    if nodes.len() > 1 {
                        self.last_node = Some(number);
                    }
                    return Some((node, processor));
                }
            }
        }
        None
    }

    fn find(
        &mut self,
        view: &mut OffloadingView<'_>,
        nodes: &[NodeId],
    ) -> Option<(NodeId, ProcessorId)> {
        let all = |view: &OffloadingView<'_>| -> Vec<(NodeId, ProcessorId)> {
            let each = nodes.iter().flat_map(|&node| {
                Self::with_room(view, node).map(move |(_, machine)| (node, machine)).collect::<Vec<_>>()
            });
            each.collect()
        };
        match self.fit {
            Fit::FirstFit => self.first_fit(view, nodes),
            Fit::NextFit => self.next_fit(view, nodes),
            Fit::RandomFit => {
                let which = view.random().random_range(0..nodes.len().max(1));
                let node = *nodes.get(which)?;
                let count = view.instances(node).count();
                let machine = view.random().random_range(0..count.max(1));
                let found = view.instances(node).nth(machine)?;
                view.fits_on(found).then_some((node, found))
            }
            Fit::BestFit => {
                // The first among equals, of those with the most booked.
                let mut best: Option<(f64, (NodeId, ProcessorId))> = None;
                for found in all(view) {
                    let booked = view.booked(found.1);
                    if best.is_none_or(|(most, _)| booked > most) {
                        best = Some((booked, found));
                    }
                }
                best.map(|(_, found)| found)
            }
            Fit::WorstFit => {
                let mut best: Option<(f64, (NodeId, ProcessorId))> = None;
                for found in all(view) {
                    let booked = view.booked(found.1);
                    if best.is_none_or(|(least, _)| booked < least) {
                        best = Some((booked, found));
                    }
                }
                best.map(|(_, found)| found)
            }
        }
    }
}

impl OffloadingPolicy for BasicOrchestrator {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let tier = if self.goes_to_cloud(view) { Tier::Cloud } else { Tier::Edge };
        view.nearest(tier).into()
    }

    fn decides_on_arrival(&self) -> bool {
        true
    }

    fn decide_on_arrival(&mut self, view: &mut OffloadingView<'_>, node: NodeId) -> OffloadingDecision {
        if view.infrastructure().node(node).tier == Tier::Cloud {
            return view.least_loaded_place(&[TierName::Cloud]);
        }
        let nodes = match self.scenario {
            TierScenario::TwoTierWithEo => view.nodes(Tier::Edge).to_vec(),
            // Where the device is by now.
            _ => view.nearest(Tier::Edge).into_iter().collect(),
        };
        self.find(view, &nodes).map_or(OffloadingDecision::Refuse, Into::into)
    }
}
