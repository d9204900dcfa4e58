//! The documents: their scenarios are ones, their tables those of the program, and none is torn.

use crate::support::{json_files, root, shipped_scenarios, stratosim};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use stratosim::output::{Destination, Recorder};
use stratosim::scenario::{Document, Registry, load};
use stratosim::sweep::table_selection;

/// The whole scenarios among the JSON examples of a document: those with nodes, but for those that name files, which
/// are not at hand.
fn scenarios(text: &str) -> Vec<String> {
    let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let whole = |block: &&str| {
        serde_json::from_str::<serde_json::Value>(block).is_ok_and(|value| value.get("nodes").is_some())
            && !block.contains("\"file\"")
    };
    blocks.filter(whole).map(str::to_owned).collect()
}

#[test]
fn examples_in_documents_can_be_run() {
    let mut checked = 0;
    let directory = tempfile::tempdir().unwrap();
    let documents = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    for document in documents.chain([root().join("README.md")]) {
        for (index, scenario) in scenarios(&fs::read_to_string(&document).unwrap()).iter().enumerate() {
            let path = directory.path().join(format!("example-{index}.json"));
            fs::write(&path, scenario).unwrap();
            let output = stratosim().arg("validate").arg(&path).output().unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            let is_missing_file =
                text.lines().all(|line| line.contains("file") || line.starts_with(' '));
            assert!(
                output.status.success() || (!text.is_empty() && is_missing_file),
                "{}: {text}\n{scenario}",
                document.display()
            );
            checked += 1;
        }
    }
    assert!(checked >= 5, "only {checked} scenarios in the documents");
}

/// The columns of each table: type, unit and meaning.
type Columns = BTreeMap<String, BTreeMap<String, [String; 3]>>;

/// What `docs/tables.md` has of each table: the rows under its heading, in which no column is twice.
fn documented_columns() -> Columns {
    let text = fs::read_to_string(root().join("docs/tables.md")).unwrap();
    let mut tables = Columns::new();
    for section in text.split("\n## ").skip(1) {
        let (heading, body) = section.split_once('\n').unwrap();
        let columns = tables.entry(heading.trim_matches('`').to_owned()).or_default();
        for row in body.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, kind, unit, meaning] = cells[..] else { panic!("{heading}: {row}") };
            let is_new = columns
                .insert(name.trim_matches('`').to_owned(), [kind, unit, meaning].map(str::to_owned));
            assert!(is_new.is_none(), "{heading} has {name} twice");
        }
    }
    tables
}

/// The columns of the tables that these scenarios have, traced in full.
fn registered_columns(scenarios: impl IntoIterator<Item = PathBuf>) -> Columns {
    let registry = Registry::with_builtins();
    let mut tables = Columns::new();
    for file in scenarios {
        let mut document = Document::open(&file).unwrap();
        document.set("output.trace", "full").unwrap();
        document.set("output.tables", "null").unwrap();
        let loaded = load(&document, &registry, file.parent().unwrap()).unwrap();
        let recorder = Recorder::new(Destination::Discard, table_selection(&loaded.scenario.output));
        let simulation = loaded.world.build(Box::new(recorder)).unwrap();
        let recorder = simulation.records().as_any().downcast_ref::<Recorder>().unwrap();
        for (spec, _) in recorder.tables() {
            let columns = tables.entry(spec.name.to_string()).or_default();
            for column in &spec.columns {
                let described =
                    [column.kind.to_string(), column.unit.to_string(), column.meaning.to_string()];
                columns.insert(column.name.to_string(), described);
            }
        }
    }
    tables
}

#[test]
fn each_column_of_each_table_is_documented_as_in_the_dictionary() {
    let shipped = shipped_scenarios().into_iter().map(|(_, file)| file);
    let registered = registered_columns(shipped.chain(json_files("tests/good")));
    let documented = documented_columns();
    let mut differences = Vec::new();
    for table in registered.keys().chain(documented.keys()).collect::<BTreeSet<_>>() {
        let (of, said) = (registered.get(table), documented.get(table));
        let names = of.into_iter().chain(said).flat_map(BTreeMap::keys).collect::<BTreeSet<_>>();
        for name in names {
            let pair = [of, said].map(|columns| columns.and_then(|columns| columns.get(name)));
            if pair[0] != pair[1] {
                differences
                    .push(format!("{table}.{name}: is {:?}, documented as {:?}", pair[0], pair[1]));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(registered.len() > 20);
}

/// Merges that keep the lines of both sides leave lines twice, headings without a blank line, and tables torn apart.
#[test]
fn documents_are_whole() {
    let documents = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let others =
        ["README.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "benches/README.md"];
    for path in documents.chain(others.map(|name| root().join(name))) {
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        // Paragraphs, headings, lists and tables, but no code.
        let prose: String = text.split("```").step_by(2).collect::<Vec<_>>().join("CODE");
        let lines: Vec<&str> = prose.lines().collect();
        let cells =
            |line: &str| line.split('`').step_by(2).map(|part| part.matches('|').count()).sum::<usize>();
        let mut headings = BTreeSet::new();
        for (index, line) in lines.iter().enumerate() {
            let place = format!("{name}: {line}");
            let before = if index == 0 { "" } else { lines[index - 1] };
            let after = lines.get(index + 1).copied().unwrap_or_default();
            if line.starts_with('#') {
                assert!(before.is_empty() && after.is_empty(), "no blank line beside it: {place}");
                assert!(name == "CHANGELOG.md" || headings.insert(*line), "twice: {place}");
            }
            if line.starts_with('|') {
                assert!(
                    before.is_empty() || before.starts_with('|'),
                    "no blank line before it: {place}"
                );
                assert!(after.is_empty() || cells(after) == cells(line), "another row follows: {place}");
                let begins = !before.starts_with('|');
                assert!(!begins || after.starts_with("| ---"), "a table without a head: {place}");
            }
            // Two lines that begin alike, a few apart, are two versions of one.
            let begin: String = line.chars().take(60).collect();
            let near = &lines[index.saturating_sub(12)..index];
            let is_prose = line.len() >= 60 && !line.starts_with(['|', ' ']) || line.starts_with("* **");
            let again = is_prose && near.iter().any(|other| other.starts_with(&begin));
            assert!(!again, "twice: {place}");
        }
    }
}
