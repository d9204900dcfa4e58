use super::*;
use crate::scope::{Scope, SiteMap, resolve};

/// A deployment is composed of pods, a pod relies on a secret and requires an image, and uses a local port.
fn catalogue() -> Catalogue {
    let kind = |name: &str, service: &str, ownership, is_divisible| ResourceKind {
        name: name.into(),
        service: service.into(),
        ownership,
        is_divisible,
    };
    let local = Ownership::Local { reason: "its address means nothing elsewhere".into() };
    let kinds = vec![
        kind("deployment", "d", Ownership::Global, true),
        kind("pod", "p", Ownership::Global, false),
        kind("secret", "s", Ownership::Global, false),
        kind("image", "i", Ownership::Global, false),
        kind("port", "n", local, false),
    ];
    let needs = |dependant, needed, relation| Dependency { dependant, needed, relation };
    let dependencies = vec![
        needs(0, 1, Relation::Composition),
        needs(1, 2, Relation::Reliance),
        needs(1, 3, Relation::Requirement),
        needs(1, 4, Relation::Requirement),
    ];
    Catalogue::new(kinds, dependencies).unwrap()
}

fn found(scope: &str, kind: usize) -> Vec<(Severity, String)> {
    let map = SiteMap::france();
    let resolved = resolve(&Scope::parse(scope).unwrap(), &map).unwrap();
    let here = map.site("Paris").unwrap();
    check(&resolved, &catalogue(), kind, here).into_iter().map(|it| (it.severity, it.message)).collect()
}

#[test]
fn local_and_plain_requests_are_fine() {
    for (scope, kind) in
        [("", 1), ("p: Nantes", 1), ("d: Paris % Nantes", 0), ("n: Paris", 4), ("s: Lyon & Nice", 2)]
    {
        assert_eq!(found(scope, kind), [], "{scope}");
    }
    assert_eq!(found("s: Nice", 99), []);
}

#[test]
fn what_cannot_work_is_refused_with_its_reason() {
    for (scope, kind, part) in [
        (
            "n: Nantes",
            4,
            "local to a site and cannot be used from another, because its address means nothing",
        ),
        (
            "p: Paris, n: Nantes",
            1,
            "`pod` requires `port`, which is local to a site and cannot be shared",
        ),
        ("p: Paris % Nantes", 1, "cannot be divided"),
        ("d: Paris, p: Nantes", 0, "created where its whole is"),
        ("p: (Lyon ; Nice) & (Lyon ; Nice)", 1, "comes to one site"),
    ] {
        let found = found(scope, kind);
        let refused: Vec<_> =
            found.iter().filter(|(severity, _)| *severity == Severity::Refusal).collect();
        assert_eq!(refused.len(), 1, "{scope}: {found:?}");
        assert!(refused[0].1.contains(part), "{}", refused[0].1);
    }
}

#[test]
fn reliance_warns() {
    let shared = found("p: Paris & Nantes, s: Paris", 1);
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0].0, Severity::Warning);
    assert!(shared[0].1.contains("fails whenever"), "{shared:?}");
    let missing = found("p: Paris & Nantes", 1);
    assert!(missing[0].1.contains("replicate it first"), "{missing:?}");
}

#[test]
fn what_is_needed_comes_first() {
    assert_eq!(catalogue().needed_first(0), [2, 3, 4, 1]);
    assert_eq!(catalogue().needed_first(3), [] as [usize; 0]);
}

#[test]
fn catalogues_are_checked() {
    let kind = |name: &str| ResourceKind {
        name: name.into(),
        service: "s".into(),
        ownership: Ownership::Global,
        is_divisible: false,
    };
    let needs = |dependant, needed| Dependency { dependant, needed, relation: Relation::Requirement };
    let message = |kinds: &[&str], dependencies: Vec<_>| {
        Catalogue::new(kinds.iter().map(|name| kind(name)).collect(), dependencies)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(message(&["a", "a"], vec![]), "the kind \"a\" is there twice");
    assert_eq!(message(&["a"], vec![needs(0, 1)]), "a dependency names kind 1; there are 1");
    let circle = vec![needs(0, 1), needs(1, 2), needs(2, 1)];
    assert_eq!(message(&["a", "b", "c"], circle), "kinds need each other in a circle: b, c");
    assert_eq!(message(&["a"], vec![needs(0, 0)]), "kinds need each other in a circle: a");
}
