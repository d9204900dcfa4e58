//! Making the classes of the training part weigh the same.

use super::format::{BalanceMethod, BalanceSpec};
use super::split::Part;
use super::statistics::PartCounts;
use crate::engine::{RandomStreams, Stream};
use rand::RngExt;
use std::collections::BTreeMap;

/// The name of the streams from which rows are drawn, one for each class.
const STREAM: &str = "dataset/balance";

/// Says how often each row of the training part is written, and with what weight. Rows are drawn as they come
/// (selection sampling: Knuth, The Art of Computer Programming 2, algorithm S), so that the numbers come out
/// exactly.
#[derive(Debug)]
pub(super) struct Balance {
    /// The column with the classes.
    pub(super) column: usize,
    method: BalanceMethod,
    classes: BTreeMap<String, Class>,
}

#[derive(Debug)]
struct Class {
    /// Rows still to come, and how many of them are still to be drawn.
    left: u64,
    wanted: u64,
    /// Times that every row is written.
    copies: u64,
    weight: f64,
    stream: Stream,
}

impl Balance {
    /// The balance of classes of which there are so many in each part.
    pub(super) fn new(
        spec: &BalanceSpec,
        column: usize,
        counts: &BTreeMap<String, PartCounts>,
    ) -> Balance {
        let train = |counts: &PartCounts| counts[Part::Train as usize];
        let there: Vec<(&String, u64)> = counts
            .iter()
            .map(|(name, counts)| (name, train(counts)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let least = there.iter().map(|(_, count)| *count).min().unwrap_or(0);
        let most = there.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let all: u64 = there.iter().map(|(_, count)| *count).sum();
        let streams = RandomStreams::new(spec.seed);
        let classes = there.iter().map(|&(name, count)| {
            let (copies, wanted) = match spec.method {
                BalanceMethod::Weights => (1, 0),
                BalanceMethod::Undersample => (0, least),
                BalanceMethod::Oversample => (most / count, most % count),
            };
            let class = Class {
                left: count,
                wanted,
                copies,
                weight: all as f64 / (there.len() as f64 * count as f64),
                stream: streams.stream(&format!("{STREAM}/{name}")),
            };
            (name.clone(), class)
        });
        Balance { column, method: spec.method, classes: classes.collect() }
    }

    /// How often the next row of a class is written.
    pub(super) fn times(&mut self, part: Part, class: &str) -> u64 {
        if part != Part::Train {
            return 1;
        }
        let Some(class) = self.classes.get_mut(class) else { return 1 };
        let drawn = class.wanted > 0 && class.stream.random_range(0..class.left.max(1)) < class.wanted;
        class.left = class.left.saturating_sub(1);
        class.wanted -= u64::from(drawn);
        class.copies + u64::from(drawn)
    }

    /// The weight of a row of a class.
    pub(super) fn weight(&self, part: Part, class: &str) -> f64 {
        match self.classes.get(class) {
            Some(class) if part == Part::Train && self.method == BalanceMethod::Weights => class.weight,
            _ => 1.0,
        }
    }

    /// Whether there is a column of weights.
    pub(super) fn has_weights(&self) -> bool {
        self.method == BalanceMethod::Weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spec(method: BalanceMethod) -> BalanceSpec {
        BalanceSpec { label: None, method, seed: 1 }
    }

    proptest! {
        /// Whatever the order of rows, every class is written as often as the smallest or largest.
        #[test]
        fn classes_come_out_equal(rows in prop::collection::vec(0_u8..3, 1..200)) {
            let mut counts: BTreeMap<String, PartCounts> = BTreeMap::new();
            for row in &rows {
                counts.entry(row.to_string()).or_default()[0] += 1;
            }
            let there = counts.values().map(|counts| counts[0]);
            let (least, most) = (there.clone().min().unwrap_or(0), there.max().unwrap_or(0));
            for (method, expected) in
                [(BalanceMethod::Undersample, least), (BalanceMethod::Oversample, most)]
            {
                let mut balance = Balance::new(&spec(method), 0, &counts);
                let mut written: BTreeMap<String, u64> = BTreeMap::new();
                for row in &rows {
                    let times = balance.times(Part::Train, &row.to_string());
                    prop_assert!(method == BalanceMethod::Undersample || times > 0);
                    *written.entry(row.to_string()).or_default() += times;
                }
                prop_assert!(written.values().all(|times| *times == expected), "{:?}", written);
            }
        }
    }

    /// Three of one class, one of the other: 4 / (2 * 3) and 4 / (2 * 1). Other parts are as they are.
    #[test]
    fn weights_make_classes_equal() {
        let counts = BTreeMap::from([("no".to_string(), [3, 9, 9]), ("yes".to_string(), [1, 0, 9])]);
        let mut balance = Balance::new(&spec(BalanceMethod::Weights), 0, &counts);
        assert_eq!(balance.weight(Part::Train, "no"), 4.0 / 6.0);
        assert_eq!(balance.weight(Part::Train, "yes"), 2.0);
        assert_eq!((balance.weight(Part::Test, "yes"), balance.times(Part::Train, "yes")), (1.0, 1));
        let mut fewer = Balance::new(&spec(BalanceMethod::Undersample), 0, &counts);
        assert!((0..50).all(|_| fewer.times(Part::Validation, "no") == 1));
    }
}
