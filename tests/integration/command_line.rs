//! The subcommands, their options, exit codes and what they print.

use crate::support::{Run, error_text, json_files, output_text, root, run, stratosim};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

const SMALL: &str = "tests/good/small.json";

#[test]
fn help_describes_each_command_with_an_example() {
    let assert = stratosim().arg("--help").assert().success();
    let overview = output_text(&assert);
    for command in
        ["run", "validate", "schema", "list", "new", "sweep", "merge", "compare", "dataset", "import"]
    {
        assert!(overview.contains(&format!("\n  {command} ")), "{command} is missing in {overview}");
        let assert = stratosim().args([command, "--help"]).assert().success().stderr("");
        let help = output_text(&assert);
        let (_, example) =
            help.split_once("Example:\n").unwrap_or_else(|| panic!("no example in {help}"));
        assert!(example.trim_start().starts_with(&format!("stratosim {command}")), "{example}");
    }
    let codes = "Exit codes: 0 done, 1 failed, 2 bad input, 3 done, but no application was ever placed.";
    assert!(overview.contains(codes), "{overview}");
    let assert = stratosim().arg("--version").assert().success();
    assert_eq!(output_text(&assert), format!("stratosim {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn bad_arguments_are_exit_code_two() {
    for arguments in [
        &[][..],
        &["rum"],
        &["run"],
        &["run", SMALL, "--seed", "many"],
        &["run", SMALL, "--format", "xml"],
        &["run", SMALL, "--check-determinism", "--out", "x"],
        &["validate"],
        &["list", "everything"],
        &["new", "unheard-of"],
        &["schema", "extra"],
        &["compare", "somewhere"],
    ] {
        let assert = stratosim().args(arguments).assert().code(2).stdout("");
        let found = error_text(&assert);
        let helps = found.contains("Usage: stratosim") || found.contains("try '--help'");
        assert!(helps, "{arguments:?}: {found}");
    }
}

#[test]
fn every_scenario_that_is_shipped_or_tested_is_good() {
    for folder in ["scenarios", "scenarios/cloud", "tests/good"] {
        let files = json_files(folder);
        assert!(!files.is_empty(), "no scenarios in {folder}");
        let assert = stratosim().arg("validate").args(&files).assert().success().stderr("");
        let told = output_text(&assert);
        let (notes, good): (Vec<&str>, Vec<&str>) =
            told.lines().partition(|line| line.starts_with("  note: "));
        assert_eq!(good.len(), files.len(), "{good:?} {notes:?}");
    }
}

#[test]
fn the_schema_is_json_and_knows_what_is_listed() {
    let assert = stratosim().arg("schema").assert().success().stderr("");
    let schema: Value = serde_json::from_str(&output_text(&assert)).unwrap();
    let kinds = |definition: &str| -> Vec<String> {
        let alternatives = schema["$defs"][definition]["oneOf"].as_array().unwrap();
        alternatives
            .iter()
            .map(|one| one["properties"]["kind"]["const"].as_str().unwrap().into())
            .collect()
    };
    let assert = stratosim().arg("list").assert().success().stderr("");
    let listed = output_text(&assert);
    for definition in ["workload", "mobility_model", "offloading_policy", "frequency_governor"] {
        let kinds = kinds(definition);
        assert!(!kinds.is_empty(), "no {definition}");
        for kind in kinds {
            assert!(listed.contains(&format!("\n  {kind} ")), "{kind} is not listed");
        }
    }
    // Two spaces before a kind, six before a parameter.
    let parts: Vec<String> =
        ["workloads", "policies", "models", "power", "dynamics", "applications", "infrastructures"]
            .iter()
            .map(|what| output_text(&stratosim().args(["list", what]).assert().success()))
            .collect();
    let entries = |text: &str| {
        let is_entry = |line: &&str| line.starts_with("  ") && !line.starts_with("      ");
        text.lines().filter(is_entry).count()
    };
    assert_eq!(parts.iter().map(|part| entries(part)).sum::<usize>(), entries(&listed));
    assert!(parts[1].contains("  cloud_only ") && !parts[0].contains("cloud_only"));
    assert!(
        parts[5].contains("\n  sock_shop ")
            && parts[5].contains("7 services, 12 interactions, 5 flows.")
    );
    assert!(parts[6].contains("\n  mec_5g ") && parts[6].contains("      uplinks (optional): "));
    assert!(parts[3].contains("  square_root ") && parts[3].contains("  hp_proliant_ml110_g4 "));
}

#[test]
fn a_new_scenario_is_good_and_is_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    for template in ["minimal", "offloading", "network"] {
        let new = || {
            let mut command = stratosim();
            command.current_dir(directory.path()).args(["new", template]);
            command
        };
        let file = format!("{template}.json");
        new().assert().success().stdout(format!("wrote {file}; run it with: stratosim run {file}\n"));
        let text = fs::read_to_string(directory.path().join(&file)).unwrap();
        let assert = new().assert().code(2).stdout("");
        assert!(error_text(&assert).contains("exists already; name another file"));
        assert_eq!(fs::read_to_string(directory.path().join(&file)).unwrap(), text);
        stratosim().arg("validate").arg(directory.path().join(&file)).assert().success();
    }
    stratosim()
        .args(["new", "minimal"])
        .arg(directory.path().join("no/such/folder.json"))
        .assert()
        .code(1);
}

/// Runs the small scenario with these arguments.
fn small(arguments: &[&str]) -> (tempfile::TempDir, assert_cmd::assert::Assert) {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let assert = stratosim().args(["run", SMALL, "--out"]).arg(out).args(arguments).assert();
    (directory, assert)
}

#[test]
fn a_run_reports_itself_unless_quiet() {
    let (directory, assert) = small(&[]);
    let assert = assert.success().stderr("");
    let record: Value = crate::support::read_json(&directory.path().join("run/run.json"));
    let report = output_text(&assert);
    assert!(report.starts_with("small, seed 3: 120 s simulated\n"), "{report}");
    for part in [record["fingerprint"].as_str().unwrap(), directory.path().join("run").to_str().unwrap()]
    {
        assert!(report.contains(part), "{part} is missing in {report}");
    }
    small(&["--quiet"]).1.success().stdout("").stderr("");
}

#[test]
fn the_seed_of_the_command_line_is_recorded_and_changes_the_run() {
    let record = |arguments: &[&str]| {
        let (directory, assert) = small(arguments);
        assert.success();
        crate::support::read_json(&directory.path().join("run/run.json"))
    };
    let (own, other, set) = (record(&[]), record(&["--seed", "4"]), record(&["--set", "seed=4"]));
    assert_eq!([&own["seed"], &other["seed"], &set["seed"]], [3, 4, 4]);
    assert_eq!(other["scenario"]["seed"], 4);
    assert_ne!(own["fingerprint"], other["fingerprint"]);
    assert_eq!(other["fingerprint"], set["fingerprint"]);
    assert_eq!(set["overrides"], json!(["seed=4"]));
}

/// What of a task does not depend on where it runs.
fn demand(run: &Run) -> Vec<[String; 7]> {
    let columns = [
        "application",
        "device",
        "created_s",
        "length_mi",
        "upload_bytes",
        "download_bytes",
        "deadline_s",
    ];
    run.tasks().iter().map(|row| columns.map(|column| row.text(column).to_owned())).collect()
}

fn count_tiers(run: &Run) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in run.tasks() {
        *counts.entry(row.text("tier").to_owned()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn another_policy_sends_the_same_tasks_to_another_tier() {
    let with_policy = |kind: &str| {
        let mut scenario = crate::support::read_json(&root().join(SMALL));
        scenario["policies"]["offloading"] = json!({ "kind": kind });
        run(&scenario)
    };
    let [cloud, edge, local] = ["cloud_only", "edge_only", "local_only"].map(with_policy);
    let tasks = demand(&cloud);
    assert!(tasks.len() > 300, "only {} tasks", tasks.len());
    assert_eq!(tasks, demand(&edge));
    assert_eq!(tasks, demand(&local));
    for (run, tier) in [(&cloud, "cloud"), (&edge, "edge"), (&local, "device")] {
        assert_eq!(count_tiers(run), BTreeMap::from([(tier.to_owned(), tasks.len())]));
    }
    let walks = |run: &Run| -> Vec<String> {
        run.table("positions")
            .iter()
            .map(|row| format!("{} {}", row.text("x_m"), row.text("y_m")))
            .collect()
    };
    assert_eq!(walks(&cloud), walks(&edge));
}

#[test]
fn an_override_does_what_the_same_text_in_the_file_does() {
    let (directory, assert) = small(&["--quiet", "--set", "policies.offloading.kind=cloud_only"]);
    assert.success();
    let mut scenario = crate::support::read_json(&root().join(SMALL));
    scenario["policies"]["offloading"] = json!({ "kind": "cloud_only" });
    let own = run(&scenario);
    let overridden = crate::support::read_json(&directory.path().join("run/run.json"));
    assert_eq!(overridden["fingerprint"], own.record()["fingerprint"]);
    assert_eq!(overridden["scenario"]["policies"], own.record()["scenario"]["policies"]);
}

#[test]
fn a_run_directory_is_replaced_by_force_only() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let run = |arguments: &[&str]| {
        stratosim().args(["run", SMALL, "--quiet", "--out"]).arg(&out).args(arguments).assert()
    };
    let seed = || crate::support::read_json(&out.join("run.json"))["seed"].clone();
    run(&[]).success();
    let assert = run(&["--seed", "8"]).code(2).stdout("");
    let found = error_text(&assert);
    assert!(found.contains("run exists already") && found.contains("force"), "{found}");
    assert_eq!(seed(), 3);
    run(&["--seed", "8", "--force"]).success();
    assert_eq!(seed(), 8);
    // What is no run is not replaced at all.
    let dear = directory.path().join("dear");
    fs::create_dir(&dear).unwrap();
    fs::write(dear.join("thesis.tex"), "words").unwrap();
    stratosim().args(["run", SMALL, "--force", "--out"]).arg(&dear).assert().code(2).stdout("");
    assert_eq!(fs::read_to_string(dear.join("thesis.tex")).unwrap(), "words");
    let mut names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["dear", "run"]);
}

#[test]
fn run_directories_are_numbered_where_none_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = root().join(SMALL);
    for number in 1..=2 {
        let assert = stratosim()
            .current_dir(directory.path())
            .arg("run")
            .arg(&file)
            .assert()
            .success()
            .stderr("");
        assert!(output_text(&assert).contains(&format!("runs/small-{number}\n")));
        assert!(directory.path().join(format!("runs/small-{number}/run.json")).is_file());
    }
    let count = fs::read_dir(directory.path().join("runs")).unwrap().count();
    assert_eq!(count, 2, "something is left beside the two runs");
}

#[test]
fn the_format_of_the_command_line_wins() {
    let (directory, assert) = small(&["--set", "output.format=parquet", "--format", "csv"]);
    assert.success();
    let tables = directory.path().join("run/tables");
    let names: Vec<_> = fs::read_dir(tables).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!names.is_empty() && names.iter().all(|name| name.extension().is_some_and(|e| e == "csv")));
    let record = crate::support::read_json(&directory.path().join("run/run.json"));
    assert_eq!(record["scenario"]["output"]["format"], "csv");
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_tables_have_the_fingerprint_of_csv_tables() {
    let record = |format| {
        let (directory, assert) = small(&["--format", format]);
        assert.success();
        for entry in fs::read_dir(directory.path().join("run/tables")).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(path.extension().unwrap(), format);
            if format == "parquet" {
                let bytes = fs::read(&path).unwrap();
                assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{}", path.display());
            }
        }
        crate::support::read_json(&directory.path().join("run/run.json"))
    };
    assert_eq!(record("parquet")["tables"], record("csv")["tables"]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_refused_where_it_is_left_out() {
    let (directory, assert) = small(&["--format", "parquet"]);
    let assert = assert.stdout("");
    assert_ne!(assert.get_output().status.code(), Some(0));
    assert!(error_text(&assert).contains("parquet"), "{}", error_text(&assert));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn output_that_cannot_be_written_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let assert = stratosim().args(["run", SMALL, "--out"]).arg(file.join("run")).assert().stdout("");
    assert_ne!(assert.get_output().status.code(), Some(0));
    assert!(error_text(&assert).contains("file"), "{}", error_text(&assert));
}

#[test]
fn determinism_is_checked_without_a_run_directory() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = stratosim();
    command.current_dir(directory.path()).arg("run").arg(root().join(SMALL)).arg("--check-determinism");
    let assert = command.assert().success().stderr("");
    let (run_directory, run) = small(&["--quiet"]);
    run.success();
    let record = crate::support::read_json(&run_directory.path().join("run/run.json"));
    let expected = format!("two runs agree: fingerprint {}\n", record["fingerprint"].as_str().unwrap());
    assert_eq!(output_text(&assert), expected);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// The reading end is closed before the program starts, so that each of its writes fails.
#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let new = directory.path().join("new.json");
    for arguments in [
        vec!["schema"],
        vec!["list"],
        vec!["--help"],
        vec!["validate", SMALL],
        vec!["run", SMALL, "--out", out.to_str().unwrap()],
        vec!["run", SMALL, "--check-determinism"],
        vec!["new", "minimal", new.to_str().unwrap()],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_stratosim"))
            .current_dir(root())
            .args(&arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let found = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), found.as_str()), (Some(0), ""), "{arguments:?}");
    }
    assert!(out.join("run.json").is_file() && new.is_file());
}

/// Workflows have lines of their own, and the example has the retries that it tells of.
#[test]
fn workflows_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output =
        stratosim().args(["run", "scenarios/workflow.json", "--out"]).arg(&out).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for told in [" workflows arrived\n", "  makespan ", " done, "] {
        assert!(text.contains(told), "{told:?} is not in {text}");
    }
    let summary = fs::read_to_string(out.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert!(summary["workloads"]["workflows"]["retries"].as_u64() > Some(0));
}

/// Requests and violations are called so.
#[test]
fn requests_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let output = stratosim()
        .args(["run", "scenarios/sock-shop.json", "--set", "duration=20 s", "--out"])
        .arg(folder.path().join("run"))
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for told in [" requests created\n", " violations, "] {
        assert!(text.contains(told), "{told:?} is not in {text}");
    }
}
