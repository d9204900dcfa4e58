use super::*;
use crate::engine::{Kernel, Model, Schedule, SimDuration, SimTime};
use crate::infra::event::{InfraEvent, TransferOutcome, TransferRecord};
use crate::infra::ids::{LinkId, NodeId, Owner, TransferId};
use proptest::prelude::*;

/// A network alone, and the transfers that have ended in it.
#[derive(Default)]
pub(super) struct Wires {
    pub(super) network: Network,
    pub(super) ended: Vec<(f64, TransferRecord)>,
}

impl Model for Wires {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        let now = schedule.now();
        match event {
            InfraEvent::FlowsDue => {
                let ended = &mut self.ended;
                self.network.on_flows_due(schedule, |record| ended.push((now.as_secs(), record)));
            }
            InfraEvent::TransferDue(id) => {
                if let Some(record) = self.network.on_transfer_due(schedule, id) {
                    self.ended.push((now.as_secs(), record));
                }
            }
            _ => unreachable!("a network alone has no other events"),
        }
    }
}

pub(super) const OWNER: Owner = Owner { workload: 0, token: 0 };

pub(super) fn link(a: u32, b: u32, latency_s: f64, bandwidth_bps: f64, model: LinkModel) -> LinkSpec {
    LinkSpec {
        a: NodeId(a),
        b: NodeId(b),
        latency: SimDuration::from_secs(latency_s),
        bandwidth_bps,
        model,
        back_model: None,
        transfer_limit: usize::MAX,
        class: NetworkClass::Man,
        transit: true,
        energy_j_per_byte: 0.0,
        pool: None,
    }
}

pub(super) fn wires(links: &[LinkSpec]) -> Kernel<Wires> {
    let mut wires = Wires::default();
    for spec in links {
        wires.network.add_link(spec);
    }
    Kernel::new(wires)
}

pub(super) fn at(node: u32) -> Endpoint {
    Endpoint { node: NodeId(node), site: NodeId(node), radio: None, rate_limit_bps: f64::INFINITY }
}

pub(super) fn send(kernel: &mut Kernel<Wires>, from: Endpoint, to: Endpoint, bytes: f64) -> TransferId {
    kernel.model.network.start(&mut kernel.schedule, from, to, bytes, OWNER).unwrap()
}

fn carried(kernel: &Kernel<Wires>, link: u32) -> (f64, f64) {
    let (forth, back) = kernel.model.network.link_state(kernel.now(), LinkId(link));
    (forth.carried_bytes, back.map_or(0.0, |back| back.carried_bytes))
}

fn times(kernel: &Kernel<Wires>) -> Vec<f64> {
    kernel.model.ended.iter().map(|(time, _)| *time).collect()
}

#[test]
fn unshared_links_take_latency_plus_size_over_the_least_bandwidth() {
    // 1 MB at 8 Mbit/s is 1 s, plus 0.1 s and 0.2 s; a second one does not slow it.
    let links = [link(0, 1, 0.1, 80e6, LinkModel::Unshared), link(1, 2, 0.2, 8e6, LinkModel::Unshared)];
    let mut kernel = wires(&links);
    let estimate = kernel.model.network.estimated_transfer_s(SimTime::ZERO, at(0), at(2), 1e6);
    assert!((estimate.unwrap() - 1.3).abs() < 1e-12);
    send(&mut kernel, at(0), at(2), 1e6);
    send(&mut kernel, at(2), at(0), 1e6);
    kernel.run_until(SimTime::from_secs(10.0));
    assert_eq!(times(&kernel), [1.3, 1.3]);
    assert_eq!(carried(&kernel, 0), (1e6, 1e6));
    assert_eq!(kernel.model.ended[0].1.hops, 2);
}

#[test]
fn fair_links_are_shared_and_latency_comes_on_top() {
    // Two of 1 MB share 8 Mbit/s from 0 s on: both have sent at 2 s and arrive 0.5 s later. One behind an
    // interface of 2 Mbit/s would leave 6 Mbit/s to the other.
    let mut kernel = wires(&[link(0, 1, 0.5, 8e6, LinkModel::FairShare)]);
    send(&mut kernel, at(0), at(1), 1e6);
    send(&mut kernel, at(0), at(1), 1e6);
    kernel.run_until(SimTime::from_secs(10.0));
    assert_eq!(times(&kernel), [2.5, 2.5]);
    let slow = Endpoint { rate_limit_bps: 2e6, ..at(0) };
    send(&mut kernel, slow, at(1), 1e6);
    send(&mut kernel, at(0), at(1), 1.5e6);
    kernel.run_until(SimTime::from_secs(20.0));
    assert_eq!(times(&kernel)[2..], [12.5, 14.5]);
    assert_eq!(carried(&kernel, 0), (4.5e6, 0.0));
}

#[test]
fn models_mix_on_one_way() {
    // Unshared 8 Mbit/s caps the flow on the fair 80 Mbit/s: 1 s for 1 MB. The M/M/1 link of 10 Mbit/s at a
    // load of a half with messages of 125 kB adds 0.8 s to send and 0.1 s to wait.
    let mm1 = Mm1 { background_load: 0.5, mean_message_bytes: Some(125e3), window_s: 0.0 };
    let mut kernel = wires(&[
        link(0, 1, 0.0, 8e6, LinkModel::Unshared),
        link(1, 2, 0.0, 80e6, LinkModel::FairShare),
        link(2, 3, 0.0, 10e6, LinkModel::Mm1(mm1)),
    ]);
    send(&mut kernel, at(0), at(3), 1e6);
    kernel.run_until(SimTime::from_secs(10.0));
    assert!((times(&kernel)[0] - 1.9).abs() < 1e-8, "{:?}", times(&kernel));
    for link in 0..3 {
        assert_eq!(carried(&kernel, link).0, 1e6);
    }
}

#[test]
fn what_cannot_be_sent_is_refused_and_leaves_nothing_behind() {
    let full = Mm1 { background_load: 1.0, mean_message_bytes: None, window_s: 0.0 };
    let mut limited = link(0, 1, 0.0, 8e6, LinkModel::FairShare);
    limited.transfer_limit = 1;
    let mut kernel = wires(&[limited, link(1, 2, 0.0, 8e6, LinkModel::Mm1(full))]);
    kernel.model.network.add_node(NodeId(9));
    let refused = |kernel: &mut Kernel<Wires>, to| {
        kernel.model.network.start(&mut kernel.schedule, at(0), at(to), 1e6, OWNER).unwrap_err()
    };
    assert_eq!(refused(&mut kernel, 9), NetworkRefusal::Disconnected);
    assert_eq!(refused(&mut kernel, 2), NetworkRefusal::Bandwidth(NetworkClass::Man));
    send(&mut kernel, at(0), at(1), 1e6);
    assert_eq!(refused(&mut kernel, 1), NetworkRefusal::Bandwidth(NetworkClass::Man));
    kernel.run_until(SimTime::from_secs(1.0));
    assert_eq!((times(&kernel), kernel.model.network.transfers()), (vec![1.0], 0));
    send(&mut kernel, at(0), at(1), 1e6);
}

#[test]
fn a_rerouted_transfer_sends_only_the_rest() {
    // A direct link, and a detour of twice the latency. Half of 1 MB is sent when the direct one fails.
    let mut kernel = wires(&[
        link(0, 1, 0.1, 8e6, LinkModel::FairShare),
        link(0, 2, 0.1, 8e6, LinkModel::FairShare),
        link(2, 1, 0.1, 4e6, LinkModel::Unshared),
    ]);
    let id = send(&mut kernel, at(0), at(1), 1e6);
    kernel.run_until(SimTime::from_secs(0.5));
    kernel.model.network.set_link(LinkId(0), false);
    let hit = kernel.model.network.transfers_where(|transfer| transfer.uses(LinkId(0)));
    assert_eq!(hit, [id]);
    let Kernel { model, schedule, .. } = &mut kernel;
    let lost = TransferOutcome::LostToFault;
    assert_eq!(model.network.reroute(schedule, id, at(0), at(1), lost), None);
    // 0.5 MB at 4 Mbit/s is 1 s, and 0.2 s of latency.
    kernel.run_until(SimTime::from_secs(1.0));
    assert_eq!(carried(&kernel, 0).0, 0.5e6);
    kernel.run_until(SimTime::from_secs(5.0));
    assert_eq!(times(&kernel), [1.7]);
    assert_eq!(carried(&kernel, 2).0, 0.5e6);
    let record = kernel.model.ended[0].1;
    assert_eq!(
        (record.sent_bytes, record.reroutes, record.outcome),
        (1e6, 1, TransferOutcome::Delivered)
    );
}

#[test]
fn without_another_way_a_transfer_is_lost_with_what_it_sent() {
    let mut kernel = wires(&[link(0, 1, 0.1, 8e6, LinkModel::FairShare)]);
    let id = send(&mut kernel, at(0), at(1), 1e6);
    kernel.run_until(SimTime::from_secs(0.25));
    kernel.model.network.set_link(LinkId(0), false);
    let Kernel { model, schedule, .. } = &mut kernel;
    let lost = TransferOutcome::LostToFault;
    let record = model.network.reroute(schedule, id, at(0), at(1), lost).unwrap();
    assert_eq!((record.sent_bytes, record.outcome), (0.25e6, lost));
    assert_eq!(carried(&kernel, 0).0, 0.25e6);
    // The event of its completion is gone with it.
    assert!(kernel.schedule.pending().is_empty());
}

#[test]
fn a_half_duplex_radio_is_shared_by_both_directions() {
    let mut network = Network::default();
    let radio = network.add_radio(
        NodeId(0),
        &RadioSpec {
            uplink_bps: 8e6,
            downlink_bps: 99e6,
            half_duplex: true,
            latency: SimDuration::from_secs(0.25),
            model: LinkModel::FairShare,
            down_model: None,
            transfer_limit: usize::MAX,
            class: NetworkClass::Wlan,
            energy: RadioEnergy::default(),
            idle_w: 0.0,
        },
    );
    let mut kernel = Kernel::new(Wires { network, ended: Vec::new() });
    let device = Endpoint { site: NodeId(0), radio: Some(radio), ..at(7) };
    let up = send(&mut kernel, device, at(0), 1e6);
    let down = send(&mut kernel, at(0), device, 1e6);
    assert_eq!(kernel.model.network.transfers_of(NodeId(7)).as_slice(), [up, down]);
    kernel.run_until(SimTime::from_secs(10.0));
    assert_eq!(times(&kernel), [2.25, 2.25]);
    assert_eq!(kernel.model.network.link_state(kernel.now(), radio).1, None);
    assert!(kernel.model.network.transfers_of(NodeId(7)).is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Send { from: u32, to: u32, bytes: f64 },
    Wait(f64),
    Switch { link: u32, up: bool },
    Abort(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6u32, 0..6u32, 0.0..3e6f64).prop_map(|(from, to, bytes)| Step::Send { from, to, bytes }),
        3 => (0.0..2.0f64).prop_map(Step::Wait),
        1 => (0..8u32, any::<bool>()).prop_map(|(link, up)| Step::Switch { link, up }),
        1 => (0..40usize).prop_map(Step::Abort),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Whatever is sent, aborted or led around failures: every transfer ends once, delivered ones have sent
    /// all their bytes, and the links have carried what was sent over them, as ways without reroutes tell.
    #[test]
    fn bytes_are_conserved(steps in steps()) {
        let mm1 = Mm1 { background_load: 0.3, mean_message_bytes: None, window_s: 5.0 };
        let models = [LinkModel::FairShare, LinkModel::Unshared, LinkModel::Mm1(mm1)];
        let ring = (0..6u32).map(|a| link(a, (a + 1) % 6, 0.01, 8e6, models[a as usize % 3].clone()));
        let chords = [link(0, 3, 0.01, 4e6, LinkModel::FairShare), link(1, 4, 0.03, 16e6, LinkModel::FairShare)];
        let links: Vec<LinkSpec> = ring.chain(chords).collect();
        let mut kernel = wires(&links);
        let mut started = Vec::new();
        // Near a load of 1 a message may wait for days: to the end of time, so that all have arrived.
        let end = [Step::Wait(1e12)];
        for step in steps.into_iter().chain(end) {
            let Kernel { model, schedule, .. } = &mut kernel;
            match step {
                Step::Send { from, to, bytes } => {
                    started.extend(model.network.start(schedule, at(from), at(to), bytes, OWNER));
                }
                Step::Wait(span) => kernel.run_for(SimDuration::from_secs(span)),
                Step::Switch { link, up } => {
                    let link = LinkId(link);
                    model.network.set_link(link, up);
                    let now = schedule.now().as_secs();
                    for id in model.network.transfers_where(|transfer| !up && transfer.uses(link)) {
                        let Some((from, to)) = model.network.ends(id) else { continue };
                        let lost = TransferOutcome::LostToFault;
                        if let Some(record) = model.network.reroute(schedule, id, from, to, lost) {
                            model.ended.push((now, record));
                        }
                    }
                }
                Step::Abort(which) => {
                    if let Some(&id) = started.get(which)
                        && let Some(record) = model.network.abort(schedule, id, TransferOutcome::Dropped)
                    {
                        model.ended.push((schedule.now().as_secs(), record));
                    }
                }
            }
        }
        prop_assert_eq!(kernel.model.ended.len(), started.len());
        prop_assert_eq!(kernel.model.network.transfers(), 0);
        prop_assert!(kernel.schedule.pending().is_empty());
        let rerouted = kernel.model.ended.iter().any(|(_, record)| record.reroutes > 0);
        let (mut sent, mut sent_hops) = (0.0, 0.0);
        for (_, record) in &kernel.model.ended {
            prop_assert!(record.sent_bytes <= record.size_bytes * (1.0 + 1e-9) + 1e-6);
            if record.outcome == TransferOutcome::Delivered {
                prop_assert!((record.sent_bytes - record.size_bytes).abs() <= 1e-6 * record.size_bytes + 1e-6);
            }
            sent += record.sent_bytes;
            sent_hops += record.sent_bytes * f64::from(record.hops);
        }
        let carried: f64 = (0..8).map(|link| carried(&kernel, link)).map(|(forth, back)| forth + back).sum();
        if rerouted {
            prop_assert!(carried <= 6.0 * sent + 1e-3);
        } else {
            prop_assert!((carried - sent_hops).abs() <= 1e-6 * sent_hops + 1e-3, "{} {}", carried, sent_hops);
        }
    }
}
