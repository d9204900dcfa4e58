//! Colouring by trying everything, for small graphs.

use super::map::CircuitMap;

/// What a search has found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// A colour for each edge.
    Found(Vec<u32>),
    /// There is no colouring.
    Impossible,
    /// It took too long.
    GaveUp,
}

struct Tree<'a> {
    edges: &'a [(u32, u32)],
    /// Bits of free colours by vertex.
    free: Vec<u64>,
    colours: Vec<Option<u32>>,
    /// Whether all colours were alike at the start, and which have been used since.
    alike: bool,
    used: u64,
    left: u64,
}

/// Searches a colouring of `edges` over the empty `map` with at most 64 switches: always the edge with the fewest free
/// switches next, and of switches that nothing has used yet only one. At most `limit` trials.
pub(super) fn search(map: &CircuitMap, edges: &[(u32, u32)], vertices: u32, limit: u64) -> Search {
    if map.colours > 64 {
        return Search::GaveUp;
    }
    let all = if map.colours == 64 { u64::MAX } else { (1 << map.colours) - 1 };
    let free: Vec<u64> = (0..vertices)
        .map(|vertex| map.free_colours(vertex).fold(0, |bits, colour| bits | 1 << colour))
        .collect();
    let alike = free.iter().all(|&bits| bits == all);
    let mut tree = Tree { edges, free, colours: vec![None; edges.len()], alike, used: 0, left: limit };
    match tree.descend() {
        Some(true) => Search::Found(tree.colours.into_iter().flatten().collect()),
        Some(false) => Search::Impossible,
        None => Search::GaveUp,
    }
}

impl Tree<'_> {
    /// Whether the rest can be coloured; `None` if the trials are used up. As deep as there are edges, which are few.
    fn descend(&mut self) -> Option<bool> {
        let open = (0..self.edges.len()).filter(|&edge| self.colours[edge].is_none());
        let choices = |edge: usize| {
            self.free[self.edges[edge].0 as usize] & self.free[self.edges[edge].1 as usize]
        };
        let Some(edge) = open.min_by_key(|&edge| choices(edge).count_ones()) else { return Some(true) };
        let mut bits = choices(edge);
        let (x, y) = self.edges[edge];
        let mut is_new_tried = false;
        while bits != 0 {
            let colour = bits.trailing_zeros();
            let bit = 1_u64 << colour;
            bits &= !bit;
            let is_new = self.used & bit == 0;
            if self.alike && is_new && std::mem::replace(&mut is_new_tried, true) {
                continue;
            }
            self.left = self.left.checked_sub(1)?;
            self.colours[edge] = Some(colour);
            self.free[x as usize] &= !bit;
            self.free[y as usize] &= !bit;
            let used = self.used;
            self.used |= bit;
            let result = self.descend();
            if result != Some(false) {
                return result;
            }
            self.used = used;
            self.free[x as usize] |= bit;
            self.free[y as usize] |= bit;
            self.colours[edge] = None;
        }
        Some(false)
    }
}
