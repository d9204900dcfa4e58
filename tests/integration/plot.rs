//! Plots through the command line: what each asks for is drawn, and what cannot be is told.

use crate::support::{error_text, output_text, read_json, root, stratosim};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// Two minutes of a small city with a failure, in which devices walk.
fn scenario(seed: u64, policy: &str) -> Value {
    json!({
        "name": "town <b>&",
        "description": "A <script>alert(1)</script> town",
        "seed": seed,
        "duration": "2 min",
        "area": { "width": "400 m", "height": "400 m" },
        "nodes": [
            { "tier": "cloud", "cores": 16 },
            { "tier": "edge", "count": 3, "cores": 2, "access_point": { "range": "250 m" } },
            { "tier": "device", "count": 8, "mobility": { "kind": "random_waypoint" } }
        ],
        "network": { "topology": [
            { "kind": "hierarchical", "edge_link": { "latency": "15 ms", "bandwidth": "50 Mbps" } }
        ] },
        "faults": [{ "nodes": ["edge-1"], "outages": [{ "fail": "40 s", "repair": "60 s" }] }],
        "policies": { "offloading": { "kind": policy } },
        "output": { "sample": { "interval": "5 s", "positions": true } }
    })
}

pub(crate) struct Fixture {
    pub(crate) nearest: String,
    pub(crate) cloud: String,
    pub(crate) sweep: String,
}

/// Two runs and a sweep, made once.
pub(crate) fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        // What is static is never dropped: a folder of the build, made anew each time.
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plots");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let path = |name: &str| directory.join(name).display().to_string();
        for (name, policy) in [("nearest", "nearest"), ("cloud", "cloud_only")] {
            let file = path(&format!("{name}.json"));
            fs::write(&file, scenario(3, policy).to_string()).unwrap();
            stratosim().args(["run", &file, "--quiet", "--out", &path(name)]).assert().success();
        }
        let sweep = json!({
            "name": "study",
            "description": "What a <i>study</i> shows",
            "scenario": scenario(3, "nearest"),
            "axes": [
                { "name": "policy", "path": "policies.offloading.kind",
                  "values": ["nearest", "cloud_only", "local_only"] },
                { "name": "devices", "path": "nodes[2].count", "values": [4, 8] }
            ],
            "replications": 2
        });
        fs::write(path("study.json"), sweep.to_string()).unwrap();
        stratosim()
            .args(["sweep", &path("study.json"), "--quiet", "--out", &path("sweep")])
            .assert()
            .success();
        Fixture { nearest: path("nearest"), cloud: path("cloud"), sweep: path("sweep") }
    })
}

/// The SVG that these arguments draw.
fn drawn(arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("figure.svg");
    let out = out.to_str().unwrap();
    let assert =
        stratosim().arg("plot").args(arguments).args(["--out", out]).assert().success().stderr("");
    assert_eq!(output_text(&assert), format!("wrote {out}\n"));
    fs::read_to_string(out).unwrap()
}

/// Fails unless all texts are in an SVG as texts of their own.
#[track_caller]
fn assert_texts(svg: &str, texts: &[&str]) {
    let lines: Vec<&str> = svg.lines().collect();
    let found: Vec<&str> =
        lines.windows(2).filter(|pair| pair[0].starts_with("<text")).map(|pair| pair[1]).collect();
    for text in texts {
        assert!(found.contains(text), "{text:?} is not in {found:?}");
    }
}

#[test]
fn each_kind_is_drawn_of_what_a_run_or_sweep_has() {
    let Fixture { nearest, cloud, sweep } = fixture();
    let service = "workloads.tasks.service_s.mean";
    let cases: [(&[&str], &[&str]); 14] = [
        (
            &[sweep, "--kind", "line", "--x", "devices", "--y", service, "--by", "policy"],
            &["devices", "nearest", "cloud_only", "local_only", "4", "8"],
        ),
        // The kind, the axis and what tells lines apart follow.
        (&[sweep, "--y", service], &["devices", "nearest", "local_only"]),
        (&[sweep, "--kind", "box", "--y", service], &["policy", "devices 4", "devices 8"]),
        (&[sweep, "--value", service], &["devices", "policy", "nearest", "4"]),
        (
            &[sweep, "--kind", "shares", "--y", "workloads.tasks.ran_on_tier.", "--where", "devices=8"],
            &["policy", "nearest", "share", "1.0"],
        ),
        (
            &[nearest, "--table", "tasks", "--x", "service_s", "--by", "tier"],
            &["share of values at most this"],
        ),
        (&[nearest, "--kind", "histogram", "--table", "tasks", "--x", "upload_bytes"], &["upload (kB)"]),
        (
            &[nearest, "--kind", "box", "--table", "tasks", "--x", "node", "--y", "service_s"],
            &["node", "edge-0"],
        ),
        (
            &[
                nearest,
                "--table",
                "nodes",
                "--y",
                "utilisation",
                "--by",
                "tier",
                "--events",
                "faults.change",
            ],
            &["time (s)", "utilisation", "edge", "cloud", "failed (1)", "repaired (1)"],
        ),
        (&[nearest, "--kind", "shares", "--table", "tasks", "--by", "outcome"], &["share of tasks"]),
        (
            &[nearest, "--kind", "map"],
            &["east (m)", "edge (3)", "cells (3)", "links (3)", "trajectories (8)"],
        ),
        (
            &[nearest, "--kind", "gantt", "--table", "tasks", "--where", "tier=edge"],
            &["node", "time (s)", "edge-0", "edge-2"],
        ),
        (&[nearest, cloud, "--table", "tasks", "--x", "service_s"], &["share of values at most this"]),
        (&[nearest, cloud, "--y", service], &["policies.offloading.kind", "nearest", "cloud_only"]),
    ];
    for (arguments, texts) in cases {
        assert_texts(&drawn(arguments), texts);
    }
    let both = drawn(&[nearest, cloud, "--table", "tasks", "--x", "service_s"]);
    assert!(both.contains("\nnearest (n = ") && both.contains("\ncloud (n = "), "{both}");
}

#[test]
fn conditions_choose_rows() {
    let Fixture { nearest, .. } = fixture();
    let count = |condition: &str| -> usize {
        let filters = if condition.is_empty() { vec![] } else { vec!["--where", condition] };
        let mut arguments =
            vec![nearest.as_str(), "--kind", "histogram", "--table", "tasks", "--x", "created_s"];
        arguments.extend(filters);
        let svg = drawn(&arguments);
        let (_, rest) = svg.split_once("values in bin (of ").unwrap();
        rest.split_once(')').unwrap().0.parse().unwrap()
    };
    let rows = |wanted: &dyn Fn(&csv::StringRecord, &csv::StringRecord) -> bool| -> usize {
        let path = Path::new(nearest).join("tables/tasks.csv");
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().clone();
        reader.records().filter(|record| wanted(&header, record.as_ref().unwrap())).count()
    };
    let cell = |header: &csv::StringRecord, row: &csv::StringRecord, name: &str| -> String {
        row[header.iter().position(|own| own == name).unwrap()].to_string()
    };
    assert_eq!(count(""), rows(&|_, _| true));
    let edge = count("node=edge-0");
    assert!(edge > 0);
    assert_eq!(edge, rows(&|header, row| cell(header, row, "node") == "edge-0"));
    assert_eq!(count("node!=edge-0"), rows(&|header, row| cell(header, row, "node") != "edge-0"));
    let early = |header: &csv::StringRecord, row: &csv::StringRecord| {
        cell(header, row, "created_s").parse::<f64>().unwrap() < 60.0
    };
    assert_eq!(count("created_s<60"), rows(&early));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let Fixture { nearest, cloud, sweep } = fixture();
    let service = "workloads.tasks.service_s.mean";
    let cases: [(&[&str], &[&str]); 18] = [
        (&[sweep, "--y", "workloads.tasks.service_s.maen"], &["--y", "did you mean", service]),
        (&[sweep, "--x", "device", "--y", service], &["--x", "did you mean \"devices\"?"]),
        (&[sweep, "--x", "policy", "--kind", "line", "--y", service], &["--x", "names", "box"]),
        (&[sweep, "--kind", "line"], &["--y", "say what is to be shown", service]),
        (&[sweep, "--kind", "ecdf", "--x", service], &["--by", "policy and devices would be mixed"]),
        (
            &[sweep, "--y", service, "--where", "policy=nearst"],
            &["--where", "did you mean \"nearest\"?"],
        ),
        (&[sweep, "--y", service, "--where", "policy"], &["--where", "no condition"]),
        (&[sweep, "--y", service, "--where", "policy<3"], &["--where", "names"]),
        (&[sweep, "--table", "tasks", "--x", "service_s"], &["--table", "there are no tables here"]),
        (&[nearest, "--table", "task", "--x", "service_s"], &["--table", "did you mean \"tasks\"?"]),
        (&[nearest, "--table", "tasks", "--x", "servise_s"], &["did you mean \"service_s\"?"]),
        (
            &[nearest, "--table", "tasks", "--kind", "ecdf", "--x", "node"],
            &["--x", "names", "service_s"],
        ),
        (&[nearest, "--table", "tasks", "--kind", "shares"], &["--by", "outcome"]),
        (
            &[nearest, "--table", "nodes", "--y", "power_w", "--events", "faults"],
            &["--events", "faults.change"],
        ),
        (
            &[nearest, "--table", "tasks", "--x", "t_s", "--kind", "histogram", "--where", "t_s>900"],
            &["values are from"],
        ),
        (&[nearest, cloud, "--kind", "map"], &["a map is of one run"]),
        (&[nearest, sweep, "--y", service], &["runs only, or sweeps only"]),
        (&["/nowhere", "--y", service], &["/nowhere", "neither a run nor a sweep"]),
    ];
    for (arguments, parts) in cases {
        let assert = stratosim().arg("plot").args(arguments).assert().code(2).stdout("");
        let found = error_text(&assert);
        for part in parts {
            assert!(found.contains(part), "{arguments:?}: {part:?} is not in {found}");
        }
    }
    for (directory, name) in [(nearest, "plots"), (sweep, "plots")] {
        assert!(!Path::new(directory).join(name).exists(), "something was written");
    }
}

#[test]
fn files_that_cannot_be_are_told() {
    let Fixture { nearest, .. } = fixture();
    let directory = tempfile::tempdir().unwrap();
    let plot = |out: &Path| {
        let mut command = stratosim();
        command.args(["plot", nearest, "--table", "tasks", "--x", "service_s", "--out"]).arg(out);
        command.assert().stdout("")
    };
    let found = error_text(&plot(&directory.path().join("figure.pdf")).code(2));
    assert!(found.contains("figure.pdf is neither an .svg nor a .png file"), "{found}");
    let file = directory.path().join("file");
    fs::write(&file, "dear").unwrap();
    let found = error_text(&plot(&file.join("figure.svg")).code(1));
    assert!(found.contains("cannot create") && found.contains("file"), "{found}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "dear");
}

#[test]
fn a_file_of_figures_draws_them_all_or_says_where_it_is_wrong() {
    let Fixture { sweep, .. } = fixture();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plots.json");
    let write = |text: &str| fs::write(&file, text).unwrap();
    let plot = || {
        let mut command = stratosim();
        command.arg("plot").arg(&file).arg(sweep).arg("--out").arg(directory.path().join("out"));
        command.assert()
    };
    write(
        r#"{ "figures": [
  { "y": "handovers", "title": "Moves" },
  { "kind": "heat_map", "value": "workloads.tasks.success_share", "out": "heat.png" }
] }"#,
    );
    let assert = plot().success().stderr("");
    let out = directory.path().join("out");
    let expected = format!("wrote {0}/moves.svg\nwrote {0}/heat.png\n", out.display());
    assert_eq!(output_text(&assert), expected);
    assert!(fs::read(out.join("heat.png")).unwrap().starts_with(b"\x89PNG"));
    fs::remove_dir_all(&out).unwrap();
    for (text, place, message) in [
        (
            "{ \"figures\": [\n  { \"y\": \"handovers\" },\n  { \"y\": \"handover\" }\n] }",
            "plots.json:3:10: figures[1].y",
            "did you mean \"handovers\"?",
        ),
        (
            "{ \"figures\": [{ \"y\": \"handovers\", \"kind\": \"lines\" }] }",
            "plots.json:1:43",
            "did you mean \"line\"?",
        ),
        ("{ \"figures\": [{ \"why\": \"handovers\" }] }", "plots.json:1:17", "why"),
        ("{ \"figures\": [] }", "plots.json:1:14", "at least 1"),
        (
            "{ \"figures\": [{ \"y\": \"handovers\", \"where\": [\"policy=a\"] }] }",
            "plots.json:1:44: figures[0].where",
            "values: cloud_only, local_only, nearest",
        ),
        (
            "{ \"figures\": [{ \"y\": \"handovers\" }, { \"y\": \"handovers\" }] }",
            "plots.json:1:37: figures[1].out",
            "another figure is written to",
        ),
    ] {
        write(text);
        let found = error_text(&plot().code(2).stdout(""));
        assert!(found.contains(place) && found.contains(message), "{text}: {found}");
        assert!(!out.exists(), "{text}: something was written");
    }
    write("{ \"figures\": [{ \"y\": \"handovers\" }] }");
    let alone = stratosim().arg("plot").arg(&file).assert().code(2);
    assert!(error_text(&alone).contains("names no directories"));
    let flags = stratosim().arg("plot").arg(&file).arg(sweep).args(["--kind", "box"]).assert().code(2);
    assert!(error_text(&flags).contains("only --out and --quiet"));
}

#[test]
fn the_schema_of_plots_holds_for_those_that_are_shipped() {
    let schema: Value =
        serde_json::from_str(&output_text(&stratosim().args(["schema", "plot"]).assert().success()))
            .unwrap();
    let keys = schema["$defs"]["FigureSpec"]["properties"].as_object().unwrap();
    for file in crate::support::json_files("scenarios/plots") {
        for figure in read_json(&file)["figures"].as_array().unwrap() {
            for key in figure.as_object().unwrap().keys() {
                assert!(keys.contains_key(key), "{}: {key}", file.display());
            }
        }
        let document = stratosim::scenario::Document::open(&file).unwrap();
        stratosim::plot::PlotSpec::read(&document).unwrap();
    }
    assert!(root().join("scenarios/plots/offloading.json").is_file());
}

#[test]
fn equal_requests_give_equal_bytes() {
    let Fixture { sweep, nearest, .. } = fixture();
    for arguments in [
        &[sweep.as_str(), "--y", "workloads.tasks.service_s.mean"][..],
        &[nearest, "--kind", "map"],
        &[nearest, "--table", "tasks", "--kind", "shares", "--by", "node"],
    ] {
        assert_eq!(drawn(arguments), drawn(arguments), "{arguments:?}");
    }
}

/// A sweep with its tables, whose axes are named like a column, like a metric and with signs in them.
fn odd() -> &'static str {
    static ODD: OnceLock<String> = OnceLock::new();
    ODD.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("odd-plots");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let mut scenario = scenario(3, "nearest");
        scenario["duration"] = "30 s".into();
        scenario["faults"] = json!([]);
        scenario["output"]["sample"]["interval"] = "10 s".into();
        let sweep = json!({
            "name": "odd",
            "scenario": scenario,
            "axes": [
                { "name": "tier", "path": "nodes[2].count", "values": [4, 8] },
                { "name": "a=b", "path": "policies.offloading.kind", "values": ["nearest", "cloud_only"] },
                { "name": "<script>x</script>", "path": "nodes[1].cores", "values": [1, 2] },
                { "name": "handovers", "path": "nodes[0].cores", "values": [7, 9] }
            ],
            "tables": ["nodes", "tasks"]
        });
        let file = directory.join("odd.json");
        fs::write(&file, sweep.to_string()).unwrap();
        let out = directory.join("sweep").display().to_string();
        stratosim().arg("sweep").arg(&file).args(["--quiet", "--out", &out]).assert().success();
        out
    })
}

/// What the command line says of a figure that it refuses.
fn refused(arguments: &[&str]) -> String {
    error_text(&stratosim().arg("plot").args(arguments).assert().code(2).stdout(""))
}

#[test]
fn tables_of_runs_that_differ_in_more_than_seeds_are_never_mixed() {
    let sweep = odd();
    let fixed = ["--where", "a=b=nearest", "--where", "<script>x</script>=1", "--where", "handovers=7"];
    let tables: [&[&str]; 7] = [
        &["--table", "nodes", "--y", "utilisation"],
        &["--table", "nodes", "--kind", "box", "--x", "tier", "--y", "utilisation"],
        &["--table", "nodes", "--kind", "line", "--x", "t_s", "--y", "utilisation"],
        &[
            "--table",
            "nodes",
            "--kind",
            "heat_map",
            "--x",
            "t_s",
            "--y",
            "node",
            "--value",
            "utilisation",
        ],
        &["--table", "nodes", "--kind", "histogram", "--x", "utilisation"],
        &["--table", "tasks", "--kind", "shares", "--by", "outcome"],
        &["--table", "tasks", "--kind", "gantt"],
    ];
    for arguments in tables {
        let all = [&[sweep][..], arguments].concat();
        let found = refused(&all);
        let expected =
            "runs that differ in axis.tier and a=b and <script>x</script> and handovers would";
        assert!(found.contains(expected), "{arguments:?}: {found}");
        // Three of four are fixed: the one that is left tells lines and boxes apart, or is named.
        let most = [&all[..], &fixed].concat();
        if matches!(arguments, [_, _, "--y", ..] | [_, _, _, "box" | "line", ..]) {
            assert_texts(&drawn(&most), &["axis.tier 4", "axis.tier 8"]);
        } else {
            let found = refused(&most);
            assert!(found.contains("differ in axis.tier would be mixed"), "{arguments:?}: {found}");
        }
        drawn(&[&most[..], &["--where", "axis.tier=4"]].concat());
    }
    // Several runs are mixed no more than those of a sweep.
    let Fixture { nearest, cloud, .. } = fixture();
    let shares = ["--kind", "shares", "--table", "tasks", "--by", "outcome"];
    let found = refused(&[&[nearest.as_str(), cloud][..], &shares].concat());
    assert!(found.contains("runs that differ in run would be mixed"), "{found}");
    drawn(&[&[nearest.as_str(), nearest][..], &shares].concat());
}

#[test]
fn an_axis_does_not_hide_the_column_or_metric_of_its_name() {
    let sweep = odd();
    let boxes = ["--kind", "box", "--x", "tier", "--y", "utilisation", "--by", "axis.tier"];
    let fixed = ["--where", "a=b=nearest", "--where", "<script>x</script>=1", "--where", "handovers=7"];
    let svg = drawn(&[&[sweep, "--table", "nodes"][..], &boxes, &fixed].concat());
    assert_texts(&svg, &["tier", "edge", "cloud", "axis.tier 4", "axis.tier 8"]);
    // The tier and the axis choose rows on their own.
    let filters = ["--where", "tier=edge", "--where", "axis.tier=8"];
    let svg = drawn(&[&[sweep, "--table", "nodes"][..], &boxes, &fixed, &filters].concat());
    assert!(!svg.contains("\ncloud\n") && !svg.contains("\naxis.tier 4\n"), "{svg}");
    // Of results the axis keeps its name, and the metric is that of the summary, as in the tidy table.
    let svg = drawn(
        &[
            &[sweep, "--kind", "box", "--x", "handovers", "--y", "summary.handovers", "--by", "a=b"][..],
            &["--where", "tier=4", "--where", "<script>x</script>=1"],
        ]
        .concat(),
    );
    assert_texts(&svg, &["handovers", "7", "9", "nearest", "cloud_only"]);
}

#[test]
fn conditions_name_columns_with_signs_and_ask_what_a_column_can_have() {
    let sweep = odd();
    let line = [sweep, "--kind", "line", "--x", "tier", "--y", "workloads.tasks.created"];
    let svg = drawn(
        &[
            &line[..],
            &[
                "--where",
                "a=b=cloud_only",
                "--where",
                "<script>x</script>>1.5",
                "--where",
                "handovers=7",
            ],
        ]
        .concat(),
    );
    assert_texts(&svg, &["tier", "4", "8"]);
    for (condition, expected) in [
        ("<script>x</script>=3", "no row has \"<script>x</script>\" as \"3\" asks"),
        ("a=b=nearst", "did you mean \"nearest\"?"),
        ("tier!=abc", "\"tier\" has numbers, and \"abc\" is none"),
    ] {
        let found = refused(&[&line[..], &["--where", condition]].concat());
        assert!(found.contains("--where") && found.contains(expected), "{condition}: {found}");
    }
    let Fixture { nearest, .. } = fixture();
    let tasks = [nearest.as_str(), "--table", "tasks", "--x", "service_s", "--where"];
    let found = refused(&[&tasks[..], &["service_s!=abc"]].concat());
    assert!(found.contains("\"service_s\" has numbers, and \"abc\" is none"), "{found}");
}

/// Two of the four axes are at one value in each figure; both have signs in their names.
#[test]
fn the_report_of_a_sweep_has_its_figures_whatever_its_axes_are_called() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("page.html");
    stratosim().args(["report", odd(), "--out"]).arg(&out).assert().success().stderr("");
    let page = fs::read_to_string(out).unwrap();
    assert!(!page.contains("is not drawn"), "{page}");
    assert!(page.matches("<figure>").count() >= 6);
    assert!(page.contains("one value is shown: &lt;script&gt;x&lt;/script&gt;=1, handovers=7."));
    assert_eq!(page.matches("<script").count(), 1);
}

/// Where the shades of intervals in an SVG begin, and how wide they are; those of the legend first.
fn shades(svg: &str) -> Vec<(f64, f64)> {
    let value = |line: &str, key: &str| -> f64 {
        let (_, rest) = line.split_once(&format!(" {key}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let rects = svg.lines().filter(|line| line.starts_with("<rect") && line.contains("\"0.22\""));
    rects.map(|line| (value(line, "x"), value(line, "width"))).collect()
}

/// Edge-1 is down from 40 s to 60 s; its samples of 5 s that end while it is down are shaded: those at 40, 45, 50 and
/// 55 s, so that the shade is a sixth of the two minutes, up to a sample at each end.
#[test]
fn intervals_are_shaded_while_a_column_says_so() {
    let Fixture { nearest, cloud, .. } = fixture();
    let base = [nearest.as_str(), "--table", "nodes", "--y", "utilisation", "--where", "node=edge-1"];
    let svg = drawn(&[&base[..], &["--spans", "nodes.available"]].concat());
    let found = shades(&svg);
    // The entry of the legend, and what is before and after the failure.
    assert_eq!(found.len(), 3, "{found:?}");
    let (up, whole) = (found[1].1 + found[2].1, found[2].0 + found[2].1 - found[1].0);
    assert!((up / whole - 100.0 / 120.0).abs() < 0.05, "{found:?}");
    assert_texts(&svg, &["available (2)"]);
    // Of another node, which is up all the time, one interval; of both together, too.
    for node in ["node=edge-0", "tier=edge"] {
        let base = [nearest.as_str(), "--table", "nodes", "--y", "utilisation", "--where", node];
        assert_texts(&drawn(&[&base[..], &["--spans", "nodes.available"]].concat()), &["available (1)"]);
    }
    // Kinds by their names; of a table without rows of what is shown nothing.
    let named = drawn(&[&base[..], &["--spans", "nodes.tier"]].concat());
    assert_texts(&named, &["edge (1)"]);
    // Events are those of what is shown, too.
    let events = |condition: &str| {
        let base = [nearest, "--table", "nodes", "--y", "utilisation", "--events", "tasks.outcome"];
        let svg = drawn(&[&base[..], &["--where", condition]].concat());
        let (_, rest) = svg.split_once("\ndone (").unwrap();
        rest.split_once(')').unwrap().0.parse::<usize>().unwrap()
    };
    let each = ["node=edge-0", "node=edge-1", "node=edge-2"].map(events);
    assert!(each.iter().all(|count| *count > 0), "{each:?}");
    assert_eq!(each.iter().sum::<usize>(), events("tier=edge"));
    let of_tier = |tier: &str| {
        let base = ["--table", "nodes", "--y", "utilisation", "--spans", "tasks.outcome", "--where"];
        shades(&drawn(&[&[nearest.as_str()][..], &base, &[tier]].concat()))
    };
    assert!(!of_tier("tier=edge").is_empty() && of_tier("tier=cloud").is_empty());
    for (spans, parts) in [
        ("nodes", &["--spans", "no table and column, as radio_devices.jammed"][..]),
        ("nodse.available", &["--spans", "did you mean \"nodes\"?"]),
        ("nodes.avalable", &["--spans", "did you mean \"available\"?"]),
        ("nodes.power_w", &["--spans", "has numbers", "available"]),
    ] {
        let found = refused(&[&base[..], &["--spans", spans]].concat());
        assert!(parts.iter().all(|part| found.contains(part)), "{spans}: {found}");
    }
    let both = [nearest, cloud, "--table", "nodes", "--y", "power_w", "--spans", "nodes.available"];
    let found = refused(&both);
    assert!(found.contains("intervals of runs that differ in run would be mixed"), "{found}");
}

#[test]
fn a_map_shows_a_value_by_place() {
    let Fixture { nearest, cloud, .. } = fixture();
    let base = [nearest.as_str(), "--kind", "map", "--value"];
    let svg = drawn(&[&base[..], &["speed_m_per_s", "--bins", "8"]].concat());
    assert_texts(&svg, &["east (m)", "north (m)", "edge (3)", "speed (m/s)", "edge-0"]);
    // Ways and devices would hide it.
    assert!(!svg.contains("trajectories") && !svg.contains("device ("), "{svg}");
    assert!(svg.contains(" rows in squares of "), "{svg}");
    let few = drawn(&[&base[..], &["speed_m_per_s", "--bins", "2"]].concat());
    let squares = |svg: &str| svg.lines().filter(|line| line.starts_with("<rect")).count();
    assert!(squares(&svg) > squares(&few), "{} and {}", squares(&svg), squares(&few));
    let cases: [(&[&str], &[&str]); 5] = [
        (&["sped_m_per_s"], &["--value", "did you mean \"speed_m_per_s\"?"]),
        (&["access_point"], &["--value", "names where numbers are needed"]),
        (&["power_w", "--table", "nodes"], &["--table", "have no places"]),
        (&["speed_m_per_s", "--bins", "1000"], &["cells are too many"]),
        (&["speed_m_per_s", "--where", "node=nobody"], &["--where", "no row has"]),
    ];
    for (arguments, parts) in cases {
        let found = refused(&[&base[..], arguments].concat());
        assert!(parts.iter().all(|part| found.contains(part)), "{arguments:?}: {found}");
    }
    assert!(
        refused(&[nearest, cloud, "--kind", "map", "--value", "x_m"]).contains("a map is of one run")
    );
}

/// Access points with modelled WiFi and gNBs have no range of their own: that of their links is drawn.
#[test]
fn maps_show_how_far_modelled_radios_reach() {
    let folder = tempfile::tempdir().unwrap();
    let plotted = |scenario: &str, duration: &str, arguments: &[&str]| {
        let directory = folder.path().join(scenario);
        if !directory.exists() {
            let file = root().join(format!("scenarios/{scenario}.json"));
            let tables = "output.tables=[\"mission_phases\",\"movements\"]";
            let mut command = stratosim();
            command.arg("run").arg(file).args(["--set", duration, "--set", tables, "--out"]);
            command.arg(&directory).assert().success();
        }
        let out = folder.path().join("figure.svg");
        stratosim()
            .arg("plot")
            .arg(&directory)
            .args(arguments)
            .arg("--out")
            .arg(&out)
            .assert()
            .success();
        fs::read_to_string(&out).unwrap()
    };
    let agriculture = |arguments: &[&str]| plotted("agriculture", "duration=2 min", arguments);
    assert_texts(&agriculture(&["--kind", "tracks"]), &["Tracks by phase", "cells (2)"]);
    let phases = ["--kind", "gantt", "--table", "mission_phases", "--y", "vehicle", "--by", "phase"];
    assert_texts(&agriculture(&phases), &["Mission phases by vehicle"]);
    assert_texts(&plotted("survey-fleet", "duration=30 s", &["--kind", "map"]), &["cells (3)"]);
}
