//! The same scenario and seed give the same bytes, in other processes and among other threads; and the
//! shipped scenarios give what they gave before.

use crate::support::{json_files, read_json, root, shipped_scenarios, stratosim};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::scenario::{Document, Registry, load};

const UPDATE: &str = "STRATOSIM_UPDATE_FINGERPRINTS";

fn run(scenario: &Path, out: &Path, arguments: &[&str]) {
    let mut command = stratosim();
    // Scenarios that read data where they are at hand stand in for these.
    command.env_remove("STRATOSIM_DATA");
    command.arg("run").arg(scenario).args(["--quiet", "--format", "csv", "--out"]).arg(out);
    command.args(arguments).assert().success().stdout("").stderr("");
}

/// The bytes of all files of a run directory but `run.json`, by name; wall time is in that alone.
fn bytes(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in [run.to_path_buf(), run.join("tables")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.ends_with("run.json") {
                let name = path.strip_prefix(run).unwrap().to_path_buf();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let directory = tempfile::tempdir().unwrap();
    for scenario in json_files("tests/good") {
        let runs = ["first", "second", "other"].map(|name| directory.path().join(name));
        for (out, seed) in runs.iter().zip(["7", "7", "8"]) {
            run(&scenario, out, &["--seed", seed, "--force"]);
        }
        let [first, second, other] = runs.each_ref().map(|path| bytes(path));
        assert!(first.len() > 8, "{:?}", first.keys());
        for (name, own) in &first {
            let name = name.display();
            let path = PathBuf::from(name.to_string());
            assert!(*own == second[&path], "{name} of {} differs", scenario.display());
            // Another seed changes whatever has rows; a table without rows is its header.
            let has_rows = own.iter().filter(|byte| **byte == b'\n').count() > 1;
            if has_rows && !path.ends_with("dictionary.json") {
                assert!(*own != other[&path], "{name} of {} ignores the seed", scenario.display());
            }
        }
        let record = |path: &Path| {
            let mut record = read_json(&path.join("run.json"));
            for key in ["wall_s", "events_per_s"] {
                assert!(record[key].as_f64().unwrap() > 0.0);
                record[key] = Value::Null;
            }
            record
        };
        assert_eq!(record(&runs[0]), record(&runs[1]));
    }
}

/// Fails if a shipped scenario gives other results than `tests/fingerprints.json` says, which may be meant.
#[test]
fn shipped_scenarios_keep_their_results_else_set_stratosim_update_fingerprints() {
    let directory = tempfile::tempdir().unwrap();
    let mut found = Map::new();
    for (name, scenario) in shipped_scenarios() {
        let out = directory.path().join(&name);
        run(&scenario, &out, &[]);
        let record = read_json(&out.join("run.json"));
        let tables = record["tables"]["tables"].as_object().unwrap();
        let tables: Map<String, Value> =
            tables.iter().map(|(table, of)| (table.clone(), of["fingerprint"].clone())).collect();
        found.insert(name, json!({ "fingerprint": record["fingerprint"], "tables": tables }));
    }
    let found = Value::Object(found);
    let file = root().join("tests/fingerprints.json");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, format!("{found:#}\n")).unwrap();
    }
    let expected = read_json(&file);
    assert!(
        found == expected,
        "results of shipped scenarios have changed. If that is meant, run this test again with {UPDATE}=1, look at \
         the difference of tests/fingerprints.json, and say in CHANGELOG.md what changed.\nexpected {expected:#}\n\
         found {found:#}"
    );
}

/// The fingerprint of a run in this process.
fn fingerprint(file: &Path) -> u64 {
    let document = Document::open(file).unwrap();
    let loaded = load(&document, &Registry::with_builtins(), file.parent().unwrap()).unwrap();
    let recorder = Recorder::new(Destination::Discard, TableSelection::All);
    let finished = loaded.world.build(Box::new(recorder)).unwrap().run().unwrap();
    let recorder = finished.records.into_any().downcast::<Recorder>().unwrap();
    recorder.finish().unwrap().fingerprint()
}

#[test]
fn runs_beside_each_other_do_not_touch_each_other() {
    let files = json_files("tests/good");
    let directory = tempfile::tempdir().unwrap();
    let alone: Vec<u64> = files
        .iter()
        .map(|file| {
            let out = directory.path().join(file.file_stem().unwrap());
            run(file, &out, &[]);
            let record = read_json(&out.join("run.json"));
            u64::from_str_radix(record["fingerprint"].as_str().unwrap(), 16).unwrap()
        })
        .collect();
    // Each thread begins with another scenario, so that different ones run at the same time.
    let together: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let run_all = |shift: usize| {
            let mut found = vec![0; files.len()];
            for index in 0..files.len() {
                let index = (index + shift) % files.len();
                found[index] = fingerprint(&files[index]);
            }
            found
        };
        let threads: Vec<_> = (0..6).map(|shift| scope.spawn(move || run_all(shift))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for found in together {
        assert_eq!(found, alone);
    }
}
