//! The tables of vehicles - their flights, and telemetry as MAVLink has it - and what the summary says of them.

use super::core::Core;
use crate::energy::{CellTable, Moving};
use crate::engine::{SimDuration, SimTime};
use crate::infra::NodeId;
use crate::infra::vehicles::{FlightEnd, VehicleEvent, VehicleKind, VehiclePhase, VehicleView};
use crate::records::{Cell, ColumnSpec, RecordError, Records, Symbol, TableId, TableSpec};
use serde_json::{Value, json};

/// Of which vehicles telemetry is sampled, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetrySampling {
    /// Time between samples, above zero.
    pub interval: SimDuration,
    /// The vehicles.
    pub vehicles: Vec<NodeId>,
}

/// The tables, and sums for the summary.
#[derive(Debug)]
pub(super) struct VehicleTables {
    flights: TableId,
    telemetry: Option<(TableId, TelemetrySampling)>,
    ends: [(FlightEnd, Symbol); 7],
    modes: Vec<(&'static str, Symbol)>,
    counts: [u64; 7],
    returns: u64,
    distance_m: f64,
}

const ENDS: [FlightEnd; 7] = [
    FlightEnd::Commanded,
    FlightEnd::Reserve,
    FlightEnd::Forced,
    FlightEnd::Fault,
    FlightEnd::BatteryEmpty,
    FlightEnd::Vanished,
    FlightEnd::Unfinished,
];

const MODES: [&str; 8] = ["STABILIZE", "GUIDED", "AUTO", "LOITER", "FOLLOW", "RTL", "LAND", "HOLD"];

fn flights() -> TableSpec {
    let phases = VehiclePhase::ALL.into_iter().filter(|phase| *phase != VehiclePhase::Disarmed);
    let phases = phases.filter(|phase| *phase != VehiclePhase::Lost).map(|phase| {
        ColumnSpec::float(
            format!("{}_s", phase.name()),
            "s",
            format!("time in the phase {}", phase.name()),
        )
    });
    let mut columns = vec![
        ColumnSpec::float("t_s", "s", "when it ended: disarmed, lost, or the end of the run"),
        ColumnSpec::category("node", "vehicle that flew or drove"),
        ColumnSpec::unsigned("flight", "", "number among the vehicle's own, from zero"),
        ColumnSpec::category(
            "ended",
            "commanded, reserve (it returned on account of its battery), forced (it landed on the way), fault, \
             battery_empty, vanished (these three are losses) or unfinished",
        ),
        ColumnSpec::float("start_s", "s", "when it was armed"),
        ColumnSpec::float("duration_s", "s", "from arming to the end"),
    ];
    columns.extend(phases);
    columns.extend([
        ColumnSpec::float("distance_m", "m", "length of its way"),
        ColumnSpec::float("greatest_height_m", "m", "height above home, at most"),
        ColumnSpec::unsigned("waypoints", "", "waypoints reached"),
        ColumnSpec::float("motion_j", "J", "energy of motion and payload"),
        ColumnSpec::float("energy_j", "J", "energy of the whole node"),
        ColumnSpec::float("battery_level", "", "share of the battery that is left; null without one"),
        ColumnSpec::float("from_x_m", "m", "where it was armed, east of the origin"),
        ColumnSpec::float("from_y_m", "m", "north of the origin"),
        ColumnSpec::float("end_x_m", "m", "where it ended, east of the origin"),
        ColumnSpec::float("end_y_m", "m", "north of the origin"),
    ]);
    TableSpec::new(
        "flights",
        "One row for each flight or drive of a vehicle, from arming to disarming or loss",
        columns,
    )
}

fn telemetry() -> TableSpec {
    TableSpec::new(
        "telemetry",
        "What autopilots tell, by the names and units of MAVLink: GLOBAL_POSITION_INT, ATTITUDE, VFR_HUD, \
         BATTERY_STATUS and HEARTBEAT",
        [
            ColumnSpec::float("t_s", "s", "time"),
            ColumnSpec::category("node", "vehicle"),
            ColumnSpec::float("x_m", "m", "where it is, east of the origin"),
            ColumnSpec::float("y_m", "m", "north of the origin"),
            ColumnSpec::float("z_m", "m", "above the ground"),
            ColumnSpec::signed("lat", "1e-7 deg", "latitude; null without an origin"),
            ColumnSpec::signed("lon", "1e-7 deg", "longitude; null without an origin"),
            ColumnSpec::signed("relative_alt", "mm", "height above home"),
            ColumnSpec::signed("vx", "cm/s", "speed to the north"),
            ColumnSpec::signed("vy", "cm/s", "speed to the east"),
            ColumnSpec::signed("vz", "cm/s", "speed down"),
            ColumnSpec::unsigned("hdg", "cdeg", "heading, clockwise from north"),
            ColumnSpec::float("roll", "rad", "roll: 0, as turns are made level"),
            ColumnSpec::float("pitch", "rad", "pitch: below zero leans forward, against drag and to speed up"),
            ColumnSpec::float("yaw", "rad", "heading, -pi to pi"),
            ColumnSpec::float("airspeed", "m/s", "horizontal speed through the air; of a rover, over the ground"),
            ColumnSpec::float("groundspeed", "m/s", "horizontal speed over the ground"),
            ColumnSpec::float("climb", "m/s", "rate of climb"),
            ColumnSpec::unsigned("throttle", "%", "throttle, estimated from power or speed"),
            ColumnSpec::unsigned("voltage", "mV", "voltage of the battery; null without one"),
            ColumnSpec::signed("current_battery", "cA", "current of the battery; null without one"),
            ColumnSpec::signed("current_consumed", "mAh", "charge drawn since full; null without a battery"),
            ColumnSpec::signed("energy_consumed", "hJ", "energy drawn since full; null without a battery"),
            ColumnSpec::signed("battery_remaining", "%", "share left; null without a battery"),
            ColumnSpec::category("mode", "flight mode of ArduPilot"),
            ColumnSpec::unsigned("custom_mode", "", "its number"),
            ColumnSpec::unsigned("base_mode", "", "bits: 128 armed, 64 manual, 16 stabilised, 8 guided, 1 custom mode"),
            ColumnSpec::unsigned("system_status", "", "3 standby, 4 active, 5 critical (reserve), 8 lost"),
            ColumnSpec::category("phase", "what it is doing"),
            ColumnSpec::float("power_w", "W", "power of the whole node"),
            ColumnSpec::float("motion_w", "W", "part of it for motion and payload, on average over the leg"),
        ],
    )
    .detailed()
}

impl VehicleTables {
    pub(super) fn register(
        sampling: Option<TelemetrySampling>,
        records: &mut dyn Records,
    ) -> Result<Self, RecordError> {
        let flights = records.table(flights())?;
        let telemetry = match sampling {
            Some(sampling) => Some((records.table(telemetry())?, sampling)),
            None => None,
        };
        Ok(VehicleTables {
            flights,
            telemetry,
            ends: ENDS.map(|end| (end, records.symbol(end.name()))),
            modes: MODES.into_iter().map(|mode| (mode, records.symbol(mode))).collect(),
            counts: [0; 7],
            returns: 0,
            distance_m: 0.0,
        })
    }

    /// Time between samples of telemetry, if there are any.
    pub(super) fn telemetry_interval(&self) -> Option<SimDuration> {
        self.telemetry.as_ref().map(|(_, sampling)| sampling.interval)
    }
}

/// Roll, pitch, yaw in radians: the lean that holds the airspeed ahead against drag, and speeds up. The lean against wind
/// from the side is left out.
fn attitude(view: &VehicleView<'_>, now: SimTime) -> [f64; 3] {
    let spec = view.spec();
    let yaw = view.heading_deg().to_radians();
    let yaw = if yaw > std::f64::consts::PI { yaw - 2.0 * std::f64::consts::PI } else { yaw };
    if spec.kind == VehicleKind::Rover || !view.is_airborne() {
        return [0.0, 0.0, yaw];
    }
    let [east, north, up] = view.velocity(now);
    let speed = east.hypot(north);
    let share = if speed > 0.0 { speed / speed.hypot(up) } else { 0.0 };
    let lean_m_per_s = view.headway_m_per_s(now) / spec.kinematics.lean_reference_m_per_s;
    let drag = lean_m_per_s * lean_m_per_s.abs();
    let thrust = share * view.acceleration_m_per_s2(now) / crate::energy::GRAVITY_M_PER_S2;
    [0.0, -(drag + thrust).atan(), yaw]
}

/// Throttle in percent: of an aircraft 39 % in hover and in proportion to power, as ArduPilot's simulated frame; of a rover
/// 25 % for each m/s, as its simulated rover was measured.
fn throttle_percent(view: &VehicleView<'_>, motion_w: f64, now: SimTime) -> f64 {
    let spec = view.spec();
    let [east, north, _] = view.velocity(now);
    let percent = match spec.kind {
        VehicleKind::Rover => 25.0 * east.hypot(north),
        VehicleKind::Multicopter if view.is_airborne() => {
            let hover_w = spec.propulsion.power_w(&Moving::default());
            if hover_w > 0.0 { 39.0 * (motion_w - spec.payload_w) / hover_w } else { 0.0 }
        }
        VehicleKind::Multicopter => 0.0,
    };
    percent.clamp(0.0, 100.0)
}

impl Core {
    /// Keeps what has happened to a vehicle: the end of a flight is a row.
    pub(super) fn record_vehicle(&mut self, now: SimTime, node: NodeId, event: VehicleEvent) {
        match event {
            VehicleEvent::Disarmed | VehicleEvent::Lost(_) => self.record_flight(now, node),
            VehicleEvent::Returning(crate::infra::vehicles::ReturnReason::Reserve) => {
                if let Some(tables) = &mut self.vehicles {
                    tables.returns += 1;
                }
            }
            _ => {}
        }
    }

    /// Records flights that the end of the run cuts short.
    pub(super) fn finish_flights(&mut self, now: SimTime) {
        let nodes: Vec<NodeId> = self.infrastructure.vehicle_nodes().collect();
        for node in nodes {
            if self.infrastructure.vehicle(node).is_some_and(|view| view.is_armed()) {
                self.record_flight(now, node);
            }
        }
    }

    fn record_flight(&mut self, now: SimTime, node: NodeId) {
        let Some(tables) = &mut self.vehicles else { return };
        let Some(view) = self.infrastructure.vehicle(node) else { return };
        let flight = view.flight();
        let end = flight.end().filter(|_| !view.is_armed()).unwrap_or(FlightEnd::Unfinished);
        let (distance_m, motion_j, energy_j) = view.flight_totals(now);
        tables.counts[end as usize] += 1;
        tables.distance_m += distance_m;
        if !self.records.is_recorded(tables.flights) {
            return;
        }
        let ended = tables.ends[end as usize].1;
        let place = self.infrastructure.position(node, now);
        let mut cells = smallvec::SmallVec::<[Cell<'_>; 32]>::from_slice(&[
            Cell::Float(now.as_secs()),
            Cell::Category(self.node_symbols[node.index()]),
            Cell::Unsigned(u64::from(flight.number)),
            Cell::Category(ended),
            Cell::Float(flight.armed_at.as_secs()),
            Cell::Float(now.since(flight.armed_at).as_secs()),
        ]);
        let phases = view.phase_s(now);
        let shown = VehiclePhase::ALL.into_iter().zip(phases);
        let shown =
            shown.filter(|(phase, _)| !matches!(phase, VehiclePhase::Disarmed | VehiclePhase::Lost));
        cells.extend(shown.map(|(_, seconds)| Cell::Float(seconds)));
        cells.extend([
            Cell::Float(distance_m),
            Cell::Float(flight.greatest_height_m),
            Cell::Unsigned(u64::from(flight.waypoints)),
            Cell::Float(motion_j),
            Cell::Float(energy_j),
            self.infrastructure.battery_level(node, now).into(),
            Cell::Float(flight.from.x_m),
            Cell::Float(flight.from.y_m),
            Cell::Float(place.x_m),
            Cell::Float(place.y_m),
        ]);
        self.records.write(tables.flights, &cells);
    }

    /// Writes one sample of telemetry; the time to the next, if there is one.
    pub(super) fn sample_telemetry(&mut self, now: SimTime) -> Option<SimDuration> {
        let tables = self.vehicles.as_ref()?;
        let (table, sampling) = tables.telemetry.as_ref()?;
        if self.records.is_recorded(*table) {
            for &node in &sampling.vehicles {
                let Some(view) = self.infrastructure.vehicle(node) else { continue };
                let phase = self.records.symbol(view.phase().name());
                let mode = tables.modes.iter().find(|(name, _)| *name == view.mode().name());
                let Some(&(_, mode)) = mode else { continue };
                let cells = self.telemetry_cells(now, node, &view, mode, phase);
                self.records.write(*table, &cells);
            }
        }
        Some(sampling.interval)
    }

    fn telemetry_cells(
        &self,
        now: SimTime,
        node: NodeId,
        view: &VehicleView<'_>,
        mode: Symbol,
        phase: Symbol,
    ) -> [Cell<'static>; 31] {
        let infrastructure = &self.infrastructure;
        let (spec, place) = (view.spec(), infrastructure.position(node, now));
        let [east, north, up] = view.velocity(now);
        let rounded = |value: f64| Cell::Signed(value.round() as i64);
        let counted = |value: f64| Cell::Unsigned(value.round().max(0.0) as u64);
        let degrees = self.plane.map(|plane| plane.lon_lat(place));
        let [roll, pitch, yaw] = attitude(view, now);
        let power_w = infrastructure.meter(node).power_w();
        let motion_w = infrastructure.motion_power_w(node);
        let pack = spec.pack.zip(infrastructure.battery(node));
        let electric = pack.map(|(pack, battery)| {
            let share = battery.level(now);
            let table = CellTable { full_v: pack.full_v, resistance_ohm: pack.resistance_ohm };
            let (volts, amperes) = table.under_load(share, power_w);
            let drawn_j = battery.model().capacity_j - battery.level_j(now);
            [
                1000.0 * volts,
                100.0 * amperes,
                (1.0 - share) * pack.capacity_mah,
                drawn_j / 100.0,
                100.0 * share,
            ]
        });
        let battery = |index: usize| electric.map(|values| values[index]);
        let is_rover = spec.kind == VehicleKind::Rover;
        let is_lost = view.phase() == VehiclePhase::Lost;
        let is_critical = view.is_by_reserve();
        // Armed, stabilised and guided, with a custom mode.
        let base_mode = if view.is_armed() { 128 + 16 + 8 + 1 } else { 64 + 16 + 1 };
        let status = match (is_lost, view.is_armed(), is_critical) {
            (true, ..) => 8,
            (_, true, true) => 5,
            (_, true, false) => 4,
            (_, false, _) => 3,
        };
        [
            Cell::Float(now.as_secs()),
            Cell::Category(self.node_symbols[node.index()]),
            Cell::Float(place.x_m),
            Cell::Float(place.y_m),
            Cell::Float(place.z_m),
            degrees.map(|own| (own.latitude_deg * 1e7).round() as i64).into(),
            degrees.map(|own| (own.longitude_deg * 1e7).round() as i64).into(),
            rounded(1000.0 * (place.z_m - view.home().z_m)),
            rounded(100.0 * north),
            rounded(100.0 * east),
            rounded(-100.0 * up),
            counted((100.0 * view.heading_deg()).round().rem_euclid(36_000.0)),
            Cell::Float(roll),
            Cell::Float(pitch),
            Cell::Float(yaw),
            Cell::Float(view.airspeed_m_per_s(now)),
            Cell::Float(east.hypot(north)),
            Cell::Float(up),
            counted(throttle_percent(view, motion_w, now)),
            battery(0).map(|value| value.round() as u64).into(),
            battery(1).map(|value| value.round() as i64).into(),
            battery(2).map(|value| value.round() as i64).into(),
            battery(3).map(|value| value.round() as i64).into(),
            battery(4).map(|value| value.round() as i64).into(),
            Cell::Category(mode),
            Cell::Unsigned(u64::from(view.mode().custom_mode(is_rover))),
            Cell::Unsigned(base_mode),
            Cell::Unsigned(status),
            Cell::Category(phase),
            Cell::Float(power_w),
            Cell::Float(motion_w),
        ]
    }

    /// The part of the summary on vehicles, if there are any.
    pub(super) fn vehicles_summary(&self, now: SimTime) -> Option<Value> {
        let tables = self.vehicles.as_ref()?;
        let nodes = || self.infrastructure.vehicle_nodes();
        let ended: serde_json::Map<String, Value> = ENDS
            .iter()
            .map(|end| (end.name().to_owned(), json!(tables.counts[*end as usize])))
            .collect();
        let motion_j: f64 = nodes().map(|node| self.infrastructure.motion_energy_j(node, now)).sum();
        let all_j: f64 = nodes().map(|node| self.infrastructure.meter(node).energy_j(now)).sum();
        Some(json!({
            "vehicles": nodes().count(),
            "flights": tables.counts.iter().sum::<u64>(),
            "ended": ended,
            "reserve_returns": tables.returns,
            "distance_m": tables.distance_m,
            "motion_j": motion_j,
            "other_j": all_j - motion_j,
        }))
    }
}
