//! Assets of each algebra, needed and offered.

use super::*;
use crate::infra::assets::{Algebra, AssetSpec, Label, Offered};

const ALGEBRAS: [(&str, Algebra); 5] = [
    ("seats", Algebra::Additive),
    ("trust", Algebra::Multiplicative),
    ("jitter", Algebra::Concave),
    ("security", Algebra::Convex),
    ("features", Algebra::Symbolic),
];

/// A node that offers 2 of each, and the labels "a" and "b"; and what one replica that needs this makes of it.
fn offering(checked: bool) -> Infrastructure {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    let mut class = NodeClass::new("node", Tier::Edge, 1).with_cores(4, 1000.0);
    for (name, algebra) in ALGEBRAS {
        let (name, unit) = (name.into(), "1".into());
        let asset = builder.asset(AssetSpec { name, unit, algebra, checked });
        let labels = || Offered::Labels(["a", "b"].map(Label::from).into());
        let offered = if algebra == Algebra::Symbolic { labels() } else { Offered::Amount(2.0) };
        class.assets.push((asset, offered));
    }
    class.availability = 0.95;
    builder.class(class, Box::new(Static::at(vec![Position::default()]).unwrap()));
    builder.build().unwrap()
}

fn place(own: &mut Infrastructure, needs: ReplicaNeeds) -> Result<ApplicationId, Violation> {
    let id = own.add_application(ApplicationNeeds {
        name: "one".into(),
        services: vec!["it".into()],
        replicas: vec![needs],
        interactions: Vec::new(),
    });
    own.place(id, &at(&[(0, 0)])).map(|()| id)
}

fn amount(own: &mut Infrastructure, asset: AssetId, amount: f64) -> Result<ApplicationId, Violation> {
    place(own, ReplicaNeeds { amounts: vec![(asset, amount)], ..ReplicaNeeds::default() })
}

fn labels(own: &mut Infrastructure, asset: AssetId, labels: &[&str]) -> bool {
    let labels = labels.iter().map(|&label| Label::from(label)).collect();
    place(own, ReplicaNeeds { labels: vec![(asset, labels)], ..ReplicaNeeds::default() }).is_ok()
}

#[test]
fn each_algebra_compares_in_its_way() {
    let mut own = offering(true);
    let id = |own: &Infrastructure, name| own.assets().catalogue().id(name).unwrap();
    // Consumed: 1.5 of 2, then 0.5 and no more.
    let seats = id(&own, "seats");
    assert!(amount(&mut own, seats, 1.5).is_ok());
    let fault = amount(&mut own, seats, 1.0).unwrap_err();
    assert_eq!((fault.needed, fault.offered), (1.0, 0.5));
    assert!(amount(&mut own, seats, 0.5).is_ok());
    // At least, and as often as one likes.
    for name in ["trust", "security"] {
        let asset = id(&own, name);
        for (needed, good) in [(1.0, true), (2.0, true), (2.1, false), (2.0, true)] {
            assert_eq!(amount(&mut own, asset, needed).is_ok(), good, "{name} {needed}");
        }
        assert_eq!(own.assets().residual(NodeId(0), asset), 2.0);
        assert_eq!(own.assets().used(NodeId(0), asset), 0.0);
    }
    // At most.
    let jitter = id(&own, "jitter");
    for (needed, good) in [(1.9, false), (2.0, true), (3.0, true)] {
        assert_eq!(amount(&mut own, jitter, needed).is_ok(), good, "jitter {needed}");
    }
    // All labels; of architectures any.
    let features = id(&own, "features");
    assert!(labels(&mut own, features, &["b", "a"]) && labels(&mut own, features, &[]));
    assert!(!labels(&mut own, features, &["a", "c"]));
    let architecture = AssetId::ARCHITECTURE;
    assert!(labels(&mut own, architecture, &["aarch64", "x86_64"]));
    assert!(!labels(&mut own, architecture, &["aarch64"]));
    // Availability of the class; the processing time is only shown.
    assert!(amount(&mut own, AssetId::AVAILABILITY, 0.94).is_ok());
    assert!(amount(&mut own, AssetId::AVAILABILITY, 0.96).is_err());
    assert!(amount(&mut own, AssetId::PROCESSING_TIME_S, -1.0).is_ok());
    // There is no such asset.
    assert!(amount(&mut own, AssetId(99), 1.0).is_err());
}

#[test]
fn what_is_not_checked_holds_nobody() {
    let mut own = offering(false);
    for (name, _) in &ALGEBRAS[..4] {
        let asset = own.assets().catalogue().id(name).unwrap();
        let needed = if *name == "jitter" { 0.0 } else { 9.0 };
        assert!(amount(&mut own, asset, needed).is_ok(), "{name}");
    }
    let features = own.assets().catalogue().id("features").unwrap();
    assert!(labels(&mut own, features, &["c"]));
}

#[test]
fn a_changed_offer_is_at_fault_in_the_audit() {
    let mut own = offering(true);
    let node = NodeId(0);
    let of = |own: &Infrastructure, name| own.assets().catalogue().id(name).unwrap();
    for (name, fallen) in [("seats", 0.5), ("trust", 0.5), ("jitter", 3.0), ("security", 0.5)] {
        let asset = of(&own, name);
        let id = amount(&mut own, asset, if name == "jitter" { 2.5 } else { 1.0 }).unwrap();
        let mut found = Vec::new();
        own.audit(id, &mut found);
        assert_eq!(found, [], "{name}");
        own.set_offer(node, asset, fallen);
        assert_eq!((own.assets().offer(node, asset), own.assets().base(node, asset)), (fallen, 2.0));
        own.audit(id, &mut found);
        assert_eq!((found[0].kind, found[0].asset), (ViolationKind::Asset, Some(asset)), "{name}");
        own.set_offer(node, asset, 2.0);
        found.clear();
        own.audit(id, &mut found);
        assert_eq!(found, [], "{name}");
    }
    // Labels, cores and what is not there do not follow.
    own.set_offer(node, of(&own, "features"), 1.0);
    own.set_offer(node, AssetId::CORES, 1.0);
    own.set_offer(NodeId(7), AssetId(99), 1.0);
    assert_eq!(own.assets().offer(node, AssetId::CORES), 4.0);
}
