//! The max-min fair share of long flows of which each has a cap, worked out at once.

use super::clos::Ways;
use crate::engine::{ABSENT, IndexedHeap};

/// By how much the caps on a link may be above what it carries before it can hold a flow back: rounding of sums.
const ROUNDING: f64 = 1e-12;

/// No link that can hold a flow back.
const LOOSE: u32 = u32::MAX;

/// The rates of `flows` in order, in bytes a second, over `links` links that carry `link_bytes_per_s` each: those of
/// [`max_min_rates`](crate::infra::max_min_rates), which this is tested against. Here most links carry the caps of all their flows
/// together and hold nothing back; they are left out. Caps are met in the order of their sizes, and of the levels of links, which
/// only rise as flows are fixed, only the least is kept up to date.
pub(super) fn capped_rates(links: usize, link_bytes_per_s: f64, flows: &[&Ways]) -> Vec<f64> {
    let each = || flows.iter().flat_map(|ways| ways.iter());
    let mut asked = vec![0.0; links];
    for (path, cap_bytes_per_s) in each() {
        path.iter().for_each(|link| asked[link.0 as usize] += cap_bytes_per_s);
    }
    // Links that may hold a flow back, numbered anew.
    let mut tight = 0;
    let numbers: Vec<u32> = asked
        .iter()
        .map(|&asked| {
            if asked > link_bytes_per_s * (1.0 + ROUNDING) {
                tight += 1;
                tight - 1
            } else {
                LOOSE
            }
        })
        .collect();
    let mut filling = Filling::new(tight as usize, link_bytes_per_s);
    let mut rates = Vec::new();
    // Flows that cross such links: their place in the list, cap, and where their crossings end.
    for (path, cap_bytes_per_s) in each() {
        let crossed = path.iter().map(|link| numbers[link.0 as usize]).filter(|&link| link != LOOSE);
        filling.add(rates.len(), cap_bytes_per_s, crossed);
        rates.push(cap_bytes_per_s);
    }
    filling.run(&mut rates);
    rates
}

/// A flow that some link may hold back.
struct Held {
    place: usize,
    cap_bytes_per_s: f64,
    /// Where its links begin and end in the list.
    links: std::ops::Range<usize>,
    is_open: bool,
}

struct Filling {
    held: Vec<Held>,
    /// The links of each flow, one flow after the other.
    crossed: Vec<u32>,
    /// Of each link what is left, and the flows that share it.
    left_bytes_per_s: Vec<f64>,
    open: Vec<u32>,
}

impl Filling {
    fn new(links: usize, link_bytes_per_s: f64) -> Self {
        let left_bytes_per_s = vec![link_bytes_per_s; links];
        Filling { held: Vec::new(), crossed: Vec::new(), left_bytes_per_s, open: vec![0; links] }
    }

    fn add(&mut self, place: usize, cap_bytes_per_s: f64, links: impl Iterator<Item = u32>) {
        let first = self.crossed.len();
        self.crossed.extend(links);
        let links = first..self.crossed.len();
        self.crossed[links.clone()].iter().for_each(|&link| self.open[link as usize] += 1);
        if !links.is_empty() {
            self.held.push(Held { place, cap_bytes_per_s, links, is_open: true });
        }
    }

    fn level(&self, link: u32) -> f64 {
        self.left_bytes_per_s[link as usize] / f64::from(self.open[link as usize])
    }

    /// A flow has its rate.
    fn fix(&mut self, flow: usize, rate_bytes_per_s: f64, rates: &mut [f64]) {
        let own = &mut self.held[flow];
        if !std::mem::replace(&mut own.is_open, false) {
            return;
        }
        rates[own.place] = rate_bytes_per_s;
        for &link in &self.crossed[own.links.clone()] {
            let left = &mut self.left_bytes_per_s[link as usize];
            *left = (*left - rate_bytes_per_s).max(0.0);
            self.open[link as usize] -= 1;
        }
    }

    fn run(mut self, rates: &mut [f64]) {
        // The flows of each link, one link after the other.
        let mut ends = Vec::with_capacity(self.open.len());
        let mut count = 0;
        for &open in &self.open {
            ends.push(count);
            count += open as usize;
        }
        let mut flows_of = vec![0; count];
        for (flow, own) in self.held.iter().enumerate() {
            for &link in &self.crossed[own.links.clone()] {
                flows_of[ends[link as usize]] = flow;
                ends[link as usize] += 1;
            }
        }
        let begin = |link: u32| if link == 0 { 0 } else { ends[link as usize - 1] };
        let mut by_cap: Vec<usize> = (0..self.held.len()).collect();
        by_cap.sort_by(|&a, &b| self.held[a].cap_bytes_per_s.total_cmp(&self.held[b].cap_bytes_per_s));
        let mut by_cap = by_cap.into_iter().peekable();
        let mut heap = IndexedHeap::default();
        let mut places = vec![ABSENT; self.open.len()];
        (0..self.open.len() as u32).for_each(|link| heap.set(&mut places, link, self.level(link)));
        while let Some((level, link)) = heap.peek() {
            if self.open[link as usize] == 0 {
                heap.remove(&mut places, link);
                continue;
            }
            // What the heap knows of a level is at most what it is.
            while let Some(&flow) = by_cap.peek() {
                let own = &self.held[flow];
                if own.is_open && own.cap_bytes_per_s > level {
                    break;
                }
                by_cap.next();
                let cap_bytes_per_s = own.cap_bytes_per_s;
                self.fix(flow, cap_bytes_per_s, rates);
            }
            if self.open[link as usize] == 0 {
                continue;
            }
            let now = self.level(link);
            if now > level {
                heap.set(&mut places, link, now);
                continue;
            }
            heap.remove(&mut places, link);
            for &flow in &flows_of[begin(link)..ends[link as usize]] {
                self.fix(flow, level, rates);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::{LinkIndex, max_min_rates};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rates_are_those_of_progressive_filling(
            drawn in prop::collection::vec((prop::collection::btree_set(0..12_u32, 0..5), 1..8_u32), 0..60),
            link in 1..12_u32,
        ) {
            let flows: Vec<(Vec<LinkIndex>, f64)> = drawn
                .into_iter()
                .map(|(path, cap)| (path.into_iter().map(LinkIndex).collect(), 10.0 / f64::from(cap)))
                .collect();
            let link = f64::from(link);
            let mut parts = [Ways::default(), Ways::default()];
            let (first, second) = flows.split_at(flows.len() / 2);
            for (ways, flows) in parts.iter_mut().zip([first, second]) {
                flows.iter().for_each(|(path, cap)| ways.push(path.iter().copied(), *cap));
            }
            let found = capped_rates(12, link, &[&parts[0], &parts[1]]);
            let given: Vec<(&[LinkIndex], f64)> =
                flows.iter().map(|(path, cap)| (path.as_slice(), *cap)).collect();
            let expected = max_min_rates(&[link; 12], &given);
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                prop_assert!((found - expected).abs() <= 1e-9 * expected, "{} {}", found, expected);
            }
        }
    }
}
