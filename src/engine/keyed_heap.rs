//! A small binary heap whose entries can be removed: for the many short queues inside models.

/// A binary min-heap of (key, item) in which the caller keeps each item's place, so that an item can be
/// removed in O(log n) without a search. Equal keys leave in the order of their items.
///
/// Each method that moves items reports their new places to `place`.
///
/// ```
/// use stratosim::engine::KeyedHeap;
/// let mut places = [0; 3];
/// let mut heap = KeyedHeap::default();
/// for (item, key) in [(0, 5.0), (1, 3.0), (2, 4.0)] {
///     heap.push(key, item, |item, place| places[item as usize] = place);
/// }
/// heap.remove(places[2], |item, place| places[item as usize] = place);
/// assert_eq!(heap.peek(), Some((3.0, 1)));
/// assert_eq!(heap.len(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeyedHeap {
    entries: Vec<(f64, u32)>,
}

fn before(a: (f64, u32), b: (f64, u32)) -> bool {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).is_lt()
}

impl KeyedHeap {
    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry with the least key.
    #[must_use]
    pub fn peek(&self) -> Option<(f64, u32)> {
        self.entries.first().copied()
    }

    /// All items, in no particular order.
    pub fn items(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|entry| entry.1)
    }

    /// Adds an entry. O(log n).
    pub fn push(&mut self, key: f64, item: u32, mut place: impl FnMut(u32, u32)) {
        self.entries.push((key, item));
        self.sift_up(self.entries.len() - 1, &mut place);
    }

    /// Removes the entry at `index` and returns it; `None` if there is none. O(log n).
    pub fn remove(&mut self, index: u32, mut place: impl FnMut(u32, u32)) -> Option<(f64, u32)> {
        let index = index as usize;
        if index >= self.entries.len() {
            return None;
        }
        let removed = self.entries.swap_remove(index);
        if index < self.entries.len() {
            let index = self.sift_down(index, &mut place);
            self.sift_up(index, &mut place);
        }
        Some(removed)
    }

    /// Removes the entry with the least key. O(log n).
    pub fn pop(&mut self, place: impl FnMut(u32, u32)) -> Option<(f64, u32)> {
        self.remove(0, place)
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    fn sift_up(&mut self, mut index: usize, place: &mut impl FnMut(u32, u32)) {
        let entry = self.entries[index];
        while index > 0 {
            let above = (index - 1) / 2;
            if !before(entry, self.entries[above]) {
                break;
            }
            self.set(index, self.entries[above], place);
            index = above;
        }
        self.set(index, entry, place);
    }

    fn sift_down(&mut self, mut index: usize, place: &mut impl FnMut(u32, u32)) -> usize {
        let entry = self.entries[index];
        loop {
            let mut child = 2 * index + 1;
            if child >= self.entries.len() {
                break;
            }
            if child + 1 < self.entries.len() && before(self.entries[child + 1], self.entries[child]) {
                child += 1;
            }
            if !before(self.entries[child], entry) {
                break;
            }
            self.set(index, self.entries[child], place);
            index = child;
        }
        self.set(index, entry, place);
        index
    }

    fn set(&mut self, index: usize, entry: (f64, u32), place: &mut impl FnMut(u32, u32)) {
        self.entries[index] = entry;
        place(entry.1, index as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_as_a_sorted_list(steps in prop::collection::vec((0..3u8, 0..20u32), 0..200)) {
            let mut heap = KeyedHeap::default();
            let mut places = vec![u32::MAX; 200];
            let mut list: Vec<(u32, u32)> = Vec::new();
            for (item, (kind, value)) in (0..).zip(steps) {
                let place = |item: u32, place| places[item as usize] = place;
                match kind {
                    0 | 1 => {
                        heap.push(f64::from(value), item, place);
                        list.push((value, item));
                    }
                    _ if !list.is_empty() => {
                        let (key, gone) = list.remove(value as usize % list.len());
                        let index = places[gone as usize];
                        let removed = heap.remove(index, |item, place| places[item as usize] = place);
                        prop_assert_eq!(removed, Some((f64::from(key), gone)));
                    }
                    _ => {}
                }
                list.sort_unstable();
                prop_assert_eq!(heap.peek(), list.first().map(|&(key, item)| (f64::from(key), item)));
                prop_assert_eq!(heap.len(), list.len());
            }
        }
    }
}
