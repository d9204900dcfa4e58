//! Comparing policies with a baseline through the command line.

use super::*;

/// A finished sweep over three policies and two sizes, four replications each.
fn finished(directory: &Path) -> PathBuf {
    let text = sweep(&json!({
        "axes": policies_and_devices(),
        "replications": 4,
        "metrics": ["workloads.tasks.created", "workloads.tasks.service_s.mean"]
    }));
    let out = directory.join("out");
    let file = write(directory, &text);
    let output = stratosim(&["sweep", text_of(&file), "--out", text_of(&out), "--quiet"]);
    assert!(output.status.success(), "{output:?}");
    out
}

#[test]
fn pairs_of_one_seed_differ_in_the_policy_alone() {
    let directory = tempfile::tempdir().expect("there is room");
    let out = finished(directory.path());
    let output = stratosim(&["compare", text_of(&out), "--baseline", "nearest", "--format", "csv"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it is UTF-8");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> =
        reader.deserialize().map(|row| row.expect("it is a table")).collect();
    // Two candidates, two sizes, two metrics.
    assert_eq!(rows.len(), 8);
    for row in &rows {
        assert_eq!(row["pairs"], "4");
        assert!(row["candidate"] != "nearest" && ["6", "12"].contains(&row["devices"].as_str()));
        // The same tasks are created whatever the policy: common random numbers.
        if row["metric"] == "workloads.tasks.created" {
            assert_eq!(
                (row["difference"].as_str(), row["verdict"].as_str()),
                ("0", "not distinguishable")
            );
        }
    }
    // Phones have a fifth of the speed of an edge core.
    let slower =
        rows.iter().filter(|row| row["candidate"] == "local_only" && row["metric"].ends_with("mean"));
    assert!(slower.clone().count() == 2 && slower.clone().all(|row| row["verdict"] == "more"), "{text}");
}

#[test]
fn what_does_not_exist_is_told_with_what_does() {
    let directory = tempfile::tempdir().expect("there is room");
    let out = finished(directory.path());
    for (arguments, expected) in [
        (["--baseline", "neerest"].as_slice(), "did you mean \"nearest\"?"),
        (
            &["--baseline", "nearest", "--axis", "sort"],
            "no axis is named \"sort\"; the axes are policy, devices",
        ),
        (&["--baseline", "nearest", "--metric", "handovers"], "no metric is named \"handovers\""),
        (&["--baseline", "nearest", "--axis", "devices"], "no axis has the value \"nearest\""),
    ] {
        let output = stratosim(&[["compare", text_of(&out)].as_slice(), arguments].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
    }
}
