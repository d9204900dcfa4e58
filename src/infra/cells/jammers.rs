//! Jammers in the world: where they are, when they send, and what arrives of it.
//!
//! A jammer sends once for each period ([`Jammers::begin`]), whoever listens; a device and its cell are then asked for what
//! [strikes](Jammers::strike) them. Between a jammer and each of its victims, devices and gNBs, there is a fading of its own
//! from a stream of its own, made when its signal could first matter there: so jammers move no number of anything else.
//! Where the windows of a jammer are open for a part of a period, it is on for this share of the whole period.

use super::super::geometry::Position;
use super::super::ids::{JammerId, NodeId};
use super::super::nr::{
    Arrivals, Carrier, Channel, ChannelLayout, Coupling, Emission, End, Jammer, JammerKind, JammerState,
    LargeScaleFading, PathLoss, RadioPath, noise_dbm, to_db,
};
use super::antenna::bearing_deg;
use super::ground::Spread;
use super::report::{Cell, JammerView};
use super::spec::{CellularSpec, JammerPlace, PlacedJammer, SectorSpec};
use super::truth::Truth;
use crate::engine::{EntityStream, RandomStreams, SimDuration, SimTime};

/// Least height of antennas in metres: what is nearer to the ground counts as being there.
const LEAST_HEIGHT_M: f64 = 1.5;
/// How far below thermal noise a jammer may be in dB before its victims need not look at it.
const NEGLIGIBLE_DB: f64 = 10.0;

/// A link that jammers may reach.
#[derive(Clone, Copy, Debug)]
pub(in crate::infra) struct Victim<'a> {
    /// Number of the device.
    pub(in crate::infra) number: usize,
    /// The cell.
    pub(in crate::infra) cell: &'a Cell,
    /// Its sector.
    pub(in crate::infra) sector: &'a SectorSpec,
    /// Its carrier.
    pub(in crate::infra) carrier: &'a Carrier,
    /// The device's antenna, its height in `z_m`.
    pub(in crate::infra) device: Position,
    /// The device's antenna gain less the loss of what surrounds it, in dB.
    pub(in crate::infra) device_gain_db: f64,
    /// The gNB's antenna, its height in `z_m`.
    pub(in crate::infra) base: Position,
    /// The gNB's greatest antenna gain in dB.
    pub(in crate::infra) base_gain_db: f64,
    /// Power of the cell over its carrier in dBm, antenna gain left out.
    pub(in crate::infra) base_dbm: f64,
    /// Power of the device in dBm, antenna gain left out.
    pub(in crate::infra) device_dbm: f64,
    /// Share of the last period in which the two have sent anything, 0 to 1.
    pub(in crate::infra) activity: f64,
}

/// What arrives at a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::infra) struct Felt {
    /// Which jammers.
    pub(in crate::infra) jammers: Vec<JammerId>,
    /// What arrives of each.
    pub(in crate::infra) arrivals: Vec<Arrivals>,
}

/// All jammers.
#[derive(Debug)]
pub(in crate::infra) struct Jammers {
    units: Vec<Unit>,
    views: Vec<JammerView>,
    /// Who has gone on or off at the start of the present period.
    changes: Vec<(JammerId, bool)>,
    streams: RandomStreams,
    spread: Spread,
    /// Counts the periods.
    period: u64,
    /// Whether nobody sends in the present one.
    is_silent: bool,
}

#[derive(Debug)]
struct Unit {
    spec: PlacedJammer,
    state: JammerState,
    random: EntityStream,
    /// What it was told to be, whatever its windows say.
    switched: Option<bool>,
    place: Position,
    /// What it sends in the present period, if it is on.
    emission: Option<Emission>,
    /// By number of the device; those that it has never reached have none.
    to_devices: Vec<Option<Box<Fading>>>,
    /// By number of the gNB.
    to_gnbs: Vec<Option<Box<Fading>>>,
}

/// The fading between a jammer and one of its victims.
#[derive(Debug)]
struct Fading {
    state: LargeScaleFading,
    random: EntityStream,
    line_of_sight: bool,
    /// Where the two were when it was last asked for.
    victim: Position,
    jammer: Position,
    /// The loss for the carrier in hertz that was asked for last, in which period.
    known: Option<(u64, f64, f64)>,
}

impl Jammers {
    /// Those of a scenario, among so many devices and gNBs, before the first period.
    pub(in crate::infra) fn new(
        spec: &CellularSpec,
        devices: usize,
        gnbs: usize,
        streams: RandomStreams,
    ) -> Self {
        let nobody = |count| std::iter::repeat_with(|| None).take(count).collect();
        let units = spec.jammers.iter().enumerate().map(|(number, spec)| {
            let mut random = streams.entity("cells/jammers", number as u64);
            Unit {
                state: spec.jammer.state(&mut random),
                random,
                switched: None,
                place: spec.place_at(SimTime::ZERO, &|_| None).unwrap_or_default(),
                emission: None,
                to_devices: nobody(devices),
                to_gnbs: nobody(gnbs),
                spec: spec.clone(),
            }
        });
        let units: Vec<Unit> = units.collect();
        let views = (0..).map(JammerId).zip(&units).map(|(id, unit)| unit.view(id)).collect();
        Jammers {
            units,
            views,
            changes: Vec::new(),
            streams,
            spread: Spread::new(spec),
            period: 0,
            is_silent: true,
        }
    }

    /// As others see them.
    pub(in crate::infra) fn views(&self) -> &[JammerView] {
        &self.views
    }

    /// Switches a jammer on or off from the next period on, whatever its windows say.
    pub(in crate::infra) fn switch(&mut self, jammer: JammerId, on: bool) {
        if let Some(unit) = self.units.get_mut(jammer.index()) {
            unit.switched = Some(on);
        }
    }

    /// A period begins: each sends once. `place_of` gives the place of a node, `None` if it is not in the world.
    pub(in crate::infra) fn begin(
        &mut self,
        from: SimTime,
        to: SimTime,
        place_of: &dyn Fn(NodeId) -> Option<Position>,
    ) {
        self.period += 1;
        self.changes.clear();
        let middle = from + SimDuration::from_nanos(to.since(from).as_nanos() / 2);
        for (view, unit) in self.views.iter_mut().zip(&mut self.units) {
            let Unit { spec, state, random, .. } = unit;
            // Whether it is on or not: so its times do not hang on its windows.
            let emission = spec.jammer.emit(state, from.as_secs(), to.as_secs(), random);
            let place = spec.place_at(middle, place_of);
            let mut on = match unit.switched {
                Some(on) => f64::from(u8::from(on)),
                None => spec.share_on(from, to),
            };
            match place {
                Some(place) => unit.place = place,
                None => on = 0.0,
            }
            unit.emission = (on > 0.0).then(|| emission.during(on));
            if view.is_on != unit.emission.is_some() {
                self.changes.push((view.id, on > 0.0));
            }
            (view.is_on, view.place) = (on > 0.0, unit.place);
        }
        self.is_silent = self.units.iter().all(|unit| unit.emission.is_none());
    }

    /// Who has gone on or off at the start of the present period.
    pub(in crate::infra) fn changes(&self) -> &[(JammerId, bool)] {
        &self.changes
    }

    /// Whether none of them sends anything in the period.
    pub(in crate::infra) fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Finds out what arrives at a link in the period: nothing of jammers that are off, on other carriers, or so weak at both
    /// ends that they do not matter. `felt` is emptied first.
    pub(in crate::infra) fn strike(
        &mut self,
        spec: &CellularSpec,
        victim: &Victim<'_>,
        felt: &mut Felt,
    ) {
        felt.jammers.clear();
        felt.arrivals.clear();
        let Victim { carrier, device_gain_db, .. } = *victim;
        let spread = &self.spread;
        let (device, gnb) = (victim.number as u64, u64::from(victim.cell.gnb));
        let least_dbm = noise_dbm(carrier.occupied_hz(), -NEGLIGIBLE_DB);
        for (id, unit) in (0..).map(JammerId).zip(&mut self.units) {
            let Some(emission) = &unit.emission else { continue };
            let own = &unit.spec.jammer;
            let Some(share) = attacked_share(own, carrier, &spec.layout) else { continue };
            let (base, place) = (victim.base, unit.place);
            let bearing = bearing_deg(place.x_m - base.x_m, place.y_m - base.y_m);
            let base_gain_db = victim.base_gain_db + victim.sector.gain_db(bearing);
            // As dense as if it sent with this on the whole carrier.
            let most_dbm = most_dbm(own) - to_db(share);
            let to_device = Way::new(carrier, unit.place, victim.device);
            let to_gnb = Way::new(carrier, unit.place, victim.base);
            let matters =
                |way: &Way, gain_db| most_dbm + gain_db - way.least_loss_db(spread) > least_dbm;
            if !matters(&to_device, device_gain_db) && !matters(&to_gnb, base_gain_db) {
                continue;
            }
            let stream = |name, other: u64| self.streams.entity(name, u64::from(id.0) << 32 | other);
            let fading = unit.to_devices[victim.number].get_or_insert_with(|| {
                Fading::new(stream("cells/jamming/devices", device), &to_device, spread)
            });
            let device_loss_db = fading.loss_db(&to_device, spread, self.period);
            let fading = unit.to_gnbs[victim.cell.gnb as usize]
                .get_or_insert_with(|| Fading::new(stream("cells/jamming/gnbs", gnb), &to_gnb, spread));
            let gnb_loss_db = fading.loss_db(&to_gnb, spread, self.period);
            let (to_device_db, to_base_db) =
                (device_gain_db - device_loss_db, base_gain_db - gnb_loss_db);
            let coupling = Coupling {
                to_device_db,
                to_base_db,
                sensed_dbm: (victim.base_dbm + to_base_db).max(victim.device_dbm + to_device_db),
                burst_s: carrier.numerology().slot_s(),
                activity: victim.activity,
            };
            let arrivals = emission.arrivals(carrier, &spec.layout, &coupling);
            if !arrivals.is_empty() {
                felt.jammers.push(id);
                felt.arrivals.push(arrivals);
            }
        }
    }

    /// What is known of it, by the two ends of the link.
    pub(in crate::infra) fn truth(
        &self,
        spec: &CellularSpec,
        victim: &Victim<'_>,
        felt: &Felt,
        device: &End,
        base: &End,
    ) -> Option<Truth> {
        let emitted = felt.jammers.iter().zip(&felt.arrivals).filter_map(|(&id, arrivals)| {
            Some((id, self.units.get(id.index())?.emission.as_ref()?, arrivals))
        });
        Truth::of(emitted, victim.carrier, &spec.layout, device, base)
    }
}

impl Unit {
    fn view(&self, id: JammerId) -> JammerView {
        JammerView {
            id,
            name: self.spec.name.clone(),
            kind: self.spec.jammer.kind.name(),
            is_on: self.emission.is_some(),
            moves: !matches!(self.spec.place, JammerPlace::At(_)),
            place: self.place,
            eirp_dbm: most_dbm(&self.spec.jammer),
        }
    }
}

impl PlacedJammer {
    /// Where it is at a time; `None` on a node that is not in the world.
    fn place_at(
        &self,
        time: SimTime,
        place_of: &dyn Fn(NodeId) -> Option<Position>,
    ) -> Option<Position> {
        match &self.place {
            JammerPlace::At(place) => Some(*place),
            JammerPlace::On(node) => place_of(*node),
            JammerPlace::Way(points) => {
                let now_s = time.as_secs();
                let next = points.partition_point(|point| point.time_s <= now_s);
                let Some(to) = points.get(next) else { return points.last().map(|last| last.position) };
                let Some(from) = next.checked_sub(1).map(|before| points[before]) else {
                    return Some(to.position);
                };
                let fraction = (now_s - from.time_s) / (to.time_s - from.time_s);
                Some(from.position.towards(to.position, fraction))
            }
        }
    }

    /// Share of a time in which its windows are open.
    fn share_on(&self, from: SimTime, to: SimTime) -> f64 {
        let Some(windows) = &self.windows else { return 1.0 };
        let open: u64 =
            windows.iter().map(|&(start, end)| end.min(to).since(start.max(from)).as_nanos()).sum();
        open as f64 / to.since(from).as_nanos().max(1) as f64
    }
}

/// The greatest power of a jammer in dBm.
fn most_dbm(jammer: &Jammer) -> f64 {
    match jammer.kind {
        JammerKind::Modulated(power) => power.most_dbm,
        _ => jammer.eirp_dbm,
    }
}

/// Share of a carrier on which a jammer puts its power, at the least; `None` if it is outside.
fn attacked_share(jammer: &Jammer, carrier: &Carrier, layout: &ChannelLayout) -> Option<f64> {
    let band = carrier.overlap(jammer.centre_hz, jammer.bandwidth_hz)?;
    let of_channel = |channel: Channel| {
        layout.bands(channel, carrier).iter().map(|band| band.1 - band.0).sum::<f64>()
    };
    let share = match jammer.kind {
        JammerKind::Sweep { width_hz, .. } => (width_hz / carrier.occupied_hz()).min(band.1 - band.0),
        JammerKind::Deceptive { .. } => of_channel(Channel::Ssb),
        JammerKind::Selective { target, .. } => of_channel(target),
        _ => band.1 - band.0,
    };
    Some(share.max(1e-6))
}

/// The way of a jammer's signal to a victim.
struct Way {
    path: RadioPath,
    jammer: Position,
    victim: Position,
}

impl Way {
    fn new(carrier: &Carrier, jammer: Position, victim: Position) -> Self {
        let jammer_height_m = jammer.z_m.max(LEAST_HEIGHT_M);
        let victim_height_m = victim.z_m;
        let path = RadioPath {
            carrier_hz: carrier.centre_hz(),
            distance_2d_m: (jammer.x_m - victim.x_m).hypot(jammer.y_m - victim.y_m),
            // The models know a high and a low end.
            base_height_m: jammer_height_m.max(victim_height_m),
            device_height_m: jammer_height_m.min(victim_height_m),
            line_of_sight: true,
        };
        Way { path, jammer, victim }
    }

    /// The loss without shadowing in dB, with a line of sight.
    fn least_loss_db(&self, path_loss: &dyn PathLoss) -> f64 {
        path_loss.path_loss_db(&self.path)
    }
}

impl Fading {
    fn new(mut random: EntityStream, way: &Way, path_loss: &dyn PathLoss) -> Box<Self> {
        let state = LargeScaleFading::new(&mut random);
        let line_of_sight = state.line_of_sight(path_loss, &way.path);
        let (victim, jammer) = (way.victim, way.jammer);
        Box::new(Fading { state, random, line_of_sight, victim, jammer, known: None })
    }

    /// The loss in dB, after both ends have moved: their ways add up, as each changes what stands between them.
    fn loss_db(&mut self, way: &Way, path_loss: &dyn PathLoss, period: u64) -> f64 {
        let carrier_hz = way.path.carrier_hz;
        if let Some((of_period, of_carrier_hz, loss_db)) = self.known
            && of_period == period
            && of_carrier_hz == carrier_hz
            && way.victim == self.victim
        {
            return loss_db;
        }
        let moved_m = way.victim.distance_m(self.victim) + way.jammer.distance_m(self.jammer);
        let mut path = RadioPath { line_of_sight: self.line_of_sight, ..way.path };
        self.state.moved(path_loss, &path, moved_m, &mut self.random);
        (self.victim, self.jammer) = (way.victim, way.jammer);
        let loss_db = self.state.path_loss_db(path_loss, &mut path);
        self.line_of_sight = path.line_of_sight;
        self.known = Some((period, carrier_hz, loss_db));
        loss_db
    }
}

#[cfg(test)]
mod tests;
