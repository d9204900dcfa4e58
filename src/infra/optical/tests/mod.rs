mod by_hand;
mod properties;

use super::*;

fn layer(leaves: u32, uplinks: u32) -> OpticalLayer {
    OpticalLayer::new(leaves, uplinks, leaves.max(4)).unwrap()
}

fn pair(from: u32, to: u32, circuits: u32) -> PairDemand {
    PairDemand { from: LeafId(from), to: LeafId(to), circuits }
}
