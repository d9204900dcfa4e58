//! Each bad scenario in `tests/bad` is told from the others by its message, which names the place, the path,
//! the cause and, where there is one, the remedy. The expected text of `NAME.json` is `NAME.txt`.

use crate::support::{error_text, json_files, stratosim};
use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};

const UPDATE: &str = "STRATOSIM_UPDATE_EXPECTED";

/// Files that no JSON object can be read from: their errors have a place, but no path.
fn has_no_path(name: &str) -> bool {
    name.starts_with("syntax_") || name == "duplicate_key" || name == "missing_nodes"
}

fn name(file: &Path) -> String {
    file.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// What `validate` says of a bad file; that it says so in the way it should is checked here.
fn complaint(file: &Path) -> String {
    let argument = format!("tests/bad/{}.json", name(file));
    let output = stratosim().args(["validate", &argument]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "exit code for {argument}");
    assert!(output.stdout.is_empty(), "something good was said of {argument}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_mistake_is_told_as_expected() {
    let files = json_files("tests/bad");
    assert!(files.len() >= 35, "only {} bad scenarios", files.len());
    let update = std::env::var_os(UPDATE).is_some();
    let mut wrong = Vec::new();
    for file in &files {
        let found = complaint(file);
        let expected_file = file.with_extension("txt");
        if update {
            fs::write(&expected_file, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected_file).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{}:\n--- expected\n{expected}--- found\n{found}", name(file)));
        }
    }
    let hint = format!("read what changed; if it is better, run this test again with {UPDATE}=1");
    assert!(wrong.is_empty(), "{}\n{hint}", wrong.join("\n"));
}

#[test]
fn every_expected_text_has_its_scenario() {
    for file in json_files("tests/bad") {
        assert!(file.with_extension("txt").exists(), "{}.txt is missing", name(&file));
    }
    for entry in fs::read_dir(crate::support::root().join("tests/bad")).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            assert!(path.with_extension("json").exists(), "{} is left over", path.display());
        }
    }
}

/// The place is checked against the text, not against what the program thinks of it: the value or the key
/// that the path ends in stands there.
#[test]
fn every_message_points_at_the_place_of_its_path() {
    let pattern =
        Regex::new(r"^tests/bad/(\w+)\.json:(\d+):(\d+): (?:([A-Za-z_\[\]0-9.]+): )?\S").unwrap();
    for file in json_files("tests/bad") {
        let text = fs::read_to_string(&file).unwrap();
        let complaint = complaint(&file);
        for line in complaint.lines() {
            if let Some(help) = line.strip_prefix("    help: ") {
                assert!(!help.is_empty(), "{line}");
                continue;
            }
            // An expression in a text is shown with a caret under the place.
            if line.starts_with("  ") {
                continue;
            }
            let found = pattern.captures(line).unwrap_or_else(|| panic!("no place: {line}"));
            assert_eq!(found[1], name(&file), "{line}");
            let (row, column): (usize, usize) = (found[2].parse().unwrap(), found[3].parse().unwrap());
            let row = text.lines().nth(row - 1).unwrap_or_default();
            let before: String = row.chars().take(column - 1).collect();
            let after: String = row.chars().skip(column - 1).collect();
            let Some(path) = found.get(4).map(|path| path.as_str()) else {
                assert!(has_no_path(&name(&file)), "no path: {line}");
                continue;
            };
            let key = path.rsplit('.').next().unwrap_or(path);
            let quoted = format!("\"{key}\"");
            let good = if key.ends_with(']') || !text.contains(&quoted) {
                // An element, or the object in which a key is missing.
                after.starts_with(['{', '[', '"', '-'])
                    || after.starts_with(|c: char| c.is_ascii_digit())
            } else {
                after.starts_with(&quoted) || before.ends_with(&format!("{quoted}: "))
            };
            assert!(good, "{line}\n    points at: {after}");
        }
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let count = |name: &str| {
        let complaint = complaint(Path::new(&format!("{name}.json")));
        complaint.lines().filter(|line| !line.starts_with(' ')).count()
    };
    assert_eq!(count("several_errors_of_form"), 6);
    // Seven mistakes and the disconnection that one of them causes.
    assert_eq!(count("several_errors_of_sense"), 8);
}

#[test]
fn all_bad_files_are_told_of_and_the_good_ones_named() {
    let files = ["tests/bad/empty_nodes.json", "tests/good/small.json", "tests/bad/no_devices.json"];
    let assert = stratosim().arg("validate").args(files).assert().code(2);
    let assert = assert.stdout("tests/good/small.json: good (small)\n");
    let found = error_text(&assert);
    assert!(found.contains("empty_nodes.json:3:12") && found.contains("no_devices.json:1:1"), "{found}");
}

/// That a table is unknown shows only when all workloads have named theirs; nothing is left behind then.
#[test]
fn an_unknown_table_is_told_with_the_known_ones() {
    let directory = tempfile::tempdir().unwrap();
    let assert = stratosim()
        .args(["run", "tests/good/small.json", "--set", "output.tables=[\"tasks\",\"taskz\"]", "--out"])
        .arg(directory.path().join("run"))
        .assert()
        .code(2)
        .stdout("");
    let found = error_text(&assert);
    let expected = "--set output.tables=[\"tasks\",\"taskz\"]: output.tables[1]: no table is named \"taskz\"\n    \
                    help: did you mean \"tasks\"?\n";
    assert_eq!(found, expected);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_no_text_or_not_there_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let binary = directory.path().join("binary.json");
    fs::write(&binary, [0x7b, 0xff, 0xfe, 0x7d]).unwrap();
    let unreadable = |argument: &Path| {
        let assert = stratosim().arg("validate").arg(argument).assert().code(2).stdout("");
        error_text(&assert)
    };
    let found = unreadable(&binary);
    assert!(found.starts_with(&format!("{}", binary.display())) && found.contains("UTF-8"), "{found}");
    let found = unreadable(&directory.path().join("absent.json"));
    assert!(found.contains("absent.json: cannot be read: "), "{found}");
    let found = unreadable(directory.path());
    assert!(found.contains("cannot be read: "), "{found}");
}

#[test]
fn an_override_is_blamed_for_its_own_mistakes() {
    for (assignment, expected) in [
        (
            "nodes[0].tier=egde",
            "--set nodes[0].tier=egde: nodes[0].tier: unknown value \"egde\"; did you mean \"edge\"?",
        ),
        ("duration=0", "--set duration=0: duration: a run of no duration shows nothing"),
        ("nodes[9].count=2", "--set nodes[9].count=2: nodes: has no element 9: it is an array of 3"),
        ("duration", "--set duration: no = between path and value"),
    ] {
        let assert = stratosim()
            .args(["validate", "tests/good/small.json", "--set", assignment])
            .assert()
            .code(2);
        let found = error_text(&assert);
        assert!(found.contains(expected), "{found}");
    }
}
