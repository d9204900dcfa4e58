//! Hosts of virtual machines whose frequency is governed, by hand calculations on whole runs.

use crate::support::{Run, assert_near, attempt, error_text, run};
use serde_json::{Value, json};
use stratosim::apps::virtual_machines::{
    Demand, DemandGrid, Demands, VmOptions, VmRequest, VmType, VmWorkload,
};
use stratosim::energy::{FrequencySteps, LinearPower, OperatingPoint, Performance};
use stratosim::engine::{SimDuration, SimTime};
use stratosim::infra::compute::{Discipline, Resources};
use stratosim::infra::{HostSpec, NodeClass, NodeId, Position, Static, Tier, VmSpec};
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::placement::frequency::{FrequencyDecision, FrequencyGovernor, FrequencyView};
use stratosim::world::{GovernorTimes, WorldBuilder};

/// Hosts of 4 x 1000 MIPS at 2 GHz and 1 V, 100 to 200 W, that can go down to 1 GHz and 0.8 V, where a busy host
/// draws 132 W: 0.64 / 2 of what is above idle.
fn scenario(hosts: u32, types: Value, policies: Value) -> Value {
    json!({
        "duration": "100 s",
        "nodes": [
            {
                "tier": "cloud", "name": "host", "count": hosts, "cores": 4, "mips_per_core": "1000 MIPS",
                "power": { "idle": "100 W", "busy": "200 W", "sleep": "0 W" },
                "frequency": { "steps": [
                    { "frequency": "1 GHz", "voltage": 0.8 }, { "frequency": "2 GHz", "voltage": 1.0 }
                ] }
            },
            { "tier": "network", "name": "switch" }
        ],
        "network": { "topology": [{ "kind": "star", "center": "switch", "leaves": ["host"] }] },
        "workloads": [{ "kind": "virtual_machines", "hosts": ["host"], "types": types, "period": "10 s" }],
        "policies": policies,
        "output": { "sample": { "interval": 0 } }
    })
}

/// Virtual machines of 1 x 1000 MIPS that always want this share of it.
fn steady(count: u32, share: f64) -> Value {
    json!([{ "count": count, "vcpus": 1, "mips_per_vcpu": "1000 MIPS",
        "demand": { "kind": "constant", "utilisation": share } }])
}

fn of_kind(kind: &str) -> Value {
    json!({ "frequency": { "kind": kind, "period": "10 s" } })
}

fn vms(run: &Run) -> Value {
    run.summary()["workloads"]["virtual_machines"].clone()
}

fn energy_j(run: &Run) -> f64 {
    vms(run)["energy_kwh"].as_f64().unwrap() * 3.6e6
}

/// Two want 400 MIPS each: at 2 GHz 0.2 of the host and 120 W, at 1 GHz 0.4 and 100 + 40 * 0.32 W.
#[test]
fn a_governor_saves_what_its_step_draws_less() {
    for (kind, power_w, busy) in
        [("performance", 120.0, 0.2), ("powersave", 112.8, 0.4), ("sla_aware", 112.8, 0.4)]
    {
        let run = run(&scenario(1, steady(2, 0.4), of_kind(kind)));
        assert_near(energy_j(&run), 100.0 * power_w, 1e-6);
        assert_eq!(vms(&run)["overall_sla_violation"], 0.0, "{kind}");
        assert_near(vms(&run)["utilisation"].as_f64().unwrap(), busy, 1e-9);
    }
}

/// One wants 900 MIPS, which is 0.45 of the slow host, but more than the 500 MIPS of its slow core.
#[test]
fn the_service_level_counts_for_each_virtual_core() {
    let violation = |governor: Value| {
        let run = run(&scenario(1, steady(1, 0.9), json!({ "frequency": governor })));
        (vms(&run)["overall_sla_violation"].as_f64().unwrap(), run.table("frequencies").len())
    };
    let (missed, changes) = violation(json!({ "kind": "powersave", "period": "10 s" }));
    assert_near(missed, 400.0 / 900.0, 1e-9);
    assert_eq!(changes, 1);
    assert_eq!(violation(json!({ "kind": "sla_aware", "period": "10 s" })), (0.0, 0));
    // If 55 % are enough, the slow step will do.
    let (missed, changes) =
        violation(json!({ "kind": "sla_aware", "min_share": "55%", "period": "10 s" }));
    assert_near(missed, 400.0 / 900.0, 1e-9);
    assert_eq!(changes, 1);
}

/// A virtual machine as large as a fast core is placed on a slow host, since the governor could raise its clock.
#[test]
fn room_is_counted_at_the_fastest_clock() {
    let run = run(&scenario(1, steady(4, 0.3), of_kind("powersave")));
    assert_eq!(vms(&run)["vms"]["running"], 4);
}

/// Three on one host want 2550 MIPS: 0.64 of it at 2 GHz, but more than the 2000 MIPS at 1 GHz, so that it is
/// relieved at the first step. A second one, which would make 0.85 of either, finds no place.
#[test]
fn overload_is_detected_at_the_present_clock() {
    let types = json!([{ "count": 3, "vcpus": 1, "mips_per_vcpu": "1000 MIPS", "memory": "125 MB", "arrival": { "kind": "at_once", "at": "1 s" },
        "demand": { "kind": "constant", "utilisation": 0.85 } }]);
    let policies = |kind: &str| {
        let mut policies = of_kind(kind);
        policies["consolidation"] =
            json!({ "kind": "overload_and_underload", "empties": false, "sleeps": false });
        policies
    };
    let fast = run(&scenario(2, types.clone(), policies("performance")));
    assert_eq!(vms(&fast)["migrations"], 0);
    let slow = run(&scenario(2, types, policies("powersave")));
    let moves = slow.table("migrations");
    assert_eq!(moves.len(), 1);
    assert_eq!(moves[0].value("started_s"), 10.0);
}

/// What the load is at half the clock is 0.3, for which `ondemand` wants 1.3 GHz and takes 2; at 2 GHz it is 0.15,
/// and it takes 2 again. It is asked once for each change of what is wanted, not for what its own changes do.
#[test]
fn a_change_of_what_is_wanted_is_followed_at_once() {
    let types = json!([
        { "name": "early", "count": 1, "mips_per_vcpu": "1000 MIPS", "lifetime": "50 s",
            "arrival": { "kind": "at_once", "at": "5 s" }, "demand": { "kind": "constant", "utilisation": 0.6 } },
        { "name": "late", "count": 3, "mips_per_vcpu": "1000 MIPS",
            "arrival": { "kind": "at_once", "at": "25 s" }, "demand": { "kind": "constant", "utilisation": 1 } }
    ]);
    let governor = json!({ "kind": "sla_aware", "min_share": 0, "period": 0, "on_load_change": true });
    let run = run(&scenario(1, types, json!({ "frequency": governor })));
    // 0.3 of the slow host; then 3600 of 4000 MIPS; then 3000.
    let decided: Vec<[f64; 4]> = run
        .table("decisions")
        .iter()
        .filter(|row| row.text("point") == "frequency")
        .map(|row| {
            ["t_s", "node_demand", "node_slowest_load", "chosen_hz"].map(|column| row.value(column))
        })
        .collect();
    assert_eq!(decided, [[5.0, 0.15, 0.3, 1e9], [25.0, 1.8, 1.8, 2e9], [55.0, 0.75, 1.5, 2e9]]);
    // 100 W; from 5 s on one of four cores, which does 500 of the 600 MIPS wanted; 190 W from 25 s on; 175 W from 55 s on.
    let expected_j = 100.0 * 5.0 + 108.0 * 20.0 + 190.0 * 30.0 + 175.0 * 45.0;
    assert_near(energy_j(&run), expected_j, 1e-6);
}

/// Full speed while the host could not serve half of what is asked for slowly.
#[derive(Debug)]
struct Half;

impl FrequencyGovernor for Half {
    fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision {
        assert!(view.host().is_some() && view.waiting() == 0);
        let slow = view.served_at(0) >= 0.5;
        FrequencyDecision::Step(if slow { 0 } else { view.steps().last() })
    }
}

/// 900, 750 and 1200 MIPS in turn on a core of a host, of which the slow step gives 400: 0.44, 0.53 and 0.33 of it.
#[test]
fn a_governor_of_ones_own_sees_what_is_served() {
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(60.0));
    let mut class = NodeClass::new("host", Tier::Cloud, 1).with_cores(1, 1200.0);
    class.power = LinearPower { idle_w: 100.0, busy_w: 200.0 }.into();
    let point = |ghz: f64| OperatingPoint::new(ghz * 1e9, 1.0).unwrap();
    let steps = FrequencySteps::new(vec![point(1.0), point(3.0)], Performance::default()).unwrap();
    class.frequency = Some(steps);
    world.class(class, Static::at(vec![Position::default()]).unwrap());
    let rows = [vec![0.75, 0.625, 1.0]];
    let grid = DemandGrid::from_rows(SimDuration::from_secs(20.0), &rows);
    let types = vec![VmType {
        name: "vm".into(),
        discipline: Discipline::TimeShared { job_limit: usize::MAX },
        serves: None,
    }];
    let request = VmRequest {
        spec: VmSpec::new(1, 1200.0, Resources::default()),
        time: SimTime::ZERO,
        lifetime: None,
        demand: Demand::Grid { grid: 0, row: 0 },
    };
    let options = VmOptions { hosts: vec![(NodeId(0), HostSpec::default())], ..VmOptions::default() };
    let demands = Demands { grids: vec![grid], ..Demands::default() };
    world.workload(VmWorkload::new("vms", types, vec![request], demands, vec![], options));
    let times = GovernorTimes { period: SimDuration::from_secs(10.0), on_load_change: true };
    world.governor("half", Half, times);
    let recorder = Recorder::new(Destination::Memory, TableSelection::All);
    let finished = world.build(Box::new(recorder)).unwrap().run().unwrap();
    let tables = finished.records.into_any().downcast::<Recorder>().unwrap().finish().unwrap();
    let changes = tables.rows("frequencies").unwrap();
    let (time, hertz) =
        (changes.spec().column("t_s").unwrap(), changes.spec().column("frequency_hz").unwrap());
    let found: Vec<String> = (0..changes.len())
        .map(|row| format!("{} {}", changes.text(row, time), changes.text(row, hertz)))
        .collect();
    assert_eq!(found, ["20.0 1000000000.0", "40.0 3000000000.0"]);
    // The slow core draws a third of the 100 W above idle when it is busy, as it is.
    let power_w = [175.0, 100.0 + 100.0 / 3.0, 200.0];
    let expected_j: f64 = power_w.iter().map(|power_w| 20.0 * power_w).sum();
    assert_near(finished.summary["tiers"]["cloud"]["energy_j"].as_f64().unwrap(), expected_j, 1e-6);
    let decisions = tables.rows("decisions").unwrap();
    let policy = decisions.spec().column("policy").unwrap();
    assert!((0..decisions.len()).any(|row| decisions.text(row, policy) == "half"));
}

/// At each period of 50 s one decision about the host, of which the first one changes its step. It gets 500 of 900
/// MIPS there: of one core of four, 108 of the 200 W.
#[test]
fn decisions_about_frequencies_are_recorded_with_their_reward() {
    let mut policies = of_kind("powersave");
    policies["frequency"]["period"] = json!("50 s");
    let run = run(&scenario(1, steady(1, 0.9), policies));
    let rows: Vec<_> =
        run.table("decisions").into_iter().filter(|row| row.text("point") == "frequency").collect();
    let texts: Vec<[&str; 7]> = rows
        .iter()
        .map(|row| {
            ["t_s", "policy", "workload", "device", "choice", "outcome", "subject"].map(|c| row.text(c))
        })
        .collect();
    assert_eq!(
        texts,
        [
            ["0.0", "powersave", "", "host", "", "applied", "0"],
            ["50.0", "powersave", "", "host", "", "kept", "0"],
            ["100.0", "powersave", "", "host", "", "kept", "0"],
        ]
    );
    let reward = 500.0 / 900.0 - 108.0 / 200.0;
    for (row, expected) in rows.iter().zip([reward, reward, 1.0 - 108.0 / 200.0]) {
        assert_near(row.value("reward"), expected, 1e-9);
    }
    let features = [
        "node_load",
        "node_demand",
        "node_running",
        "node_waiting",
        "node_frequency_hz",
        "node_slowest_load",
        "node_fastest_load",
        "node_slowest_served",
        "node_power_w",
        "chosen_hz",
    ];
    let seen = features.map(|column| rows[1].value(column));
    for (found, expected) in
        seen.into_iter().zip([0.25, 0.45, 1.0, 0.0, 1e9, 0.45, 0.225, 500.0 / 900.0, 108.0, 1e9])
    {
        assert_near(found, expected, 1e-9);
    }
    assert_eq!(rows[1].number("node_headroom_w"), None);
    assert_eq!(run.summary()["frequency"]["decisions"], 3);
}

/// Only the points that are named are recorded, with their columns; the run is the same.
#[test]
fn what_is_recorded_of_decisions_can_be_chosen() {
    let all = scenario(1, steady(2, 0.4), of_kind("sla_aware"));
    let mut some = all.clone();
    some["output"]["decisions"] = json!(["vm_allocation"]);
    let (all, some) = (run(&all), run(&some));
    let points = |run: &Run| {
        let mut points: Vec<String> =
            run.table("decisions").iter().map(|row| row.text("point").to_string()).collect();
        points.sort();
        points.dedup();
        points
    };
    assert_eq!(points(&all), ["frequency", "vm_allocation"]);
    assert_eq!(points(&some), ["vm_allocation"]);
    let columns = |run: &Run| std::fs::read_to_string(run.path.join("dictionary.json")).unwrap();
    assert!(columns(&all).contains("chosen_hz") && !columns(&some).contains("chosen_hz"));
    let results = |run: &Run| {
        let mut summary = run.summary();
        summary.as_object_mut().unwrap().remove("tables");
        summary
    };
    assert_eq!(results(&all), results(&some));
    let mut wrong = scenario(1, steady(1, 0.4), json!({}));
    wrong["output"]["decisions"] = json!(["frequencies"]);
    let (result, _) = attempt(&wrong, &[]);
    let text = error_text(&result.failure());
    assert!(text.contains("output.decisions[0]") && text.contains("\"frequency\""), "{text}");
}

/// One wants 900 MIPS, of which a slow core gives 500: that costs 4/9 of 0.09 an hour, or 0.04. A quarter of the host's
/// cores is busy then, and 0.225 fast: what the slow step is counted to draw is 114.4 W, and the fast one 122.5 W. The
/// difference costs 0.0324 an hour at 4 for a kWh, and 0.0486 at 6.
#[test]
fn cost_is_weighed_by_the_present_price() {
    let mut types = steady(1, 0.9);
    types[0]["sla"] = json!({ "price_per_hour": 0.09, "penalty": { "kind": "proportional" } });
    let mut scenario = scenario(1, types, of_kind("cost_aware"));
    let steps = |scenario: &Value| -> Vec<(f64, f64)> {
        let rows = run(scenario).table("frequencies");
        rows.iter().map(|row| (row.value("t_s"), row.value("frequency_hz"))).collect()
    };
    scenario["signals"]["price"] =
        json!({ "unit": "EUR/kWh", "points": [[0, 4], [45, 6], [75, 4]], "outside": "hold" });
    scenario["sites"] = json!([{ "name": "site", "nodes": "host", "price": "price" }]);
    assert_eq!(steps(&scenario), [(50.0, 1e9), (80.0, 2e9)]);
    // The overhead of the site is paid for, too: 6 for each kWh of the host.
    scenario["sites"][0]["pue"] = json!(1.5);
    assert_eq!(steps(&scenario), [(0.0, 1e9)]);
    // Without a site, at a price of its own.
    scenario["sites"] = json!([]);
    assert_eq!(steps(&scenario), []);
    scenario["policies"]["frequency"]["energy_price_per_kwh"] = json!(6);
    assert_eq!(steps(&scenario), [(0.0, 1e9)]);
}
