//! What detectors see of a report, and what responses make of a device with an alarm.

use super::*;
use crate::engine::{RandomStreams, SimTime};
use crate::infra::cells::{
    CarrierSpec, CellularSpec, DeviceRadioSpec, DeviceReport, GnbSpec, Heard, LinkReport, SectorSpec,
    ServingReport,
};
use crate::infra::nr::{Carrier, ChannelReport, Duplex, Measurement, Numerology};
use crate::infra::{
    AccessPointSpec, CellId, InfraBuilder, Infrastructure, NodeClass, NodeId, Position, Static, Tier,
};
use crate::units::{Duration, Gain};

/// A direction in which each figure is another one.
pub(crate) fn link(first: f64) -> LinkReport {
    LinkReport {
        whole_bps: first,
        brate_bps: first + 1.0,
        airtime: 0.5,
        cqi: first + 2.0,
        mcs: first + 3.0,
        layers: 2,
        ok: first + 4.0,
        nok: first + 5.0,
        lost: 0.0,
        block_error: Some(first + 6.0),
        sinr_db: first + 7.0,
        waiting_bytes: first + 8.0,
    }
}

/// A report of a device that a cell serves, in which each figure is another one.
pub(crate) fn report(device: NodeId, site: NodeId, cell: CellId) -> DeviceReport {
    let measured = Measurement { rsrp_dbm: -90.0, rssi_dbm: -60.0, rsrq_db: -11.0, sinr_db: 20.0 };
    let channels = ChannelReport {
        ssb_loss: 0.01,
        pdcch_loss: 0.02,
        pucch_loss: 0.03,
        prach_loss: 0.04,
        ssb_sinr_db: 20.0,
        pdsch_sinr_db: 21.0,
        pucch_sinr_db: 22.0,
        pusch_sinr_db: 23.0,
    };
    let serving = ServingReport {
        cell,
        site,
        distance_m: 100.0,
        line_of_sight: true,
        measured,
        neighbour: Some((CellId(0), -95.0)),
        downlink: link(100.0),
        uplink: link(200.0),
        pusch_rsrp_dbm: -91.0,
        timing_advance_ns: 667.0,
        headroom_db: 12.0,
        channels,
        interrupted_s: 0.0,
    };
    DeviceReport {
        device,
        is_available: true,
        place: Position::ground(1.0, 2.0),
        speed_m_per_s: 3.0,
        serving: Some(serving),
        offered_bytes: 1000.0,
        delivered_bytes: 900.0,
    }
}

#[test]
fn features_are_the_figures_of_their_columns() {
    let report = report(NodeId(3), NodeId(0), CellId(1));
    let features = Features::of(&report);
    let expected = [
        (Feature::Rsrp, -90.0),
        (Feature::Rsrq, -11.0),
        (Feature::Rssi, -60.0),
        (Feature::Sinr, 20.0),
        (Feature::NeighbourRsrp, -95.0),
        (Feature::Cqi, 102.0),
        (Feature::DlMcs, 103.0),
        (Feature::DlBrate, 101.0),
        (Feature::DlOk, 104.0),
        (Feature::DlNok, 105.0),
        (Feature::DlBler, 106.0),
        (Feature::DlSinr, 107.0),
        (Feature::UlMcs, 203.0),
        (Feature::UlBrate, 201.0),
        (Feature::UlOk, 204.0),
        (Feature::UlNok, 205.0),
        (Feature::UlBler, 206.0),
        (Feature::PuschSnr, 23.0),
        (Feature::PuschRsrp, -91.0),
        (Feature::PucchSnr, 22.0),
        (Feature::Phr, 12.0),
        // (104 + 204) / (104 + 105 + 204 + 205).
        (Feature::MacPdr, 308.0 / 618.0),
        (Feature::IpPdr, 0.9),
    ];
    assert_eq!(expected.map(|(feature, _)| feature), Feature::ALL);
    for (feature, value) in expected {
        assert_eq!(features.get(feature), Some(value), "{feature:?}");
    }
    let alone = DeviceReport { serving: None, ..report };
    assert_eq!(Features::of(&alone), Features::default());
}

/// Two gNBs of two carriers each, 400 m apart; an access point for WiFi near the second; a phone near the first one and
/// one near the second.
fn place() -> Infrastructure {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    let at = |places: &[f64]| {
        Box::new(Static::at(places.iter().map(|&x_m| Position::ground(x_m, 0.0)).collect()).unwrap())
    };
    let access_point = |range_m| Some(AccessPointSpec { range_m, ..AccessPointSpec::new(1e9, 1e9) });
    let mut gnbs = NodeClass::new("gnb", Tier::Edge, 2);
    gnbs.access_point = access_point(None);
    gnbs.gnb =
        Some(GnbSpec { carriers: vec![0, 1], sectors: vec![SectorSpec::OMNI], ..GnbSpec::default() });
    builder.class(gnbs, at(&[0.0, 400.0]));
    let mut wifi = NodeClass::new("wifi", Tier::Edge, 1);
    wifi.access_point = access_point(Some(50.0));
    builder.class(wifi, at(&[410.0]));
    let mut phones = NodeClass::new("phone", Tier::Device, 2);
    phones.device_radio = Some(DeviceRadioSpec::default());
    builder.class(phones, at(&[10.0, 390.0]));
    let carrier =
        |centre_hz| Carrier::new(centre_hz, 40e6, Numerology::Khz30, Duplex::Frequency).unwrap();
    let carriers = vec![CarrierSpec::new("a", carrier(3.5e9)), CarrierSpec::new("b", carrier(3.7e9))];
    builder.cells(CellularSpec::new(carriers));
    builder.build().unwrap()
}

const PHONES: [NodeId; 2] = [NodeId(3), NodeId(4)];

/// A phone may not choose a cell from the start up to this second.
fn bar(infrastructure: &mut Infrastructure, number: usize, cell: CellId, until_s: f64) {
    let cells = infrastructure.cells_mut().unwrap();
    cells.bar(number, SimTime::ZERO, cell, SimTime::from_secs(until_s));
}

/// What a response does about a phone in a cell that hears these cells, at this second.
fn asked(
    infrastructure: &Infrastructure,
    response: &mut dyn AnomalyResponse,
    number: usize,
    serving: CellId,
    heard: &[(u32, f64)],
    second: f64,
) -> Response {
    let cells = infrastructure.cells().unwrap();
    let report = report(PHONES[number], cells.cell(serving).site, serving);
    let neighbours: Vec<Heard> = heard
        .iter()
        .map(|&(cell, rsrp_dbm)| Heard { cell: CellId(cell), rsrp_dbm, rsrq_db: -11.0, sinr_db: 20.0 })
        .collect();
    let mut random = RandomStreams::new(1).stream("test");
    let features = Features::of(&report);
    let mut view = ResponseView {
        number,
        now: SimTime::from_secs(second),
        report: &report,
        serving: report.serving.as_ref().unwrap(),
        features: &features,
        score: 1.0,
        alarms_in_a_row: 1,
        neighbours: &neighbours,
        cells,
        infrastructure,
        random: &mut random,
    };
    let recorded = view.decision_features();
    assert_eq!(recorded.len(), feature_columns().len());
    assert_eq!(recorded[15], Some(1.0), "each gNB has one other carrier");
    response.respond(&mut view)
}

#[test]
fn rerouting_takes_the_strongest_cell_that_is_strong_enough_and_not_barred() {
    let mut world = place();
    let (within, hold) = (Gain::from_db(6.0), Duration::from_secs(30.0));
    let mut response = Reroute { within, hold };
    let heard = [(0, -80.0), (2, -85.0), (3, -86.5)];
    let to = |cell| Response::Reroute { cell: CellId(cell), hold_s: 30.0 };
    assert_eq!(asked(&world, &mut response, 0, CellId(0), &heard, 0.0), to(2));
    // From there the first is the strongest, but was left a moment ago.
    bar(&mut world, 0, CellId(0), 30.0);
    assert_eq!(asked(&world, &mut response, 0, CellId(2), &heard, 1.0), to(3));
    bar(&mut world, 0, CellId(2), 31.0);
    assert_eq!(asked(&world, &mut response, 0, CellId(3), &heard, 2.0), Response::Nothing);
    // Not so for another device, and not after the 30 s.
    assert_eq!(asked(&world, &mut response, 1, CellId(2), &heard, 2.0), to(0));
    assert_eq!(asked(&world, &mut response, 0, CellId(3), &heard, 30.0), to(0));
    // 6.5 dB are too much.
    let far = [(0, -80.0), (3, -86.5)];
    assert_eq!(asked(&world, &mut response, 1, CellId(0), &far, 90.0), Response::Nothing);
    // Its own power is that of the report, -90 dBm, where it does not hear itself.
    let others = [(2, -95.9)];
    assert_eq!(asked(&world, &mut response, 1, CellId(0), &others, 90.0), to(2));
    assert_eq!(asked(&world, &mut response, 1, CellId(0), &[(2, -96.1)], 190.0), Response::Nothing);
}

#[test]
fn hopping_takes_the_other_carrier_of_the_sector() {
    let mut world = place();
    let mut response = HopCarrier { hold: Duration::from_secs(10.0) };
    let hop = |carrier| Response::Carrier { carrier, hold_s: 10.0 };
    assert_eq!(asked(&world, &mut response, 1, CellId(2), &[], 0.0), hop(1));
    bar(&mut world, 1, CellId(2), 10.0);
    assert_eq!(asked(&world, &mut response, 1, CellId(3), &[], 9.0), Response::Nothing);
    assert_eq!(asked(&world, &mut response, 1, CellId(3), &[], 10.0), hop(0));
}

#[test]
fn others_do_as_they_are_named() {
    let world = place();
    let of = |response: &mut dyn AnomalyResponse, number| {
        asked(&world, response, number, CellId(2 * number as u32), &[], 0.0)
    };
    assert_eq!(of(&mut Ignore {}, 0), Response::Nothing);
    // Access points for WiFi are in range of the second only; the gNBs are none.
    assert_eq!(
        [of(&mut ToWifi {}, 0), of(&mut ToWifi {}, 1)],
        [Response::Nothing, Response::Wifi(NodeId(2))]
    );
    let mut detach = Detach { hold: Duration::from_secs(5.0) };
    assert_eq!(of(&mut detach, 0), Response::Detach { seconds: 5.0 });
    let responses: Vec<Box<dyn AnomalyResponse>> = vec![Box::new(ToWifi {}), Box::new(detach)];
    let mut first = FirstOf { responses };
    assert_eq!(of(&mut first, 0), Response::Detach { seconds: 5.0 });
    assert_eq!(of(&mut first, 1), Response::Wifi(NodeId(2)));
    assert_eq!(of(&mut FirstOf { responses: Vec::new() }, 0), Response::Nothing);
}

#[test]
fn deployments_are_told_of_once_for_a_site() {
    let world = place();
    let mut response = Deploy::new(Duration::from_secs(20.0));
    let mut at =
        |number, second| asked(&world, &mut response, number, CellId(2 * number as u32), &[], second);
    assert_eq!(
        [at(0, 0.0), at(0, 19.0), at(1, 19.0)],
        [Response::Deploy, Response::Nothing, Response::Deploy]
    );
    assert_eq!(at(0, 20.0), Response::Deploy);
}
