//! Signals and sites on whole runs: what energy costs, where it comes from, and power caps.

use crate::real_data::data;
use crate::support::{Run, assert_near, run_with};
use serde_json::{Value, json};

/// Two servers of one core, 50 W idle and 150 W busy, at the site `here`; the phone's tasks of 10 s run on the
/// first one. 100 s.
fn scenario(site: Value, signals: Value) -> Value {
    let mut own = json!({ "name": "here", "nodes": "server" });
    own.as_object_mut().unwrap().extend(site.as_object().unwrap().clone());
    json!({
        "duration": "100 s",
        "nodes": [
            { "tier": "edge", "name": "server", "count": 2, "cores": 1, "mips_per_core": 1000,
              "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }, { "x": 900, "y": 0 }] },
              "access_point": { "latency": 0 } },
            { "tier": "device", "name": "phone", "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }] } }
        ],
        "signals": signals,
        "sites": [own],
        "workloads": [{ "kind": "tasks", "applications": [{
            "arrival": { "kind": "trace", "file": "trace.csv" }, "length": "10 GI", "upload": 0, "download": 0 }] }],
        "policies": { "offloading": { "kind": "edge_only" } },
        "output": { "sample": { "interval": "10 s", "tiers": ["edge"] } }
    })
}

fn with_trace(scenario: &Value, trace: &str) -> Run {
    run_with(scenario, &[("trace.csv", trace)])
}

fn site(run: &Run, key: &str) -> f64 {
    run.summary()["sites"]["here"][key].as_f64().unwrap_or_else(|| panic!("{key} in {}", run.summary()))
}

#[test]
fn cost_and_carbon_by_hand() {
    // 36 EUR/MWh are 1e-8 EUR/J. One task from 40 s to 50 s: 100 W more.
    let signals = json!({
        "price": { "points": [[0, 36], ["45 s", -72]], "unit": "EUR/MWh", "outside": "hold" },
        "carbon": { "points": [[0, 360], ["100 s", 0]], "unit": "g/kWh", "interpolation": "linear" }
    });
    let here = json!({ "price": "price", "carbon": "carbon", "pue": 1.5 });
    let run = with_trace(&scenario(here, signals), "t_s\n40\n");
    assert_near(site(&run, "energy_j"), 10_000.0 + 1000.0, 1e-6);
    assert_near(site(&run, "demand_j"), 16_500.0, 1e-6);
    assert_near(site(&run, "brown_j"), 16_500.0, 1e-6);
    // 150 W for 45 s, and for 55 s at minus twice the price; 150 W more for 5 s each.
    let cost = 1e-8 * (150.0 * 45.0 - 2.0 * 150.0 * 55.0 + 150.0 * 5.0 - 2.0 * 150.0 * 5.0);
    assert_near(site(&run, "cost"), cost, 1e-15);
    assert_eq!(run.summary()["sites"]["here"]["currency"], "EUR");
    // 1e-4 g/J falling to nothing: half of it on the mean, and 0.55e-4 on the mean of 40 s to 50 s.
    assert_near(site(&run, "carbon_g"), 1e-4 * (150.0 * 50.0 + 150.0 * 10.0 * 0.55), 1e-12);
}

#[test]
fn the_table_has_the_parts_of_the_whole() {
    let signals =
        json!({ "price": { "points": [[0, 36], ["45 s", -72]], "unit": "EUR/MWh", "outside": "hold" } });
    let run = with_trace(&scenario(json!({ "price": "price" }), signals), "t_s\n41\n");
    let rows = run.table("energy");
    assert_eq!(rows.len(), 10 * 3);
    let sum = |column: &str, wanted: &dyn Fn(&str) -> bool| -> f64 {
        rows.iter().filter(|row| wanted(row.text("node"))).map(|row| row.value(column)).sum()
    };
    for column in ["energy_j", "demand_j", "brown_j", "cost", "carbon_g"] {
        let whole = site(&run, column);
        assert_near(sum(column, &|node| node.is_empty()), whole, 1e-9 * whole.abs());
        assert_near(sum(column, &|node| !node.is_empty()), whole, 1e-9 * whole.abs());
    }
    // The idle server has the idle part: 50 W for 45 s, and at minus twice the price for 55 s.
    let idle = sum("cost", &|node| node == "server-1");
    assert_near(idle, 1e-8 * 50.0 * (45.0 - 2.0 * 55.0), 1e-15);
    let last: Vec<_> = rows.iter().filter(|row| row.value("t_s") == 50.0).collect();
    assert_near(last[0].value("price_per_kwh"), -0.072, 1e-12);
    assert_eq!((last[0].text("currency"), last[1].text("price_per_kwh")), ("EUR", ""));
    assert_eq!(last[0].text("carbon_intensity_g_per_kwh"), "");
}

#[test]
fn sun_and_battery_by_hand() {
    // 100 W of demand. The sun gives 40 W for 50 s, then 180 W; the battery has 1000 J at first. Until it is empty
    // it gives 60 W: 16.67 s. Then the grid gives 60 W up to 50 s: 2000 J. From then on 80 W are too much, of which
    // the battery takes 30 W for 50 s.
    let signals = json!({
        "sun": { "points": [[0, 20], ["50 s", 90]], "unit": "%", "outside": "hold" },
        "price": { "constant": 3.6, "unit": "EUR/kWh" }
    });
    let battery = json!({ "capacity": "2 kJ", "level": 0.5, "charge_limit": "30 W", "efficiency": 0.9 });
    let here = json!({ "price": "price", "generation": [{ "signal": "sun", "rated": "200 W" }], "battery": battery });
    let run = with_trace(&scenario(here, signals), "t_s\n");
    for (key, expected) in [
        ("demand_j", 10_000.0),
        ("green_j", 2000.0 + 5000.0),
        ("battery_j", 1000.0),
        ("brown_j", 2000.0),
        ("cost", 2000.0 * 1e-6),
        ("generation_j", 2000.0 + 9000.0),
        ("charged_j", 1500.0),
        ("surplus_j", 2500.0),
        ("battery_level_j", 1350.0),
    ] {
        assert_near(site(&run, key), expected, 1e-9 * expected.max(1.0));
    }
}

#[test]
fn dates_meet_the_calendar_across_the_change_of_clocks() {
    // The run begins half an hour before clocks in Brussels go from 02:00 to 03:00: the third price holds from
    // 03:00 on, and the second not at all.
    let prices = "when,price\n2023-03-26 01:00,36\n2023-03-26 02:00,-1000\n2023-03-26 03:00,72\n2023-03-26 04:00,720\n";
    let mut whole = scenario(
        json!({ "price": "price" }),
        json!({ "price": { "file": "prices.csv", "time": "when", "value": "price", "unit": "EUR/MWh",
            "step": "1 h", "time_zone": "Europe/Brussels", "duplicates": "last" } }),
    );
    whole["duration"] = json!("1 h");
    whole["calendar"] = json!({ "start": "2023-03-26T01:30", "time_zone": "Europe/Brussels" });
    let files = [("trace.csv", "t_s\n"), ("prices.csv", prices)];
    let run = run_with(&whole, &files);
    assert_near(site(&run, "cost"), 1e-8 * 100.0 * (1800.0 + 2.0 * 1800.0), 1e-12);
    // The same instant in another zone, and given by the signal itself.
    whole["calendar"] = json!({ "start": "2023-03-26T00:30Z" });
    assert_eq!(site(&run_with(&whole, &files), "cost"), site(&run, "cost"));
    whole["calendar"] = json!({ "start": "1999-01-01" });
    whole["signals"]["price"]["start"] = json!("2023-03-26T01:30");
    assert_eq!(site(&run_with(&whole, &files), "cost"), site(&run, "cost"));
    // Without any, the series begins with the run.
    whole.as_object_mut().unwrap().remove("calendar");
    whole["signals"]["price"].as_object_mut().unwrap().remove("start");
    assert_near(site(&run_with(&whole, &files), "cost"), 1e-8 * 100.0 * 3600.0, 1e-12);
}

/// The servers have two steps: 1 GHz, at which a busy one draws 50 + 100 * 0.32 = 82 W, and 2 GHz.
fn capped(cap: Value, signals: Value) -> Value {
    let mut scenario = scenario(json!({ "power_cap": cap }), signals);
    scenario["nodes"][0]["frequency"] = json!({ "steps": [
        { "frequency": "1 GHz", "voltage": 0.8 }, { "frequency": "2 GHz", "voltage": 1.0 } ] });
    scenario
}

#[test]
fn a_cap_slows_nodes_down_and_lets_them_speed_up_again() {
    // The task begins at 40 s at full speed, 200 W in all. From 42 s to 46 s only 150 W are allowed: it does 2 of
    // the remaining 8 s of work in these 4 s, and ends at 46 + 6 s.
    let signals = json!({ "cap": { "points": [[0, 500], ["42 s", 150], ["46 s", 500]], "unit": "W", "outside": "hold" } });
    let run = with_trace(&capped(json!({ "signal": "cap" }), signals), "t_s\n40\n");
    assert_near(run.tasks()[0].value("execution_s"), 12.0, 1e-8);
    let changes: Vec<(f64, f64, String)> = run
        .table("frequencies")
        .iter()
        .map(|row| (row.value("t_s"), row.value("frequency_hz"), row.text("capped").to_string()))
        .collect();
    // The busy one first, and that is enough: 82 + 50 W.
    let expected = [(42.0, 1e9, "true"), (46.0, 2e9, "false")].map(|(t, f, c)| (t, f, c.to_string()));
    assert_eq!(changes[..1], expected[..1]);
    assert_eq!(changes.last(), expected.last());
    assert_eq!(site(&run, "over_cap_s"), 0.0);
}

#[test]
fn what_would_break_a_cap_is_refused_and_what_cannot_be_kept_is_counted() {
    // 140 W allow one busy server at its slow step, not two.
    let run = with_trace(&capped(json!("140 W"), json!({})), "t_s\n10\n");
    assert_near(run.tasks()[0].value("execution_s"), 20.0, 1e-8);
    assert_eq!(site(&run, "over_cap_s"), 0.0);
    let run = with_trace(&capped(json!("130 W"), json!({})), "t_s\n10\n");
    assert_eq!(run.tasks()[0].text("outcome"), "refused_for_capacity");
    // Two idle servers draw 100 W, and nothing can be done about it.
    let run = with_trace(&capped(json!("90 W"), json!({})), "t_s\n");
    assert_near(site(&run, "over_cap_s"), 100.0, 1e-9);
    // A policy that looks for room knows.
    let mut least_loaded = capped(json!("130 W"), json!({}));
    least_loaded["policies"]["offloading"] = json!({ "kind": "least_loaded" });
    assert_eq!(
        with_trace(&least_loaded, "t_s\n10\n").tasks()[0].text("outcome"),
        "refused_for_capacity"
    );
}

#[test]
fn a_governor_cannot_lift_a_cap() {
    let mut scenario = capped(json!("140 W"), json!({}));
    scenario["policies"]["frequency"] = json!({ "kind": "performance", "period": "5 s" });
    let run = with_trace(&scenario, "t_s\n12\n");
    // From 12 s to 32 s the server is busy at its slow step, whatever the governor says at 15, 20, 25 and 30 s.
    assert_near(run.tasks()[0].value("execution_s"), 20.0, 1e-8);
    assert_eq!(run.summary()["frequency"]["refused"], 4);
    assert_eq!(site(&run, "over_cap_s"), 0.0);
    let rows = run.table("frequencies");
    let last = rows.last().unwrap();
    assert_eq!((last.value("frequency_hz"), last.text("capped")), (2e9, "false"));
}

#[test]
fn a_published_day_of_quarter_hours_is_exact() {
    let Some(folder) = data("energy/price") else { return };
    let text = std::fs::read_to_string(folder.join("BE_dayahead_2025-10-28_15min_utc.csv")).unwrap();
    let prices: Vec<f64> =
        text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(prices.len(), 96);
    let signals = json!({ "price": { "file": "day.csv", "time": "datetime_utc", "value": "price_eur_mwh",
        "unit": "EUR/MWh", "step": "15 min" } });
    let mut day = scenario(json!({ "price": "price" }), signals);
    day["duration"] = json!("1 d");
    // One server is busy from 1000.5 s on for 20 000 s.
    day["workloads"][0]["applications"][0]["length"] = json!("20000 GI");
    let run = run_with(&day, &[("trace.csv", "t_s\n1000.5\n"), ("day.csv", &text)]);
    let overlap = |quarter: usize| {
        let start = quarter as f64 * 900.0;
        ((start + 900.0).min(21_000.5) - start.max(1000.5)).max(0.0)
    };
    let joules = |quarter: usize| 100.0 * 900.0 + 100.0 * overlap(quarter);
    let expected: f64 = prices.iter().enumerate().map(|(n, price)| joules(n) * price / 3.6e9).sum();
    assert_near(site(&run, "cost"), expected, 1e-9 * expected);
}
