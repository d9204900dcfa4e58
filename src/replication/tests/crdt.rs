use super::*;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u64),
    Remove(u64),
    Add(i64),
    Write(u64),
    /// The whole state of a replica to another.
    Sync(usize),
    /// A delta, by its place among all, once more or for the first time.
    Deliver(usize),
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let step = prop_oneof![
        (0_u64..4).prop_map(Step::Insert),
        (0_u64..4).prop_map(Step::Remove),
        (-9_i64..9).prop_map(Step::Add),
        (0_u64..5).prop_map(Step::Write),
        (0_usize..3).prop_map(Step::Sync),
        any::<usize>().prop_map(Step::Deliver),
    ];
    (0_usize..3, step)
}

type State = (ObservedSet, Counter, LastWriter);

fn merge(into: &mut State, from: &State) {
    into.0.merge(&from.0);
    into.1.merge(&from.1);
    into.2.merge(&from.2);
}

/// Makes the steps; gives the states of three replicas and every delta.
fn play(steps: &[(usize, Step)]) -> (Vec<State>, Vec<State>, i128) {
    let mut states = vec![State::default(); 3];
    let mut deltas: Vec<State> = Vec::new();
    let mut sum = 0;
    for (time, &(at, step)) in steps.iter().enumerate() {
        let replica = at as u32;
        let mut delta = State::default();
        match step {
            Step::Insert(element) => delta.0 = states[at].0.insert(replica, element),
            Step::Remove(element) => delta.0 = states[at].0.remove(element),
            Step::Add(change) => {
                sum += i128::from(change);
                delta.1 = states[at].1.add(replica, change);
            }
            // A clock that is behind: times repeat among replicas, but never at one.
            Step::Write(value) => {
                delta.2 = states[at].2.write(replica, time as u64 / 3 * 3 + 1, value, 8)
            }
            Step::Sync(from) => {
                let from = states[from].clone();
                merge(&mut states[at], &from);
                continue;
            }
            Step::Deliver(index) => {
                if !deltas.is_empty() {
                    let delta = deltas[index % deltas.len()].clone();
                    merge(&mut states[at], &delta);
                }
                continue;
            }
        }
        deltas.push(delta);
    }
    (states, deltas, sum)
}

proptest! {
    /// Whatever has been seen in between, whoever has heard of all deltas, in any order, has the same state; the counter
    /// has all additions.
    #[test]
    fn replicas_converge(steps in prop::collection::vec(step(), 0..40), order in any::<u64>()) {
        let (mut states, deltas, sum) = play(&steps);
        let count = deltas.len();
        for (at, state) in states.iter_mut().enumerate() {
            for index in 0..count {
                let index = match at {
                    0 => index,
                    1 => count - 1 - index,
                    _ => (index + order as usize % count) % count,
                };
                merge(state, &deltas[index]);
            }
            prop_assert_eq!(state.1.value(), sum);
        }
        prop_assert_eq!(&states[0], &states[1]);
        prop_assert_eq!(&states[1], &states[2]);
    }

    #[test]
    fn merging_is_a_join(steps in prop::collection::vec(step(), 0..30)) {
        let (states, ..) = play(&steps);
        let join = |a: &State, b: &State| {
            let mut joined = a.clone();
            merge(&mut joined, b);
            joined
        };
        let [a, b, c] = &states[..] else { unreachable!() };
        prop_assert_eq!(join(a, b), join(b, a));
        prop_assert_eq!(join(&join(a, b), c), join(a, &join(b, c)));
        prop_assert_eq!(&join(a, a), a);
    }

    /// A delta tells its receiver what the whole state would, if it has heard of all before it.
    #[test]
    fn a_delta_is_as_good_as_the_state(steps in prop::collection::vec(step(), 0..30), element in 0_u64..4) {
        let (mut states, ..) = play(&steps);
        let mut other = states[0].0.clone();
        let delta = states[0].0.insert(0, element);
        other.merge(&delta);
        prop_assert_eq!(&other, &states[0].0);
        let delta = states[0].0.remove(element);
        other.merge(&delta);
        prop_assert_eq!(&other, &states[0].0);
    }
}

#[test]
fn an_addition_wins_over_a_removal_that_did_not_see_it() {
    let (mut a, mut b) = (ObservedSet::default(), ObservedSet::default());
    b.merge(&a.insert(0, 7));
    let (removal, addition) = (b.remove(7), a.insert(0, 7));
    a.merge(&removal);
    b.merge(&addition);
    assert!(a.contains(7) && a == b);
    b.merge(&a.remove(7));
    assert_eq!(b.iter().count(), 0);
}

#[test]
fn the_last_write_wins() {
    let mut register = LastWriter::default();
    register.write(1, 10, 100, 8);
    register.write(2, 9, 200, 8);
    assert_eq!(register.value(), 100);
    register.write(2, 10, 300, 8);
    assert_eq!(register.value(), 300);
}

/// A register has 8 + 4 bytes and its value, a counter 20 a replica, a set 8 an element, 12 an addition and 12 a replica.
#[test]
fn sizes_are_counted() {
    assert_eq!(LastWriter::default().write(0, 1, 5, 100).bytes(), 112);
    let mut counter = Counter::default();
    counter.add(0, 1);
    assert_eq!(counter.add(1, 1).bytes(), 20);
    assert_eq!(counter.bytes(), 40);
    let mut set = ObservedSet::default();
    for element in 0..10 {
        set.insert(3, element);
    }
    assert_eq!(set.bytes(), 10 * 20 + 12);
    assert_eq!(set.insert(3, 10).bytes(), 8 + 12 + 12);
    assert_eq!(ObservedSet::default().bytes(), 0);
}
