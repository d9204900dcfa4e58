//! Service trees in worlds: the published experiments, and what the concept claims.

use crate::support::{Row, Run, assert_near, read_json, root, run_shipped};
use serde_json::{Value, json};

/// The overrides of a case of the shipped sweep.
fn case(label: &str) -> Vec<String> {
    let sweep = read_json(&root().join("scenarios/sweeps/service-tree-topologies.json"));
    let cases = sweep["axes"][0]["alternatives"].as_array().unwrap();
    let own =
        cases.iter().find(|own| own["label"] == label).unwrap_or_else(|| panic!("no case {label}"));
    let set = own["set"].as_object().unwrap();
    set.iter().map(|(path, value)| format!("{path}={value}")).collect()
}

fn run(label: &str, seed: u64, more: &[&str]) -> Run {
    let mut overrides = case(label);
    overrides.push(format!("seed={seed}"));
    overrides.extend(more.iter().map(|own| (*own).to_string()));
    let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
    run_shipped("service-tree-emulated", &overrides)
}

/// The forced actions of a kind that were done.
fn done(run: &Run, kind: &str) -> Vec<Row> {
    let mut rows = run.table("tree_actions");
    rows.retain(|own| {
        own.text("kind") == kind && own.text("forced") == "true" && own.text("outcome") == "done"
    });
    rows
}

/// The median duration of the forced actions of a case over some seeds.
fn median_s(label: &str, seeds: std::ops::Range<u64>, more: &[&str]) -> f64 {
    let kind = if label.contains("migrate") { "migrate" } else { "replicate" };
    let rows = seeds.flat_map(|seed| done(&run(label, seed, more), kind));
    let mut all: Vec<f64> = rows.map(|own| own.value("duration_s")).collect();
    all.sort_by(f64::total_cmp);
    assert!(all.len() > 20, "{label}: {}", all.len());
    (all[(all.len() - 1) / 2] + all[all.len() / 2]) / 2.0
}

#[test]
fn the_emulated_topologies_are_in_the_published_order() {
    let migrate = ["A", "B", "C", "D"].map(|own| median_s(&format!("{own} migrate"), 1..9, &[]));
    let replicate = ["A", "B", "C", "D"].map(|own| median_s(&format!("{own} replicate"), 1..6, &[]));
    println!("{migrate:?} {replicate:?}");
    // As computed with 20 seeds, and what eight and five of them may be off; see docs/validation.md.
    for (found, expected) in migrate.into_iter().zip([0.21, 0.26, 0.27, 0.28]) {
        assert_near(found, expected, 0.025);
    }
    // A is fitted; B and C are within a quarter of what was published.
    for (found, published) in migrate.into_iter().zip([0.208, 0.302, 0.281]) {
        assert_near(found, published, 0.25 * published);
    }
    assert!(migrate[0] < migrate[1] && migrate[2] < migrate[1] + 0.02, "{migrate:?}");
    assert!(replicate.is_sorted_by(|a, b| a < b), "{replicate:?}");
}

#[test]
fn a_migration_takes_the_time_of_its_messages_and_their_ways_whatever_the_size_of_the_tree() {
    for label in ["A migrate", "C migrate", "D migrate"] {
        let slow = run(label, 3, &["network.topology[0].link.latency=10 ms"]);
        let [normal, slow] = [run(label, 3, &[]), slow].map(|own| done(&own, "migrate"));
        let mut compared = 0;
        for own in &normal {
            let same = |other: &&Row| {
                ["origin", "target", "hops"].iter().all(|column| other.text(column) == own.text(column))
                    && other.value("began_s") == own.value("began_s")
            };
            let Some(other) = slow.iter().find(same) else { continue };
            // Twice the latency of the links on the way, once more.
            let way_s = other.value("duration_s") - own.value("duration_s");
            // The search with its answer, the redirection, and the root's.
            let messages = own.value("hops") + 2.0;
            assert_near(own.value("duration_s"), 0.0395 * messages + way_s, 1e-3);
            compared += 1;
        }
        assert!(compared >= 3, "{label}: {compared}");
    }
}

#[test]
fn an_instance_that_ends_tells_the_root_once() {
    let run = run("B replicate", 1, &[]);
    let ended = done(&run, "terminate").len();
    assert!(ended >= 5, "{ended}");
    let sessions = &run.summary()["workloads"]["sessions"];
    assert_eq!(sessions["mail"]["kinds"]["leave"]["sent"], ended);
    assert_eq!(sessions["terminations"], ended);
}

#[test]
fn between_two_cities_the_migration_is_refused_locally_and_the_board_is_asked_first() {
    for seed in 1..=30 {
        let run = run_shipped("service-tree-cities", &[&format!("seed={seed}")]);
        let rows = run.table("tree_actions");
        let [migrate, replicate] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((migrate.text("kind"), migrate.text("outcome")), ("migrate", "refused_locally"));
        assert_eq!((migrate.value("hops"), migrate.value("duration_s")), (0.0, 0.0));
        assert_eq!((replicate.text("kind"), replicate.text("outcome")), ("replicate", "done"));
        assert_eq!((replicate.text("target"), replicate.value("asked")), ("board", 1.0));
        // Handling there and here, 5.75 ms each way, and the bytes.
        assert_near(replicate.value("duration_s"), 2.0 * 0.0395 + 2.0 * 0.005_75, 1e-4);
    }
    // Without an image for the board nobody can be asked.
    let only = r#"workloads[0].services[0].requires.architecture="x86_64""#;
    let rows = run_shipped("service-tree-cities", &[only]).table("tree_actions");
    assert_eq!((rows[1].text("outcome"), rows[1].value("asked")), ("refused_locally", 0.0));
}

#[test]
fn trees_bring_instances_to_users_and_keep_them_together() {
    let run = run_shipped("service-tree", &["duration=6 min", "nodes[3].count=500"]);
    let sessions = &run.summary()["workloads"]["sessions"];
    assert!(sessions["migrations"]["done"].as_u64().unwrap() > 5, "{sessions:#}");
    assert!(sessions["replications"]["done"].as_u64().unwrap() > 2, "{sessions:#}");
    let shapes = run.table("tree_shape");
    // Each sample of each service; platforms die in the meantime.
    assert!(shapes.iter().filter(|own| own.value("roots") == 1.0).count() * 10 >= shapes.len() * 9);
    let windows = run.table("session_windows");
    let share = |rows: &[Row]| {
        let shares = rows.iter().filter_map(|own| own.number("violation_share"));
        let all: Vec<f64> = shares.collect();
        all.iter().sum::<f64>() / all.len() as f64
    };
    let third = windows.len() / 3;
    let (first, last) = (share(&windows[..third]), share(&windows[2 * third..]));
    assert!(last < 0.5 * first, "{first} {last}");
}

/// 300 instances from the start on, whose root handles five sign-ons a second.
fn crowd(sign_on_interval: &str) -> Value {
    let instances: Vec<String> = (0..300).map(|number| format!("platform-{number}")).collect();
    let still = json!({ "kind": "static", "layout": "uniform" });
    let link = json!({ "latency": "3 ms", "bandwidth": "1 Gbps" });
    json!({
        "duration": "10 min", "area": { "width": 3000, "height": 3000 },
        "nodes": [
            { "tier": "network", "name": "core" },
            { "tier": "edge", "name": "platform", "count": 300, "cores": 4, "access_point": {}, "mobility": still },
            { "tier": "device", "name": "phone", "count": 30, "mobility": still }
        ],
        "network": { "topology": [ { "kind": "attach", "nodes": "platform", "to": "core", "link": link } ] },
        "workloads": [ {
            "kind": "sessions", "platforms": "platform", "users": "phone",
            "services": [ { "name": "video", "requires": { "memory": 0 }, "limit": "40 ms", "instances": instances } ],
            "agents": { "carried_by": "paths", "handling_time": "200 ms" },
            "control": { "kind": "tree", "idle": "1 h", "sign_on_interval": sign_on_interval }
        } ],
        "output": { "sample": { "interval": "30 s" } }
    })
}

#[test]
fn a_root_that_is_asked_by_more_than_it_can_handle_recovers() {
    for interval in ["1 ms", "300 ms"] {
        let run = crate::support::run(&crowd(interval));
        let orphans: Vec<f64> = run.table("tree_shape").iter().map(|own| own.value("orphans")).collect();
        let nodes = run.table("tree_shape").last().unwrap().value("nodes");
        println!("{interval}: {orphans:?}");
        assert_eq!((nodes, orphans.last()), (300.0, Some(&0.0)), "{interval}");
        let expired = run.summary()["workloads"]["sessions"]["mail"]["requests"]["expired"].as_u64();
        assert_eq!(expired > Some(0), interval == "1 ms", "{expired:?}");
        // One after the other they wait for a single sign-on or so, not for those of all.
        if interval == "300 ms" {
            assert!(orphans.iter().all(|&own| own <= 10.0), "{orphans:?}");
        } else {
            assert!(orphans.iter().any(|&own| own > 100.0), "{orphans:?}");
        }
    }
}

/// Prints the handling time with which the median of A migrate is the published one, for each reading of the links.
#[test]
#[ignore = "a calibration, whose result is written down in docs/validation.md"]
fn calibrate() {
    for (link, access) in [("5 ms", "0 ms"), ("2.5 ms", "0 ms"), ("5 ms", "5 ms")] {
        let [mut least_ms, mut most_ms] = [10.0, 80.0];
        while most_ms - least_ms > 0.2 {
            let middle_ms = (least_ms + most_ms) / 2.0;
            let set = [
                format!("workloads[0].agents.handling_time={middle_ms} ms"),
                format!("network.topology[0].link.latency={link}"),
                format!("network.topology[1].link.latency={access}"),
            ];
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            let found_s = median_s("A migrate", 1..101, &set);
            println!("links {link}, access {access}, handling {middle_ms:.2} ms: {found_s:.4} s");
            let end = if found_s > 0.208 { &mut most_ms } else { &mut least_ms };
            *end = middle_ms;
        }
    }
}
