//! An indexed 4-ary heap whose owner keeps the places, so that many small heaps share one array.

/// The place of an item that is in no heap.
pub const ABSENT: u32 = u32::MAX;

const ARITY: usize = 4;

/// Items (dense indices) by key, least first: for the many small queues inside models. Each call takes the
/// array of places that belongs to the kind of item, [`ABSENT`] where an item is in no heap; an item may be in
/// one heap per array at a time. Put what breaks ties into the key.
///
/// ```
/// use stratosim::engine::{ABSENT, IndexedHeap};
/// let mut places = [ABSENT; 3];
/// let mut heap = IndexedHeap::default();
/// for (item, key) in [(0, 5.0), (1, 3.0), (2, 4.0)] {
///     heap.set(&mut places, item, key);
/// }
/// heap.remove(&mut places, 1);
/// assert_eq!(heap.peek(), Some((4.0, 2)));
/// assert_eq!(heap.len(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct IndexedHeap<K> {
    entries: Vec<(K, u32)>,
}

impl<K: Copy + PartialOrd> IndexedHeap<K> {
    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The least key and its item. O(1).
    #[must_use]
    pub fn peek(&self) -> Option<(K, u32)> {
        self.entries.first().copied()
    }

    /// All items, in no useful order.
    pub fn items(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|&(_, item)| item)
    }

    /// All entries, in no useful order.
    #[must_use]
    pub fn entries(&self) -> &[(K, u32)] {
        &self.entries
    }

    /// All entries, for changes of the keys that keep their order.
    pub fn entries_mut(&mut self) -> &mut [(K, u32)] {
        &mut self.entries
    }

    /// Gives `item` this key, adding it if it is absent. O(log n).
    pub fn set(&mut self, places: &mut [u32], item: u32, key: K) {
        let place = places[item as usize];
        if place == ABSENT {
            self.entries.push((key, item));
            self.sift_up(places, self.entries.len() - 1, (key, item));
        } else {
            self.replace(places, place as usize, (key, item));
        }
    }

    /// Takes `item` out if it is in. O(log n).
    pub fn remove(&mut self, places: &mut [u32], item: u32) {
        let place = std::mem::replace(&mut places[item as usize], ABSENT);
        if place == ABSENT {
            return;
        }
        if let Some(last) = self.entries.pop()
            && last.1 != item
        {
            self.replace(places, place as usize, last);
        }
    }

    fn replace(&mut self, places: &mut [u32], place: usize, entry: (K, u32)) {
        if place > 0 && entry.0 < self.entries[(place - 1) / ARITY].0 {
            self.sift_up(places, place, entry);
        } else {
            self.sift_down(places, place, entry);
        }
    }

    fn put(&mut self, places: &mut [u32], place: usize, entry: (K, u32)) {
        self.entries[place] = entry;
        places[entry.1 as usize] = place as u32;
    }

    fn sift_up(&mut self, places: &mut [u32], mut place: usize, entry: (K, u32)) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            let other = self.entries[parent];
            if other.0 <= entry.0 {
                break;
            }
            self.put(places, place, other);
            place = parent;
        }
        self.put(places, place, entry);
    }

    fn sift_down(&mut self, places: &mut [u32], mut place: usize, entry: (K, u32)) {
        loop {
            let first = place * ARITY + 1;
            let end = (first + ARITY).min(self.entries.len());
            let Some(least) = (first..end).reduce(|least, child| {
                if self.entries[child].0 < self.entries[least].0 { child } else { least }
            }) else {
                break;
            };
            let other = self.entries[least];
            if entry.0 <= other.0 {
                break;
            }
            self.put(places, place, other);
            place = least;
        }
        self.put(places, place, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a sorted list: the least item after any mix of settings and removals.
        #[test]
        fn the_least_is_on_top(changes in prop::collection::vec((0u32..30, prop::option::of(0u32..50)), 1..200)) {
            let mut heap = IndexedHeap::default();
            let mut places = vec![ABSENT; 30];
            let mut oracle = std::collections::BTreeMap::new();
            for (item, key) in changes {
                match key {
                    Some(key) => {
                        heap.set(&mut places, item, (key, item));
                        oracle.insert(item, key);
                    }
                    None => {
                        heap.remove(&mut places, item);
                        oracle.remove(&item);
                    }
                }
                let least = oracle.iter().map(|(&item, &key)| (key, item)).min();
                prop_assert_eq!(heap.peek().map(|(key, _)| key), least);
                prop_assert_eq!(heap.len(), oracle.len());
            }
        }
    }
}
