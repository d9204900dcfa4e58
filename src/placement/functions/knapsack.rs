//! The bounded knapsack of a node: which functions get how many replicas of its memory.

/// What replicas of a function are worth.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    /// Memory of a replica, at least 1.
    pub(super) memory: u64,
    /// `values[k]` is what k replicas are worth; at least one entry.
    pub(super) values: Vec<f64>,
    /// Up to this many replicas each is worth the same: `values[k] = values[0] + k (values[1] - values[0])`.
    even: usize,
}

impl Choice {
    /// Replicas of this memory, `values[k]` of which are worth so much together; `values` has at least one entry.
    pub(super) fn new(memory: u64, values: Vec<f64>) -> Choice {
        let even = match values.as_slice() {
            [none, one, ..] => {
                let is_even = |(count, value): (usize, &f64)| {
                    (value - none - count as f64 * (one - none)).abs() <= TIE * value.abs().max(1.0)
                };
                values.iter().enumerate().take_while(|&entry| is_even(entry)).count().saturating_sub(1)
            }
            _ => 0,
        };
        Choice { memory, values, even }
    }
}

/// Values that differ by no more are equal; fewer replicas are taken then.
const TIE: f64 = 1e-12;

fn divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The numbers of replicas that are worth the most together within a memory. Of equal ones the fewest are taken of the
/// last function, then of the one before it, and so on.
///
/// Exact dynamic programming over the memory in units of the greatest common divisor of the requirements. Evenly
/// worthy replicas of a function take O(memory) through a sliding maximum, each further one as long again (see Kellerer,
/// Pferschy and Pisinger, *Knapsack Problems*, 2004, section 7.2.2).
pub(super) fn best_replicas(choices: &[Choice], memory: u64) -> Vec<u32> {
    let all: u128 =
        choices.iter().map(|choice| choice.memory as u128 * (choice.values.len() - 1) as u128).sum();
    let is_rising = |choice: &Choice| choice.values.windows(2).all(|pair| pair[1] > pair[0] + TIE);
    if all <= u128::from(memory) && choices.iter().all(is_rising) {
        return choices.iter().map(|choice| (choice.values.len() - 1) as u32).collect();
    }
    let unit = choices.iter().fold(0, |unit, choice| divisor(unit, choice.memory)).max(1);
    // What all replicas need bounds the memory that can be of use.
    let units = usize::try_from((memory / unit).min(u64::try_from(all).unwrap_or(u64::MAX) / unit))
        .unwrap_or(usize::MAX - 1);
    let mut best = vec![0.0; units + 1];
    let mut next = vec![0.0; units + 1];
    let mut taken = vec![0_u32; choices.len() * (units + 1)];
    let mut window: Vec<(usize, f64)> = Vec::new();
    for (choice, taken) in choices.iter().zip(taken.chunks_mut(units + 1)) {
        // At least one unit, since the unit divides it.
        let size = usize::try_from(choice.memory / unit).unwrap_or(usize::MAX);
        let even = choice.even.min(choice.values.len() - 1);
        let step = if even > 0 { choice.values[1] - choice.values[0] } else { 0.0 };
        for rest in 0..size.min(units + 1) {
            // The best of `best[j] - j step` over the window, its places falling in value from the front.
            window.clear();
            let mut front = 0;
            for (place, at) in (rest..=units).step_by(size).enumerate() {
                let key = best[at] - place as f64 * step;
                while window.len() > front && window[window.len() - 1].1 <= key + TIE {
                    window.pop();
                }
                window.push((place, key));
                while window[front].0 + even < place {
                    front += 1;
                }
                let count = place - window[front].0;
                next[at] = best[at - count * size] + choice.values[count];
                taken[at] = count as u32;
            }
        }
        for count in even + 1..choice.values.len() {
            let Some(needed) = count.checked_mul(size).filter(|needed| *needed <= units) else { break };
            for at in needed..=units {
                let value = best[at - needed] + choice.values[count];
                if value > next[at] + TIE {
                    next[at] = value;
                    taken[at] = count as u32;
                }
            }
        }
        std::mem::swap(&mut best, &mut next);
    }
    let mut left = units;
    let mut replicas = vec![0; choices.len()];
    for (index, choice) in choices.iter().enumerate().rev() {
        replicas[index] = taken[index * (units + 1) + left];
        left -= replicas[index] as usize * usize::try_from(choice.memory / unit).unwrap_or(0);
    }
    replicas
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn worth(choices: &[Choice], replicas: &[u32]) -> f64 {
        choices.iter().zip(replicas).map(|(choice, &count)| choice.values[count as usize]).sum()
    }

    fn by_trial(choices: &[Choice], memory: u64) -> f64 {
        let Some((first, others)) = choices.split_first() else { return 0.0 };
        (0..first.values.len())
            .filter(|&count| count as u64 * first.memory <= memory)
            .map(|count| first.values[count] + by_trial(others, memory - count as u64 * first.memory))
            .fold(f64::NEG_INFINITY, f64::max)
    }

    fn choice() -> impl Strategy<Value = Choice> {
        (1_u64..9, 0_usize..6, 0.0..2.0_f64, prop::collection::vec(-0.5..1.5_f64, 0..3)).prop_map(
            |(memory, even, step, tail)| {
                let mut values: Vec<f64> = (0..=even).map(|count| 0.3 + count as f64 * step).collect();
                for further in tail {
                    values.push(values[values.len() - 1] + further);
                }
                Choice::new(memory, values)
            },
        )
    }

    proptest! {
        #[test]
        fn no_other_choice_is_worth_more(choices in prop::collection::vec(choice(), 1..4), memory in 0_u64..40) {
            let replicas = best_replicas(&choices, memory);
            let used: u64 =
                choices.iter().zip(&replicas).map(|(choice, &count)| choice.memory * u64::from(count)).sum();
            prop_assert!(used <= memory);
            prop_assert!((worth(&choices, &replicas) - by_trial(&choices, memory)).abs() < 1e-9);
        }
    }

    /// 3 MB for 4, 2 MB for 3: of 7 MB, 3 + 2 + 2 for 10.
    #[test]
    fn a_knapsack_by_hand() {
        let even = |memory, value: f64| Choice::new(memory, vec![0.0, value, 2.0 * value, 3.0 * value]);
        assert_eq!(best_replicas(&[even(3, 4.0), even(2, 3.0)], 7), [1, 2]);
        // Nothing is taken that is worth nothing.
        assert_eq!(best_replicas(&[even(3, 0.0)], 7), [0]);
    }
}
