//! Cells against hand calculations, closed forms and properties, on an infrastructure alone; in modules by subject.

mod network;
mod period;
mod sharing;

use super::*;
use crate::engine::{Kernel, Model, Schedule};
use crate::infra::network::LinkSpec;
use crate::infra::nr::{Carrier, Duplex, Numerology, PowerControl, TddPattern};
use crate::infra::{
    AccessPointSpec, InfraBuilder, InfraEvent, Infrastructure, MobilityModel, Notice, Owner, Static,
    Tier, TransferRecord,
};

/// An infrastructure alone, with the transfers that have ended and the notices of cells.
pub(super) struct World {
    pub(super) infrastructure: Infrastructure,
    pub(super) ended: Vec<(SimTime, TransferRecord)>,
    pub(super) changes: Vec<(SimTime, CellChange)>,
    pub(super) measured: u32,
}

impl Model for World {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.infrastructure.handle(schedule, event);
        self.listen(schedule);
    }
}

impl World {
    pub(super) fn listen(&mut self, schedule: &mut Schedule<InfraEvent>) {
        let now = schedule.now();
        while let Some(notice) = self.infrastructure.take_notice() {
            match notice {
                Notice::TransferEnded(record) => self.ended.push((now, record)),
                Notice::CellChanged(change) => self.changes.push((now, change)),
                Notice::CellsMeasured => self.measured += 1,
                _ => {}
            }
        }
        self.infrastructure.end_event(schedule);
    }

    pub(super) fn cells(&self) -> &Cells {
        self.infrastructure.cells().expect("there are cells")
    }
}

/// What a world of a test is made of: gNBs, then one server behind links to all of them, then devices.
pub(super) struct Plan {
    pub(super) spec: CellularSpec,
    pub(super) gnb: GnbSpec,
    pub(super) gnbs: Vec<Position>,
    pub(super) device: DeviceRadioSpec,
    pub(super) devices: Vec<Position>,
    pub(super) mobility: Option<Box<dyn MobilityModel>>,
    pub(super) backbone_bps: f64,
    /// Other than the rest, by gNB.
    pub(super) loads: Vec<f64>,
    pub(super) seed: u64,
    /// What else there is.
    pub(super) add: fn(&mut InfraBuilder),
}

/// The usual carrier, 100 MHz at 3.5 GHz with the pattern DDDSU.
pub(super) fn carrier() -> Carrier {
    Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Time(TddPattern::DDDSU)).expect("a carrier")
}

impl Plan {
    /// Neither lines of sight nor shadowing; no filter, no interruption, the strongest cell.
    pub(super) fn new(gnbs: &[(f64, f64)], devices: &[(f64, f64)]) -> Self {
        let place = |&(x_m, y_m): &(f64, f64)| Position::ground(x_m, y_m);
        let mut spec = CellularSpec::new(vec![CarrierSpec::new("n78", carrier())]);
        spec.line_of_sight = LineOfSightChoice::Never;
        spec.shadowing = false;
        spec.handover.kind = HandoverKind::Strongest;
        spec.handover.filter = 0;
        spec.handover.interruption = SimDuration::ZERO;
        // So much that 200 m are too far for a second block: what is sent up is known without the rest of the carrier.
        let power = PowerControl { target_dbm: -90.0, ..PowerControl::default() };
        Plan {
            spec,
            gnb: GnbSpec::default(),
            gnbs: gnbs.iter().map(place).collect(),
            device: DeviceRadioSpec { power, ..DeviceRadioSpec::default() },
            devices: devices.iter().map(place).collect(),
            mobility: None,
            backbone_bps: 1e12,
            loads: Vec::new(),
            seed: 1,
            add: |_| {},
        }
    }

    pub(super) fn server(&self) -> NodeId {
        NodeId(self.gnbs.len() as u32)
    }

    pub(super) fn device(&self, number: u32) -> NodeId {
        NodeId(self.gnbs.len() as u32 + 1 + number)
    }

    pub(super) fn start(&mut self) -> Kernel<World> {
        let at = |places: Vec<Position>| Box::new(Static::at(places).expect("places"));
        let mut builder = InfraBuilder::new(RandomStreams::new(self.seed));
        for (number, &place) in self.gnbs.iter().enumerate() {
            let mut gnb = self.gnb.clone();
            gnb.background_load = self.loads.get(number).copied().unwrap_or(gnb.background_load);
            let class = NodeClass {
                cores: 0,
                access_point: Some(AccessPointSpec::new(1.0, 1.0)),
                gnb: Some(gnb),
                ..NodeClass::new(format!("gnb-{number}"), Tier::Edge, 1)
            };
            builder.class(class, at(vec![place]));
        }
        builder.class(NodeClass::new("server", Tier::Cloud, 1), at(vec![Position::default()]));
        let count = self.devices.len() as u32;
        let class = NodeClass {
            device_radio: Some(self.device.clone()),
            ..NodeClass::new("phone", Tier::Device, count)
        };
        let mobility = self.mobility.take().unwrap_or_else(|| at(self.devices.clone()));
        builder.class(class, mobility);
        for number in 0..self.gnbs.len() as u32 {
            let spec =
                LinkSpec::new(NodeId(number), self.server(), SimDuration::ZERO, self.backbone_bps);
            builder.link(format!("fibre-{number}"), spec);
        }
        builder.cells(self.spec.clone());
        (self.add)(&mut builder);
        let infrastructure = builder.build().expect("an infrastructure");
        let world = World { infrastructure, ended: Vec::new(), changes: Vec::new(), measured: 0 };
        let mut kernel = Kernel::new(world);
        kernel.model.infrastructure.start(&mut kernel.schedule);
        kernel.model.listen(&mut kernel.schedule);
        kernel
    }
}

/// Starts a transfer now.
pub(super) fn send(kernel: &mut Kernel<World>, from: NodeId, to: NodeId, bytes: f64) {
    let owner = Owner { workload: 0, token: kernel.model.ended.len() as u64 };
    let world = &mut kernel.model;
    world
        .infrastructure
        .start_transfer(&mut kernel.schedule, from, to, bytes, owner, None)
        .expect("there is a way");
    world.listen(&mut kernel.schedule);
}

pub(super) fn run_to(kernel: &mut Kernel<World>, time_s: f64) {
    kernel.run_until(SimTime::from_secs(time_s));
}

/// The report of a device's link in the last period.
pub(super) fn report(kernel: &Kernel<World>, number: usize) -> ServingReport {
    kernel.model.cells().reports()[number].serving.expect("it is served")
}

#[track_caller]
pub(super) fn assert_near(found: f64, expected: f64, error: f64) {
    assert!((found - expected).abs() <= error, "found {found}, expected {expected}");
}
