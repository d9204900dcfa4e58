use super::*;

fn read_text(text: &str) -> Result<WorkflowSpec, String> {
    let document = Document::parse("wf.json", text).expect("JSON");
    from_document(&document).map_err(|errors| errors.to_string())
}

const LATE: &str = r#"{ "name": "blast", "schemaVersion": "1.5", "workflow": {
  "specification": {
    "tasks": [
      { "name": "split", "id": "split_1", "parents": [], "children": ["align_1"], "inputFiles": ["in"],
        "outputFiles": ["part"] },
      { "name": "align", "id": "align_1", "parents": ["split_1"], "children": [], "inputFiles": ["part"] },
      { "name": "align", "id": "align_2", "parents": ["split_1"], "children": [] } ],
    "files": [ { "id": "in", "sizeInBytes": 1000 }, { "id": "part", "sizeInBytes": 500 } ] },
  "execution": { "makespanInSeconds": 9, "executedAt": "x", "tasks": [
    { "id": "split_1", "runtimeInSeconds": 1.5, "coreCount": 2, "memoryInBytes": 4096 },
    { "id": "align_1", "runtimeInSeconds": 3 }, { "id": "align_2", "runtimeInSeconds": 4 } ] } } }"#;

const EARLY: &str = r#"{ "name": "blast", "schemaVersion": "1.4", "workflow": { "makespanInSeconds": 9, "tasks": [
  { "name": "split_1", "category": "split", "runtimeInSeconds": 1.5, "cores": 2, "memoryInBytes": 4096,
    "children": ["align_1", "align_2"],
    "files": [ { "link": "input", "name": "in", "sizeInBytes": 1000 },
      { "link": "output", "name": "part", "sizeInBytes": 500 } ] },
  { "name": "align_1", "category": "align", "runtimeInSeconds": 3, "parents": ["split_1"],
    "files": [ { "link": "input", "name": "part", "sizeInBytes": 500 } ] },
  { "name": "align_2", "category": "align", "runtime": 4 } ] } }"#;

/// Both forms of the same workflow are the same.
#[test]
fn a_workflow_reads_from_both_forms() {
    let late = read_text(LATE).expect("good");
    assert_eq!(read_text(EARLY).expect("good"), late);
    assert_eq!(late.name, "blast");
    let split = &late.tasks[0];
    assert_eq!((split.name.as_str(), split.category.as_deref()), ("split_1", Some("split")));
    assert_eq!((split.runtime.as_secs(), split.cores, split.memory.as_bytes()), (1.5, 2.0, 4096.0));
    assert_eq!(late.tasks[2].parents, ["split_1"]);
    assert_eq!(
        (late.tasks[1].inputs.as_slice(), late.files[1].size.as_bytes()),
        (&["part".to_owned()][..], 500.0)
    );
    // What is read is written in our own form, and read from it.
    let own = serde_json::to_string(&late).expect("plain data");
    let document = Document::parse("own.json", &own).expect("JSON");
    assert_eq!(crate::scenario::read::<WorkflowSpec>(&document).expect("good"), late);
}

#[test]
fn a_circle_is_refused_and_told() {
    let text =
        LATE.replace(r#""id": "split_1", "parents": []"#, r#""id": "split_1", "parents": ["align_1"]"#);
    let told = read_text(&text).expect_err("a circle");
    assert!(
        told.starts_with("wf.json:4:54: workflow.specification.tasks[0].parents: the tasks wait for each other in a circle: split_1 -> align_1 -> split_1"),
        "{told}"
    );
}

#[test]
fn faults_are_told_with_their_place() {
    for (text, from, to, told) in [
        (LATE, "\"1.5\"", "\"0.9\"", "schemaVersion: found \"0.9\", expected one of 1.3, 1.4, 1.5, 1.6"),
        (
            LATE,
            r#""id": "align_1", "runtimeInSeconds": 3"#,
            r#""id": "align_9", "runtimeInSeconds": 3"#,
            "workflow.specification.tasks[1]: task \"align_1\" has no runtime",
        ),
        (
            LATE,
            r#""parents": ["split_1"], "children": [] }"#,
            r#""parents": ["splt_1"], "children": [] }"#,
            "tasks[2].parents[0]: no task is named \"splt_1\"\n    help: did you mean \"split_1\"?",
        ),
        (
            LATE,
            r#""inputFiles": ["part"]"#,
            r#""inputFiles": ["port"]"#,
            "inputs[0]: no file is named \"port\"",
        ),
        (
            LATE,
            r#""runtimeInSeconds": 4"#,
            r#""runtimeInSeconds": -4"#,
            "found -4, expected a number from 0 to 1e18",
        ),
        (EARLY, r#""runtime": 4"#, r#""time": 4"#, "workflow.tasks[2]: task \"align_2\" has no runtime"),
        (
            EARLY,
            r#""align_1", "align_2"]"#,
            r#""align_7"]"#,
            "no task is named \"align_7\", a child of \"split_1\"",
        ),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let error = read_text(&changed).expect_err(to);
        assert!(error.contains(told), "{told}: {error}");
    }
}

/// The schema of version 1.3 gives sizes and memory in kilobytes, under keys of their own.
#[test]
fn the_first_form_counts_in_kilobytes() {
    let first = EARLY
        .replace("\"1.4\"", "\"1.3\"")
        .replace(r#""memoryInBytes": 4096"#, r#""memory": 4096"#)
        .replace("sizeInBytes", "size");
    let read = read_text(&first).expect("good");
    assert_eq!(read.tasks[0].memory.as_bytes(), 4_096_000.0);
    assert_eq!(read.files[0].size.as_bytes(), 1_000_000.0);
    // Later versions have no such keys.
    let later = first.replace("\"1.3\"", "\"1.4\"");
    let error = read_text(&later).expect_err("no size");
    assert!(error.contains("files[0]: a file needs its size: missing key \"sizeInBytes\""), "{error}");
}

/// A task without a runtime is told of once, not again as a child that is not there.
#[test]
fn a_broken_task_is_told_of_once() {
    let text = EARLY.replace(r#""runtime": 4"#, r#""time": 4"#);
    let error = read_text(&text).expect_err("no runtime");
    assert!(error.contains("task \"align_2\" has no runtime"), "{error}");
    assert!(!error.contains("a child of"), "{error}");
}

#[test]
fn a_file_that_is_there_twice_is_refused() {
    let text =
        LATE.replace(r#"{ "id": "part", "sizeInBytes": 500 }"#, r#"{ "id": "in", "sizeInBytes": 500 }"#);
    let error = read_text(&text).expect_err("twice");
    assert!(error.contains("file 0 (counted from 0) has the name \"in\", too"), "{error}");
}
