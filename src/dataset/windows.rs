//! Windows over the rows of entities: lags, rolling statistics, what comes up to the horizon, events.
//!
//! Rows come in the order of their times, those of all entities mixed. A window is looked at when all rows up
//! to its horizon are there, so that memory holds the rows that windows still look at and no more.

use super::events::Intervals;
use super::format::{GapsName, StatisticName};
use super::grid::{Grid, step_of};
use super::rolling::Sliding;
use super::series::Series;

mod shape;

pub(super) use shape::{Ahead, Back, Output, Over, Past, Regular, Span, Windows};

/// A sample: what is known at a time, and what is to be predicted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'s> {
    pub(super) entity: u32,
    /// Nanoseconds: the present row, the first row or instant that is looked at (of held values, the row that
    /// they were taken from), and the last one.
    pub(super) time: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    /// NaN for null.
    pub(super) values: &'s [f64],
}

/// Takes samples.
pub(super) trait SampleSink {
    /// A sample that is complete.
    fn sample(&mut self, sample: Sample<'_>);

    /// A sample that lacks a value that it must have.
    fn incomplete(&mut self);
}

/// More steps without a row than a series is filled with.
const MOST_EMPTY_STEPS: u64 = 1_000_000;

/// A silence of an entity that would be filled with too many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooManySteps {
    pub(super) steps: u64,
    /// The time of the row after the silence, in nanoseconds.
    pub(super) time: u64,
}

/// What is known of one entity.
#[derive(Debug)]
struct Entity {
    series: Series,
    /// The first row since the last silence, and its time in nanoseconds.
    first: u64,
    began: u64,
    /// The next row to look at as the present one.
    now: u64,
    /// Samples to pass over until the next one.
    skip: u32,
    pasts: Vec<Sliding>,
    aheads: Vec<Sliding>,
    grid: Option<Grid>,
    /// Time of the last row that came, before resampling.
    seen: Option<u64>,
}

/// Makes samples of the rows of one run.
#[derive(Debug)]
pub(super) struct WindowEngine<'p> {
    plan: &'p Windows,
    /// The intervals of each set of events, by entity.
    events: Vec<Vec<Intervals>>,
    /// The end of the run, up to which everything is known, in nanoseconds.
    run_end: u64,
    entities: Vec<Entity>,
    max_lag: u64,
    rows_ahead: u64,
    time_ahead: u64,
    values: Vec<f64>,
}

impl<'p> WindowEngine<'p> {
    pub(super) fn new(plan: &'p Windows, run_end: u64) -> Self {
        let lags = plan.outputs.iter().filter_map(|output| match output {
            Output::Lag { rows, .. } => Some(*rows),
            _ => None,
        });
        let ahead = |span: Span| match span {
            Span::Rows(rows) => (rows, 0),
            Span::Time(time) => (0, time),
        };
        let reach = plan.aheads.iter().map(|window| ahead(window.span));
        let reach = reach.chain(plan.outputs.iter().filter_map(|output| match output {
            Output::Lead { rows, .. } => Some((*rows, 0)),
            Output::Event { over: Over::Ahead(span), .. } => Some(ahead(*span)),
            _ => None,
        }));
        let (rows_ahead, time_ahead) =
            reach.fold((0, 0), |most: (u64, u64), next| (most.0.max(next.0), most.1.max(next.1)));
        WindowEngine {
            plan,
            events: Vec::new(),
            run_end,
            entities: Vec::new(),
            max_lag: lags.max().unwrap_or(0),
            rows_ahead,
            time_ahead,
            values: Vec::with_capacity(plan.outputs.len() + 1),
        }
    }

    /// Makes room for the next entity, whose events are these: one set for each that is looked at.
    pub(super) fn add_entity(&mut self, events: Vec<Intervals>) {
        let plan = self.plan;
        self.entities.push(Entity {
            series: Series::new(plan.columns, plan.gaps == GapsName::Hold),
            first: 0,
            began: 0,
            now: 0,
            skip: 0,
            pasts: plan.pasts.iter().map(|past| Sliding::new(0, past.decay)).collect(),
            aheads: plan.aheads.iter().map(|_| Sliding::new(0, 1.0)).collect(),
            grid: None,
            seen: None,
        });
        self.events.push(events);
    }

    /// Adds a row: `value` gives that of each column, NaN for null. Its entity has been
    /// [added](Self::add_entity), and its time, in nanoseconds, is none before that of any row before it.
    pub(super) fn push(
        &mut self,
        entity: u32,
        time: u64,
        value: impl Fn(usize) -> f64,
        sink: &mut impl SampleSink,
    ) -> Result<(), TooManySteps> {
        let index = entity as usize;
        let silence = self.entities[index].seen.map_or(0, |seen| time.saturating_sub(seen));
        if self.plan.max_gap.is_some_and(|most| silence > most) {
            self.end_step(index, sink);
            self.break_off(index);
        }
        self.entities[index].seen = Some(time);
        let Some(regular) = &self.plan.regular else {
            self.append(index, time, value, sink);
            return Ok(());
        };
        let step = step_of(time, regular.period);
        let present = self.entities[index].grid.as_ref().map(Grid::step);
        if present.is_some_and(|present| present < step) {
            self.end_step(index, sink);
        }
        let empty = present.map_or(0, |present| step.saturating_sub(present + 1));
        if empty > 0 {
            match self.plan.gaps {
                GapsName::Drop => self.break_off(index),
                GapsName::Hold | GapsName::Mark if empty > MOST_EMPTY_STEPS => {
                    return Err(TooManySteps { steps: empty, time });
                }
                // Held values are put in where rows are added.
                GapsName::Hold | GapsName::Mark => {
                    for between in step - empty..step {
                        self.append(index, between.saturating_mul(regular.period), |_| f64::NAN, sink);
                    }
                }
            }
        }
        let columns = self.plan.columns;
        let grid = self.entities[index].grid.get_or_insert_with(|| Grid::new(step, columns));
        if grid.step() != step {
            grid.begin(step);
        }
        grid.add(&regular.folds, value);
        Ok(())
    }

    /// Looks at all windows that the end of the run completes.
    pub(super) fn finish(&mut self, sink: &mut impl SampleSink) {
        for index in 0..self.entities.len() {
            self.end_step(index, sink);
            self.advance(index, true, sink);
        }
    }

    /// Makes a row of the period that is being filled, if it is over by the end of the run.
    fn end_step(&mut self, index: usize, sink: &mut impl SampleSink) {
        let Some(regular) = &self.plan.regular else { return };
        let Some(grid) = self.entities[index].grid.take() else { return };
        let time = grid.step().saturating_mul(regular.period);
        if time <= self.run_end {
            self.append(index, time, |column| grid.value(column), sink);
        }
        self.entities[index].grid = Some(grid);
    }

    /// Lets no window reach over what comes next.
    fn break_off(&mut self, index: usize) {
        let entity = &mut self.entities[index];
        let end = entity.series.end();
        (entity.first, entity.now, entity.skip) = (end, end, 0);
        entity.grid = None;
        for sliding in entity.pasts.iter_mut().chain(&mut entity.aheads) {
            sliding.drop_before(end, |_| (f64::NAN, 0.0));
        }
        entity.series.forget_before(end);
    }

    fn append(
        &mut self,
        index: usize,
        time: u64,
        value: impl Fn(usize) -> f64,
        sink: &mut impl SampleSink,
    ) {
        let Entity { series, first, began, now, pasts, .. } = &mut self.entities[index];
        let kept = pasts.iter().map(Sliding::begin).fold(now.saturating_sub(self.max_lag), u64::min);
        let end = series.end();
        // The row before is looked at for what it holds.
        series.forget_before(kept.max(*first).min(end.saturating_sub(1)));
        if end == *first {
            *began = time;
        }
        series.push(time, end > *first, value);
        self.advance(index, false, sink);
    }

    /// Looks at all windows that are complete.
    fn advance(&mut self, index: usize, is_end: bool, sink: &mut impl SampleSink) {
        loop {
            let entity = &self.entities[index];
            let (now, end) = (entity.now, entity.series.end());
            if now.saturating_add(self.rows_ahead) >= end {
                return;
            }
            if self.time_ahead > 0 {
                let until = entity.series.time(now).saturating_add(self.time_ahead);
                if entity.series.time(end - 1) <= until && !(is_end && until <= self.run_end) {
                    return;
                }
            }
            if let Some(start) = self.look_back(index) {
                self.look_ahead(index);
                self.give(index, start, sink);
            }
            self.entities[index].now += 1;
        }
    }

    /// Moves the windows of past rows to the present one. Gives when the first of them begins, if all of them
    /// are full and a sample is due.
    fn look_back(&mut self, index: usize) -> Option<u64> {
        let Entity { series, first, began, now, pasts, skip, .. } = &mut self.entities[index];
        let (now, first, time) = (*now, *first, series.time(*now));
        let mut full = now - first >= self.max_lag;
        let mut first_row = now.saturating_sub(self.max_lag).max(first);
        let mut start = time;
        for (past, sliding) in self.plan.pasts.iter().zip(&mut *pasts) {
            let (value, time_s) = past.point(series, now);
            sliding.push(value, time_s);
            let begin = match past.back {
                Back::Whole => continue,
                Back::Last(Span::Rows(rows)) => {
                    full &= now - first + 1 >= rows;
                    (now + 1).saturating_sub(rows).max(first)
                }
                Back::Last(Span::Time(length)) => {
                    full &= time.checked_sub(length).is_some_and(|from| *began <= from);
                    start = start.min(time.saturating_sub(length));
                    let mut begin = sliding.begin();
                    while series.time(begin).saturating_add(length) <= time {
                        begin += 1;
                    }
                    begin
                }
            };
            sliding.drop_before(begin, |row| past.point(series, row));
            first_row = first_row.min(begin);
        }
        for (past, sliding) in self.plan.pasts.iter().zip(pasts) {
            if past.back == Back::Whole {
                sliding.drop_before(first_row, |row| past.point(series, row));
            }
        }
        if !full {
            return None;
        }
        if *skip > 0 {
            *skip -= 1;
            return None;
        }
        *skip = self.plan.stride.saturating_sub(1);
        Some(start.min(series.time(first_row)))
    }

    /// Moves the windows of coming rows to the present one.
    fn look_ahead(&mut self, index: usize) {
        let Entity { series, now, aheads, .. } = &mut self.entities[index];
        let time = series.time(*now);
        for (ahead, sliding) in self.plan.aheads.iter().zip(aheads) {
            sliding.drop_before(*now + 1, |row| series.point(row, ahead.column));
            let is_within = |row: u64| {
                row < series.end()
                    && match ahead.span {
                        Span::Rows(rows) => row <= *now + rows,
                        Span::Time(length) => series.time(row) <= time.saturating_add(length),
                    }
            };
            while is_within(sliding.end()) {
                let (value, time_s) = series.point(sliding.end(), ahead.column);
                sliding.push(value, time_s);
            }
        }
    }

    /// When the first of the values was known that features of the present row take for others: they may have
    /// been held since long before the window begins.
    fn held_since(&self, index: usize) -> u64 {
        let Entity { series, now, pasts, .. } = &self.entities[index];
        // Of a window, none was taken from a row before that of its first.
        let windows = self.plan.pasts.iter().zip(pasts).filter(|(past, _)| past.back != Back::Whole);
        let windows = windows.map(|(past, sliding)| (sliding.begin(), past.column));
        let lags = self.plan.outputs[..self.plan.features].iter().filter_map(|output| match output {
            Output::Lag { column, rows } => Some((now - rows, *column)),
            _ => None,
        });
        let origins = windows.chain(lags).map(|(row, column)| series.held(row, column).1);
        origins.fold(series.time(*now), u64::min)
    }

    /// Gives the sample of the present row to the sink.
    fn give(&mut self, index: usize, start: u64, sink: &mut impl SampleSink) {
        let Entity { series, now, pasts, aheads, .. } = &self.entities[index];
        let (now, time) = (*now, series.time(*now));
        let flag = |holds: bool| f64::from(u8::from(holds));
        // NaN is no value, which neither holds nor does not.
        let any = |greatest: f64| if greatest.is_nan() { f64::NAN } else { flag(greatest > 0.0) };
        let mut end = time;
        let mut missing = 0_u32;
        self.values.clear();
        for (number, output) in self.plan.outputs.iter().enumerate() {
            let value = match *output {
                Output::Lag { column, rows } if number < self.plan.features => {
                    series.held(now - rows, column).0
                }
                Output::Lag { column, rows } => series.value(now - rows, column),
                Output::Rolling { past, statistic } => pasts[past].moments().statistic(statistic),
                Output::AnyPast { past } => any(pasts[past].moments().statistic(StatisticName::Max)),
                Output::Lead { column, rows } => {
                    end = end.max(series.time(now + rows));
                    series.value(now + rows, column)
                }
                Output::LastAhead { ahead } => {
                    let window = &self.plan.aheads[ahead];
                    end = end.max(span_end(series, now, window.span));
                    series.value(aheads[ahead].end() - 1, window.column)
                }
                Output::StatisticAhead { ahead, statistic } => {
                    end = end.max(span_end(series, now, self.plan.aheads[ahead].span));
                    aheads[ahead].moments().statistic(statistic)
                }
                Output::AnyAhead { ahead } => {
                    end = end.max(span_end(series, now, self.plan.aheads[ahead].span));
                    let moments = aheads[ahead].moments();
                    let [least, most] =
                        [StatisticName::Min, StatisticName::Max].map(|which| moments.statistic(which));
                    if most.is_nan() { f64::NAN } else { flag(least < 0.0 || most > 0.0) }
                }
                Output::Event { set, over } => {
                    let intervals = &self.events[index][set];
                    flag(match over {
                        Over::Instant => intervals.hold_at(time),
                        Over::Window if start == time => intervals.hold_at(time),
                        Over::Window => intervals.meet(start, time),
                        Over::Ahead(span) => {
                            let until = span_end(series, now, span);
                            end = end.max(until);
                            intervals.meet(time, until)
                        }
                    })
                }
            };
            if value.is_nan() {
                if number >= self.plan.features || self.plan.gaps != GapsName::Mark {
                    return sink.incomplete();
                }
                missing += 1;
            }
            self.values.push(value);
        }
        if self.plan.gaps == GapsName::Mark {
            self.values.push(f64::from(missing));
        }
        let start = start.min(self.held_since(index));
        sink.sample(Sample { entity: index as u32, time, start, end, values: &self.values });
    }
}

/// The last instant of a span after the present row.
fn span_end(series: &Series, now: u64, span: Span) -> u64 {
    match span {
        Span::Rows(rows) => series.time(now + rows),
        Span::Time(length) => series.time(now).saturating_add(length),
    }
}

#[cfg(test)]
mod tests;
