//! No part leaks into another.

use super::{Made, Row, Study, number, windows, with};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A window: run, entity, first and last second that it looks at.
type Window = (String, String, f64, f64);

fn window(row: &Row) -> Window {
    let time = |column| number(row, column);
    (row["run"].clone(), row["node"].clone(), time("window_start_s"), time("window_end_s"))
}

/// A window of `tested` that shares an instant with one of `trained` in the same run and entity.
fn overlap<'w>(trained: &[Window], tested: &'w [Window]) -> Option<&'w Window> {
    let mut known: BTreeMap<(&str, &str), Vec<(f64, f64)>> = BTreeMap::new();
    for (run, entity, start, end) in trained {
        known.entry((run, entity)).or_default().push((*start, *end));
    }
    tested.iter().find(|(run, entity, start, end)| {
        let known = known.get(&(run.as_str(), entity.as_str())).into_iter().flatten();
        known.into_iter().any(|(first, last)| start <= last && first <= end)
    })
}

fn parts(made: &Made) -> [Vec<Window>; 3] {
    ["train", "validation", "test"].map(|part| made.rows(part).iter().map(window).collect())
}

fn shares() -> Value {
    json!({ "train": 0.5, "validation": 0.25, "test": 0.25 })
}

#[test]
fn no_window_of_a_part_overlaps_one_of_another() {
    let study = Study::with_six_runs();
    for split in [
        json!({ "by": "run", "shares": shares() }),
        json!({ "by": "run", "seeds": { "train": [1], "validation": [3], "test": [2] } }),
        json!({ "by": "time", "shares": shares() }),
        json!({ "by": "time", "validation_from": "50 s", "test_from": "80 s", "embargo": "7 s" }),
        json!({ "by": "entity", "shares": shares(), "seed": 0 }),
    ] {
        let spec = with(windows(), &[("split", split.clone()), ("samples.where", json!([]))]);
        let made = study.make("split", &spec);
        let [train, validation, test] = parts(&made);
        assert!(!(train.is_empty() || validation.is_empty() || test.is_empty()), "{split}");
        for (one, other) in [(&train, &test), (&train, &validation), (&validation, &test)] {
            assert_eq!(overlap(one, other), None, "{split}");
            assert_eq!(overlap(other, one), None, "{split}");
        }
    }
}

/// The check above is worth something: it finds the leak of rows that are dealt out in turn.
#[test]
fn shuffled_rows_would_be_found() {
    let study = Study::with_six_runs();
    let [train, ..] = parts(&study.make("split", &windows()));
    // Rows of two entities alternate.
    let (third, rest): (Vec<_>, Vec<_>) =
        train.into_iter().enumerate().partition(|(row, _)| row % 3 == 0);
    let rows =
        |part: Vec<(usize, Window)>| part.into_iter().map(|(_, window)| window).collect::<Vec<_>>();
    assert!(overlap(&rows(third), &rows(rest)).is_some());
}

/// Borders at 60 s and 90 s: a window of 3 rows and 5 s ahead is left out while it lies over one.
#[test]
fn windows_over_a_border_are_purged_and_the_embargo_is_kept() {
    let study = Study::new();
    study.sampled("run-1", 1, 120);
    let split =
        |embargo: u32| json!({ "by": "time", "shares": shares(), "embargo": format!("{embargo} s") });
    for embargo in [0, 10] {
        let spec = with(
            windows(),
            &[
                ("split", split(embargo)),
                ("samples.where", json!([{ "column": "node", "is": "edge-1" }])),
            ],
        );
        let made = study.make("time", &spec);
        let ends = parts(&made).map(|windows| {
            let first = windows.first().map(|window| window.2);
            (first, windows.last().map(|window| window.3), windows.len())
        });
        let first = |from: u32| Some(f64::from(from + embargo + 1));
        let count = |from: u32, to: u32| (to - (from + embargo + 1) + 1 - 7) as usize;
        assert_eq!(ends[0], (Some(0.0), Some(60.0), 61 - 7));
        assert_eq!(ends[1], (first(60), Some(90.0), count(60, 90)));
        assert_eq!(ends[2], (first(90), Some(120.0), count(90, 120)));
        let all = 121 - 7;
        let kept: usize = ends.iter().map(|(_, _, count)| count).sum();
        assert_eq!(made.summary.purged as usize, all - kept);
    }
}

#[test]
fn runs_of_one_seed_stay_together_unless_they_are_told_not_to() {
    let study = Study::with_six_runs();
    let seeds = |made: &Made| {
        parts(made).map(|windows| {
            // The run is called run-SEEDcopy.
            windows.iter().map(|window| window.0[..5].to_string()).collect::<BTreeSet<_>>()
        })
    };
    for seed in 0..6 {
        let split = json!({ "by": "run", "shares": shares(), "seed": seed });
        let [train, validation, test] =
            seeds(&study.make("seeds", &with(windows(), &[("split", split)])));
        assert!(
            train.is_disjoint(&test) && train.is_disjoint(&validation) && test.is_disjoint(&validation)
        );
        assert_eq!(train.len() + validation.len() + test.len(), 3);
    }
    let apart = |separate: bool| {
        let lists = json!({ "train": ["run-1a", "run-2a"], "test": ["run-1b"] });
        let split = json!({ "by": "run", "runs": lists, "separate_seeds": separate });
        study.attempt("apart", &with(windows(), &[("split", split)]))
    };
    let error = apart(false).err().expect("they share a seed").to_string();
    assert!(error.contains("run-1b in test, but both have the seed 1"), "{error}");
    let made = apart(true).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(made.rows("test").len(), made.rows("train").len() / 2);
    let split = json!({ "by": "run", "shares": shares(), "separate_seeds": true });
    let [train, ..] = parts(&study.make("apart", &with(windows(), &[("split", split)])));
    assert_eq!(train.iter().map(|window| &window.0).collect::<BTreeSet<_>>().len(), 3);
}

/// The part of an entity is drawn for its name: it does not matter which others there are, or in which runs.
#[test]
fn an_entity_is_in_the_same_part_whatever_else_there_is() {
    let study = Study::with_six_runs();
    let split = json!({ "by": "entity", "shares": shares(), "seed": 0 });
    let spec = with(windows(), &[("split", split), ("samples.where", json!([]))]);
    let of = |made: &Made| {
        let mut of: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (part, windows) in parts(made).iter().enumerate() {
            windows.iter().for_each(|window| {
                of.entry(window.1.clone()).or_default().insert(part);
            });
        }
        of
    };
    let all = of(&study.make("all", &spec));
    assert!(all.len() == 3 && all.values().all(|parts| parts.len() == 1), "{all:?}");
    let fewer = of(&study.make("fewer", &with(spec, &[("sources", json!(["run-2b"]))])));
    assert_eq!(all, fewer);
}
