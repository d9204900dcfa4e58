//! `stratosim scope`.

use crate::support::stratosim;
use std::fs;

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = stratosim().arg("scope").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn an_expression_is_explained_and_resolved() {
    let scope = "s: Nantes & Rennes ; around(Paris, 1.6 ms), t: Paris";
    let (code, text, _) = run(&[scope]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("map: twelve cities of France, built in"), "{text}");
    // Lille is 204 km from Paris, 1.53 ms of fibre; Rennes 308 km.
    assert!(
        text.contains(
            "at Nantes:\n  `s` is replicated, with one replica here and one at Rennes, otherwise is forwarded to \
             Paris, otherwise is forwarded to Lille\n"
        ),
        "{text}"
    );
    assert!(text.contains("  `t` is forwarded to Paris\n"), "{text}");
}

#[test]
fn a_map_of_ones_own_and_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sites.json");
    let map = r#"{"sites": ["a", "b", "c"], "services": ["s"], "links": [
        {"from": "a", "to": "b", "latency": "2 ms"}, {"from": "b", "to": "c", "latency": "3 ms"}]}"#;
    fs::write(&file, map).unwrap();
    let path = file.to_str().unwrap();
    let (code, text, error) = run(&["s: around(b, 2 ms) % c", "--at", "b", "--json", "--sites", path]);
    assert_eq!(code, Some(0), "{error}");
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["scope"], "s: around(b, 2 ms) % c");
    assert_eq!(value["services"][0]["place"], serde_json::json!({ "%": [{ ";": ["b", "a"] }, "c"] }));
    assert_eq!(value["services"][0]["sites"][2], serde_json::json!({ "name": "c", "latency_s": 0.003 }));
    let (code, _, error) = run(&["t: a", "--sites", path]);
    assert_eq!(code, Some(2));
    assert!(error.contains("no service `t`"), "{error}");
    fs::write(&file, r#"{"sites": ["a"], "link": []}"#).unwrap();
    let (code, _, error) = run(&["s: a", "--sites", path]);
    assert_eq!(code, Some(2));
    assert!(error.contains("unknown field `link`") && error.contains("line 1 column"), "{error}");
}

#[test]
fn graphml_is_a_map() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("net.graphml");
    let node = |id: &str, longitude: &str| {
        format!(
            r#"<node id="{id}"><data key="l">{id}</data><data key="x">{longitude}</data><data key="y">0</data></node>"#
        )
    };
    let text = format!(
        r#"<graphml><key attr.name="label" for="node" id="l"/><key attr.name="Longitude" for="node" id="x"/>
        <key attr.name="Latitude" for="node" id="y"/><graph edgedefault="undirected">{}{}
        <edge source="p" target="q"/></graph></graphml>"#,
        node("p", "0"),
        node("q", "1")
    );
    fs::write(&file, text).unwrap();
    // A degree of the equator is 111.2 km, 0.556 ms of fibre.
    let (code, text, error) = run(&["s: p ; q", "--sites", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{error}");
    assert!(text.contains("0.556 ms"), "{text}");
}

#[test]
fn mistakes_are_bad_input_with_a_caret() {
    let (code, text, error) = run(&["s: Nantes & Rennes % Paris"]);
    assert_eq!((code, text.as_str()), (Some(2), ""));
    assert!(error.contains("line 1, column 20: `&` and `%` bind equally"), "{error}");
    assert!(error.ends_with("\n                     ^\n"), "{error:?}");
    let (code, _, error) = run(&["s: Nante"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("did you mean `Nantes`?"), "{error}");
    let (code, _, error) = run(&["s: Nantes", "--at", "Pari"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("did you mean `Paris`?"), "{error}");
}
