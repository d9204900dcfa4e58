use super::*;
use crate::scenario::format::ServiceDiscipline;
use crate::scenario::read;
use proptest::prelude::*;

fn application(text: &str) -> ServiceApplicationSpec {
    read(&Document::parse("app.json", text).expect("JSON")).expect("the form is good")
}

fn faults(text: &str) -> Vec<String> {
    let assets = BTreeMap::from([
        (
            "licence".to_owned(),
            AssetSpecification { algebra: AlgebraName::Additive, unit: "seats".into(), checked: true },
        ),
        (
            "zone".to_owned(),
            AssetSpecification { algebra: AlgebraName::Symbolic, unit: "1".into(), checked: true },
        ),
    ]);
    let told = |fault: Fault| match fault.help {
        Some(help) => format!("{}: {} ({help})", fault.path, fault.message),
        None => format!("{}: {}", fault.path, fault.message),
    };
    application_faults(&application(text), Some(&assets)).into_iter().map(told).collect()
}

const GOOD: &str = r#"{
    "name": "shop",
    "services": [
        { "name": "frontend",
          "requires": { "cores": 2, "memory": "1.5 GB", "accelerators": 0.5, "availability": 0.94,
              "architecture": ["x86_64"], "assets": { "licence": 1, "zone": "eu" } },
          "processing_time": "20 ms", "discipline": "fifo", "concurrency": 4, "queue_limit": 100,
          "state": "200 MB", "start_time": "2 s", "replicas": 2 },
        { "name": "user", "work": { "kind": "exponential", "mean": "40 MI" } } ],
    "interactions": [
        { "from": "frontend", "to": "user", "latency": "40 ms", "bandwidth": "2 Mbps", "message": "2 kB" },
        { "from": "user", "to": "frontend" } ],
    "flows": [ { "name": "login", "path": ["frontend", "user", "frontend"],
        "arrival": { "kind": "poisson", "mean_interval": "1 s" }, "sources": "phone", "deadline": "1 s" } ]
}"#;

#[test]
fn an_application_reads_with_its_units_and_defaults_and_back() {
    let shop = application(GOOD);
    assert_eq!(faults(GOOD), Vec::<String>::new());
    let frontend = &shop.services[0];
    assert_eq!(frontend.requires.memory.as_bytes(), 1.5e9);
    assert_eq!(frontend.requires.availability.as_fraction(), 0.94);
    assert_eq!(frontend.discipline, ServiceDiscipline::Fifo);
    let user = &shop.services[1];
    assert_eq!((user.replicas, user.requires.cores, user.concurrency), (1, 0.0, None));
    assert_eq!(user.discipline, ServiceDiscipline::ProcessorSharing);
    // A cycle of interactions is allowed, and here it is one.
    assert!(!shop.interactions[1].symmetric && shop.interactions[1].latency.is_none());
    assert_eq!(shop.message.distribution().expect("constant").mean(), 2000.0);
    let written = serde_json::to_string(&shop).expect("plain data");
    assert_eq!(application(&written), shop);
}

#[test]
fn the_schema_refuses_what_is_no_application() {
    let refused = |from: &str, to: &str| {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from}");
        let document = Document::parse("app.json", &text).expect("JSON");
        read::<ServiceApplicationSpec>(&document).expect_err(from).to_string()
    };
    assert!(refused("\"cores\": 2", "\"cores\": -2").contains("at least 0"));
    assert!(refused("\"replicas\": 2", "\"replicas\": 0").contains("at least 1"));
    assert!(refused("\"20 ms\"", "\"20 msec\"").contains("unit \"msec\" is not known"));
    assert!(
        refused("\"licence\": 1", "\"licence\": -1").contains("services[0].requires.assets.licence")
    );
    assert!(refused("\"discipline\"", "\"diszipline\"").contains("did you mean \"discipline\"?"));
    assert!(refused("\"fifo\"", "\"fiffo\"").contains("did you mean \"fifo\"?"));
    assert!(refused("\"latency\": \"40 ms\"", "\"latency\": \"-40 ms\"").contains("below 0"));
}

#[test]
fn each_fault_is_told_with_its_place_and_what_may_help() {
    for (from, to, fault) in [
        (
            r#"["frontend", "user", "frontend"]"#,
            r#"["frontend", "usr", "frontend"]"#,
            "flows[0].path[1]: no service is named \"usr\" (did you mean \"user\"?)",
        ),
        (
            r#"["frontend", "user", "frontend"]"#,
            r#"["frontend", "frontend"]"#,
            "flows[0].path[1]: \"frontend\" follows itself",
        ),
        (
            r#"{ "from": "user", "to": "frontend" }"#,
            r#"{ "from": "user", "to": "user" }"#,
            "interactions[1].to: \"user\" interacts with itself, which needs no way",
        ),
        (
            r#""to": "frontend" }"#,
            r#""to": "database" }"#,
            "interactions[1].to: no service is named \"database\" (known: frontend, user)",
        ),
        (
            r#"{ "from": "user", "to": "frontend" }"#,
            r#"{ "from": "frontend", "to": "user", "symmetric": true }"#,
            "interactions[1]: the interaction from \"frontend\" to \"user\" is given by interaction 0 (counted \
             from 0) already (give each direction once; `symmetric` gives both)",
        ),
        (
            r#"{ "name": "user", "work": "#,
            r#"{ "name": "user", "processing_time": "1 ms", "work": "#,
            "services[1].work: both `processing_time` and `work` are given (leave out `work` for a time that is \
             the same on each node, or `processing_time` for one by the node's speed)",
        ),
        (r#""mean": "40 MI""#, r#""mean": "0 MI""#, "services[1].work: "),
        (
            r#""licence": 1"#,
            r#""license": 1"#,
            "services[0].requires.assets.license: no asset is named \"license\" (did you mean \"licence\"?)",
        ),
        (
            r#""licence": 1"#,
            r#""licence": "gold""#,
            "services[0].requires.assets.licence: \"licence\" is a number of seats; labels are not",
        ),
        (
            r#""zone": "eu""#,
            r#""zone": 3"#,
            "services[0].requires.assets.zone: \"zone\" is symbolic; labels are needed, not a number",
        ),
        (
            r#"{ "from": "user", "to": "frontend" } ]"#,
            "]",
            "flows[0].path[2]: there is no interaction from \"user\" to \"frontend\" (add one to \
             `interactions`, or make the other direction `symmetric`)",
        ),
    ] {
        let text = GOOD.replace(from, to).replace("\"2 kB\" },\n        ]", "\"2 kB\" } ]");
        assert_ne!(text, GOOD, "{from}");
        let told = faults(&text);
        assert!(told.first().is_some_and(|first| first.starts_with(fault)), "{fault}: {told:#?}");
    }
    let twice = GOOD.replace("\"name\": \"user\"", "\"name\": \"frontend\"");
    assert_eq!(
        faults(&twice)[0],
        "services[1].name: service 0 (counted from 0) has the name \"frontend\", too"
    );
    assert_eq!(
        faults(r#"{ "services": [] }"#),
        ["services: an application without services does nothing"]
    );
}

#[test]
fn faults_become_diagnostics_at_their_place_in_the_file() {
    let text = GOOD.replace("[\"frontend\", \"user\", \"frontend\"]", "[\"frontend\", \"usr\"]");
    let document = Document::parse("app.json", &text).expect("JSON");
    let found = application_faults(&application(&text), None);
    let told = diagnose(found, &document, &Path::root()).expect_err("a fault").to_string();
    assert!(told.starts_with("app.json:13:56: flows[0].path[1]: no service is named \"usr\""), "{told}");
}

#[test]
fn an_asset_needs_a_unit_and_a_name_of_its_own() {
    let asset = |unit: &str| AssetSpecification {
        algebra: AlgebraName::Additive,
        unit: unit.into(),
        checked: true,
    };
    let of = |name: &str, unit| asset_faults(&BTreeMap::from([(name.to_owned(), asset(unit))]));
    assert_eq!(of("licence", "seats"), []);
    assert_eq!(of("licence", " ")[0].message, "the asset \"licence\" has no unit");
    assert_eq!(of("cores", "1")[0].message, "the asset \"cores\" is built in");
    let document = Document::parse("a.json", r#"{ "algebra": "additive", "unit": "" }"#).expect("JSON");
    assert!(read::<AssetSpecification>(&document).is_err());
    let document = Document::parse("a.json", r#"{ "algebra": "additive" }"#).expect("JSON");
    let told = read::<AssetSpecification>(&document).expect_err("no unit").to_string();
    assert!(told.contains("missing key \"unit\""), "{told}");
}

#[test]
fn a_cycle_is_found_and_told_from_its_least_member() {
    assert_eq!(find_cycle(&[vec![1, 2], vec![3], vec![3], vec![]]), None);
    assert_eq!(find_cycle(&[vec![1], vec![2], vec![3], vec![1]]), Some(vec![1, 2, 3]));
    assert_eq!(find_cycle(&[vec![], vec![1]]), Some(vec![1]));
    assert_eq!(told_cycle(["a", "b"].into_iter()), "a -> b -> a");
}

proptest! {
    /// A cycle that is found is one; none is found exactly when an order exists.
    #[test]
    fn cycles_are_cycles(edges in prop::collection::vec((0usize..8, 0usize..8), 0..20)) {
        let mut nexts = vec![Vec::new(); 8];
        for (a, b) in edges {
            nexts[a].push(b);
        }
        match find_cycle(&nexts) {
            Some(cycle) => {
                for (at, node) in cycle.iter().enumerate() {
                    prop_assert!(nexts[*node].contains(&cycle[(at + 1) % cycle.len()]));
                }
            }
            None => {
                // Take away what leads nowhere until nothing is left.
                let mut left: BTreeSet<usize> = (0..8).collect();
                while let Some(&end) =
                    left.iter().find(|&&node| nexts[node].iter().all(|next| !left.contains(next)))
                {
                    left.remove(&end);
                }
                prop_assert!(left.is_empty());
            }
        }
    }
}
