//! The scenarios in the documents are ones.

use crate::support::stratosim;
use std::fs;
use std::path::Path;

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    for document in documents.chain([root.join("README.md")]) {
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
