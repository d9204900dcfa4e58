//! Power, frequencies, signals and sites, by hand calculations on whole runs.

use crate::support::{Run, assert_near, run, run_with};
use serde_json::{Value, json};

/// One server without radio and a phone far from mattering, whose tasks the server runs. The tasks are those of a
/// trace.
fn server(class: Value, application: Value, policies: Value) -> Value {
    let mut node = json!({ "tier": "edge", "name": "server", "cores": 4, "mips_per_core": 1000,
        "mobility": { "kind": "static" }, "access_point": { "latency": 0 } });
    node.as_object_mut().unwrap().extend(class.as_object().unwrap().clone());
    let mut task = json!({ "arrival": { "kind": "trace", "file": "trace.csv" }, "length": "2 GI",
        "upload": 0, "download": 0 });
    task.as_object_mut().unwrap().extend(application.as_object().unwrap().clone());
    let mut scenario = json!({
        "duration": "100 s",
        "nodes": [node, { "tier": "device", "name": "phone",
            "mobility": { "kind": "static" }, "power": { "idle": 0, "busy": 0 } }],
        "workloads": [{ "kind": "tasks", "applications": [task] }],
        "policies": { "offloading": { "kind": "edge_only" } },
        "output": { "sample": { "interval": "10 s", "tiers": ["edge"] } }
    });
    scenario["policies"].as_object_mut().unwrap().extend(policies.as_object().unwrap().clone());
    scenario
}

fn with_trace(scenario: &Value, trace: &str) -> Run {
    run_with(scenario, &[("trace.csv", trace)])
}

fn energy_j(run: &Run) -> f64 {
    run.summary()["tiers"]["edge"]["energy_j"].as_f64().unwrap()
}

fn execution_s(run: &Run) -> Vec<f64> {
    run.tasks().iter().map(|task| task.value("execution_s")).collect()
}

/// Two steps: 1 GHz at 0.8 V and 2 GHz at 1 V.
fn two_steps(initial: u32) -> Value {
    json!({ "initial": initial, "steps": [
        { "frequency": "1 GHz", "voltage": 0.8 }, { "frequency": "2 GHz", "voltage": 1.0 } ] })
}

#[test]
fn the_old_form_of_power_is_linear() {
    let old = json!({ "power": { "idle": "40 W", "busy": "120 W" } });
    let new = json!({ "power": { "kind": "linear", "idle": "40 W", "busy": "120 W" } });
    // One of four cores for 2 s: 100 s at 40 W and 2 s at 20 W more.
    let runs = [old, new].map(|power| with_trace(&server(power, json!({}), json!({})), "t_s\n5\n"));
    for run in &runs {
        assert_near(energy_j(run), 4040.0, 1e-6);
    }
    let power = |run: &Run| run.record()["scenario"]["nodes"][0]["power"].clone();
    assert_eq!(power(&runs[0]), power(&runs[1]));
    assert_eq!(power(&runs[0])["sleep"], "0 W");
}

#[test]
fn a_preset_draws_what_was_measured() {
    // A quarter of the load of an ML110 G4: half-way between 92.6 and 96 W for 2 s, else 86 W.
    let power = json!({ "power": { "preset": "hp_proliant_ml110_g4" } });
    let run = with_trace(&server(power, json!({}), json!({})), "t_s\n5\n");
    assert_near(energy_j(&run), 86.0 * 98.0 + 94.3 * 2.0, 1e-6);
    // Presets of threads depend on the cores: 4 of Skylake, one busy.
    let power = json!({ "power": { "preset": "thread_skylake" } });
    let run = with_trace(&server(power, json!({}), json!({})), "t_s\n5\n");
    assert_near(energy_j(&run), 4.0 * 0.613 * 100.0 + (4.104 - 0.613) * 2.0, 1e-6);
}

#[test]
fn kinds_of_power_by_hand() {
    // One of four cores: u = 1/4, u^2 = 1/16, u^3 = 1/64, sqrt u = 1/2.
    for (kind, share) in [("square", 1.0 / 16.0), ("cubic", 1.0 / 64.0), ("square_root", 0.5)] {
        let power = json!({ "power": { "kind": kind, "idle": 64, "busy": 128, "off": 3 } });
        let run = with_trace(&server(power.clone(), json!({}), json!({})), "t_s\n5\n");
        assert_near(energy_j(&run), 6400.0 + 64.0 * share * 2.0, 1e-6);
        // As in CloudSim, an idle node can count as off.
        let mut off = power;
        off["power"]["off_when_idle"] = json!(true);
        let run = with_trace(&server(off, json!({}), json!({})), "t_s\n5\n");
        assert_near(energy_j(&run), 3.0 * 98.0 + (64.0 + 64.0 * share) * 2.0, 1e-6);
    }
    let power = json!({ "power": { "kind": "table", "points": [10, 30, 40] } });
    let run = with_trace(&server(power, json!({}), json!({})), "t_s\n5\n");
    assert_near(energy_j(&run), 10.0 * 98.0 + 20.0 * 2.0, 1e-6);
    let power = json!({ "power": { "kind": "cmos_cores", "coefficient_uw_per_mhz_v2": 500, "static": "2 W",
        "frequency": "1.5 GHz", "voltage": 1.2 } });
    let run = with_trace(&server(power, json!({}), json!({})), "t_s\n5\n");
    assert_near(energy_j(&run), 200.0 + 0.5 * 1.5 * 1.44 * 2.0, 1e-6);
}

#[test]
fn accelerators_draw_while_they_are_held() {
    let class = json!({ "accelerators": { "gpu": 2 }, "power": { "idle": 50, "busy": 50,
        "accelerators": { "gpu": { "idle": "10 W", "busy": "250 W" } } } });
    let task = json!({ "accelerator": { "kind": "gpu" } });
    // Two for 2 s, then the third for 2 s: 6 s of one busy.
    let run = with_trace(&server(class.clone(), task.clone(), json!({})), "t_s\n5\n5\n5\n");
    assert_near(energy_j(&run), 70.0 * 100.0 + 240.0 * 6.0, 1e-6);
    // Where time is shared, a core may be busy before: five jobs on one core, of which two have accelerators.
    let mut shared = class;
    shared["cores"] = json!(1);
    shared["scheduling"] = json!({ "kind": "time_shared" });
    let mut scenario = server(shared, json!({}), json!({}));
    let mut other = scenario["workloads"][0]["applications"][0].clone();
    other["name"] = json!("other");
    other["accelerator"] = task["accelerator"].clone();
    scenario["workloads"].as_array_mut().unwrap().push(json!({ "kind": "tasks", "name": "others",
        "applications": [other] }));
    // At 5 s one of each: they share the core until 9 s, and the GPU is held all that time.
    let run = with_trace(&scenario, "t_s\n5\n");
    assert_near(energy_j(&run), 70.0 * 100.0 + 240.0 * 4.0, 1e-5);
}

#[test]
fn a_slow_clock_stretches_jobs_by_their_class() {
    // 2 GI at 1000 MIPS take 2 s at 2 GHz; at 1 GHz 2 s (beta + 1).
    for (class, beta) in [("compute", 1.0), ("hybrid", 0.55), ("memory", 0.2)] {
        for (initial, factor) in [(0, 1.0 + beta), (1, 1.0)] {
            let frequency = json!({ "frequency": two_steps(initial) });
            let run = with_trace(&server(frequency, json!({ "class": class }), json!({})), "t_s\n5\n");
            assert_near(execution_s(&run)[0], 2.0 * factor, 1e-8);
        }
    }
    // The Xeon's measured times of its slowest step.
    let frequency = json!({ "frequency": { "preset": "xeon_e3_1220", "initial": 0 } });
    let run = with_trace(&server(frequency, json!({ "class": "hybrid" }), json!({})), "t_s\n5\n");
    assert_near(execution_s(&run)[0], 2.0 * 1.348819874, 1e-8);
}

#[test]
fn energy_follows_frequency_and_voltage() {
    // One of four cores of a Xeon at 2 GHz and 0.851 V: 18.98 / 4 * 0.851^2 * 2 W above 34.01 W, for 2 s times
    // the measured 1.611362471.
    let class = json!({ "frequency": { "preset": "xeon_e3_1220", "initial": 0 }, "power": { "preset": "xeon_e3_1220" } });
    let run = with_trace(&server(class, json!({}), json!({})), "t_s\n5\n");
    let dynamic_w = 18.98 / 4.0 * 0.851 * 0.851 * 2.0;
    assert_near(energy_j(&run), 3401.0 + dynamic_w * 2.0 * 1.611362471, 1e-6);
    // A linear model scales what is above idle by V^2 f: 0.64 * 1 / 2.
    let class = json!({ "frequency": two_steps(0), "power": { "idle": 40, "busy": 120 } });
    let run = with_trace(&server(class, json!({}), json!({})), "t_s\n5\n");
    assert_near(energy_j(&run), 4000.0 + 20.0 * 0.32 * 4.0, 1e-6);
}

fn governed(governor: Value, class: Value, trace: &str) -> Run {
    let mut node = json!({ "frequency": two_steps(0), "power": { "idle": 40, "busy": 120 } });
    node.as_object_mut().unwrap().extend(class.as_object().unwrap().clone());
    with_trace(&server(node, json!({}), json!({ "frequency": governor })), trace)
}

/// Times and gigahertz of the changes of frequency.
fn changes(run: &Run) -> Vec<(f64, f64)> {
    run.table("frequencies")
        .iter()
        .map(|row| (row.value("t_s"), row.value("frequency_hz") / 1e9))
        .collect()
}

#[test]
fn performance_and_powersave_go_to_their_ends_at_once() {
    let run = governed(json!({ "kind": "performance" }), json!({}), "t_s\n5\n");
    assert_eq!(changes(&run), [(0.0, 2.0)]);
    assert_near(execution_s(&run)[0], 2.0, 1e-8);
    let run = governed(json!({ "kind": "powersave" }), json!({ "frequency": two_steps(1) }), "t_s\n5\n");
    assert_eq!(changes(&run), [(0.0, 1.0)]);
    assert_near(execution_s(&run)[0], 4.0, 1e-8);
    assert_eq!(run.summary()["frequency"]["changes"], 1);
}

#[test]
fn ondemand_raises_after_a_busy_period_and_jobs_are_retimed() {
    // One core. The job of 2 GI begins at 5 s at half speed. The period to 6 s was all busy: from then on
    // at full speed, 1.5 GI are left, and it ends at 7.5 s. The period to 8 s was half busy, for which 1 + 0.5 GHz
    // would do; the next step is 2 GHz. The one to 9 s was idle.
    let run = governed(json!({ "kind": "ondemand" }), json!({ "cores": 1 }), "t_s\n5\n");
    assert_eq!(changes(&run), [(6.0, 2.0), (9.0, 1.0)]);
    assert_near(execution_s(&run)[0], 2.5, 1e-8);
    // 40 W idle; 25.6 W above it for 1 s, 80 W for 1.5 s.
    assert_near(energy_j(&run), 4000.0 + 25.6 + 120.0, 1e-6);
    let loads: Vec<f64> = run.table("frequencies").iter().map(|row| row.value("load")).collect();
    assert_eq!(loads, [1.0, 0.0]);
}

#[test]
fn a_change_of_load_is_followed_at_once() {
    let governor = json!({ "kind": "schedutil", "period": 0, "on_load_change": true });
    let run = governed(governor, json!({ "cores": 1 }), "t_s\n5\n");
    assert_eq!(changes(&run), [(5.0, 2.0), (7.0, 1.0)]);
    assert_near(execution_s(&run)[0], 2.0, 1e-8);
    // The first of four cores makes a load of a quarter: 1.25 * 1 GHz * 0.25 is below 1 GHz.
    let governor = json!({ "kind": "schedutil", "period": 0, "on_load_change": true });
    assert_eq!(changes(&governed(governor, json!({}), "t_s\n5\n")), []);
}

#[test]
fn the_service_level_is_kept_at_the_least_power() {
    let governor = json!({ "kind": "sla_aware", "max_load": 0.7, "period": 0, "on_load_change": true });
    let slow = |class: &str| {
        let node = json!({ "frequency": two_steps(1), "power": { "idle": 40, "busy": 120 } });
        let scenario = server(node, json!({ "class": class }), json!({ "frequency": governor.clone() }));
        changes(&with_trace(&scenario, "t_s\n5\n5\n"))
    };
    // At 5 s, one job in four: compute-bound, it makes 0.5 at half the clock, which is kept; then two make 1.
    // At that instant both are there already when it decides, and it stays. When idle, the slow step is cheapest.
    assert_eq!(slow("compute"), [(7.0, 1.0)]);
    // Two memory-bound ones make 0.6 only.
    assert_eq!(slow("memory"), [(5.0, 1.0)]);
}

#[test]
fn without_a_governor_there_is_neither_table_nor_summary() {
    let run = run(&json!({ "duration": "5 s", "nodes": [{ "tier": "edge" }, { "tier": "device" }] }));
    assert!(!run.path.join("tables/frequencies.csv").exists());
    assert!(run.summary().get("frequency").is_none());
}
