use super::*;
use crate::scope::SiteMap;
use proptest::prelude::*;

fn resolved(scope: &str) -> Result<Resolved, ScopeError> {
    resolve(&Scope::parse(scope).unwrap(), &SiteMap::france())
}

fn names(place: &Place) -> Vec<String> {
    place.sites().iter().map(|site| SiteMap::france().sites()[site.index()].clone()).collect()
}

/// Great circles from Nantes: Rennes 100 km, Brest 256 km, Bordeaux 275 km, Paris 343 km. At 7.5 us/km those are 0.75,
/// 1.92, 2.06 and 2.57 ms.
#[test]
fn around_is_nearest_first() {
    let resolved = resolved("s: around(Nantes, 2.2 ms)").unwrap();
    let place = resolved.place("s").unwrap();
    assert!(matches!(place, Place::Otherwise(list) if list.len() == 4));
    assert_eq!(names(place), ["Nantes", "Rennes", "Brest", "Bordeaux"]);
}

#[test]
fn a_radius_of_one_site_is_the_site() {
    let map = SiteMap::france();
    let resolved = resolved("s: around(Nantes, 0.1 ms) & Paris").unwrap();
    let site = |name| Place::Site(map.site(name).unwrap());
    assert_eq!(resolved.parts[0].place, Place::Both(vec![site("Nantes"), site("Paris")]));
}

#[test]
fn radius_within_alternatives_joins_them() {
    let resolved = resolved("s: Nice ; around(Nantes, 1 ms)").unwrap();
    assert!(matches!(&resolved.parts[0].place, Place::Otherwise(list) if list.len() == 3));
}

#[test]
fn errors_point_at_the_name() {
    let error = resolved("s: Paris,\n  t: Nantse & Lyon").unwrap_err().to_string();
    let expected = "line 2, column 6: there is no site `Nantse`; did you mean `Nantes`?\n    t: Nantse & Lyon\n       ^^^^^^";
    assert_eq!(error, expected);
    let error = resolved("s: Lyon & Lyon").unwrap_err();
    assert_eq!(error.column, 11);
    assert!(error.problem.contains("twice"));
    let map = SiteMap::france().with_services(vec!["compute".into(), "network".into()]);
    let error = resolve(&Scope::parse("computer: Lyon").unwrap(), &map).unwrap_err();
    assert!(error.problem.contains("no service `computer`; did you mean `compute`?"), "{error}");
    let error = resolved("s: Q").unwrap_err();
    assert!(error.problem.ends_with("Nice and 4 more"), "{error}");
}

/// A scope that was not read has its error in its printed form.
#[test]
fn scopes_of_ones_own_have_errors_too() {
    use crate::scope::Part;
    let part = Part { service: Name::new("s"), location: Location::Site(Name::new("Le Mans")) };
    let scope = Scope { parts: vec![part], source: String::new() };
    let error = resolve(&scope, &SiteMap::france()).unwrap_err();
    assert_eq!((error.column, error.caret.len()), (4, 9));
}

proptest! {
    /// What is around a site are the sites that are near enough, each once, in order of latency.
    #[test]
    fn around_holds_exactly_the_near(centre in 0_u32..12, radius_ms in 0_u32..12) {
        let map = SiteMap::france();
        let centre = SiteIndex(centre);
        let text = format!("s: around({}, {radius_ms} ms)", map.name(centre));
        let sites = resolve(&Scope::parse(&text).unwrap(), &map).unwrap().parts[0].place.sites();
        prop_assert_eq!(sites[0], centre);
        let away = |site| map.latency_s(centre, site).unwrap();
        prop_assert!(sites.windows(2).all(|pair| away(pair[0]) <= away(pair[1])));
        for site in (0..12).map(SiteIndex) {
            prop_assert_eq!(sites.contains(&site), away(site) <= f64::from(radius_ms) / 1e3);
        }
    }
}
