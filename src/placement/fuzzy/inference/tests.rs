use super::*;
use crate::placement::Step;
use serde_json::{Value, json};

fn base() -> Value {
    json!({
        "inputs": {
            "speed": { "terms": { "slow": [[0, 1], [10, 0]], "fast": [[0, 0], [10, 1]] } },
            "weight": { "terms": { "light": [[0, 1], [1, 0]], "heavy": [[0, 0], [1, 1]] } },
        },
        "output": { "range": [0, 100], "default": 7, "terms": {
            "left": { "kind": "triangle", "left": 0, "peak": 25, "right": 50 },
            "right": { "kind": "triangle", "left": 50, "peak": 75, "right": 100 },
        } },
        "rules": [
            { "if": { "speed": "fast", "weight": "heavy" }, "then": "right" },
            { "if": { "speed": "slow" }, "then": "left" },
        ],
    })
}

fn compile(value: Value) -> Result<Mamdani, ParameterError> {
    Mamdani::new(&serde_json::from_value(value).unwrap())
}

/// Fast 0.8, heavy 0.5: right at min 0.5 or product 0.4; slow 0.2: left at 0.2. A triangle of base 50 cut at h
/// has the area 25 (1 - (1 - h)²), scaled by h it has 25 h; both have their centre at the peak.
#[test]
fn each_method_gives_what_is_calculated_by_hand() {
    let value = |changes: &[(&str, &str)]| {
        let mut base = base();
        for (key, value) in changes {
            match *key {
                "defuzzify" => base["output"][*key] = json!(value),
                _ => base[*key] = json!(value),
            }
        }
        compile(base).unwrap().evaluate(&[8.0, 0.5])
    };
    let centroid = |left: f64, right: f64| (25.0 * left + 75.0 * right) / (left + right);
    let cut = |h: f64| 25.0 * (1.0 - (1.0 - h) * (1.0 - h));
    assert!((value(&[]) - centroid(cut(0.2), cut(0.5))).abs() < 1e-9);
    assert!((value(&[("conjunction", "product")]) - centroid(cut(0.2), cut(0.4))).abs() < 1e-9);
    assert!((value(&[("implication", "product")]) - centroid(0.2, 0.5)).abs() < 1e-9);
    let both = [("conjunction", "product"), ("implication", "product")];
    assert!((value(&both) - centroid(0.2, 0.4)).abs() < 1e-9);
    // Cut at 0.5: level from 62.5 to 87.5.
    assert!((value(&[("defuzzify", "leftmost_maximum")]) - 62.5).abs() < 1e-9);
    assert!((value(&[("defuzzify", "rightmost_maximum")]) - 87.5).abs() < 1e-9);
}

#[test]
fn weights_several_terms_and_missing_values_count() {
    let mut value = base();
    value["rules"][1]["weight"] = json!(0.5);
    value["output"]["defuzzify"] = json!("leftmost_maximum");
    // Right at 0.05, left at 0.9 · 0.5 = 0.45: 25 · 0.45.
    assert!((compile(value).unwrap().evaluate(&[1.0, 0.05]) - 11.25).abs() < 1e-9);
    let mut value = base();
    value["rules"] = json!([{ "if": { "speed": ["slow", "fast"] }, "then": "left" }]);
    value["output"]["defuzzify"] = json!("leftmost_maximum");
    // The greater of 0.3 and 0.7.
    let system = compile(value).unwrap();
    assert!((system.evaluate(&[7.0, 0.0]) - 17.5).abs() < 1e-9);
    assert_eq!(system.evaluate(&[f64::NAN, 0.0]), 7.0);
    assert_eq!(system.evaluate(&[]), 7.0);
}

#[test]
fn otherwise_covers_just_what_no_rule_does() {
    let mut value = base();
    value["otherwise"] = json!("left");
    // Of four combinations fast and light is left over.
    let system = compile(value).unwrap();
    assert_eq!(system.rules(), 3);
    assert_eq!(system.evaluate(&[10.0, 0.0]), 25.0);
    assert_eq!(compile(base()).unwrap().evaluate(&[10.0, 0.0]), 7.0);
}

#[test]
fn a_fault_has_a_place_and_a_remedy() {
    let error = |change: fn(&mut Value)| {
        let mut value = base();
        change(&mut value);
        let error = compile(value).unwrap_err();
        let step = |step: &Step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        };
        let place: Vec<String> = error.steps.iter().map(step).collect();
        format!("{}: {}; {}", place.join("."), error.message, error.help.unwrap_or_default())
    };
    for (change, expected) in [
        (
            (|base| base["rules"][0]["if"]["speed"] = json!("fsat")) as fn(&mut Value),
            "rules.0.if.speed: no term of \"speed\" is named \"fsat\"; did you mean \"fast\"?",
        ),
        (
            |base| base["rules"][0]["if"]["speed"] = json!(["fast", "medium"]),
            "rules.0.if.speed.1: no term of \"speed\" is named \"medium\"; known: fast, slow",
        ),
        (
            |base| base["rules"][1]["if"]["wieght"] = json!("light"),
            "rules.1.if: no input is named \"wieght\"; did you mean \"weight\"?",
        ),
        (
            |base| base["rules"][1]["then"] = json!("up"),
            "rules.1.then: no term of the output is named \"up\"; known: left, right",
        ),
        (
            |base| base["otherwise"] = json!("rihgt"),
            "otherwise: no term of the output is named \"rihgt\"; did you mean \"right\"?",
        ),
        (
            |base| base["inputs"]["speed"]["terms"]["slow"] = json!([[5, 1], [4, 0]]),
            "inputs.speed.terms.slow.1: found x = 4 after 5: the x of points must not decrease; ",
        ),
        (
            |base| base["output"]["range"] = json!([5, 5]),
            "output.range: found the range 5 to 5, which is empty; ",
        ),
        (|base| base["rules"] = json!([]), "rules: there is no rule; "),
        (|base| base["inputs"] = json!({}), "inputs: there is no input; "),
        (|base| base["inputs"]["speed"]["terms"] = json!({}), "inputs.speed.terms: there is no term; "),
    ] {
        assert_eq!(error(change), expected);
    }
}
