//! Devices, their cells and jammers in a whole infrastructure.

use super::*;
use crate::engine::{Kernel, Model, Schedule};
use crate::infra::event::{InfraEvent, Notice, TransferOutcome};
use crate::infra::ids::{JammerId, Owner};
use crate::infra::network::LinkSpec;
use crate::infra::nr::{
    Carrier, Channel, Duplex, Durations, Jammer, JammerKind, LogDistance, Numerology, Shadowing,
    TddPattern,
};
use crate::infra::{
    AccessPointSpec, InfraBuilder, Infrastructure, NodeClass, Static, Tier, Trajectory, TrajectoryPoint,
};
use std::sync::Arc;

mod anything;
mod changes;
mod jamming;

/// An infrastructure alone, and what it tells: with the time in seconds.
struct Ground {
    infrastructure: Infrastructure,
    changes: Vec<(f64, CellChange)>,
    ended: Vec<(SimTime, TransferOutcome)>,
    jammers: Vec<(f64, bool)>,
    /// Reports and truths of all devices.
    periods: Vec<(f64, Vec<DeviceReport>, Vec<Option<Truth>>)>,
}

impl Ground {
    fn listen(&mut self, now: SimTime) {
        let now_s = now.as_secs();
        while let Some(notice) = self.infrastructure.take_notice() {
            match notice {
                Notice::CellChanged(change) => self.changes.push((now_s, change)),
                Notice::TransferEnded(record) => self.ended.push((now, record.outcome)),
                Notice::JammerChanged { on, .. } => self.jammers.push((now_s, on)),
                Notice::CellsMeasured => {
                    let cells = self.infrastructure.cells().expect("cells");
                    let truths = cells.devices().iter().map(|device| cells.truth(*device).copied());
                    self.periods.push((now_s, cells.reports().to_vec(), truths.collect()));
                }
                _ => {}
            }
        }
    }
}

impl Model for Ground {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.infrastructure.handle(schedule, event);
        self.infrastructure.end_event(schedule);
        self.listen(schedule.now());
    }
}

/// Two gNBs 400 m apart on the x axis, each on a carrier of its own, so that neither disturbs the other; a server behind both;
/// WiFi within 30 m of the first one if it is wanted; and phones on their ways.
struct World {
    spec: CellularSpec,
    phones: Vec<Vec<(f64, f64)>>,
    has_wifi: bool,
    background_bps: [f64; 2],
}

const GNBS: [NodeId; 2] = [NodeId(0), NodeId(1)];
const SERVER: NodeId = NodeId(2);
const WIFI: NodeId = NodeId(3);
const PHONE: NodeId = NodeId(4);
const CELLS: [CellId; 2] = [CellId(0), CellId(1)];

impl World {
    /// A phone that stands at x metres.
    fn standing(x_m: f64) -> Self {
        World::walking(&[(0.0, x_m)])
    }

    /// A phone at x metres at times in seconds.
    fn walking(way: &[(f64, f64)]) -> Self {
        let carrier = |name, hz| {
            let duplex = Duplex::Time(TddPattern::DDDSU);
            let carrier = Carrier::new(hz, 40e6, Numerology::Khz30, duplex).expect("a carrier");
            CarrierSpec::new(name, carrier)
        };
        let mut spec = CellularSpec::new(vec![carrier("low", 3.5e9), carrier("high", 3.7e9)]);
        // Alike on both carriers.
        spec.path_loss = Arc::new(LogDistance {
            exponent: 3.5,
            reference_m: 1.0,
            reference_db: 40.0,
            shadowing: Shadowing::NONE,
        });
        spec.handover.kind = HandoverKind::Strongest;
        spec.handover.falls_back = false;
        World { spec, phones: vec![way.to_vec()], has_wifi: false, background_bps: [0.0; 2] }
    }

    fn period(mut self, seconds: f64) -> Self {
        self.spec.period = SimDuration::from_secs(seconds);
        self
    }

    fn jammed(mut self, jammer: PlacedJammer) -> Self {
        self.spec.jammers.push(jammer);
        self
    }

    /// All that they can have, all the time.
    fn busy(mut self) -> Self {
        self.background_bps = [f64::INFINITY; 2];
        self
    }

    fn start(self) -> Kernel<Ground> {
        let mut builder = InfraBuilder::new(RandomStreams::new(5));
        let stand = |x_m: f64, y_m: f64| -> Box<Static> {
            Box::new(Static::at(vec![Position::ground(x_m, y_m)]).expect("a place"))
        };
        for (number, x_m) in [0.0, 400.0].into_iter().enumerate() {
            let mut gnb = NodeClass::new(format!("gnb{number}"), Tier::Edge, 1);
            gnb.access_point = Some(AccessPointSpec::new(1e9, 1e9));
            gnb.gnb = Some(GnbSpec { carriers: vec![number], ..GnbSpec::default() });
            builder.class(gnb, stand(x_m, 0.0));
        }
        builder.class(NodeClass::new("server", Tier::Cloud, 1), stand(0.0, 900.0));
        let mut wifi = NodeClass::new("wifi", Tier::Edge, 1);
        if self.has_wifi {
            let range_m = Some(30.0);
            wifi.access_point = Some(AccessPointSpec { range_m, ..AccessPointSpec::new(1e8, 1e8) });
        }
        builder.class(wifi, stand(0.0, 0.0));
        for (number, way) in self.phones.iter().enumerate() {
            let mut phone = NodeClass::new(format!("phone{number}"), Tier::Device, 1);
            let background_bps = self.background_bps;
            phone.device_radio = Some(DeviceRadioSpec { background_bps, ..DeviceRadioSpec::default() });
            let point = |&(time_s, x_m): &(f64, f64)| TrajectoryPoint {
                time_s,
                position: Position::ground(x_m, 10.0),
            };
            let path = way.iter().map(point).collect();
            builder.class(phone, Box::new(Trajectory::new(&[path], false).expect("a way")));
        }
        for site in [GNBS[0], GNBS[1], WIFI] {
            let spec = LinkSpec::new(site, SERVER, SimDuration::from_secs(0.001), 1e11);
            builder.link(format!("link{}", site.0), spec);
        }
        builder.cells(self.spec);
        let infrastructure = builder.build().expect("a world");
        let (changes, ended, jammers) = (Vec::new(), Vec::new(), Vec::new());
        let ground = Ground { infrastructure, changes, ended, jammers, periods: Vec::new() };
        let mut kernel = Kernel::new(ground);
        act(&mut kernel, |infrastructure, schedule| infrastructure.start(schedule));
        kernel
    }

    fn run(self, seconds: f64) -> Ground {
        let mut kernel = self.start();
        kernel.run_until(SimTime::from_secs(seconds));
        kernel.model
    }
}

/// Does something as an event would.
fn act<T>(
    kernel: &mut Kernel<Ground>,
    action: impl FnOnce(&mut Infrastructure, &mut Schedule<InfraEvent>) -> T,
) -> T {
    let Kernel { model, schedule, .. } = kernel;
    let done = action(&mut model.infrastructure, schedule);
    model.infrastructure.end_event(schedule);
    model.listen(schedule.now());
    done
}

fn send(kernel: &mut Kernel<Ground>, bytes: f64) {
    let owner = Owner { workload: 0, token: 0 };
    let started = act(kernel, |infrastructure, schedule| {
        infrastructure.start_transfer(schedule, SERVER, PHONE, bytes, owner, None)
    });
    assert!(started.is_ok(), "{started:?}");
}

fn command(kernel: &mut Kernel<Ground>, command: RadioCommand) -> Result<(), RadioRefusal> {
    act(kernel, |infrastructure, schedule| infrastructure.command(schedule, PHONE, command))
}

/// Time, cell and cause of each change of cell.
fn steps(ground: &Ground) -> Vec<(f64, Option<CellId>, CellCause)> {
    ground.changes.iter().map(|(time_s, change)| (*time_s, change.to, change.cause)).collect()
}

/// A jammer 5 m beside the phones' way at x metres, on from one second to another.
fn jammer(kind: JammerKind, x_m: f64, eirp_dbm: f64, window_s: (f64, f64)) -> PlacedJammer {
    let (from, to) = window_s;
    PlacedJammer {
        name: "jammer".into(),
        jammer: Jammer { kind, eirp_dbm, centre_hz: 3.5e9, bandwidth_hz: 40e6 },
        place: JammerPlace::At(Position { x_m, y_m: 15.0, z_m: 1.5 }),
        windows: Some(vec![(SimTime::from_secs(from), SimTime::from_secs(to))]),
    }
}

const fn selective(target: Channel) -> JammerKind {
    JammerKind::Selective { target, accuracy: 1.0 }
}
