//! Geo-distributed resources from the scenario file to the tables.

use crate::support::{Row, Run, run, run_shipped};
use serde_json::{Value, json};

/// Sites in a line, 10 ms from each to the next, with links so fast that messages take their propagation only (to 1 us).
fn scenario(sites: usize, workload: Value) -> Value {
    let names: Vec<String> = (1..=sites).map(|site| format!("Site{site}")).collect();
    let links: Vec<Value> = names
        .windows(2)
        .map(|pair| json!({ "a": pair[0], "b": pair[1], "latency": "10 ms", "bandwidth": "100 Gbps" }))
        .collect();
    let mut own =
        json!({ "kind": "geo_requests", "sites": "site", "agents": { "carried_by": "paths" } });
    for (key, value) in workload.as_object().unwrap() {
        own[key] = value.clone();
    }
    json!({
        "duration": "60 s",
        "nodes": [{
            "name": "site", "tier": "edge", "cores": 4, "mips_per_core": "10 GIPS", "access_point": null,
            "node_names": names,
        }],
        "network": { "links": links },
        "workloads": [own],
        "output": { "trace": "full", "sample": { "interval": "10 s", "links": false } },
    })
}

fn geo(run: &Run) -> Value {
    run.summary()["workloads"]["geo"].clone()
}

fn operations(run: &Run) -> Vec<Row> {
    let mut rows = run.table("geo_operations");
    rows.sort_by(|a, b| a.value("operation").total_cmp(&b.value("operation")));
    rows
}

/// To two microseconds: what messages of a few kilobytes take at 100 Gbit/s.
#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 2e-6, "{found}, not {expected}");
}

/// The experiments of the thesis: creations from either site with `Site1 & Site2`, reads from both. Beside its table, what it
/// has no timing for: service 10 ms, one way 10 ms.
#[test]
fn the_table_of_the_thesis() {
    let pod = json!([{ "name": "pod", "scope": "pod: Site1 & Site2", "work": "100 MI" }]);
    let requests = json!([
        { "at": "5 s", "site": "Site1", "create": "pod", "name": "a" },
        { "at": "10 s", "site": "Site2", "create": "pod", "name": "b" },
        { "at": "20 s", "site": "Site1", "read": "a" },
        { "at": "21 s", "site": "Site2", "read": "a" },
        { "at": "22 s", "site": "Site1", "read": "b" },
        { "at": "23 s", "site": "Site2", "read": "b" },
        { "at": "30 s", "site": "Site2", "update": "a" },
        { "at": "40 s", "site": "Site1", "delete": "b" },
    ]);
    let run = run(&scenario(2, json!({ "kinds": pod, "requests": requests })));
    let rows = operations(&run);
    for row in &rows {
        assert_eq!((row.text("outcome"), row.text("collaboration")), ("done", "replication"));
    }
    // Creations and reads are done locally; an update at Site2 goes to the leader, which asks the other site, executes and
    // answers: 10 + 20 + 10 + 10 ms. The leader's own deletion is 20 + 10 ms.
    for row in &rows[..6] {
        near(row.value("latency_s"), 0.01);
    }
    near(rows[6].value("latency_s"), 0.05);
    near(rows[7].value("latency_s"), 0.03);
    // A replica of each on each site, under an identifier of the site's own.
    let mut replicants: Vec<(u64, String, u64)> = run
        .table("geo_replicants")
        .iter()
        .map(|row| {
            (row.value("resource") as u64, row.text("site").to_owned(), row.value("local_id") as u64)
        })
        .collect();
    replicants.sort();
    let expected = [(0, "Site1", 1), (0, "Site2", 1), (1, "Site1", 2), (1, "Site2", 2)];
    assert_eq!(replicants, expected.map(|(resource, site, id)| (resource, site.to_owned(), id)));
    // The other site is one way behind, its own work included in both.
    let divergence = run.table("geo_divergence");
    assert_eq!(divergence.len(), 4);
    for row in &divergence {
        near(row.value("diverged_s"), 0.02);
    }
}

/// Sharing is a round trip and the service; a local operation the service alone; a strong write a round trip to the median
/// member before that, and one to the leader if it is elsewhere; a linearisable read the same.
#[test]
fn latencies_are_those_of_closed_forms() {
    let kinds = json!([
        { "name": "pod", "work": "100 MI" },
        { "name": "row", "mode": "strong", "reads": "linearisable", "work": "100 MI", "scope": "row: Site1 & Site2 & Site4" },
        { "name": "hit", "mode": "counter", "work": "100 MI", "scope": "hit: Site1 & Site4" },
    ]);
    let requests = json!([
        { "at": "5 s", "site": "Site1", "create": "pod", "name": "here" },
        { "at": "6 s", "site": "Site1", "create": "pod", "name": "there", "scope": "pod: Site3" },
        { "at": "7 s", "site": "Site1", "read": "there" },
        { "at": "8 s", "site": "Site4", "read": "there" },
        { "at": "10 s", "site": "Site1", "create": "row", "name": "x" },
        { "at": "20 s", "site": "Site1", "update": "x" },
        { "at": "22 s", "site": "Site4", "update": "x" },
        { "at": "24 s", "site": "Site1", "read": "x" },
        { "at": "26 s", "site": "Site4", "read": "x" },
        { "at": "28 s", "site": "Site3", "read": "x" },
        { "at": "40 s", "site": "Site1", "create": "hit", "name": "y" },
        { "at": "42 s", "site": "Site4", "update": "y" },
        { "at": "44 s", "site": "Site3", "read": "y" },
    ]);
    let run = run(&scenario(4, json!({ "kinds": kinds, "requests": requests })));
    let latencies: Vec<f64> = operations(&run).iter().map(|row| row.value("latency_s")).collect();
    let expected = [
        0.01,
        0.04 + 0.01,
        0.04 + 0.01,
        0.02 + 0.01,
        // The group is new: an election first, which is a round trip to a majority, and the request is sent again after 1 s.
        f64::NAN,
        0.02 + 0.01,
        // From Site4 to the leader and back, 30 ms each.
        0.06 + 0.02 + 0.01,
        0.02 + 0.01,
        0.06 + 0.02 + 0.01,
        // To the nearest member, from there to the leader, and both ways back.
        0.02 + 0.02 + 0.02 + 0.01,
        0.01,
        0.01,
        0.02 + 0.01,
    ];
    for (at, (found, expected)) in latencies.iter().zip(expected).enumerate() {
        if !expected.is_nan() {
            assert!((found - expected).abs() < 5e-6, "operation {at}: {found}, not {expected}");
        }
    }
    assert_eq!(geo(&run)["all"]["availability"], 1.0);
}

/// The parts of a cross are read together, nearest or not; each site has a part.
#[test]
fn a_cross_is_put_together_from_its_parts() {
    let kinds = json!([{
        "name": "pool", "work": "100 MI", "divisible": true, "scope": "pool: Site1 % (Site2 & Site3) % Site4",
    }]);
    let requests = json!([
        { "at": "5 s", "site": "Site1", "create": "pool", "name": "a" },
        { "at": "20 s", "site": "Site1", "read": "a" },
    ]);
    let run = run(&scenario(4, json!({ "kinds": kinds, "requests": requests })));
    let rows = operations(&run);
    assert_eq!((rows[1].text("collaboration"), rows[1].value("replicas")), ("cross", 3.0));
    // The farthest part is at Site4.
    near(rows[1].value("latency_s"), 0.06 + 0.01);
    let sites: std::collections::BTreeSet<String> =
        run.table("geo_replicants").iter().map(|row| row.text("site").to_owned()).collect();
    assert_eq!(sites.len(), 4);
}

/// Alternatives are tried in turn, those of a radius nearest first; a dead site is left out once it is known to be.
#[test]
fn otherwise_goes_on_to_the_next() {
    let kinds = json!([{ "name": "pod", "work": "100 MI", "scope": "pod: around(Site2, 10 ms)" }]);
    let requests = json!([
        { "at": "10 s", "site": "Site4", "create": "pod", "name": "a" },
        { "at": "20 s", "site": "Site4", "create": "pod", "name": "b" },
        { "at": "30 s", "site": "Site4", "create": "pod", "name": "c", "scope": "pod: Site2" },
    ]);
    let mut own = scenario(4, json!({ "kinds": kinds, "requests": requests }));
    own["faults"] = json!([{ "nodes": "Site2", "outages": [{ "fail": "15 s", "repair": "50 s" }] }]);
    let run = run(&own);
    let mut sites: Vec<(u64, String)> = run
        .table("geo_replicants")
        .iter()
        .map(|row| (row.value("resource") as u64, row.text("site").to_owned()))
        .collect();
    sites.sort();
    // Site1 is as near, but its way leads over Site2.
    assert_eq!(sites, [(0, "Site2".to_owned()), (1, "Site3".to_owned())]);
    let rows = operations(&run);
    // Site4 knows that both are silent, and loses no time.
    near(rows[1].value("latency_s"), 0.02 + 0.01);
    assert_eq!((rows[2].text("outcome"), rows[2].text("reason")), ("failed", "unreachable"));
}

/// A workflow `pod.create -> image.read` runs where the scope says: at the site of its cause, or shared.
#[test]
fn the_scope_travels_with_the_workflow() {
    let kinds = json!([
        { "name": "pod", "service": "s", "work": "100 MI" },
        { "name": "image", "service": "t", "work": "200 MI" },
        { "name": "volume", "service": "v", "work": "50 MI" },
    ]);
    let dependencies = json!([
        { "dependant": "pod", "needed": "image", "relation": "requirement" },
        { "dependant": "pod", "needed": "volume", "relation": "composition" },
    ]);
    let requests = json!([
        { "at": "10 s", "site": "Site1", "create": "pod", "name": "a" },
        { "at": "20 s", "site": "Site1", "create": "pod", "name": "b", "scope": "t: Site2" },
        { "at": "30 s", "site": "Site1", "create": "pod", "name": "c", "scope": "s: Site2, t: Site1" },
        { "at": "40 s", "site": "Site1", "read": "a" },
        { "at": "50 s", "site": "Site1", "delete": "a" },
    ]);
    let run =
        run(&scenario(2, json!({ "kinds": kinds, "dependencies": dependencies, "requests": requests })));
    let latencies: Vec<f64> = operations(&run).iter().map(|row| row.value("latency_s")).collect();
    let (pod, image, volume, way) = (0.01, 0.02, 0.005, 0.01);
    let expected = [
        pod + image + volume,
        pod + image + volume + 2.0 * way,
        // s at Site2, which calls t back at Site1.
        pod + image + volume + 4.0 * way,
        pod,
        pod + volume,
    ];
    for (found, expected) in latencies.iter().zip(expected) {
        assert!((found - expected).abs() < 5e-6, "{latencies:?}");
    }
}

/// Users of a part that is cut off: local resources are served without a message, replicas by what the mode allows.
fn parted(kind: Value, locality: &str, policy: Value) -> Run {
    let mut kind = kind;
    for (key, value) in [
        ("name", json!("pod")),
        ("initial", json!(40)),
        ("locality", json!(locality)),
        ("mix", json!({ "create": 0, "read": 50, "update": 50, "delete": 0 })),
    ] {
        kind[key] = value;
    }
    let users = json!({ "rate_per_s": 5, "from": "5 s", "until": "50 s" });
    let mut own = scenario(3, json!({ "kinds": [kind], "users": users }));
    own["policies"] = json!({ "resource_scope": policy });
    own["dynamics"] = json!([{
        "attribute": "availability",
        "schedule": { "at": ["20 s"] },
        "change": { "kind": "network_partition", "groups": ["Site1"], "lasts": "20 s" },
    }]);
    run(&own)
}

/// The share of operations that were done, of those of a site that began within the partition, after it was noticed.
fn availability(run: &Run, site: &str, access: &str) -> f64 {
    let rows = run.table("geo_operations");
    let rows = rows.iter().filter(|row| {
        (26.0..34.0).contains(&row.value("began_s"))
            && row.text("user_site") == site
            && row.text("access") == access
    });
    let outcomes: Vec<bool> = rows.map(|row| row.text("outcome") == "done").collect();
    assert!(outcomes.len() > 10);
    outcomes.iter().filter(|own| **own).count() as f64 / outcomes.len() as f64
}

#[test]
fn a_partition_does_what_the_mode_says() {
    let everywhere = json!({ "kind": "everywhere" });
    // Alone, a site serves its own.
    let local = parted(json!({}), "100 %", json!({ "kind": "local" }));
    assert_eq!(geo(&local)["all"]["availability"], 1.0);
    assert_eq!(geo(&local)["control"]["mail"]["kinds"]["call"]["sent"], 0);
    // One site for all: users elsewhere have nothing, its own all.
    let central = parted(json!({}), "100 %", json!({ "kind": "centralised", "site": "Site1" }));
    assert_eq!(availability(&central, "Site1", "read"), 1.0);
    assert_eq!(availability(&central, "Site2", "read"), 0.0);
    // A minority reads, perhaps what is old, and writes nothing; a majority does both.
    let eventual = parted(json!({ "mode": "eventual" }), "0 %", everywhere.clone());
    assert_eq!(availability(&eventual, "Site1", "read"), 1.0);
    assert_eq!(availability(&eventual, "Site1", "update"), 0.0);
    assert_eq!(availability(&eventual, "Site3", "update"), 1.0);
    assert!(geo(&eventual)["staleness"]["stale"].as_u64().unwrap() > 0);
    // Strong reads are never stale, and a minority has none.
    let strong = parted(json!({ "mode": "strong", "reads": "linearisable" }), "0 %", everywhere.clone());
    assert_eq!(availability(&strong, "Site1", "read"), 0.0);
    assert_eq!(geo(&strong)["staleness"]["stale"], 0);
    assert_eq!(availability(&strong, "Site3", "read"), 1.0);
    assert_eq!(availability(&strong, "Site3", "update"), 1.0);
    // What converges is always there.
    let counter = parted(json!({ "mode": "counter" }), "0 %", everywhere);
    assert_eq!(geo(&counter)["all"]["availability"], 1.0);
    for run in [&local, &central, &eventual, &strong, &counter] {
        let replicas = &geo(run)["replicas"];
        assert_eq!((&replicas["lost_writes"], &replicas["unsettled_writes"]), (&json!(0), &json!(0)));
        for row in run.table("geo_operations") {
            let is_one = ["done", "failed", "unfinished"].contains(&row.text("outcome"));
            assert!(is_one && (row.text("outcome") == "failed") != row.text("reason").is_empty());
        }
    }
}

/// Mail that passes in one direction only: the site that is not heard is taken to be gone, and goes on for itself.
#[test]
fn a_cut_may_be_one_way() {
    let kinds = json!([{ "name": "hit", "mode": "counter", "scope": "hit: Site1 & Site2" }]);
    let requests = json!([
        { "at": "5 s", "site": "Site1", "create": "hit", "name": "a" },
        { "at": "20 s", "site": "Site1", "update": "a" },
        { "at": "21 s", "site": "Site2", "update": "a" },
    ]);
    let cuts =
        json!([{ "from": "Site1", "to": "Site2", "outages": [{ "fail": "10 s", "repair": "30 s" }] }]);
    let agents = json!({ "carried_by": "paths", "cuts": cuts });
    let run = run(&scenario(2, json!({ "kinds": kinds, "requests": requests, "agents": agents })));
    assert_eq!(geo(&run)["all"]["done"], 3);
    let rows = run.table("geo_divergence");
    // Site2's update comes to Site1 at once; Site1's to Site2 when it is heard again.
    let long: Vec<&Row> = rows.iter().filter(|row| row.value("diverged_s") > 1.0).collect();
    assert_eq!(long.len(), 1);
    let healed_s = long[0].value("t_s");
    assert!((30.0..33.0).contains(&healed_s), "{healed_s}");
}

/// A site that dies for good: what only it had is lost and told, all else goes on without it.
#[test]
fn a_removed_site_is_struck() {
    let kinds = json!([{ "name": "pod", "scope": "pod: Site1 & Site2 & Site3" }, { "name": "note" }]);
    let requests = json!([
        { "at": "5 s", "site": "Site1", "create": "pod", "name": "a" },
        { "at": "6 s", "site": "Site1", "create": "note", "name": "n" },
        { "at": "20 s", "site": "Site2", "update": "a" },
        { "at": "25 s", "site": "Site3", "read": "a" },
        { "at": "26 s", "site": "Site3", "read": "n" },
    ]);
    let removals = json!([{ "at": "10 s", "site": "Site1" }]);
    let run = run(&scenario(3, json!({ "kinds": kinds, "requests": requests, "removals": removals })));
    let outcomes: Vec<String> =
        operations(&run).iter().map(|row| row.text("outcome").to_owned()).collect();
    assert_eq!(outcomes, ["done", "done", "done", "done", "failed"]);
    assert!(
        run.table("geo_roles")
            .iter()
            .any(|row| row.text("role") == "leader" && row.text("site") != "Site1")
    );
    assert_eq!(geo(&run)["replicas"]["lost_acknowledged_writes"], 0);
}

/// Every message may be lost, doubled or late, and a site comes and goes: writes end up everywhere once, or were not
/// acknowledged.
#[test]
fn nothing_acknowledged_is_lost_on_bad_mail() {
    for mode in ["strong", "eventual", "last_writer", "set"] {
        let kinds = json!([{ "name": "pod", "mode": mode, "scope": "pod: Site1 & Site2 & Site3", "initial": 5, "work": "20 MI" }]);
        let users = json!({ "rate_per_s": 3, "until": "35 s" });
        let agents = json!({
            "carried_by": "paths", "loss": "5 %", "doubled": "10 %", "late": "10 %", "late_by": "200 ms",
        });
        let mut own = scenario(3, json!({ "kinds": kinds, "users": users, "agents": agents }));
        own["faults"] = json!([
            { "nodes": "Site1", "outages": [{ "fail": "10 s", "repair": "16 s" }] },
            { "nodes": "Site2", "outages": [{ "fail": "20 s", "repair": "22 s" }] },
        ]);
        let run = run(&own);
        let replicas = geo(&run)["replicas"].clone();
        assert_eq!(replicas["unsettled_writes"], 0, "{mode}");
        assert_eq!(replicas["lost_writes"], 0, "{mode}");
        assert!(geo(&run)["all"]["done"].as_u64().unwrap() > 200, "{mode}");
        // A site gives an identifier once for each resource.
        let mut seen = std::collections::BTreeSet::new();
        for row in run.table("geo_replicants") {
            assert!(seen.insert((row.value("resource") as u64, row.text("site").to_owned())), "{mode}");
        }
    }
}

/// The shipped scenario: what it says happens.
#[test]
fn the_shipped_scenario_parts_and_heals() {
    let run = run_shipped("geo-resources", &[]);
    let own = geo(&run);
    let parted = own["availability"]["some_out_of_sight"]["availability"].as_f64().unwrap();
    let whole = own["availability"]["all_in_sight"]["availability"].as_f64().unwrap();
    assert!(parted < whole && whole > 0.98, "{parted} {whole}");
    assert_eq!(own["replicas"]["unsettled_acknowledged_writes"], 0);
    assert!(own["replicas"]["leaders_elected"].as_u64().unwrap() > 0);
}
