//! Which virtual machines must have ended before others are placed.

use super::config::VmRequest;
use std::collections::BTreeMap;

/// Requests that still wait for others to end, by their numbers in the order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct VmOrder {
    /// For each that waits how many it waits for.
    waits_for: BTreeMap<u32, u32>,
    /// For each that is waited for those that wait.
    followers: BTreeMap<u32, Vec<u32>>,
}

impl VmOrder {
    /// Sorts requests by time, those of one time as they are given, and keeps who waits for whom. What is no number of
    /// a request is not waited for.
    pub(super) fn sort(requests: Vec<VmRequest>, pairs: &[(u32, u32)]) -> (Vec<VmRequest>, Self) {
        let mut sorted: Vec<(u32, VmRequest)> = (0..).zip(requests).collect();
        sorted.sort_by_key(|(_, request)| request.time);
        let mut own = VmOrder::default();
        if !pairs.is_empty() {
            let mut numbers = vec![0u32; sorted.len()];
            for (number, (given, _)) in (0u32..).zip(&sorted) {
                numbers[*given as usize] = number;
            }
            for (before, after) in pairs {
                let known = numbers.get(*before as usize).zip(numbers.get(*after as usize));
                if let Some((&before, &after)) = known {
                    *own.waits_for.entry(after).or_default() += 1;
                    own.followers.entry(before).or_default().push(after);
                }
            }
        }
        (sorted.into_iter().map(|(_, request)| request).collect(), own)
    }

    /// Whether a request still waits for others.
    pub(super) fn waits(&self, number: u32) -> bool {
        self.waits_for.contains_key(&number)
    }

    /// The virtual machine of a request has ended: those that waited for it last, in order.
    pub(super) fn end(&mut self, number: u32) -> Vec<u32> {
        let mut free = self.followers.remove(&number).unwrap_or_default();
        free.retain(|follower| {
            let Some(left) = self.waits_for.get_mut(follower) else { return false };
            *left -= 1;
            let is_free = *left == 0;
            if is_free {
                self.waits_for.remove(follower);
            }
            is_free
        });
        free
    }
}
