use super::*;

fn read_text(text: &str) -> Result<EclypseExport, String> {
    let document = Document::parse("app.eclypse.json", text).expect("JSON");
    from_document(&document).map_err(|errors| errors.to_string())
}

/// A part of a sock shop in the form of ECLYPSE's exporter.
const SHOP: &str = r#"{
  "eclypse_schema": "1.0", "kind": "application", "id": "SockShop", "graph": {},
  "node_assets": {
    "cpu": { "type": "additive", "lower_bound": 0, "upper_bound": 1e9, "functional": true, "init": { "type": "none" } },
    "licence": { "type": "additive", "lower_bound": 0, "upper_bound": 9, "functional": false },
    "zone": { "type": "symbolic", "lower_bound": [], "upper_bound": [] } },
  "edge_assets": {},
  "nodes": [
    { "id": "UserService", "attrs": { "cpu": 1, "gpu": 0.5, "ram": 0.75, "storage": 0.3, "availability": 0.92,
        "processing_time": 9, "licence": 2, "zone": ["eu"], "image": "x" } },
    { "id": "FrontendService", "attrs": { "cpu": 2, "ram": 1.5, "processing_time": 20 } },
    { "id": "CartService", "attrs": {} } ],
  "edges": [
    { "source": "FrontendService", "target": "UserService", "attrs": { "latency": 40, "bandwidth": 2 } },
    { "source": "UserService", "target": "FrontendService", "attrs": { "latency": 40, "bandwidth": 2 } },
    { "source": "FrontendService", "target": "CartService", "attrs": { "latency": 40, "bandwidth": 2 } },
    { "source": "CartService", "target": "FrontendService", "attrs": { "latency": 50, "bandwidth": 2 } } ],
  "extras": { "requirement_init": "min", "flows": [
    ["FrontendService", "UserService", "FrontendService"], ["UserService", "CartService"] ] }
}"#;

#[test]
fn an_application_comes_with_its_units() {
    let export = read_text(SHOP).expect("good");
    let EclypseGraph::Application(shop) = export.graph else { panic!("an application") };
    assert_eq!(shop.application_name(), "SockShop");
    let user = &shop.services[0];
    let requires = &user.requires;
    assert_eq!((requires.cores, requires.accelerators), (1.0, 0.5));
    assert_eq!((requires.memory.as_bytes(), requires.storage.as_bytes()), (0.75e9, 0.3e9));
    assert_eq!(requires.assets["licence"], AssetAmount::Amount(2.0));
    assert_eq!(requires.assets["zone"], AssetAmount::Labels(Names::Several(vec!["eu".into()])));
    let time = user.processing_time.as_ref().expect("given").distribution().expect("constant");
    assert_eq!(time.mean(), 0.009);
    // Equal both ways: one; else one each way; and one that needs nothing for the flow without any.
    let ways: Vec<(&str, &str, bool)> = shop
        .interactions
        .iter()
        .map(|way| (way.from.as_str(), way.to.as_str(), way.symmetric))
        .collect();
    assert_eq!(
        ways,
        [
            ("FrontendService", "UserService", true),
            ("FrontendService", "CartService", false),
            ("CartService", "FrontendService", false),
            ("UserService", "CartService", false),
        ]
    );
    assert_eq!(shop.interactions[0].latency.map(Duration::as_secs), Some(0.04));
    assert_eq!(shop.interactions[0].bandwidth.as_bps(), 2e6);
    assert_eq!(shop.flows[1].path, ["UserService", "CartService"]);
    assert_eq!(
        export.notes,
        [
            "flows lead from \"UserService\" to \"CartService\" without an interaction: one that needs nothing is \
             added",
            "the attribute \"image\" of nodes is not used"
        ]
    );
    assert_eq!(crate::scenario::application_faults(&shop, None), []);
}

#[test]
fn an_infrastructure_has_links_that_lead_both_ways() {
    let text = r#"{ "eclypse_schema": "1.0", "kind": "infrastructure", "id": "i",
        "node_assets": { "licence": { "type": "convex", "functional": false } },
        "nodes": [ { "id": 0, "attrs": { "cpu": 8, "ram": 16, "storage": 64, "gpu": 1, "availability": 0.98,
            "processing_time": 3, "licence": 4 } }, { "id": "b", "attrs": {} }, { "id": "c" } ],
        "edges": [ { "source": 0, "target": "b", "attrs": { "latency": 5, "bandwidth": 100 } },
            { "source": "b", "target": 0, "attrs": { "latency": 7, "bandwidth": 200 } },
            { "source": "b", "target": "c", "attrs": {} } ],
        "extras": { "resource_init": "min", "path_assets_aggregators": { "latency": "sum" } } }"#;
    let export = read_text(text).expect("good");
    let EclypseGraph::Infrastructure(infrastructure) = export.graph else { panic!("an infrastructure") };
    let node = &infrastructure.nodes[0];
    assert_eq!(
        (node.name.as_str(), node.cores, node.memory_gb, node.accelerators),
        ("0", 8.0, 16.0, 1.0)
    );
    assert_eq!(node.assets["licence"], AssetAmount::Amount(4.0));
    let asset = &infrastructure.assets["licence"];
    assert_eq!((asset.algebra, asset.unit.as_str(), asset.checked), (AlgebraName::Convex, "1", false));
    let link = EclypseLink { a: 0, b: 1, latency_ms: Some(7.0), bandwidth_mbps: Some(100.0) };
    assert_eq!(infrastructure.links[0], link);
    assert_eq!(infrastructure.links.len(), 2);
    assert_eq!(export.notes.len(), 2, "{:?}", export.notes);
}

#[test]
fn faults_are_told_with_their_place() {
    for (from, to, told) in [
        ("\"1.0\"", "\"2.0\"", "app.eclypse.json:2:21: eclypse_schema: found \"2.0\", expected \"1.0\""),
        ("\"application\"", "\"graph\"", "kind: found \"graph\", expected \"application\" or"),
        (
            "\"target\": \"UserService\"",
            "\"target\": \"UsrService\"",
            "edges[0].target: no node has the id \"UsrService\"\n    help: did you mean \"UserService\"?",
        ),
        ("\"storage\": 0.3", "\"storage\": 1e308", "expected a number from 0 to 1e18"),
        ("\"bandwidth\": 2 }", "\"bandwidth\": 1e308 }", "expected a number from 0 to 1e18"),
        (
            "\"ram\": 0.75",
            "\"ram\": -1",
            "nodes[0].attrs.ram: found -1, expected a number from 0 to 1e18",
        ),
        (
            "\"availability\": 0.92",
            "\"availability\": 92",
            "nodes[0].attrs.availability: found 92, expected a number",
        ),
        (
            "[\"UserService\", \"CartService\"] ]",
            "[\"UserService\", \"Cart\"] ]",
            "extras.flows[1][1]: no service is named \"Cart\"",
        ),
        (
            "\"id\": \"CartService\"",
            "\"id\": \"UserService\"",
            "nodes[2]: another node has the id \"UserService\"",
        ),
    ] {
        let text = SHOP.replace(from, to);
        assert_ne!(text, SHOP, "{from}");
        let error = read_text(&text).expect_err(to);
        assert!(error.contains(told), "{told}: {error}");
    }
    let twice = SHOP.replace(
        "{ \"source\": \"CartService\", \"target\": \"FrontendService\"",
        "{ \"source\": \"FrontendService\", \"target\": \"CartService\"",
    );
    assert!(read_text(&twice).expect_err("twice").contains("two edges lead from"));
}

proptest::proptest! {
    /// Any value in the place of another is read or told.
    #[test]
    fn a_spoiled_value_is_read_or_told(
        which in 0_usize..60,
        value in proptest::sample::select(vec!["null", "-1", "1e300", "\"\"", "\"x\"", "[]", "{}", "[[1]]", "0.5"]),
    ) {
        // Each value that follows a colon, in turn.
        let at = SHOP.match_indices(": ").map(|(at, _)| at + 2).nth(which);
        if let Some(at) = at {
            let end = at + SHOP[at..].find([',', '}', ']', '\n']).unwrap_or(0);
            let spoiled = format!("{}{value}{}", &SHOP[..at], &SHOP[end..]);
            if let Ok(document) = Document::parse("x.json", &spoiled)
                && let Ok(EclypseExport { graph: EclypseGraph::Application(application), .. }) =
                    from_document(&document)
            {
                proptest::prop_assert_eq!(crate::scenario::application_faults(&application, None), []);
            }
        }
    }
}

/// What would be refused in a scenario is not written.
#[test]
fn an_application_that_no_scenario_takes_is_refused() {
    let alone = SHOP.replace(r#"["UserService", "CartService"]"#, r#"["UserService", "UserService"]"#);
    let error = read_text(&alone).expect_err("a flow in place");
    assert!(error.contains("flows[1].path[1]: \"UserService\" follows itself"), "{error}");
    let empty =
        r#"{ "eclypse_schema": "1.0", "kind": "application", "id": "A", "nodes": [], "edges": [] }"#;
    let error = read_text(empty).expect_err("nothing");
    assert!(error.contains("an application without services does nothing"), "{error}");
}
