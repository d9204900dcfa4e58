//! The tree is a tree, whatever happens.

use super::bench::{Bench, Mail};
use crate::apps::orchestration::{ActionEnd, ActionKind};
use crate::engine::SimDuration;
use crate::placement::orchestration::TreeParameters;
use proptest::prelude::*;

/// What happens to the platforms.
#[derive(Clone, Copy, Debug)]
enum Event {
    Kill(u32),
    Revive(u32, bool),
    Host(u32),
    Terminate(u32),
    Replicate(u32),
    /// Platforms with a bit of their number set cannot reach the others.
    Split(u32),
    Heal,
    Loss(f64),
    Wait(f64),
}

fn event(count: u32) -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..count).prop_map(Event::Kill),
        3 => (0..count, any::<bool>()).prop_map(|own| Event::Revive(own.0, own.1)),
        2 => (0..count).prop_map(Event::Host),
        2 => (0..count).prop_map(Event::Terminate),
        1 => (0..count).prop_map(Event::Replicate),
        1 => (0_u32..4).prop_map(Event::Split),
        1 => Just(Event::Heal),
        1 => (0.0..0.6).prop_map(Event::Loss),
        8 => (0.0..40.0).prop_map(Event::Wait),
    ]
}

/// Seconds after which there must be a tree: a root is found, whom it has not heard of is looked for, and all is told
/// by beats from node to node.
fn quiet_s(parameters: &TreeParameters, mail: &Mail) -> f64 {
    let health_s = parameters.health.as_secs();
    // Lease and sweep, stalled beats, and requests on the way.
    (36.0 + 12.0 + 2.0 * 12.0 + 12.0) * health_s + 8.0 * mail.patience_s()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn after_any_sequence_there_is_one_tree_of_all_that_live(
        places in prop::collection::vec((0.0..1e4_f64, 0.0..1e4_f64), 2..12),
        given in 1..8_usize,
        standbys in 0..3_u32,
        most_children in prop::option::of(1..4_u32),
        loss in 0.0..0.4_f64,
        doubled in 0.0..0.4_f64,
        late_s in 0.0..3.0_f64,
        events in prop::collection::vec(event(12), 0..40),
        seed in any::<u64>(),
    ) {
        let given = given.min(places.len());
        let idle = SimDuration::from_secs(1e6);
        let parameters = TreeParameters { standbys, most_children, idle, ..TreeParameters::default() };
        let mail = Mail { loss, doubled, delay_s: [0.01, 0.02 + late_s], ..Mail::default() };
        let quiet_s = quiet_s(&parameters, &mail);
        let mut bench = Bench::new(&places, given, parameters, mail, seed);
        let count = places.len() as u32;
        for event in events {
            match event {
                Event::Kill(agent) => bench.kill(agent % count),
                Event::Revive(agent, restarts) => bench.revive(agent % count, restarts),
                Event::Host(agent) => bench.host(agent % count),
                Event::Terminate(agent) => bench.force(agent % count, ActionKind::Terminate, None),
                Event::Replicate(agent) => bench.force(agent % count, ActionKind::Replicate, None),
                Event::Split(bit) => {
                    (0..count).for_each(|own| bench.sides[own as usize] = (own >> bit & 1) as u8);
                }
                Event::Heal => bench.sides.fill(0),
                Event::Loss(loss) => bench.mail.loss = loss,
                Event::Wait(time_s) => bench.run(time_s),
            }
        }
        // Quiet: without the first one, and any that stands by, there is no root.
        let order = bench.plane.shared.services[0].order.clone();
        if order.iter().all(|own| !bench.alive[own.index()]) {
            bench.revive(order[0].0, true);
        }
        bench.sides.fill(0);
        bench.mail = Mail::default();
        bench.run(quiet_s);
        let faults = bench.faults();
        prop_assert!(faults.is_empty(), "{faults:#?}");
        // And it stays one.
        bench.run(quiet_s / 3.0);
        let faults = bench.faults();
        prop_assert!(faults.is_empty(), "later: {faults:#?}");
    }

    #[test]
    fn orphans_find_a_parent_in_time(
        places in prop::collection::vec((0.0..1e4_f64, 0.0..1e4_f64), 3..30),
        killed in prop::collection::vec(1..30_u32, 1..6),
        leaves in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let idle = SimDuration::from_secs(1e6);
        let parameters = TreeParameters { idle, ..TreeParameters::default() };
        let mail = Mail::default();
        let count = places.len() as u32;
        // Until it sees that its parent is gone, a round trip to the root and one to the new parent.
        let time_s = mail.patience_s() + 2.0 * parameters.health.as_secs() + 4.0 * mail.delay_s[1];
        let mut bench = Bench::new(&places, places.len(), parameters, mail, seed);
        bench.run(60.0);
        prop_assert!(bench.faults().is_empty(), "{:#?}", bench.faults());
        for agent in killed {
            let agent = 1 + agent % (count - 1);
            if leaves && bench.alive[agent as usize] {
                bench.force(agent, ActionKind::Terminate, None);
            } else {
                bench.kill(agent);
            }
            bench.run(time_s);
            let orphans: Vec<_> = bench.hosts().into_iter().filter(|&own| own != 0).collect();
            for own in orphans {
                prop_assert!(bench.parent(own).is_some_and(|parent| bench.alive[parent as usize]), "{own}");
            }
            // The root knows of the death by the time that it has looked for the dead.
            bench.run(time_s + 10.0);
            prop_assert!(bench.faults().is_empty(), "{:#?}", bench.faults());
        }
        let assigned = bench.actions.iter().filter(|own| own.kind == ActionKind::AssignParent);
        for own in assigned.filter(|own| bench.alive[own.agent.index()]) {
            prop_assert_eq!(own.end, Some(ActionEnd::Done));
        }
    }
}
