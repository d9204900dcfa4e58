//! Windows held to their definitions, computed anew for each of them.

use super::*;
use crate::dataset::grid::Fold;
use proptest::prelude::*;

/// Nanoseconds of a second.
const S: u64 = 1_000_000_000;

/// What came of the engine: entity, present row, first and last instant, values.
#[derive(Clone, Debug, Default, PartialEq)]
struct Kept {
    samples: Vec<(u32, [u64; 3], Vec<f64>)>,
    incomplete: usize,
}

impl SampleSink for Kept {
    fn sample(&mut self, sample: Sample<'_>) {
        let times = [sample.time, sample.start, sample.end];
        self.samples.push((sample.entity, times, sample.values.to_vec()));
    }

    fn incomplete(&mut self) {
        self.incomplete += 1;
    }
}

/// A sample of one entity: present row, first and last instant, and values.
type Expected = ([u64; 3], Vec<f64>);

/// A row: entity, time in nanoseconds, one value.
type Row = (u32, u64, f64);

fn run(plan: &Windows, rows: &[Row], run_end: u64, events: &[Vec<Intervals>]) -> Kept {
    let mut engine = WindowEngine::new(plan, run_end);
    let mut kept = Kept::default();
    events.iter().for_each(|events| engine.add_entity(events.clone()));
    for (entity, time, value) in rows {
        engine.push(*entity, *time, |_| *value, &mut kept).expect("there is no long silence");
    }
    engine.finish(&mut kept);
    kept
}

fn plan(outputs: Vec<Output>, features: usize) -> Windows {
    Windows {
        columns: 1,
        regular: None,
        gaps: GapsName::Drop,
        max_gap: None,
        stride: 1,
        pasts: Vec::new(),
        aheads: Vec::new(),
        outputs,
        features,
    }
}

/// The values of rows for which a condition holds, in their order.
fn select(rows: &[(u64, f64)], keep: impl Fn(usize, u64) -> bool) -> Vec<(u64, f64)> {
    let all = rows.iter().enumerate();
    all.filter(|(index, row)| keep(*index, row.0)).map(|(_, row)| *row).collect()
}

fn mean(rows: &[(u64, f64)]) -> f64 {
    let there: Vec<f64> = rows.iter().map(|row| row.1).filter(|value| !value.is_nan()).collect();
    if there.is_empty() { f64::NAN } else { there.iter().sum::<f64>() / there.len() as f64 }
}

fn greatest(rows: &[(u64, f64)]) -> f64 {
    rows.iter().map(|row| row.1).fold(f64::NAN, f64::max)
}

/// A row of an entity.
struct NaiveRow {
    time: u64,
    value: f64,
    /// What stands for the value, and since when.
    held: f64,
    since: u64,
}

/// What the engine should give for one entity.
struct Naive<'n> {
    plan: &'n Windows,
    max_lag: usize,
    past: Span,
    ahead: Span,
    run_end: u64,
    intervals: &'n Intervals,
}

impl Naive<'_> {
    fn samples(&self, rows: &[(u64, f64)]) -> (Vec<Expected>, usize) {
        let mut stretches: Vec<Vec<NaiveRow>> = vec![Vec::new()];
        for (time, value) in rows {
            let last = stretches.last().and_then(|rows| rows.last()).map(|row| row.time);
            if self.plan.max_gap.is_some_and(|gap| last.is_some_and(|last| time - last > gap)) {
                stretches.push(Vec::new());
            }
            let stretch = stretches.last_mut().expect("there is one");
            let (held, since) = match stretch.last() {
                Some(row) if value.is_nan() && self.plan.gaps == GapsName::Hold => (row.held, row.since),
                _ => (*value, *time),
            };
            stretch.push(NaiveRow { time: *time, value: *value, held, since });
        }
        let (mut samples, mut incomplete) = (Vec::new(), 0);
        let count = stretches.len();
        for (index, stretch) in stretches.iter().enumerate() {
            let mut due = 0;
            for now in 0..stretch.len() {
                let Some(sample) = self.sample(stretch, now, index + 1 == count) else { continue };
                due += 1;
                if (due - 1) % self.plan.stride != 0 {
                    continue;
                }
                match sample {
                    Some(sample) => samples.push(sample),
                    None => incomplete += 1,
                }
            }
        }
        (samples, incomplete)
    }

    /// `None` if there is no whole window, `Some(None)` if it lacks a value.
    fn sample(&self, all: &[NaiveRow], now: usize, is_last: bool) -> Option<Option<Expected>> {
        let rows: Vec<(u64, f64)> = all.iter().map(|row| (row.time, row.value)).collect();
        let held: Vec<(u64, f64)> = all.iter().map(|row| (row.time, row.held)).collect();
        let time = rows[now].0;
        let end = match self.ahead {
            Span::Rows(ahead) => rows.get(now + ahead as usize)?.0,
            Span::Time(ahead) => {
                let end = time + ahead;
                let known = rows.iter().any(|row| row.0 > end) || is_last && end <= self.run_end;
                known.then_some(end)?
            }
        };
        let mut first = now.checked_sub(self.max_lag)?;
        let mut start = time;
        let mut looked_at = vec![now, now - self.max_lag];
        let past = match self.past {
            Span::Rows(past) => {
                let begin = (now + 1).checked_sub(past as usize)?;
                first = first.min(begin);
                looked_at.extend(begin..=now);
                select(&held, |index, _| (begin..=now).contains(&index))
            }
            Span::Time(past) => {
                let from = time.checked_sub(past)?;
                (rows[0].0 <= from).then_some(())?;
                start = from;
                let within = |index: usize, at: u64| index <= now && at > from;
                first = first.min(rows.iter().position(|row| row.0 > from).expect("the present one is"));
                looked_at.extend((0..=now).filter(|index| within(*index, rows[*index].0)));
                select(&held, within)
            }
        };
        let since = looked_at.iter().map(|index| all[*index].since);
        let start = since.fold(start.min(rows[first].0), u64::min);
        let ahead = select(&rows, |index, at| {
            index > now
                && match self.ahead {
                    Span::Rows(ahead) => index <= now + ahead as usize,
                    Span::Time(ahead) => at <= time + ahead,
                }
        });
        let whole = select(&rows, |index, _| (first..=now).contains(&index));
        let flag = |holds: bool| f64::from(u8::from(holds));
        let any = |value: f64| if value.is_nan() { value } else { flag(value > 0.0) };
        let mut values = vec![
            held[now].1,
            held[now - self.max_lag].1,
            mean(&past),
            mean(&ahead),
            any(greatest(&whole)),
            flag(self.intervals.meet(time, end)),
            ahead.last().map_or(rows[now].1, |row| row.1),
        ];
        let missing = values[..3].iter().filter(|value| value.is_nan()).count();
        let lacks = values[3..].iter().any(|value| value.is_nan());
        if lacks || missing > 0 && self.plan.gaps != GapsName::Mark {
            return Some(None);
        }
        if self.plan.gaps == GapsName::Mark {
            values.push(missing as f64);
        }
        Some(Some(([time, start, end], values)))
    }
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![(1_u64..6).prop_map(Span::Rows), (1_u64..8).prop_map(|seconds| Span::Time(seconds * S))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    /// Rows of two entities at any times, several at an instant too, with nulls and silences.
    #[test]
    fn windows_are_what_their_definition_says(
        rows in prop::collection::vec(
            (0_u32..2, 0_u64..4, prop::option::weighted(0.85, -9.0..9.0f64)), 0..60),
        max_lag in 0_usize..4,
        past in span(),
        ahead in span(),
        stride in 1_u32..4,
        gaps in prop::sample::select(vec![GapsName::Drop, GapsName::Hold, GapsName::Mark]),
        max_gap in prop::option::of((2_u64..8).prop_map(|seconds| seconds * S)),
        event in (0_u64..60, 0_u64..20),
        rest in 0_u64..6,
    ) {
        let mut time = 0;
        let rows: Vec<Row> = rows.into_iter().map(|(entity, step, value)| {
            time += step * S;
            (entity, time, value.unwrap_or(f64::NAN))
        }).collect();
        let run_end = time + rest * S;
        let last = match ahead {
            Span::Rows(rows) => Output::Lead { column: 0, rows },
            Span::Time(_) => Output::LastAhead { ahead: 0 },
        };
        let windows = Windows {
            gaps,
            max_gap,
            stride,
            pasts: vec![
                Past { column: 0, back: Back::Last(past), decay: 1.0 },
                Past { column: 0, back: Back::Whole, decay: 1.0 },
            ],
            aheads: vec![Ahead { column: 0, span: ahead }],
            ..plan(vec![
                Output::Lag { column: 0, rows: 0 },
                Output::Lag { column: 0, rows: max_lag as u64 },
                Output::Rolling { past: 0, statistic: StatisticName::Mean },
                Output::StatisticAhead { ahead: 0, statistic: StatisticName::Mean },
                Output::AnyPast { past: 1 },
                Output::Event { set: 0, over: Over::Ahead(ahead) },
                last,
            ], 3)
        };
        let intervals = Intervals::new(vec![(event.0 * S, (event.0 + event.1) * S)]);
        let kept = run(&windows, &rows, run_end, &[vec![intervals.clone()], vec![intervals.clone()]]);
        let mut incomplete = 0;
        for entity in 0..2 {
            let own: Vec<(u64, f64)> =
                rows.iter().filter(|row| row.0 == entity).map(|row| (row.1, row.2)).collect();
            let naive = Naive { plan: &windows, max_lag, past, ahead, run_end, intervals: &intervals };
            let (expected, lacking) = naive.samples(&own);
            incomplete += lacking;
            let found: Vec<_> = kept.samples.iter().filter(|sample| sample.0 == entity).collect();
            prop_assert_eq!(found.len(), expected.len());
            for ((_, times, values), (expected_times, expected_values)) in found.into_iter().zip(expected) {
                prop_assert_eq!(times, &expected_times);
                prop_assert_eq!(values.len(), expected_values.len());
                for (found, expected) in values.iter().zip(&expected_values) {
                    let near = (found - expected).abs() < 1e-9;
                    prop_assert!(near || found.is_nan() && expected.is_nan(), "{:?} for {:?}", values, expected_values);
                }
            }
        }
        prop_assert_eq!(kept.incomplete, incomplete);
    }
}

fn regular(gaps: GapsName, fold: Fold) -> Windows {
    let outputs = vec![Output::Lag { column: 0, rows: 1 }, Output::Lag { column: 0, rows: 0 }];
    let regular = Some(Regular { period: 10 * S, folds: vec![fold] });
    Windows { regular, gaps, ..plan(outputs, 2) }
}

/// Rows at 3, 8, 10, 14 and 41 s in periods of 10 s: 1 and 2 and 3, then 4, then nothing twice, then 5.
fn at_odd_times() -> Vec<Row> {
    [(3, 1.0), (8, 2.0), (10, 3.0), (14, 4.0), (41, 5.0)].map(|(t, v)| (0, t * S, v)).to_vec()
}

fn found(plan: &Windows, run_end_s: u64) -> Vec<(u64, f64, f64)> {
    let kept = run(plan, &at_odd_times(), run_end_s * S, &[vec![]]);
    kept.samples.iter().map(|(_, times, values)| (times[0] / S, values[0], values[1])).collect()
}

#[test]
fn a_series_is_made_regular_and_gaps_are_dropped_or_held() {
    let dropped = found(&regular(GapsName::Drop, Fold::Last), 60);
    assert_eq!(dropped, [(20, 3.0, 4.0)]);
    let held = found(&regular(GapsName::Hold, Fold::Last), 60);
    assert_eq!(held, [(20, 3.0, 4.0), (30, 4.0, 4.0), (40, 4.0, 4.0), (50, 4.0, 5.0)]);
    let means = found(&regular(GapsName::Hold, Fold::Mean), 60);
    assert_eq!(means[0], (20, 2.0, 4.0));
    // The period up to 50 s is not over when the run ends at 45 s.
    assert_eq!(found(&regular(GapsName::Hold, Fold::Last), 45).last(), Some(&(40, 4.0, 4.0)));
}

#[test]
fn gaps_that_are_marked_are_counted() {
    let kept = run(&regular(GapsName::Mark, Fold::Last), &at_odd_times(), 60 * S, &[vec![]]);
    let missing: Vec<f64> = kept.samples.iter().map(|(.., values)| values[2]).collect();
    assert_eq!(missing, [0.0, 1.0, 2.0, 1.0]);
}

#[test]
fn a_silence_that_would_fill_the_memory_is_refused() {
    let plan = Windows {
        regular: Some(Regular { period: 1, folds: vec![Fold::Last] }),
        ..regular(GapsName::Hold, Fold::Last)
    };
    let mut engine = WindowEngine::new(&plan, 60 * S);
    engine.add_entity(Vec::new());
    let mut kept = Kept::default();
    engine.push(0, 0, |_| 1.0, &mut kept).expect("it is the first");
    let error = engine.push(0, S, |_| 1.0, &mut kept).expect_err("there are 10^9 steps between");
    assert_eq!(error, TooManySteps { steps: S - 1, time: S });
}

/// A fault from 25 s to 45 s, and rows every 10 s: at the instant, in a window of two rows, 20 s ahead.
#[test]
fn events_are_looked_for_where_they_are_asked_for() {
    let ahead = Over::Ahead(Span::Time(20 * S));
    let outputs = vec![
        Output::Lag { column: 0, rows: 1 },
        Output::Event { set: 0, over: Over::Instant },
        Output::Event { set: 0, over: Over::Window },
        Output::Event { set: 0, over: ahead },
    ];
    let rows: Vec<Row> = (0..8).map(|row| (0, row * 10 * S, 0.0)).collect();
    let fault = Intervals::new(vec![(25 * S, 45 * S)]);
    let kept = run(&plan(outputs, 1), &rows, 100 * S, &[vec![fault]]);
    let labels: Vec<_> =
        kept.samples.iter().map(|(_, times, values)| (times[0] / S, &values[1..])).collect();
    let expected: [(u64, &[f64]); 7] = [
        (10, &[0.0, 0.0, 1.0]),
        (20, &[0.0, 0.0, 1.0]),
        (30, &[1.0, 1.0, 1.0]),
        (40, &[1.0, 1.0, 1.0]),
        (50, &[0.0, 1.0, 0.0]),
        (60, &[0.0, 0.0, 0.0]),
        (70, &[0.0, 0.0, 0.0]),
    ];
    assert_eq!(labels, expected);
}

/// A value of 10 s that is held: a window that has it begins at 10 s, and nothing is predicted of it.
#[test]
fn held_values_are_of_the_time_they_were_taken_from_and_for_features_only() {
    let rows: Vec<Row> = [1.0, 2.0, f64::NAN, f64::NAN, 5.0, 6.0]
        .iter()
        .enumerate()
        .map(|(row, value)| (0, row as u64 * 10 * S, *value))
        .collect();
    let outputs = vec![Output::Lag { column: 0, rows: 0 }, Output::Lead { column: 0, rows: 1 }];
    let held = Windows { gaps: GapsName::Hold, ..plan(outputs, 1) };
    let kept = run(&held, &rows, 60 * S, &[vec![]]);
    let found: Vec<_> =
        kept.samples.iter().map(|(_, times, values)| (times.map(|t| t / S), &values[..])).collect();
    let expected: [([u64; 3], &[f64]); 3] =
        [([0, 0, 10], &[1.0, 2.0]), ([30, 10, 40], &[2.0, 5.0]), ([40, 40, 50], &[5.0, 6.0])];
    assert_eq!((&found[..], kept.incomplete), (&expected[..], 2));
    // A label of the present row is not made up, either.
    let outputs = vec![Output::Lag { column: 0, rows: 0 }, Output::Lag { column: 0, rows: 0 }];
    let held = Windows { gaps: GapsName::Hold, ..plan(outputs, 1) };
    let kept = run(&held, &rows, 60 * S, &[vec![]]);
    assert_eq!((kept.samples.len(), kept.incomplete), (4, 2));
}
