//! Columns of data that were selected for a figure.

use super::naming::natural;
use crate::plot::axis::plain;
use rustc_hash::FxHashMap;

/// What stands for no name.
pub(super) const NONE: u32 = u32::MAX;

/// A column, with a cell for each selected row.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) data: Data,
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    /// Numbers, NaN where there is none.
    Numbers(Vec<f64>),
    /// Names by their index, [`NONE`] where there is none.
    Names { indices: Vec<u32>, names: Names },
}

/// Different names in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    list: Vec<String>,
    indices: FxHashMap<String, u32>,
}

impl Names {
    pub(super) fn index(&mut self, name: &str) -> u32 {
        if let Some(&index) = self.indices.get(name) {
            return index;
        }
        // There are fewer names than rows, and fewer rows than fit into memory.
        let index = self.list.len() as u32;
        self.list.push(name.to_string());
        self.indices.insert(name.to_string(), index);
        index
    }
}

/// The rows of some columns that belong to each name.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    /// The names, in the order in which they are to be shown.
    pub(super) names: Vec<String>,
    /// For each row the index of its name; [`NONE`] if it has none.
    pub(super) of: Vec<u32>,
}

impl Groups {
    /// All rows as one group without a name.
    pub(super) fn one(rows: usize) -> Groups {
        Groups { names: vec![String::new()], of: vec![0; rows] }
    }

    /// The groups that several columns make together.
    pub(super) fn joined(parts: &[Groups]) -> Groups {
        let Some((first, rest)) = parts.split_first() else { return Groups::one(0) };
        rest.iter().fold(first.clone(), |joined, next| {
            // A pair of indices is one number, so that pairs are ordered by the first, then the second.
            let wide = next.names.len() as u64;
            let pair = |(a, b): (&u32, &u32)| {
                (*a != NONE && *b != NONE).then_some(u64::from(*a) * wide + u64::from(*b))
            };
            let pairs: Vec<Option<u64>> = joined.of.iter().zip(&next.of).map(pair).collect();
            let mut found: Vec<u64> = pairs.iter().flatten().copied().collect();
            found.sort_unstable();
            found.dedup();
            let name = |pair: &u64| {
                let (a, b) = ((pair / wide) as usize, (pair % wide) as usize);
                format!("{}, {}", joined.names[a], next.names[b])
            };
            let index = |pair: Option<u64>| {
                pair.and_then(|pair| found.binary_search(&pair).ok()).map_or(NONE, |index| index as u32)
            };
            Groups {
                names: found.iter().map(name).collect(),
                of: pairs.into_iter().map(index).collect(),
            }
        })
    }

    /// The groups with these indices only, in this order.
    pub(super) fn kept(&self, kept: &[usize]) -> Groups {
        let mut index = vec![NONE; self.names.len()];
        for (new, &old) in kept.iter().enumerate() {
            index[old] = new as u32;
        }
        let of = self.of.iter().map(|&old| if old == NONE { NONE } else { index[old as usize] });
        Groups { names: kept.iter().map(|&old| self.names[old].clone()).collect(), of: of.collect() }
    }

    /// How many rows each group has.
    pub(super) fn sizes(&self) -> Vec<f64> {
        let mut sizes = vec![0.0; self.names.len()];
        for &group in self.of.iter().filter(|group| **group != NONE) {
            sizes[group as usize] += 1.0;
        }
        sizes
    }

    /// The values of each group.
    pub(super) fn split(&self, values: &[f64]) -> Vec<Vec<f64>> {
        let mut split = vec![Vec::new(); self.names.len()];
        for (&group, &value) in self.of.iter().zip(values) {
            if group != NONE {
                split[group as usize].push(value);
            }
        }
        split
    }
}

impl Column {
    /// The numbers, if it has some.
    pub(super) fn numbers(&self) -> Option<&[f64]> {
        match &self.data {
            Data::Numbers(numbers) => Some(numbers),
            Data::Names { .. } => None,
        }
    }

    /// The groups of equal values. Numbers are in their order; names in the order in which they were met, or
    /// in that in which people count.
    pub(super) fn groups(&self, is_sorted: bool) -> Groups {
        match &self.data {
            Data::Numbers(numbers) => {
                let mut found: Vec<f64> =
                    numbers.iter().filter(|number| !number.is_nan()).copied().collect();
                found.sort_by(f64::total_cmp);
                found.dedup();
                let index = |number: &f64| {
                    found
                        .binary_search_by(|own| own.total_cmp(number))
                        .map_or(NONE, |index| index as u32)
                };
                let of = numbers.iter().map(index).collect();
                Groups { names: found.iter().map(|number| plain(*number, true)).collect(), of }
            }
            Data::Names { indices, names } => {
                let all = Groups { names: names.list.clone(), of: indices.clone() };
                if !is_sorted {
                    return all;
                }
                let mut order: Vec<usize> = (0..all.names.len()).collect();
                order.sort_by(|&a, &b| natural(&all.names[a], &all.names[b]));
                all.kept(&order)
            }
        }
    }

    /// How many different values there are, no more than two being told apart.
    pub(super) fn varies(&self) -> bool {
        match &self.data {
            Data::Numbers(numbers) => {
                let mut known = numbers.iter().filter(|number| !number.is_nan());
                known.next().is_some_and(|first| known.any(|other| other != first))
            }
            Data::Names { indices, .. } => {
                let mut known = indices.iter().filter(|index| **index != NONE);
                known.next().is_some_and(|first| known.any(|other| other != first))
            }
        }
    }
}

/// Columns of the same rows.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Column {
        let mut names = Names::default();
        let indices = of.iter().map(|name| if name.is_empty() { NONE } else { names.index(name) });
        let indices = indices.collect();
        Column { data: Data::Names { indices, names } }
    }

    #[test]
    fn groups_keep_their_rows_when_ordered_joined_and_chosen() {
        let node = names(&["edge-10", "edge-2", "", "edge-10"]);
        assert_eq!(node.groups(false).names, ["edge-10", "edge-2"]);
        let groups = node.groups(true);
        assert_eq!(
            (groups.names.clone(), groups.of.clone()),
            (vec!["edge-2".to_string(), "edge-10".into()], vec![1, 0, NONE, 1],)
        );
        assert_eq!(groups.split(&[1.0, 2.0, 3.0, 4.0]), [vec![2.0], vec![1.0, 4.0]]);
        let size = Column { data: Data::Numbers(vec![7.0, 5.0, 5.0, f64::NAN]) };
        assert_eq!(size.groups(true).names, ["5", "7"]);
        let joined = Groups::joined(&[groups.clone(), size.groups(true)]);
        assert_eq!(joined.names, ["edge-2, 5", "edge-10, 7"]);
        assert_eq!(joined.of, [1, 0, NONE, NONE]);
        assert_eq!(groups.kept(&[1]).of, [0, NONE, NONE, 0]);
        assert!(node.varies() && !names(&["a", "", "a"]).varies());
    }
}
