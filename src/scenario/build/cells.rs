//! 5G cells: from the format to the infrastructure.

mod surroundings;

pub(super) use surroundings::{check_shared_models, tell_heights};

use crate::engine::SimDuration;
use crate::infra::cells::{
    CarrierSpec, CellularSpec, DeviceLoss, DeviceRadioSpec, FidelityChoice, GnbSpec, HandoverKind,
    HandoverSpec, LineOfSightChoice, LinkFailureSpec, SectorSpec,
};
use crate::infra::nr::{
    BuildingLoss, CarLoss, Carrier, Combining, CqiTable, Direction, Duplex, FrequencyRange, LinkConfig,
    McsTable, NrError, Numerology, PowerControl, TddPattern,
};
use crate::scenario::format::{
    AccessPointSpecification, CarrierSpecification, CellFallbackName, CellHandoverSpec, CellRadioSpec,
    CellSpecification, CellsSpec, CombiningName, CqiTableName, FidelityName, InsideName,
    LineOfSightName, LinkFailureSpecification, McsTableName, NodeClassSpec, Scenario,
};
use crate::scenario::{Duration, Gain, Length, PowerLevel, Registry, Site};
use std::collections::BTreeSet;
use surroundings::{check_parts, check_surroundings};

/// How deep devices are in buildings at most, in metres (TR 38.901, table 7.4.3-2), and in those of the country.
const DEEPEST_M: (f64, f64) = (25.0, 10.0);

/// What the classes of nodes must know of the cells.
pub(super) struct Cells {
    /// All but the jammers.
    pub(super) spec: CellularSpec,
    /// Height of base stations in metres where a class does not say.
    base_height_m: f64,
    deepest_m: f64,
}

/// Powers of base stations in dBm, and gains of antennas in dB.
const MOST_POWERS_DBM: (f64, f64) = (-50.0, 100.0);
const MOST_GAINS_DB: (f64, f64) = (-50.0, 50.0);

/// Heights of antennas in metres.
const HEIGHTS_M: (f64, f64) = (0.1, 1000.0);

/// The cells of a scenario, if it has any.
pub(super) fn cells(scenario: &Scenario, registry: &Registry, site: &Site<'_>) -> Option<Cells> {
    check_parts(scenario, site);
    let own = scenario.cells.as_ref()?;
    let here = site.key("cells");
    check_surroundings(scenario, site);
    let path_loss = registry.make_path_loss(&own.path_loss, &here.key("path_loss"));
    let scheduler = registry.make_scheduler(&own.scheduler, &here.key("scheduler"));
    let period = duration(own.period, (0.001, 60.0), "1 ms to 60 s", &here.key("period"));
    let carriers = carriers(own, &here.key("carriers"));
    let handover = handover(own, period, &here);
    let failure = link_failure(&own.link_failure, &here.key("link_failure"));
    let shannon_gap = gain(own.shannon_gap, (0.0, 20.0), &here.key("shannon_gap"));
    let error = gain(own.measurement_error, (0.0, 20.0), &here.key("measurement_error"));
    let least_dbm = own.least_rsrp.as_dbm();
    if !(-156.0..=-31.0).contains(&least_dbm) {
        here.key("least_rsrp").error(format!("{least_dbm} dBm, but RSRP is -156 to -31 dBm"));
    }
    if let Some(horizon) = own.horizon
        && !(1.0..=1e7).contains(&horizon.as_metres())
    {
        here.key("horizon").error(format!("{horizon}, but it must be 1 m to 10 000 km"));
    }
    let (path_loss, carriers) = (path_loss?, carriers?);
    for (index, carrier) in carriers.iter().enumerate() {
        let result = path_loss.model.range().check_carrier(carrier.carrier.centre_hz());
        here.key("carriers").index(index).key("frequency").check(result);
    }
    let period = period?;
    if own.fidelity == FidelityName::Slots {
        let longest_s = carriers.iter().map(|own| own.carrier.numerology().slot_s()).fold(0.0, f64::max);
        if period.as_secs() < 20.0 * longest_s {
            here.key("period").error_with_help(
                format!(
                    "{} holds fewer than the 20 slots of {} that the fidelity \"slots\" needs",
                    own.period,
                    Duration::from_secs(longest_s)
                ),
                format!("give {} or more", Duration::from_secs(20.0 * longest_s)),
            );
        }
    }
    let mut spec = CellularSpec::new(carriers);
    spec.period = period;
    spec.path_loss = path_loss.model;
    spec.line_of_sight = match own.line_of_sight {
        LineOfSightName::Model => LineOfSightChoice::ByModel,
        LineOfSightName::Always => LineOfSightChoice::Always,
        LineOfSightName::Never => LineOfSightChoice::Never,
    };
    spec.shadowing = own.shadowing;
    spec.fidelity = match own.fidelity {
        FidelityName::Analytic => FidelityChoice::Analytic,
        FidelityName::Slots => FidelityChoice::Slots,
        FidelityName::Shannon => FidelityChoice::Shannon { gap_db: shannon_gap? },
    };
    spec.scheduler = scheduler?;
    spec.handover = handover?;
    spec.failure = failure?;
    spec.least_dbm = least_dbm;
    spec.near_sites = own.near_sites;
    spec.horizon_m = own.horizon.map(Length::as_metres);
    spec.measurement_error_db = error?;
    let deepest_m = if own.path_loss.kind() == "rma" { DEEPEST_M.1 } else { DEEPEST_M.0 };
    Some(Cells { spec, base_height_m: path_loss.base_height_m, deepest_m })
}

/// A time within a range.
fn duration(
    given: Duration,
    (least_s, most_s): (f64, f64),
    allowed: &str,
    site: &Site<'_>,
) -> Option<SimDuration> {
    if !(least_s..=most_s).contains(&given.as_secs()) {
        site.error(format!("{given}, but it must be {allowed}"));
        return None;
    }
    Some(SimDuration::from_secs(given.as_secs()))
}

/// A gain within a range, in dB.
fn gain(given: Gain, (least_db, most_db): (f64, f64), site: &Site<'_>) -> Option<f64> {
    if !(least_db..=most_db).contains(&given.as_db()) {
        site.error(format!("{given}, but it must be {least_db} to {most_db} dB"));
        return None;
    }
    Some(given.as_db())
}

/// Reports a power that is out of a range.
fn level(given: PowerLevel, (least_dbm, most_dbm): (f64, f64), site: &Site<'_>) {
    if !(least_dbm..=most_dbm).contains(&given.as_dbm()) {
        site.error(format!("{given}, but it must be {least_dbm} to {most_dbm} dBm"));
    }
}

/// Reports an antenna in the ground or in the clouds.
fn check_height(height_m: f64, site: &Site<'_>) {
    let (least_m, most_m) = HEIGHTS_M;
    if !(least_m..=most_m).contains(&height_m) {
        site.error(format!(
            "an antenna at {height_m} m; it must be {least_m} to {most_m} m above the ground"
        ));
    }
}

fn carriers(own: &CellsSpec, site: &Site<'_>) -> Option<Vec<CarrierSpec>> {
    let mut names = BTreeSet::new();
    let mut made = Vec::new();
    for (index, carrier) in own.carriers.iter().enumerate() {
        let here = site.index(index);
        if carrier.name.is_empty() {
            here.key("name").error("a carrier needs a name of at least one character");
        } else if !names.insert(&carrier.name) {
            here.key("name").error_with_help(
                format!("another carrier has the name {:?}", carrier.name),
                "give each carrier a `name` of its own",
            );
        }
        made.extend(carrier_of(carrier, &here));
    }
    // Numbers of carriers count only if all of them are there.
    (made.len() == own.carriers.len()).then_some(made)
}

fn carrier_of(own: &CarrierSpecification, site: &Site<'_>) -> Option<CarrierSpec> {
    let spacing_khz = own.spacing.as_hz() / 1e3;
    let numerology = Numerology::ALL
        .into_iter()
        .find(|numerology| f64::from(numerology.spacing_khz()) == spacing_khz);
    let Some(numerology) = numerology else {
        site.key("spacing")
            .error(format!("{}, but subcarriers are 15, 30, 60 or 120 kHz apart", own.spacing));
        return None;
    };
    let duplex = duplex(&own.duplex, &site.key("duplex"))?;
    let carrier = Carrier::new(own.frequency.as_hz(), own.bandwidth.as_hz(), numerology, duplex);
    let carrier = match carrier {
        Ok(carrier) => carrier,
        Err(error) => {
            let key = match error {
                NrError::FrequencyRange { .. } => "frequency",
                NrError::Bandwidth { .. } => "bandwidth",
                _ => "duplex",
            };
            let spacings = FrequencyRange::of(own.frequency.as_hz()).map(|range| {
                let with = |numerology: &Numerology| !range.resource_blocks(*numerology).is_empty();
                let khz = Numerology::ALL.iter().filter(|own| with(own)).map(|own| own.spacing_khz());
                (range.name(), khz.map(|khz| khz.to_string()).collect::<Vec<_>>().join(", "))
            });
            match spacings {
                Ok((range, spacings)) if key == "bandwidth" => site.key(key).error_with_help(
                    error.to_string(),
                    format!("in {range}, subcarriers can be {spacings} kHz apart (`spacing`)"),
                ),
                _ => site.key(key).error(error.to_string()),
            }
            return None;
        }
    };
    for direction in [Direction::Downlink, Direction::Uplink] {
        if carrier.share(direction) == 0.0 {
            let name = if direction == Direction::Downlink { "down" } else { "up" };
            site.key("duplex").error_with_help(
                format!("no slot of {:?} goes {name}", own.duplex),
                "give a pattern such as \"DDDSU\", or \"fdd\"",
            );
            return None;
        }
    }
    let margin_db = gain(own.margin, (0.0, 20.0), &site.key("margin"))?;
    let target_error = own.target_error.as_fraction();
    if !(1e-6..=0.5).contains(&target_error) {
        site.key("target_error").error(format!("{target_error}, but it must be 0.000001 to 0.5"));
        return None;
    }
    let mut spec = CarrierSpec::new(&own.name, carrier);
    let common = |link: &mut LinkConfig| {
        link.errors.margin_db = margin_db;
        link.target_error = target_error;
        link.harq.attempts = own.harq.attempts;
        link.harq.combining = match own.harq.combining {
            CombiningName::None => Combining::Separate,
            CombiningName::Chase => Combining::Chase,
            CombiningName::Incremental => Combining::IncrementalRedundancy,
        };
    };
    common(&mut spec.downlink);
    common(&mut spec.uplink);
    spec.downlink.mcs_table = mcs_table(own.mcs_table);
    spec.downlink.cqi_table = match own.cqi_table {
        CqiTableName::Qam64 => CqiTable::Qam64,
        CqiTableName::Qam256 => CqiTable::Qam256,
        CqiTableName::LowEfficiency => CqiTable::LowEfficiency,
    };
    spec.downlink.layers = own.layers;
    spec.uplink.mcs_table = mcs_table(own.uplink_mcs_table);
    spec.uplink.layers = own.uplink_layers;
    site.check(spec.downlink.check())?;
    site.check(spec.uplink.check())?;
    Some(spec)
}

fn mcs_table(name: McsTableName) -> McsTable {
    match name {
        McsTableName::Qam64 => McsTable::Qam64,
        McsTableName::Qam256 => McsTable::Qam256,
        McsTableName::LowEfficiency => McsTable::LowEfficiency,
        McsTableName::Qam1024 => McsTable::Qam1024,
    }
}

/// `fdd`, or slots by letters: D down, one S with 10 symbols down and 2 up, U up.
fn duplex(text: &str, site: &Site<'_>) -> Option<Duplex> {
    if text == "fdd" {
        return Some(Duplex::Frequency);
    }
    let downlink_slots = text.chars().take_while(|&letter| letter == 'D').count() as u32;
    let rest = &text[downlink_slots as usize..];
    let special = rest.starts_with('S');
    let rest = rest.strip_prefix('S').unwrap_or(rest);
    if text.is_empty() || text.len() > 80 || rest.chars().any(|letter| letter != 'U') {
        site.error_with_help(
            format!("{text:?} is neither \"fdd\" nor a pattern of slots"),
            "a pattern has the letter D for each slot down, then S for one with 10 symbols down and 2 up, then U for \
             each slot up, and no more than 80 of them, such as \"DDDSU\"",
        );
        return None;
    }
    Some(Duplex::Time(TddPattern {
        period_slots: text.len() as u32,
        downlink_slots,
        downlink_symbols: if special { TddPattern::DDDSU.downlink_symbols } else { 0 },
        uplink_slots: rest.len() as u32,
        uplink_symbols: if special { TddPattern::DDDSU.uplink_symbols } else { 0 },
    }))
}

fn handover(own: &CellsSpec, period: Option<SimDuration>, site: &Site<'_>) -> Option<HandoverSpec> {
    let here = site.key("handover");
    let (kind, filter, interruption) = match own.handover {
        CellHandoverSpec::A3 { offset, hysteresis, time_to_trigger, filter, interruption } => {
            let offset_db = gain(offset, (-15.0, 15.0), &here.key("offset"));
            let hysteresis_db = gain(hysteresis, (0.0, 15.0), &here.key("hysteresis"));
            let time_to_trigger =
                duration(time_to_trigger, (0.0, 5.12), "0 to 5120 ms", &here.key("time_to_trigger"));
            let kind = HandoverKind::A3 {
                offset_db: offset_db?,
                hysteresis_db: hysteresis_db?,
                time_to_trigger: time_to_trigger?,
            };
            (kind, filter, interruption)
        }
        CellHandoverSpec::Strongest { filter, interruption } => {
            (HandoverKind::Strongest, filter, interruption)
        }
        CellHandoverSpec::Sticky { filter, interruption } => {
            (HandoverKind::Sticky, filter, interruption)
        }
    };
    let key = here.key("interruption");
    let length = duration(interruption, (0.0, 1.0), "0 to 1 s", &key)?;
    if period.is_some_and(|period| length >= period) {
        key.error_with_help(
            format!(
                "a hand-over of {interruption} does not end within a period, which is {}",
                own.period
            ),
            "give a shorter `interruption`, or 0 s for none",
        );
        return None;
    }
    Some(HandoverSpec {
        kind,
        filter,
        interruption: length,
        ping_pong: SimDuration::from_secs(own.ping_pong.as_secs()),
        falls_back: own.fallback == CellFallbackName::Wifi,
    })
}

fn link_failure(own: &LinkFailureSpecification, site: &Site<'_>) -> Option<LinkFailureSpec> {
    let t310 = duration(own.t310, (0.0, 6.0), "0 to 6 s", &site.key("t310"));
    let t311 = duration(own.t311, (0.0, 30.0), "0 to 30 s", &site.key("t311"));
    Some(LinkFailureSpec { n310: own.n310, n311: own.n311, t310: t310?, t311: t311? })
}

/// What an access point with the key `cell` is. Errors go to `site`, that of the access point.
pub(super) fn base_station(
    own: &AccessPointSpecification,
    cell: &CellSpecification,
    cells: &Cells,
    site: &Site<'_>,
) -> Option<GnbSpec> {
    let usual = AccessPointSpecification::default();
    for (key, is_given) in [
        ("uplink", own.uplink != usual.uplink),
        ("downlink", own.downlink != usual.downlink),
        ("half_duplex", own.half_duplex),
        ("model", own.model.is_some()),
        ("range", own.range.is_some()),
    ] {
        if is_given {
            site.key(key).error_with_help(
                "the cells of a base station have rates and ranges by what devices receive",
                "leave it out",
            );
        }
    }
    let here = site.key("cell");
    let height_m = cell.height.map_or(cells.base_height_m, Length::as_metres);
    check_height(height_m, &here.key("height"));
    level(own.power(), MOST_POWERS_DBM, &site.key("transmit_power"));
    let antenna_gain_db = gain(own.gain(), MOST_GAINS_DB, &site.key("antenna_gain"));
    let noise_figure_db = gain(cell.noise_figure, (0.0, 30.0), &here.key("noise_figure"));
    let front_to_back_db = gain(cell.front_to_back, (0.0, 60.0), &here.key("front_to_back"));
    let background_load = cell.background_load.as_fraction();
    if background_load > 0.95 {
        here.key("background_load").error_with_help(
            format!("{background_load} of each cell is taken"),
            "leave at least 5 % to the devices of the scenario",
        );
    }
    let known = || cells.spec.carriers.iter().map(|carrier| carrier.name.as_str());
    let mut carriers = Vec::new();
    match &cell.carriers {
        None => carriers.extend(0..cells.spec.carriers.len()),
        Some(names) => {
            for (index, name) in names.iter().enumerate() {
                let here = here.key("carriers").index(index);
                match known().position(|known| known == name) {
                    Some(carrier) if carriers.contains(&carrier) => {
                        here.error(format!("the carrier {name:?} is named twice"));
                    }
                    Some(carrier) => carriers.push(carrier),
                    None => here.unknown("carrier", name, known()),
                }
            }
        }
    }
    let (beamwidth_deg, front_to_back_db) = (cell.beamwidth, front_to_back_db?);
    let sectors = SectorSpec::around(cell.sectors, cell.azimuth);
    Some(GnbSpec {
        carriers,
        sectors: sectors
            .into_iter()
            .map(|sector| SectorSpec { beamwidth_deg, front_to_back_db, ..sector })
            .collect(),
        transmit_dbm: own.power().as_dbm(),
        antenna_gain_db: antenna_gain_db?,
        height_m,
        noise_figure_db: noise_figure_db?,
        background_load,
    })
}

/// The 5G modem of a class. Errors go to `site`, that of the class.
pub(super) fn device_radio(
    class: &NodeClassSpec,
    cells: &Cells,
    site: &Site<'_>,
) -> Option<DeviceRadioSpec> {
    let here = site.key("cell_radio");
    if class.wireless != Some(true) {
        if class.cell_radio.is_some() {
            here.error_with_help("the nodes are wired", "leave it out, or set `wireless` to true");
        }
        return None;
    }
    let own = class.cell_radio.unwrap_or_default();
    let height_m = own.height.map(Length::as_metres);
    if let Some(height_m) = height_m {
        check_height(height_m, &here.key("height"));
    }
    let antenna_gain_db = gain(own.antenna_gain, MOST_GAINS_DB, &here.key("antenna_gain"));
    let noise_figure_db = gain(own.noise_figure, (0.0, 30.0), &here.key("noise_figure"));
    level(own.most_power, (-40.0, 60.0), &here.key("most_power"));
    level(own.target_power, (-202.0, 24.0), &here.key("target_power"));
    let building = |building| DeviceLoss::Building { building, deepest_m: cells.deepest_m };
    Some(DeviceRadioSpec {
        height_m,
        antenna_gain_db: antenna_gain_db?,
        noise_figure_db: noise_figure_db?,
        power: power_control(&own),
        loss: match own.inside {
            InsideName::None => DeviceLoss::None,
            InsideName::Car => DeviceLoss::Car(CarLoss::PLAIN),
            InsideName::MetallisedCar => DeviceLoss::Car(CarLoss::METALLISED),
            InsideName::BuildingLow => building(BuildingLoss::Low),
            InsideName::BuildingHigh => building(BuildingLoss::High),
        },
        background_bps: [own.background.downlink.as_bps(), own.background.uplink.as_bps()],
    })
}

fn power_control(own: &CellRadioSpec) -> PowerControl {
    PowerControl {
        target_dbm: own.target_power.as_dbm(),
        alpha: own.alpha.as_fraction(),
        most_dbm: own.most_power.as_dbm(),
        ..PowerControl::default()
    }
}

#[cfg(test)]
mod tests;
