//! Whatever happens to a device, it is where its cell is.

use super::*;
use proptest::prelude::*;

/// Something that happens to the phone or around it.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Command(RadioCommand),
    Fails(NodeId, bool),
    Jams(bool),
    Sends,
}

fn happening() -> impl Strategy<Value = Happening> {
    let node = prop::sample::select(vec![GNBS[0], GNBS[1], WIFI, PHONE]);
    let seconds = 0.0..3.0_f64;
    prop_oneof![
        (0..3_u32).prop_map(|cell| Happening::Command(RadioCommand::HandOver(CellId(cell)))),
        (0..2_u16).prop_map(|carrier| Happening::Command(RadioCommand::Carrier(carrier))),
        node.clone().prop_map(|node| Happening::Command(RadioCommand::AccessPoint(node))),
        seconds.clone().prop_map(|seconds| Happening::Command(RadioCommand::Detach { seconds })),
        (0..2_u32, seconds).prop_map(|(cell, seconds)| {
            Happening::Command(RadioCommand::Bar { cell: CellId(cell), seconds })
        }),
        (node, any::<bool>()).prop_map(|(node, fails)| Happening::Fails(node, fails)),
        any::<bool>().prop_map(Happening::Jams),
        Just(Happening::Sends),
    ]
}

/// A node fails or is repaired, if it is not so already.
fn put_down(kernel: &mut Kernel<Ground>, node: NodeId, fails: bool) {
    if kernel.model.infrastructure.node(node).is_available() == fails {
        act(kernel, |own, schedule| own.fail_node(schedule, node, fails));
    }
}

/// What holds after each event, whatever has happened.
fn check_whole(kernel: &Kernel<Ground>) -> Result<(), TestCaseError> {
    let infrastructure = &kernel.model.infrastructure;
    let cells = infrastructure.cells().expect("cells");
    let (state, serving) = (cells.radio_state(0), cells.serving(PHONE));
    let attached = infrastructure.attached_to(PHONE);
    let is_gnb = attached.is_some_and(|node| GNBS.contains(&node));
    if let Some(cell) = serving {
        // A device is attached to the gNB of its cell, which works.
        prop_assert_eq!(attached, Some(cells.cell(cell).site), "{:?}", state);
        prop_assert!(cells.cell(cell).is_up);
        prop_assert!(matches!(state, RadioState::Served | RadioState::Access { .. }), "{:?}", state);
    }
    let available = infrastructure.node(PHONE).is_available();
    prop_assert!(available || (serving.is_none() && attached.is_none() && state == RadioState::Idle));
    match state {
        RadioState::Served => prop_assert!(serving.is_some()),
        RadioState::Idle => prop_assert!(!is_gnb),
        RadioState::Detached => prop_assert!(attached.is_none()),
        RadioState::Elsewhere => prop_assert!(attached.is_none_or(|node| node == WIFI)),
        RadioState::Searching { .. } => prop_assert!(is_gnb && serving.is_none()),
        RadioState::Access { .. } => {}
    }
    // Each change starts where the one before has ended, and all that is counted was told.
    let mut last = None;
    let mut handovers = 0;
    for (_, change) in &kernel.model.changes {
        prop_assert_eq!(change.from, last);
        last = change.to;
        let is_handover = matches!(change.cause, CellCause::Handover | CellCause::Commanded);
        handovers += u64::from(is_handover && change.from.is_some() && change.to.is_some());
    }
    prop_assert_eq!(last, serving);
    prop_assert_eq!(handovers, cells.counts().handovers);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Commands, failures, repairs, jamming and transfers in any order: cell, gNB and state of a device always agree, and
    /// each transfer ends once.
    #[test]
    fn a_device_is_always_where_its_cell_is(
        happenings in prop::collection::vec((0.01..1.5_f64, happening()), 1..25),
        interruption_s in prop::sample::select(vec![0.0, 0.05, 0.3]),
        falls_back in any::<bool>(),
    ) {
        let mut world = World::walking(&[(0.0, 20.0), (15.0, 380.0), (30.0, 20.0)]).period(0.4);
        (world.has_wifi, world.spec.handover.falls_back) = (true, falls_back);
        world.spec.handover.interruption = SimDuration::from_secs(interruption_s);
        let barrage = jammer(JammerKind::Constant, 100.0, 55.0, (100.0, 101.0));
        let mut kernel = world.jammed(barrage).start();
        let (mut now_s, mut sent) = (0.0, 0);
        for (pause_s, happening) in happenings {
            now_s += pause_s;
            kernel.run_until(SimTime::from_secs(now_s));
            check_whole(&kernel)?;
            match happening {
                Happening::Command(told) => {
                    let before = kernel.model.changes.len();
                    if command(&mut kernel, told).is_err() {
                        prop_assert_eq!(kernel.model.changes.len(), before);
                    }
                }
                Happening::Fails(node, fails) => put_down(&mut kernel, node, fails),
                Happening::Jams(on) => {
                    act(&mut kernel, |own, _| own.set_jammer(JammerId(0), on));
                }
                Happening::Sends => {
                    let owner = Owner { workload: 0, token: 0 };
                    let started = act(&mut kernel, |own, schedule| {
                        own.start_transfer(schedule, SERVER, PHONE, 3e6, owner, None)
                    });
                    sent += usize::from(started.is_ok());
                }
            }
            check_whole(&kernel)?;
        }
        // Everything works again, and stays where it is: all that was sent ends.
        act(&mut kernel, |own, _| own.set_jammer(JammerId(0), false));
        for node in [GNBS[0], GNBS[1], WIFI, PHONE] {
            put_down(&mut kernel, node, false);
        }
        kernel.run_until(SimTime::from_secs(now_s + 60.0));
        check_whole(&kernel)?;
        prop_assert_eq!(kernel.model.ended.len(), sent);
        prop_assert!(kernel.model.infrastructure.attached_to(PHONE).is_some());
    }
}
