use super::*;
use proptest::prelude::*;

fn printed(text: &str) -> String {
    Scope::parse(text).unwrap_or_else(|error| panic!("{error}")).to_string()
}

fn problem(text: &str) -> (usize, usize, String) {
    let error = Scope::parse(text).unwrap_err();
    (error.line, error.column, error.problem)
}

#[test]
fn precedence_and_parentheses() {
    for (text, expected) in [
        ("", ""),
        ("s:Paris", "s: Paris"),
        ("s: a & b ; c % d", "s: a & b ; c % d"),
        ("s: (a & b) ; (c % d)", "s: a & b ; c % d"),
        ("s: a & (b ; c)", "s: a & (b ; c)"),
        ("s: a & (b & c)", "s: a & b & c"),
        ("s: a ; (b ; c)", "s: a ; b ; c"),
        ("s: (a % b) & c", "s: (a % b) & c"),
        ("s: ((a))", "s: a"),
        ("s: a, t: around(b, 10ms)", "s: a, t: around(b, 10 ms)"),
        ("s: around(a, 0.01 s) & \"Le Havre\"", "s: around(a, 10 ms) & \"Le Havre\""),
        ("s: \"around\"", "s: \"around\""),
        ("s: \"a\\\"b\\\\\"", "s: \"a\\\"b\\\\\""),
        ("s: Orl\u{e9}ans", "s: Orl\u{e9}ans"),
    ] {
        assert_eq!(printed(text), expected, "{text}");
    }
}

#[test]
fn mistakes_are_told_where_they_are() {
    for (text, line, column, part) in [
        ("s", 1, 2, "expected `:`"),
        ("s: ", 1, 3, "expected a site, around(site, latency) or a parenthesis, found the end"),
        ("s: a b", 1, 6, "found `b`"),
        ("s: a & b % c", 1, 10, "bind equally"),
        ("s: (a & b", 1, 10, "to close a parenthesis, found the end"),
        ("s: a,\ns: b", 2, 1, "named twice"),
        ("s: a,", 1, 6, "expected the name of a service, found the end"),
        ("s: around(a)", 1, 12, "expected `,` and a latency"),
        ("s: around(a, 10 parsecs)", 1, 14, "is not a duration"),
        ("s: around(a, -1 ms)", 1, 14, "is not a duration"),
        ("s: around(a, b)", 1, 14, "expected a latency such as 10 ms, found `b`"),
        ("s: around", 1, 10, "expected `(`"),
        ("around: a", 1, 1, "written \"around\""),
        ("s: a | b", 1, 6, "`|` is no part of a scope"),
        ("s: \"a", 1, 4, "no end"),
        ("s: \"\"", 1, 4, "empty"),
    ] {
        let (at_line, at_column, found) = problem(text);
        assert_eq!((at_line, at_column), (line, column), "{text}: {found}");
        assert!(found.contains(part), "{text}: {found}");
    }
    assert!(problem(&format!("s: {}a", "(".repeat(65))).2.contains("more than 64 deep"));
    assert_eq!(printed(&format!("s: {}a{}", "(".repeat(64), ")".repeat(64))), "s: a");
}

#[test]
fn the_caret_is_under_the_place() {
    let error = Scope::parse("s: Paris &\n   t: & b").unwrap_err().to_string();
    assert_eq!(error.lines().nth(1), Some("     t: & b"));
    assert_eq!(error.lines().nth(2), Some("      ^"));
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof!["[A-Za-z_][A-Za-z0-9_.-]{0,6}", "\\PC{1,6}", Just("around".to_owned())]
        .prop_map(Name::new)
}

/// Any location, as parsing makes them.
fn location() -> impl Strategy<Value = Location> {
    let radius = (0_u32..5000).prop_map(|millis| Duration::from_secs(f64::from(millis) / 1e3));
    let leaf = prop_oneof![
        name().prop_map(Location::Site),
        (name(), radius).prop_map(|(site, radius)| Location::Around { site, radius }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let list = prop::collection::vec(inner, 2..4);
        prop_oneof![
            list.clone().prop_map(|list| flat(list, Location::Both)),
            list.clone().prop_map(|list| flat(list, Location::Across)),
            list.prop_map(|list| flat(list, Location::Otherwise)),
        ]
    })
}

fn flat(list: Vec<Location>, form: fn(Vec<Location>) -> Location) -> Location {
    let like = form(Vec::new());
    let is_like = |it: &Location| std::mem::discriminant(it) == std::mem::discriminant(&like);
    let mut all = Vec::new();
    for location in list {
        match location {
            it if !is_like(&it) => all.push(it),
            Location::Both(inner) | Location::Across(inner) | Location::Otherwise(inner) => {
                all.extend(inner)
            }
            it => all.push(it),
        }
    }
    form(all)
}

proptest! {
    #[test]
    fn printing_and_parsing_are_inverse(locations in prop::collection::vec(location(), 0..4)) {
        let parts = locations.into_iter().enumerate().map(|(index, location)| Part {
            service: Name::new(format!("s{index}")),
            location,
        });
        let scope = Scope { parts: parts.collect(), source: String::new() };
        let text = scope.to_string();
        let again = Scope::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&again, &scope);
        prop_assert_eq!(again.to_string(), text);
    }

    /// No text makes it panic, and errors are within the text.
    #[test]
    fn any_text_is_read_or_refused(text in "(\\PC|[a-c&%;:,() \n\"]){0,40}") {
        if let Err(error) = Scope::parse(&text) {
            prop_assert!(error.line <= text.matches('\n').count() + 1);
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
