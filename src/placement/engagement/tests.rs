use super::*;
use crate::apps::missions::{DroneFacts, DroneState, EngagementRequest, Foresight, Objective, Trip};
use crate::engine::RandomStreams;
use crate::infra::NodeId;
use crate::units::Duration;
use proptest::prelude::*;

fn drone(node: u32, reach_s: f64) -> DroneFacts {
    DroneFacts {
        node: NodeId(node),
        state: DroneState::Ready,
        distance_m: 100.0,
        reach: Some(Trip { time_s: reach_s, energy_j: 200.0 * reach_s }),
        back: Trip { time_s: 60.0, energy_j: 12_000.0 },
        battery_share: 1.0,
        usable_j: 180_000.0,
        station_w: 216.0,
        ready_in_s: 0.0,
        link_bps: 1e6,
    }
}

/// A second of perfect detection is worth 3600 J.
fn request(drones: &[DroneFacts], measured: f64, engaged: Option<usize>) -> EngagementRequest<'_> {
    EngagementRequest {
        workload: 0,
        mission: 0,
        period: 7,
        period_s: 5.0,
        vehicle: NodeId(9),
        measured,
        trend_per_s: 0.0,
        mean: measured,
        left_m2: 5000.0,
        area_m2: 10_000.0,
        left_s: 2000.0,
        helper: 0.6,
        drones,
        engaged,
        since_change_s: f64::INFINITY,
        wind_m_per_s: 0.0,
        service_s: 60.0,
        objective: Objective { per_joule: 1.0 / 3600.0, per_overhead_second: 0.0 },
        ahead: None,
    }
}

fn decide(policy: &mut dyn EngagementPolicy, request: &EngagementRequest<'_>) -> EngagementDecision {
    let mut random = RandomStreams::new(1).stream("test");
    policy.decide(&mut EngagementView::new(request, &mut random))
}

#[test]
fn a_threshold_has_hysteresis_and_dwells() {
    let drones = [drone(0, 50.0), drone(1, 40.0)];
    let mut policy = Threshold::default();
    let mut told = |measured, engaged, since_change_s| {
        let own = EngagementRequest { since_change_s, ..request(&drones, measured, engaged) };
        decide(&mut policy, &own)
    };
    // The one that is there first.
    assert_eq!(told(0.69, None, f64::INFINITY), EngagementDecision::Engage(1));
    assert_eq!(told(0.71, None, f64::INFINITY), EngagementDecision::Keep);
    assert_eq!(told(0.84, Some(1), 10.0), EngagementDecision::Keep);
    assert_eq!(told(0.86, Some(1), 10.0), EngagementDecision::Disengage);
    assert_eq!(told(0.1, None, 9.9), EngagementDecision::Keep);
    let crossed = Threshold { engage_below: 0.8, disengage_above: 0.7, ..Threshold::default() };
    assert!(crossed.check().is_err() && Threshold::default().check().is_ok());
}

#[test]
fn drones_that_are_out_or_cannot_get_there_are_not_engaged() {
    let out = DroneFacts { state: DroneState::Returning, ..drone(0, 10.0) };
    let far = DroneFacts { reach: None, ..drone(1, 10.0) };
    let drones = [out, far];
    assert_eq!(decide(&mut Always {}, &request(&drones, 0.1, None)), EngagementDecision::Keep);
    assert_eq!(decide(&mut Never {}, &request(&drones, 0.1, Some(0))), EngagementDecision::Disengage);
}

#[test]
fn a_forecast_weighs_what_is_gained_against_energy() {
    let drones = [drone(0, 50.0)];
    let mut policy = Predicted::default();
    // 216 W cost 0.06 a second; a helper of 0.6 pays below 1 - 0.06 / 0.6 = 0.9.
    assert_eq!(decide(&mut policy, &request(&drones, 0.91, None)), EngagementDecision::Keep);
    assert_eq!(decide(&mut policy, &request(&drones, 0.91, Some(0))), EngagementDecision::Disengage);
    assert_eq!(decide(&mut policy, &request(&drones, 0.89, Some(0))), EngagementDecision::Keep);
    // Steady at 0.5 with 2000 s left, the battery lasts (180 - 10 - 12) kJ / 216 W = 731 s: 0.3 * 731 s gained, 50 s spent.
    assert_eq!(decide(&mut policy, &request(&drones, 0.5, None)), EngagementDecision::Engage(0));
    // With 60 s left it is there for 10 s: 3 s gained, and 24 kJ or 6.7 s spent.
    let late = EngagementRequest { left_s: 60.0, ..request(&drones, 0.5, None) };
    assert_eq!(decide(&mut policy, &late), EngagementDecision::Keep);
    // It is back to 0.95 within seconds: nothing is gained.
    let brief = EngagementRequest { mean: 0.95, ..request(&drones, 0.5, None) };
    let mut quick = Predicted { recovery: Duration::from_secs(5.0), ..Predicted::default() };
    assert_eq!(decide(&mut quick, &brief), EngagementDecision::Keep);
    assert!(Predicted { recovery: Duration::from_secs(0.0), ..Predicted::default() }.check().is_err());
}

/// A drone that can be on station for three periods of energy 10 J each costs `out` and `back` to go.
fn foresight(gain_s: &[f64], out: Trip, back: Trip) -> Foresight {
    let periods = gain_s.len();
    Foresight {
        period_s: 10.0,
        gain_s: gain_s.to_vec(),
        out: vec![out; periods],
        back: vec![back; periods],
    }
}

const OUT_PERIODS: usize = 2;
const DOWN_PERIODS: usize = 3;

/// The greatest value from a period on without a drone, by trying everything. A joule costs a hundredth of a second.
fn tried(gain_s: &[f64], from: usize, leg_j: f64) -> f64 {
    if from >= gain_s.len() {
        return 0.0;
    }
    let mut best = tried(gain_s, from + 1, leg_j);
    let arrival = from + OUT_PERIODS;
    let mut gained_s = 0.0;
    for end in arrival + 1..=gain_s.len() {
        gained_s += gain_s[end - 1];
        let energy_j = 2.0 * leg_j + 10.0 * (end - arrival) as f64;
        let value = gained_s - 0.01 * energy_j + tried(gain_s, end + DOWN_PERIODS, leg_j);
        best = best.max(value);
    }
    best
}

/// The value that the oracle comes to when it is asked period by period.
fn played(gain_s: &[f64], leg_j: f64) -> f64 {
    let (out, back) = (Trip { time_s: 20.0, energy_j: leg_j }, Trip { time_s: 20.0, energy_j: leg_j });
    let ahead = foresight(gain_s, out, back);
    let mut policy = Oracle::default();
    let (mut value, mut ready_at, mut arrival) = (0.0, 0, None);
    for (period, gained_s) in gain_s.iter().enumerate() {
        let state = match arrival {
            Some(arrival) if period >= arrival => DroneState::OnStation,
            Some(_) => DroneState::Underway,
            None if period >= ready_at => DroneState::Ready,
            None => DroneState::Serviced,
        };
        let left = arrival.map_or(OUT_PERIODS, |arrival: usize| arrival.saturating_sub(period)) as f64;
        let reach = Trip { time_s: 10.0 * left, energy_j: leg_j * left / OUT_PERIODS as f64 };
        let facts = DroneFacts {
            state,
            reach: Some(reach),
            back,
            usable_j: 1e9,
            station_w: 1.0,
            ..drone(0, 0.0)
        };
        let drones = [facts];
        let own = EngagementRequest {
            // Down for 2 periods of the way back, and one of the service.
            service_s: 10.0,
            objective: Objective { per_joule: 0.01, per_overhead_second: 0.0 },
            ahead: Some((period, &ahead)),
            ..request(&drones, 0.5, arrival.map(|_| 0))
        };
        match decide(&mut policy, &own) {
            EngagementDecision::Engage(_) => {
                value -= 0.01 * leg_j;
                arrival = Some(period + OUT_PERIODS);
            }
            EngagementDecision::Disengage => {
                value -= 0.01 * leg_j;
                arrival = None;
                ready_at = period + DOWN_PERIODS;
            }
            EngagementDecision::Keep => {}
        }
        if arrival.is_some_and(|arrival| period >= arrival) {
            value += gained_s - 0.1;
        }
    }
    if arrival.is_some() { value - 0.01 * leg_j } else { value }
}

proptest! {
    /// Nothing that could be tried is worth more than what the oracle does.
    #[test]
    fn the_oracle_comes_to_the_best_that_can_be(
        gain_s in prop::collection::vec(0.0..2.0f64, 1..11),
        leg_j in 0.0..150.0f64,
    ) {
        let (best, found) = (tried(&gain_s, 0, leg_j), played(&gain_s, leg_j));
        prop_assert!((best - found).abs() < 1e-9, "{found} in place of {best}");
    }
}
