//! Texts of many rows, packed.

use rustc_hash::FxHashMap;

/// A text for each row, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    text: String,
    ends: Vec<usize>,
}

impl Names {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }

    /// All names in the order of the rows.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|row| self.get(row))
    }

    pub(super) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }
}

/// One of a few texts, or none, for each row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    texts: Vec<String>,
    numbers: FxHashMap<String, u32>,
    /// One more than the text's number; 0 for none.
    rows: Vec<u32>,
}

impl Labels {
    /// The label of a row; `None` if it has none.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let number = self.rows.get(row)?.checked_sub(1)?;
        self.texts.get(number as usize).map(String::as_str)
    }

    /// The different labels, in the order in which they first occur.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    pub(super) fn push(&mut self, label: Option<String>) {
        let number = label.map_or(0, |label| {
            if let Some(&known) = self.numbers.get(&label) {
                return known;
            }
            self.texts.push(label.clone());
            // As many as rows at most, of which there are fewer than 2^32.
            let number = self.texts.len() as u32;
            self.numbers.insert(label, number);
            number
        });
        self.rows.push(number);
    }
}

/// Which rows wait for which others to end: for each row its parents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// For each row the end of its parents; empty if no row has any.
    ends: Vec<usize>,
    parents: Vec<u32>,
}

impl Dependencies {
    pub(super) fn new(rows: usize, edges: &[(u32, u32)]) -> Self {
        if edges.is_empty() {
            return Dependencies::default();
        }
        let mut parents_of: Vec<Vec<u32>> = vec![Vec::new(); rows];
        for &(row, parent) in edges {
            if let Some(parents) = parents_of.get_mut(row as usize) {
                parents.push(parent);
            }
        }
        let mut dependencies = Dependencies::default();
        for parents in parents_of {
            dependencies.parents.extend(parents);
            dependencies.ends.push(dependencies.parents.len());
        }
        dependencies
    }

    /// How many dependencies there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether no row waits for another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// The rows that must end before `row` may start, in the order of the trace.
    #[must_use]
    pub fn parents(&self, row: usize) -> &[u32] {
        let Some(&end) = self.ends.get(row) else { return &[] };
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.parents[start..end]
    }
}
