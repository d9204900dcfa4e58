use super::*;
use crate::scenario::format::NodeClassSpec;
use crate::scenario::{Registry, load, read};
use serde_json::Value;

fn make_in(
    text: &str,
    seed: u64,
    directory: &str,
) -> Result<LibraryInfrastructure, InfrastructureError> {
    let document = Document::parse("x.json", text).expect("JSON");
    let spec: InfrastructureSpec = read(&document).unwrap_or_else(|errors| panic!("{errors}"));
    infrastructure(&spec, RandomStreams::new(seed), directory.as_ref())
}

fn make(text: &str) -> LibraryInfrastructure {
    make_in(text, 1, ".").expect(text)
}

/// Nodes and links.
fn counts(made: &LibraryInfrastructure) -> (usize, usize) {
    (made.nodes.iter().map(|class| class.count.unwrap_or(1) as usize).sum(), made.links.len())
}

fn class<'a>(made: &'a LibraryInfrastructure, name: &str) -> &'a NodeClassSpec {
    made.nodes.iter().find(|class| class.class_name() == name).expect(name)
}

/// Cores, GB of memory and of storage, accelerators, availability, ms of processing time.
fn offer(class: &NodeClassSpec) -> [f64; 6] {
    [
        class.cores.map_or(f64::NAN, f64::from),
        class.memory.map_or(f64::NAN, |size| size.as_bytes() / 1e9),
        class.storage.map_or(f64::NAN, |size| size.as_bytes() / 1e9),
        f64::from(class.accelerators.counted("gpu")),
        class.availability.map_or(f64::NAN, |share| share.as_fraction()),
        class.processing_time.map_or(f64::NAN, |time| (time.as_secs() * 1e9).round() / 1e6),
    ]
}

/// How many links have this latency in ms and bandwidth in Mbps.
fn ways(made: &LibraryInfrastructure, latency_ms: f64, bandwidth_mbps: f64) -> usize {
    let near = |value: f64, wanted: f64| (value - wanted).abs() < 1e-9;
    let is = |link: &&LinkSpecification| {
        link.latency.is_some_and(|latency| near(latency.as_secs() * 1e3, latency_ms))
            && link.bandwidth.is_some_and(|rate| near(rate.as_bps() / 1e6, bandwidth_mbps))
    };
    made.links.iter().filter(is).count()
}

#[test]
fn graphs_have_the_counts_of_their_closed_forms() {
    for (text, expected) in [
        (r#"{ "library": "star", "clients": 9 }"#, (10, 9)),
        (r#"{ "library": "random", "nodes": 12, "probability": 1 }"#, (12, 66)),
        (r#"{ "library": "fat_tree", "ports": 4 }"#, (4 + 8 + 8 + 16, 48)),
        (r#"{ "library": "b_cube", "ports": 4, "levels": 1 }"#, (16 + 8, 32)),
        (r#"{ "library": "small_world", "nodes": 30, "neighbours": 4, "rewiring": 0.2 }"#, (30, 60)),
        (r#"{ "library": "scale_free", "nodes": 30, "links": 2 }"#, (30, 56)),
        // Every pair of neighbouring levels of 17, 15, 10 and 8.
        (r#"{ "library": "hierarchical", "nodes": 50, "peers": 0 }"#, (50, 17 * 15 + 15 * 10 + 10 * 8)),
        (r#"{ "library": "orion_cev" }"#, (46, 31 + 24)),
    ] {
        assert_eq!(counts(&make(text)), expected, "{text}");
    }
    let gabriel = make(r#"{ "library": "gabriel", "nodes": 40 }"#);
    assert!((39..=112).contains(&gabriel.links.len()));
    // 1000 km apart at most by the sides, so 7.1 ms of fibre along the diagonal.
    assert!(gabriel.links.iter().all(|link| link.latency.is_some_and(|l| l.as_secs() < 7.1e-3)));
}

/// Sparse networks of 1 000 nodes, with about 3 links up from each node and at least one within its level. The one on
/// which ECLYPSE was measured has 5 952 links counted one way, 2 976 both ways.
#[test]
fn the_sparse_hierarchy_has_about_three_links_up_a_node() {
    let sparse = make(r#"{ "library": "hierarchical", "nodes": 1000, "uplinks": 3 }"#);
    let sizes: Vec<Option<u32>> = sparse.nodes.iter().map(|class| class.count).collect();
    assert_eq!(sizes, [Some(350), Some(300), Some(200), Some(150)]);
    assert_eq!(
        class(&sparse, "l2").node_names.as_ref().map(|names| names[199].as_str()),
        Some("l2-199")
    );
    // 650 (u + e^-u) up with u uplinks, and n ln 2 within a level of n, as the k-th that draws a peer leaves a node without
    // one with exp(-k/n): 1982 + 693 links. The standard deviation is that of the links up, below 46.
    let links = sparse.links.len() as f64;
    assert!((2675.0 - links).abs() < 140.0, "{links}");
    let measured = make(r#"{ "library": "hierarchical", "nodes": 1000, "uplinks": 3.48 }"#);
    assert!((2976.0 - measured.links.len() as f64).abs() < 150.0, "{}", measured.links.len());
    // 6 000 links both ways are as possible.
    let denser = make(r#"{ "library": "hierarchical", "nodes": 1000, "uplinks": 8, "peers": 1 }"#);
    assert!((5000..7000).contains(&denser.links.len()), "{}", denser.links.len());
}

#[test]
fn the_tiers_of_a_continuum_offer_what_is_published() {
    let tiers =
        make(r#"{ "library": "continuum_tiered", "devices": 20, "edges": 4, "fogs": 2, "clouds": 3 }"#);
    assert_eq!(offer(class(&tiers, "device")), [1.0, 1.0, 1.0, 0.0, 0.95, 8.0]);
    assert_eq!(offer(class(&tiers, "edge")), [8.0, 16.0, 64.0, 1.0, 0.98, 3.0]);
    assert_eq!(offer(class(&tiers, "fog")), [16.0, 32.0, 256.0, 2.0, 0.99, 2.0]);
    assert_eq!(offer(class(&tiers, "cloud")), [32.0, 128.0, 1024.0, 4.0, 0.999, 1.0]);
    // All pairs between tiers, all clouds, and some of the 6 + 1 pairs of edges and fogs.
    let (nodes, links) = counts(&tiers);
    assert_eq!(nodes, 29);
    assert!((80 + 8 + 6 + 3..=80 + 8 + 6 + 3 + 7).contains(&links), "{links}");
    assert!(tiers.links.iter().all(|link| link.latency.is_none() && link.bandwidth.is_none()));
    let sparse = make(
        r#"{ "library": "continuum_tiered", "devices": 100, "edges": 10, "uplinks": 0, "within": [0, 0, 0] }"#,
    );
    // One link up from each node but the cloud.
    assert_eq!(counts(&sparse), (111, 110));
}

#[test]
fn patterns_have_their_nodes_links_and_figures() {
    let mec = make(r#"{ "library": "mec_5g", "users": 10, "rans": 4, "mecs": 2, "clouds": 2 }"#);
    assert_eq!(counts(&mec), (18, 10 + 4 + 2 + 1));
    assert_eq!(offer(class(&mec, "ran")), [2.0, 4.0, 8.0, 0.0, 0.98, 4.0]);
    assert_eq!(offer(class(&mec, "mec")), [16.0, 32.0, 256.0, 1.0, 0.99, 2.0]);
    let found =
        [(5.0, 200.0), (2.0, 1000.0), (20.0, 500.0), (5.0, 2000.0)].map(|(l, b)| ways(&mec, l, b));
    assert_eq!(found, [10, 4, 2, 1]);

    let road = make(r#"{ "library": "vehicular_edge", "vehicles": 9, "rsus": 3, "mecs": 2 }"#);
    assert_eq!(counts(&road), (15, 9 + 3 + 2 + 3));
    let found =
        [(3.0, 200.0), (5.0, 500.0), (20.0, 500.0), (8.0, 250.0)].map(|(l, b)| ways(&road, l, b));
    assert_eq!(found, [9, 3, 2, 3]);
    assert_eq!(offer(class(&road, "vehicle")), [2.0, 2.0, 4.0, 0.0, 0.94, 7.0]);
    assert_eq!(offer(class(&road, "mec")), [16.0, 32.0, 128.0, 1.0, 0.99, 2.0]);

    let wan = make(r#"{ "library": "multi_region_wan", "regions": 4, "nodes_per_region": 5 }"#);
    assert_eq!(counts(&wan), (24, 20 + 6));
    assert_eq!((ways(&wan, 2.0, 1000.0), ways(&wan, 35.0, 300.0)), (20, 6));
    let names = class(&wan, "node").node_names.as_ref().expect("named");
    assert_eq!(names[19], "region-3-node-4");

    let plant = make(r#"{ "library": "industrial_tsn", "endpoints": 7 }"#);
    assert_eq!(counts(&plant), (12, 7 + 2 + 1 + 1));
    assert_eq!((ways(&plant, 0.5, 1000.0), ways(&plant, 1.0, 2000.0)), (7, 4));

    let cells = make(
        r#"{ "library": "factory_cells", "cells": 3, "machines_per_cell": 2, "sensors_per_cell": 4, "plant_edges": 2 }"#,
    );
    assert_eq!(counts(&cells), (3 * 7 + 3, 3 * 6 + 3 + 1 + 2));
    let found =
        [(1.0, 1000.0), (8.0, 500.0), (2.0, 2000.0), (15.0, 1000.0)].map(|(l, b)| ways(&cells, l, b));
    assert_eq!(found, [18, 3, 1, 2]);
    assert_eq!(offer(class(&cells, "plant-edge")), [24.0, 64.0, 512.0, 2.0, 0.995, 2.0]);

    let orion = make(r#"{ "library": "orion_cev" }"#);
    assert_eq!(ways(&orion, 10.0, 100.0), 55);
    assert_eq!(offer(class(&orion, "end-system")), [1.0, 1.0, 0.5, 0.0, 0.98, 10.0]);
    // Half a core is one of half the speed.
    let switch = class(&orion, "switch");
    assert_eq!((switch.cores, switch.mips_per_core.map(|rate| rate.as_mips())), (Some(1), Some(5000.0)));
}

#[test]
fn drawn_values_lie_in_their_ranges_and_come_from_the_seed() {
    let text = r#"{ "library": "star", "clients": 400, "values": "drawn" }"#;
    let drawn = make(text);
    assert_eq!(drawn.nodes.len(), 401);
    assert_eq!(counts(&drawn), (401, 400));
    let mut sums = [0.0; 6];
    for node in &drawn.nodes {
        let offer = offer(node);
        let is_power =
            |value: f64, most: f64| (2.0..=most).contains(&value) && value.log2().fract() == 0.0;
        for (value, most) in offer.iter().zip([256.0, 1024.0, 4096.0, 256.0]) {
            assert!(is_power(*value, most), "{offer:?}");
        }
        assert!(
            (0.99..1.0).contains(&offer[4])
                && (1.0..=25.0).contains(&offer[5])
                && offer[5].fract() == 0.0
        );
        sums.iter_mut()
            .zip([
                offer[0].log2(),
                offer[1].log2(),
                offer[2].log2(),
                offer[3].log2(),
                offer[4],
                offer[5],
            ])
            .for_each(|(sum, value)| *sum += value / 401.0);
    }
    // Means of the exponents 1 to 8, 10, 12 and 8, and of the uniform ranges; four standard errors.
    for ((mean, expected), deviation) in
        sums.iter().zip([4.5, 5.5, 6.5, 4.5, 0.995, 13.0]).zip([2.3, 2.9, 3.5, 2.3, 0.0029, 7.3])
    {
        assert!((mean - expected).abs() < 4.0 * deviation / 20.0, "{sums:?}");
    }
    for link in &drawn.links {
        let latency_ms = (link.latency.expect("drawn").as_secs() * 1e9).round() / 1e6;
        let mbps = link.bandwidth.expect("drawn").as_bps() / 1e6;
        assert!((1.0..=40.0).contains(&latency_ms) && latency_ms.fract() == 0.0, "{latency_ms}");
        assert!((50.0..=1500.0).contains(&mbps) && mbps.fract() == 0.0, "{mbps}");
    }
    assert_eq!(make(text), drawn);
    assert_ne!(make_in(text, 2, ".").expect("good"), drawn);
    // More clients leave the first ones as they were.
    let more = make(r#"{ "library": "star", "clients": 401, "values": "drawn" }"#);
    assert_eq!(more.nodes[..401], drawn.nodes[..]);
    assert_eq!(more.links[..400], drawn.links[..]);
    for (values, node, way) in [
        ("min", [2.0, 2.0, 2.0, 2.0, 0.99, 25.0], (40.0, 50.0)),
        ("max", [256.0, 1024.0, 4096.0, 256.0, 1.0, 1.0], (1.0, 1500.0)),
    ] {
        let made = make(&text.replace("drawn", values));
        assert_eq!((offer(class(&made, "client")), ways(&made, way.0, way.1)), (node, 400));
    }
}

#[test]
fn what_does_not_fit_together_is_named() {
    let told = |text: &str| make_in(text, 1, ".").expect_err(text);
    let partition = told(r#"{ "library": "hierarchical", "nodes": 10, "partition": [0.5, 0.2] }"#);
    assert_eq!(partition.key, Some("partition"));
    assert!(partition.message.contains("come to 0.7"), "{partition}");
    let both =
        told(r#"{ "library": "hierarchical", "nodes": 100, "uplinks": 2, "connectivity": [1, 1, 1] }"#);
    assert_eq!(both.key, Some("uplinks"));
    let few = told(r#"{ "library": "continuum_tiered", "devices": 5, "edges": 5, "within": [0.5] }"#);
    assert_eq!((few.key, few.message.as_str()), (Some("within"), "found 1 values, expected 3"));
    let nothing = told(r#"{ "library": "continuum_tiered", "devices": 0, "edges": 0, "clouds": 0 }"#);
    assert_eq!(nothing.message, "0 nodes, expected 1 to 1000000");
    assert!(told(r#"{ "library": "fat_tree", "ports": 5 }"#).message.contains("even number"));
    let large = told(r#"{ "library": "mec_5g", "users": 4000000000, "rans": 1 }"#);
    assert!(large.message.starts_with("4000000003 nodes"), "{large}");
    let dense = told(r#"{ "library": "hierarchical", "nodes": 5000 }"#);
    assert_eq!(dense.message, "about 4880000 links, expected at most 2000000");
    for text in [
        r#"{ "library": "random", "nodes": 100000 }"#,
        r#"{ "library": "multi_region_wan", "regions": 3000, "nodes_per_region": 1 }"#,
        r#"{ "library": "b_cube", "levels": 8, "ports": 4000000000 }"#,
        r#"{ "library": "small_world", "nodes": 1000000, "neighbours": 100, "rewiring": 0 }"#,
        r#"{ "library": "scale_free", "nodes": 1000000, "links": 100 }"#,
        r#"{ "library": "continuum_tiered", "devices": 900000, "edges": 100 }"#,
    ] {
        assert!(told(text).message.contains("links, expected at most 2000000"), "{text}");
    }
    let drawn = told(r#"{ "library": "star", "clients": 200000, "values": "drawn" }"#);
    assert_eq!(drawn.key, Some("values"));
    let wide = told(r#"{ "library": "gabriel", "nodes": 3, "extent": "1e300 m" }"#);
    assert_eq!(wide.key, Some("extent"));
    let flat = told(r#"{ "library": "gabriel", "nodes": 3, "extent": "0 m" }"#);
    assert_eq!(flat.key, Some("extent"));
    let many = told(r#"{ "library": "scale_free", "nodes": 2, "links": 2 }"#);
    assert_eq!(many.key, Some("links"));
    let slow = told(r#"{ "library": "gabriel", "nodes": 3, "route_factor": 1e308 }"#);
    assert!(slow.message.contains("latency_s inf"), "{slow}");
    let missing = told(r#"{ "library": "topology_zoo", "file": "nowhere.graphml" }"#);
    assert_eq!(missing.key, Some("file"));
}

fn loaded(text: &str) -> Result<Value, String> {
    let document = Document::parse("s.json", text).map_err(|errors| errors.to_string())?;
    let loaded = load(&document, &Registry::with_builtins(), ".".as_ref());
    let scenario = loaded.map_err(|errors| errors.to_string())?.scenario;
    Ok(serde_json::to_value(scenario).expect("plain data"))
}

/// A scenario with an infrastructure is the one with its nodes and links written out, and what is written of a run
/// can be run again.
#[test]
fn a_scenario_stands_for_the_nodes_and_links_written_out() {
    let text = r#"{ "seed": 3, "duration": "1 min",
        "infrastructure": { "library": "continuum_tiered", "devices": 4, "edges": 2, "uplinks": 1,
            "values": "drawn", "access_points": true },
        "nodes": [ { "tier": "device", "name": "phone", "count": 3 } ],
        "faults": [ { "nodes": ["edge", "device-1"], "outages": [ { "fail": "10 s", "repair": "20 s" } ] } ] }"#;
    let written = loaded(text).expect("good");
    assert!(written.get("infrastructure").is_none());
    let names: Vec<&str> = written["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter_map(|class| class["name"].as_str())
        .collect();
    // By their groups in the order of the generator: from the top on.
    assert_eq!(
        names,
        ["phone", "cloud", "edge-0", "edge-1", "device-0", "device-1", "device-2", "device-3"]
    );
    assert_eq!(written["nodes"][2]["group"], "edge");
    let again = loaded(&written.to_string()).expect("good");
    assert_eq!(again, written);
}

#[test]
fn faults_of_a_scenario_are_told_where_the_infrastructure_is() {
    let told = |infrastructure: &str, nodes: &str| {
        loaded(&format!(r#"{{ "infrastructure": {infrastructure}, "nodes": {nodes} }}"#))
            .expect_err(nodes)
    };
    let phone = r#"[ { "tier": "device" } ]"#;
    let told_library = told(r#"{ "library": "continuum_tierd", "devices": 1, "edges": 1 }"#, phone);
    assert!(told_library.contains("did you mean \"continuum_tiered\"?"), "{told_library}");
    let told_key = told(r#"{ "library": "star", "client": 1 }"#, phone);
    assert!(told_key.contains("did you mean \"clients\"?"), "{told_key}");
    let twice =
        told(r#"{ "library": "star", "clients": 2 }"#, r#"[ { "tier": "edge", "name": "client" } ]"#);
    assert!(twice.contains("nodes[0]: the infrastructure has nodes named \"client\", too"), "{twice}");
    let shares = told(r#"{ "library": "hierarchical", "nodes": 9, "partition": [0.5] }"#, phone);
    assert!(shares.starts_with("s.json:1:"), "{shares}");
    assert!(shares.contains("infrastructure.partition: the shares of the levels"), "{shares}");
    let none = loaded(r#"{ "duration": "1 s" }"#).expect_err("no nodes");
    assert!(none.contains("there are no nodes: give `nodes`, or an `infrastructure`"), "{none}");
    let asset = loaded(r#"{ "nodes": [ { "tier": "edge", "assets": { "licence": 1 } } ] }"#)
        .expect_err("undeclared");
    assert!(asset.contains("nodes[0].assets.licence: no asset is named \"licence\""), "{asset}");
    let unit = loaded(
        r#"{ "assets": { "licence": { "algebra": "additive", "unit": " " } }, "nodes": [ { "tier": "edge" } ] }"#,
    );
    assert!(
        unit.expect_err("no unit").contains("assets.licence.unit: the asset \"licence\" has no unit")
    );
}

#[test]
fn networks_of_the_topology_zoo_come_with_places_and_latencies_of_fibre() {
    let Some(file) = crate::scenario::import::test_data("topology/Abilene.graphml") else { return };
    let directory = file.parent().expect("a folder").display().to_string();
    let abilene = make_in(r#"{ "library": "topology_zoo", "file": "Abilene.graphml" }"#, 1, &directory)
        .expect("good");
    assert_eq!(counts(&abilene), (11, 14));
    // 14 082.385 km of links in all, at 200 km a millisecond.
    let sum_ms: f64 =
        abilene.links.iter().filter_map(|link| link.latency).map(|l| l.as_secs() * 1e3).sum();
    assert!((sum_ms - 70.412).abs() < 0.1, "{sum_ms}");
    if crate::scenario::import::test_data("topology/sndlib_abilene.txt").is_some() {
        let text = r#"{ "library": "sndlib", "file": "sndlib_abilene.txt" }"#;
        assert_eq!(counts(&make_in(text, 1, &directory).expect("good")), (12, 15));
    }
}
