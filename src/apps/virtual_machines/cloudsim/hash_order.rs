//! The order in which the original adds the needs of an overloaded host's virtual machines: that of a Java
//! `HashMap` of their names.
//!
//! The sum decides to how many whole MIPS each is cut down, and its last bit depends on the order.

use super::allocation::Claim;

/// Entities of the original count up from 0: shutdown, information service, then the broker, whose number is
/// part of the virtual machines' names.
const BROKER: u32 = 2;

/// Slots of an empty table.
const FIRST_SLOTS: u32 = 16;

/// The spread hash of a virtual machine's name, as Java computes it: `String.hashCode`, its upper half
/// folded into the lower.
pub(super) fn name_hash(vm: u32) -> u32 {
    let hash = format!("{BROKER}-{vm}")
        .bytes()
        .fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    hash ^ (hash >> 16)
}

/// Slots of a table that has held up to `most` entries: it doubles when more than three quarters are taken,
/// and never shrinks.
pub(super) fn table_slots(most: usize) -> u32 {
    let mut slots = FIRST_SLOTS;
    while most > slots as usize / 4 * 3 {
        slots *= 2;
    }
    slots
}

/// Writes (slot, index) of entries with these hashes to `order`, slot by slot; within a slot as they come.
pub(super) fn slot_order(hashes: impl Iterator<Item = u32>, slots: u32, order: &mut Vec<(u32, u32)>) {
    order.clear();
    order.extend(hashes.map(|hash| hash & (slots - 1)).zip(0..));
    order.sort_unstable();
}

/// The sum of all needs, slot by slot; within a slot in the order of the list. `hashes` are those of the
/// claims.
pub(super) fn needed_mips(
    claims: &[Claim],
    hashes: impl Iterator<Item = u32>,
    slots: u32,
    order: &mut Vec<(u32, u32)>,
) -> f64 {
    slot_order(hashes, slots, order);
    let mut sum = 0.0;
    for &(_, index) in order.iter() {
        sum += claims[index as usize].need_mips();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_java() {
        // "2-0": (50 * 31 + 45) * 31 + 48 = 49493, below 2^16.
        assert_eq!(name_hash(0), 49_493);
        // "2-17": ((50 * 31 + 45) * 31 + 49) * 31 + 55 = 1534369 = 0x176_9a1; 0x17 folded in.
        assert_eq!(name_hash(17), 1_534_369 ^ 0x17);
    }

    #[test]
    fn tables_double_past_three_quarters() {
        assert_eq!([0, 12, 13, 24, 25].map(table_slots), [16, 16, 32, 32, 64]);
    }

    #[test]
    fn needs_are_added_slot_by_slot() {
        let claim = |mips| Claim { mips, incoming: false, outgoing: false };
        // 1e16 + 1 is 1e16 in doubles: only the order small, small, large keeps the two.
        let claims = [claim(1.0), claim(1e16), claim(1.0)];
        let sum = |hashes: [u32; 3]| needed_mips(&claims, hashes.into_iter(), 16, &mut Vec::new());
        assert_eq!(sum([1, 0, 2]), 1e16);
        assert_eq!(sum([1, 18, 17]), 1e16 + 2.0);
        assert_eq!(sum([3, 3, 3]), 1e16);
    }
}
