use super::*;
use crate::scenario::format::ServiceDiscipline;

fn read_text(text: &str) -> Result<(ServiceApplicationSpec, Vec<String>), String> {
    from_text("shop.compose.yaml", text).map_err(|errors| errors.to_string())
}

const SHOP: &str = r#"
name: shop
services:
  frontend:
    image: weaveworks/front-end:0.3.12
    ports: ["80:8079"]
    depends_on:
      - catalog
      - cart
    deploy:
      replicas: 2
      resources:
        limits: { cpus: '0.50', memory: 300M }
        reservations: { cpus: '0.25' }
    x-stratosim:
      processing_time: 20 ms
      discipline: fifo
      requires: { storage: 300 MB }
  catalog:
    build: .
    depends_on:
      catalog-db: { condition: service_healthy }
    mem_limit: 1.5g
    cpus: 2
  cart:
    deploy:
      resources:
        reservations:
          devices:
            - { driver: nvidia, count: 2, capabilities: [gpu, utility] }
  catalog-db:
    image: mysql
    x-eclypse-assets: { cpu: 1, ram: 0.75, storage: 0.3, availability: 0.92, processing_time: 9, image: x }
networks:
  default:
x-stratosim:
  interactions:
    - { from: frontend, to: catalog, latency: 40 ms, bandwidth: 2 Mbps, symmetric: true }
    - { from: cart, to: catalog }
  flows:
    - { name: browse, path: [frontend, catalog, catalog-db, catalog, frontend], deadline: 1 s }
  message: 5 kB
"#;

#[test]
fn services_needs_and_dependencies_are_read() {
    let (shop, notes) = read_text(SHOP).expect("good");
    assert_eq!(shop.application_name(), "shop");
    let names: Vec<&str> = shop.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["frontend", "catalog", "cart", "catalog-db"]);
    let frontend = &shop.services[0];
    assert_eq!((frontend.replicas, frontend.discipline), (2, ServiceDiscipline::Fifo));
    // Reserved cores, and the limit of the memory, of which nothing is reserved: 300 * 2^20 bytes.
    assert_eq!(frontend.requires.cores, 0.25);
    assert_eq!(frontend.requires.memory.as_bytes(), 314_572_800.0);
    assert_eq!(frontend.requires.storage.as_bytes(), 300e6);
    let catalog = &shop.services[1];
    assert_eq!(
        (catalog.requires.cores, catalog.requires.memory.as_bytes()),
        (2.0, 1.5 * 1_073_741_824.0)
    );
    assert_eq!(shop.services[2].requires.accelerators, 2.0);
    let database = &shop.services[3];
    assert_eq!(
        (database.requires.memory.as_bytes(), database.requires.storage.as_bytes()),
        (0.75e9, 0.3e9)
    );
    assert_eq!(database.requires.availability.as_fraction(), 0.92);
    let ways: Vec<(&str, &str, bool, Option<f64>)> = shop
        .interactions
        .iter()
        .map(|way| {
            (way.from.as_str(), way.to.as_str(), way.symmetric, way.latency.map(Duration::as_secs))
        })
        .collect();
    assert_eq!(
        ways,
        [
            ("frontend", "catalog", true, Some(0.04)),
            ("frontend", "cart", true, None),
            ("catalog", "catalog-db", true, None),
            ("cart", "catalog", false, None),
        ]
    );
    assert_eq!((shop.flows.len(), shop.message.distribution().expect("constant").mean()), (1, 5000.0));
    assert_eq!(
        notes,
        [
            "not used: networks, services.*.build, services.*.image, services.*.ports, services.*.x-eclypse-assets.image"
        ]
    );
}

#[test]
fn a_circle_of_dependencies_is_refused_and_told() {
    let text = "services:\n  a:\n    depends_on: [b]\n  b:\n    depends_on:\n      c: {}\n  c:\n    depends_on: [a]\n";
    let told = read_text(text).expect_err("a circle");
    assert!(
        told.starts_with("shop.compose.yaml:3:17: services.a.depends_on: services depend on each other in a circle: a -> b -> c -> a"),
        "{told}"
    );
    let own = read_text("services:\n  a:\n    depends_on: [a]\n").expect_err("itself");
    assert!(own.contains("\"a\" depends on itself"), "{own}");
}

/// What ECLYPSE exports has interactions both ways as dependencies, each with its needs.
#[test]
fn the_edges_of_eclypse_may_lead_in_circles() {
    let text = r#"
name: SockShop
services:
  F:
    image: F
    depends_on: [U]
    x-eclypse-edges: { U: { latency: 40, bandwidth: 2 } }
  U:
    image: U
    depends_on: [F]
    x-eclypse-edges: { F: { latency: 40, bandwidth: 2 } }
x-eclypse: { kind: application, id: SockShop, graph: {}, flows: [[F, U, F]] }
"#;
    let (shop, _) = read_text(text).expect("good");
    assert_eq!(shop.interactions.len(), 1);
    let way = &shop.interactions[0];
    assert!(
        way.symmetric && way.latency == Some(Duration::from_secs(0.04)) && way.bandwidth.as_bps() == 2e6
    );
    assert_eq!(shop.flows[0].path, ["F", "U", "F"]);
}

#[test]
fn faults_are_told_with_their_place() {
    for (from, to, told) in [
        (
            "      - catalog\n",
            "      - catlog\n",
            "shop.compose.yaml:8:9: services.frontend.depends_on[0]: no service is named \"catlog\"\n    help: did you \
             mean \"catalog\"?",
        ),
        ("memory: 300M", "memory: 300Q", "limits.memory: found \"300Q\", expected a size such as 50M"),
        (
            "cpu: 1, ram: 0.75",
            "cpu: 1, ram: 1e308",
            "x-eclypse-assets.ram: expected a number from 0 to 1e18",
        ),
        ("mem_limit: 1.5g", "mem_limit: 1e308g", "expected a size such as 50M"),
        ("cpus: 2", "cpus: -2", "expected a number of cores"),
        ("replicas: 2", "replicas: \"${N:-2}\"", "help: variables are not set here"),
        (
            "processing_time: 20 ms",
            "processing_time: 20 msec",
            "shop.compose.yaml:16:24: services.frontend.x-stratosim.processing_time: \"20 msec\" is not a duration",
        ),
        ("discipline: fifo", "diszipline: fifo", "did you mean \"discipline\"?"),
        (
            "[frontend, catalog, catalog-db, catalog, frontend]",
            "[frontend, catalog-db]",
            "x-stratosim.flows[0].path[1]: there is no interaction from \"frontend\" to \"catalog-db\"",
        ),
        ("to: catalog }\n", "to: catalogue }\n", "no service is named \"catalogue\""),
        ("  flows:\n", "  flow:\n", "x-stratosim"),
        ("services:\n", "servicess:\n", "missing key \"services\""),
        ("name: shop", "name: [shop", "shop.compose.yaml:"),
    ] {
        let text = SHOP.replacen(from, to, 1);
        assert_ne!(text, SHOP, "{from}");
        let error = read_text(&text).expect_err(to);
        assert!(error.contains(told), "{told}: {error}");
    }
}

#[test]
fn sizes_count_as_compose_counts_them() {
    for (text, expected) in
        [("64b", 64.0), ("1024KB", 1_048_576.0), ("2 G", 2_147_483_648.0), ("7", 7.0)]
    {
        let file = YamlFile::parse("x", &format!("{text:?}")).expect("YAML");
        assert_eq!(bytes(&YamlAt::root(&file)), Some(expected), "{text}");
    }
}

proptest::proptest! {
    /// Whatever a slip of the pen makes of a file, it is read or told, and what is read is good.
    #[test]
    fn a_spoiled_file_is_read_or_told(
        at in 0..SHOP.len(), length in 0_usize..12, text in "[-0-9a-z:{}\\[\\],. \n\"'&*|>~]{0,6}"
    ) {
        // The text is ASCII.
        let spoiled = format!("{}{text}{}", &SHOP[..at], &SHOP[(at + length).min(SHOP.len())..]);
        if let Ok((application, _)) = read_text(&spoiled) {
            proptest::prop_assert_eq!(application_faults(&application, None), []);
        }
    }
}
