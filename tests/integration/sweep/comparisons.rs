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

/// Runs the small city with a policy and a seed; gives the run directory.
fn run(directory: &Path, policy: &str, seed: u64) -> PathBuf {
    let file = write(directory, &scenario().to_string());
    let out = directory.join(format!("{policy}-{seed}"));
    let policy = format!("policies.offloading.kind={policy}");
    let seed = seed.to_string();
    let arguments = ["run", text_of(&file), "--seed", &seed, "--set", &policy, "--out", text_of(&out)];
    let output = stratosim(&[arguments.as_slice(), &["--quiet"]].concat());
    assert!(output.status.success(), "{output:?}");
    out
}

/// The rows that `compare` prints for these directories and options.
fn compared(directories: &[PathBuf], options: &[&str]) -> Vec<BTreeMap<String, String>> {
    let directories = directories.iter().map(|path| text_of(path));
    let arguments: Vec<&str> = ["compare"].into_iter().chain(directories).collect();
    let output = stratosim(&[arguments.as_slice(), options, &["--format", "csv"]].concat());
    assert!(output.status.success(), "{output:?}");
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    reader.deserialize().map(|row| row.expect("it is a table")).collect()
}

/// Single runs are told apart by what differs, and those of the same seed are pairs, as in a sweep.
#[test]
fn runs_compare_as_the_sweep_that_they_could_be() {
    let directory = tempfile::tempdir().expect("there is room");
    let metric = "workloads.tasks.service_s.mean";
    let runs: Vec<PathBuf> = [("nearest", 40), ("local_only", 41), ("local_only", 40), ("nearest", 41)]
        .map(|(policy, seed)| run(directory.path(), policy, seed))
        .into();
    let keys = json!({ "axes": [{ "path": "policies.offloading.kind", "values": ["nearest", "local_only"] }],
                       "replications": 2 });
    let sweep_out = directory.path().join("sweep");
    read(&sweep(&keys)).out(&sweep_out).run().expect("it runs");

    let expected = compared(&[sweep_out], &["--baseline", "nearest", "--metric", metric]);
    assert_eq!((expected.len(), expected[0]["pairs"].as_str()), (1, "2"));
    // By what differs, or by a directory that has it.
    for baseline in ["nearest", text_of(&runs[3])] {
        assert_eq!(compared(&runs, &["--baseline", baseline, "--metric", metric]), expected);
    }

    // Where runs differ in more than one thing, their directories name them.
    let other = directory.path().join("other");
    let file = directory.path().join("study.json");
    let arguments = ["run", text_of(&file), "--out", text_of(&other)];
    let sets = ["--set", "nodes[2].count=5", "--set", "nodes[1].cores=3", "--quiet"];
    assert!(stratosim(&[arguments.as_slice(), &sets].concat()).status.success());
    let rows = compared(&[runs[2].clone(), other], &["--baseline", "local_only-40", "--metric", metric]);
    assert_eq!((rows.len(), rows[0]["candidate"].as_str()), (1, "other"));
    assert_eq!(rows[0]["verdict"], "one pair only");

    for (arguments, expected) in [
        (vec![text_of(&runs[0]), text_of(&runs[3])], "there is nothing to compare"),
        (vec![text_of(&runs[0]), text_of(&runs[0])], "are the same run"),
        (vec![text_of(directory.path())], "neither a run nor a sweep"),
    ] {
        let arguments = [&["compare"], arguments.as_slice(), &["--baseline", "nearest"]].concat();
        let output = stratosim(&arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && told.contains(expected), "{told}");
    }
}

/// Two sweeps of the same axes are compared point by point.
#[test]
fn sweeps_compare_with_each_other() {
    let directory = tempfile::tempdir().expect("there is room");
    let metric = "workloads.tasks.created";
    let outs = ["30 s", "60 s"].map(|duration| {
        let mut text: Value = serde_json::from_str(&sweep(&json!({
            "axes": policies_and_devices(), "replications": 2, "metrics": [metric]
        })))
        .expect("it is JSON");
        text["scenario"]["duration"] = duration.into();
        let out = directory.path().join(&duration[..2]);
        read(&text.to_string()).out(&out).run().expect("it runs");
        out
    });
    let rows = compared(&outs, &["--baseline", "30"]);
    assert_eq!(rows.len(), 6);
    for row in &rows {
        assert_eq!((row["candidate"].as_str(), row["pairs"].as_str()), ("60", "2"));
        let ratio: f64 = row["ratio"].parse().expect("it is a number");
        assert!((1.5..2.7).contains(&ratio), "{row:?}");
    }
    let policies: Vec<&str> = rows.iter().map(|row| row["policy"].as_str()).collect();
    assert_eq!(policies, ["nearest", "nearest", "cloud_only", "cloud_only", "local_only", "local_only"]);
}

#[test]
fn without_pairs_there_is_nothing_to_compare() {
    let directory = tempfile::tempdir().expect("there is room");
    let runs = [run(directory.path(), "nearest", 40), run(directory.path(), "local_only", 41)];
    let arguments = ["compare", text_of(&runs[0]), text_of(&runs[1]), "--baseline", "nearest"];
    let output = stratosim(&arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && told.contains("no run has a partner"), "{told}");
    let out = finished(directory.path());
    let output = stratosim(&["compare", text_of(&out), text_of(&out), "--baseline", "out"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && told.contains("given twice"), "{told}");
}

/// Names that mean something in Markdown stay cells, and names that collide stay apart.
#[test]
fn odd_names_of_axes_are_told_apart() {
    let directory = tempfile::tempdir().expect("there is room");
    let axis =
        |name: &str, path: &str, values: Value| json!({ "name": name, "path": path, "values": values });
    let keys = json!({
        "axes": [
            axis("n|<b>", "policies.offloading.kind", json!(["nearest", "local_only"])),
            axis("handovers", "nodes[2].count", json!([3])),
            axis("summary.handovers", "nodes[1].cores", json!([2])),
            axis("t_s", "nodes[0].cores", json!([8])),
            axis("axis.t_s", "nodes[2].cores", json!([1]))
        ],
        "metrics": ["handovers"], "tables": ["tasks"], "join_tables": true
    });
    let out = directory.path().join("odd");
    read(&sweep(&keys)).out(&out).run().expect("it runs");
    let header = |file: &str| {
        let text = fs::read_to_string(out.join(file)).expect("it was written");
        text.lines().next().unwrap_or_default().to_string()
    };
    let results = header("results.csv");
    assert!(
        results.contains(",handovers,summary.handovers,t_s,axis.t_s,summary.summary.handovers,"),
        "{results}"
    );
    let joined = header("tables/tasks.csv");
    assert!(
        joined.starts_with(
            "point,replication,seed,n|<b>,handovers,summary.handovers,axis.axis.t_s,axis.t_s,t_s,"
        ),
        "{joined}"
    );
    let output = stratosim(&["compare", text_of(&out), "--baseline", "nearest", "--format", "markdown"]);
    let text = String::from_utf8(output.stdout).expect("it is UTF-8");
    let separators = |line: &str| line.replace("\\|", "").matches('|').count();
    let counts: Vec<usize> = text.lines().map(separators).collect();
    assert!(counts.len() == 3 && counts.iter().all(|&count| count == counts[0]), "{text}");
}
