//! Reports: what is in them, that they load nothing, and that names are never markup.

use crate::plot::{Fixture, fixture};
use crate::support::{error_text, output_text, stratosim};
use std::fs;
use std::path::Path;

/// The page of a directory.
fn report(directory: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("page.html");
    let assert =
        stratosim().args(["report", directory, "--out"]).arg(&out).assert().success().stderr("");
    assert_eq!(output_text(&assert), format!("wrote {}\n", out.display()));
    fs::read_to_string(out).unwrap()
}

/// Fails if a page could load anything, or has markup that came from names.
#[track_caller]
fn assert_safe(page: &str) {
    for (at, _) in page.match_indices("://") {
        let before = &page[at.saturating_sub(60)..at];
        assert!(before.ends_with("xmlns=\"http"), "{}", &page[at.saturating_sub(60)..at + 60]);
    }
    for attribute in ["src=", "@import", "url(", "<link", "<iframe", "<img"] {
        assert!(!page.contains(attribute), "{attribute}");
    }
    for (at, _) in page.match_indices("href=\"") {
        assert!(page[at..].starts_with("href=\"#"), "{}", &page[at..at + 40]);
    }
    // The page's own script, and no other.
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<b>") && !page.contains("<i>"));
}

#[test]
fn a_run_is_told_with_the_figures_that_its_tables_allow() {
    let Fixture { nearest, .. } = fixture();
    let page = report(nearest);
    assert_safe(&page);
    for part in [
        "<h1>town &lt;b&gt;&amp;, seed 3</h1>",
        "A &lt;script&gt;alert(1)&lt;/script&gt; town",
        "Simulated",
        "2",
        "Key figures",
        "How tasks ended",
        "Service time by application",
        "Utilisation by tier",
        "failed (1)",
        "The busiest links",
        "Where things are",
        "trajectories (8)",
        "Tables of this run",
        "One row for each task, written when it has ended",
        "workloads.tasks.service_s.mean",
    ] {
        assert!(page.contains(part), "{part:?} is missing");
    }
    let record = crate::support::read_json(&Path::new(nearest).join("run.json"));
    assert!(page.contains(record["fingerprint"].as_str().unwrap()));
    let summary = crate::support::read_json(&Path::new(nearest).join("summary.json"));
    let created = summary["workloads"]["tasks"]["created"].to_string();
    assert!(page.contains(&format!("<span class=\"value\">{created}</span>")), "{created}");
    let figures = page.matches("<figure>").count();
    assert_eq!(
        (figures, page.matches("<svg").count(), page.matches("role=\"img\"").count()),
        (figures, figures, figures)
    );
    assert!(figures >= 8, "{figures}");
    // No migrations, no section about them.
    assert!(!page.contains("Migrations"));
    assert!(page.len() < 3_000_000, "{}", page.len());
}

#[test]
fn a_sweep_is_told_with_its_axes_and_compared_with_the_first_value() {
    let Fixture { sweep, .. } = fixture();
    let page = report(sweep);
    assert_safe(&page);
    for part in [
        "<h1>Sweep study</h1>",
        "What a &lt;i&gt;study&lt;/i&gt; shows",
        "nearest, cloud_only, local_only",
        "4, 8",
        "Differences from nearest",
        "Means over the runs of each point",
        "Tasks success share over devices",
        "95 %",
    ] {
        assert!(page.contains(part), "{part:?} is missing");
    }
    assert!(!page.contains("Failed runs"));
    assert!(page.matches("<figure>").count() >= 6);
}

#[test]
fn runs_that_failed_are_told_with_their_errors() {
    let directory = tempfile::tempdir().unwrap();
    let sweep = serde_json::json!({
        "scenario": { "duration": "20 s", "nodes": [
            { "tier": "edge" }, { "tier": "device", "count": 2 } ] },
        "axes": [{ "name": "policy", "path": "policies.offloading.kind", "values": ["nearest", "edge_only"] }],
        "replications": 2
    });
    let file = directory.path().join("s.json");
    fs::write(&file, sweep.to_string()).unwrap();
    let out = directory.path().join("out");
    let result =
        stratosim().arg("sweep").arg(&file).arg("--quiet").arg("--out").arg(&out).output().unwrap();
    if !out.join("runs/00001-001.json").is_file() {
        panic!("{}", String::from_utf8_lossy(&result.stderr));
    }
    // A run that failed, as a sweep keeps it.
    let path = out.join("runs/00001-001.json");
    let mut run = crate::support::read_json(&path);
    run["error"] = "the world <ended>".into();
    run["metrics"] = serde_json::json!({});
    fs::write(&path, run.to_string()).unwrap();
    let page = report(out.to_str().unwrap());
    assert!(page.contains("Failed runs") && page.contains("the world &lt;ended&gt;"), "{page}");
    assert_safe(&page);
}

#[test]
fn equal_directories_give_equal_pages() {
    let Fixture { nearest, sweep, .. } = fixture();
    for directory in [nearest, sweep] {
        assert_eq!(report(directory), report(directory));
    }
}

#[test]
fn the_page_goes_into_the_directory_unless_told_otherwise() {
    let Fixture { cloud, .. } = fixture();
    let assert = stratosim().args(["report", cloud]).assert().success().stderr("");
    assert_eq!(output_text(&assert), format!("wrote {cloud}/report.html\n"));
    assert!(Path::new(cloud).join("report.html").is_file());
    stratosim().args(["report", cloud, "--quiet"]).assert().success().stdout("").stderr("");
}

#[test]
fn what_cannot_be_reported_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let assert = stratosim().arg("report").arg(directory.path()).assert().code(2).stdout("");
    assert!(error_text(&assert).contains("has no run.json"), "{}", error_text(&assert));
    let Fixture { nearest, .. } = fixture();
    let file = directory.path().join("file");
    fs::write(&file, "dear").unwrap();
    let out = file.join("page.html");
    let assert = stratosim().args(["report", nearest, "--out"]).arg(&out).assert().code(1).stdout("");
    assert!(error_text(&assert).contains("cannot create"), "{}", error_text(&assert));
    assert_eq!(fs::read_to_string(&file).unwrap(), "dear");
}
