//! The plan of windows, with targets or labels.

use super::columns::Columns;
use super::{Engine, Plan, Role, ValueColumn, find_table, tie};
use crate::dataset::cells::CellPlan;
use crate::dataset::event_table::EventPlan;
use crate::dataset::format::{
    AggregateName, FeatureEntry, FeatureSpec, GapsName, LagRange, LagsSpec, RollingSpec, SpanSpec,
    StatisticName, TargetSpec, WindowsSpec,
};
use crate::dataset::grid::Fold;
use crate::dataset::predicate::is_text;
use crate::dataset::rows::RowPlan;
use crate::dataset::windows::{Ahead, Back, Output, Past, Regular, Span, Windows};
use crate::engine::SimDuration;
use crate::records::{ColumnKind, ColumnSpec, TableSpec};
use crate::scenario::{Duration, Site};

/// More rows than any window looks at.
const MOST_ROWS: u32 = 10_000_000;

pub(super) fn plan(spec: &WindowsSpec, site: &Site<'_>, tables: &[TableSpec]) -> Option<Plan> {
    let table = find_table(&spec.table, &site.key("table"), tables)?;
    let mut columns = Columns::new(table);
    let time = columns.time(&spec.time, &site.key("time"))?;
    let (entity, entity_specs) = columns.entity(&spec.entity, site)?;
    let conditions = columns.conditions(&spec.conditions, site)?;
    let period = match &spec.resample {
        None => None,
        Some(resample) => match SimDuration::from_secs(resample.period.as_secs()).as_nanos() {
            0 => {
                site.key("resample").key("period").error("the period must be at least a nanosecond");
                return None;
            }
            period => Some(period),
        },
    };
    let mut maker = Maker {
        columns,
        tables,
        entity: &spec.entity,
        period,
        pasts: Vec::new(),
        aheads: Vec::new(),
        outputs: Vec::new(),
        values: Vec::new(),
        events: Vec::new(),
    };
    let features = maker.features(spec, site);
    let features_made = maker.outputs.len();
    let targets = maker.targets(spec, site);
    let labels = maker.labels(spec, site);
    features.and(targets).and(labels)?;
    let Maker { mut columns, pasts, aheads, outputs, mut values, events, .. } = maker;
    if spec.gaps == GapsName::Mark {
        let column = ColumnSpec::unsigned("missing", "", "how many of the features are null");
        values.push(ValueColumn { spec: column, role: Role::Info });
    }
    let regular = spec.resample.as_ref().zip(period).map(|(resample, period)| Regular {
        period,
        folds: columns
            .cells
            .iter()
            .map(|cell| {
                let is_condition = matches!(cell, CellPlan::Condition(_));
                Fold::of(resample.method, matches!(cell, CellPlan::Number(_)), is_condition)
            })
            .collect(),
    });
    let sorted = tie(table, &spec.time, &mut columns);
    let windows = Windows {
        columns: columns.cells.len(),
        regular,
        gaps: spec.gaps,
        max_gap: spec.max_gap.map(|gap| SimDuration::from_secs(gap.as_secs()).as_nanos()),
        stride: spec.stride,
        pasts,
        aheads,
        outputs,
        features: features_made,
    };
    Some(Plan {
        table: columns.spec(),
        rows: RowPlan {
            columns: columns.names(),
            time,
            entity,
            conditions,
            cells: std::mem::take(&mut columns.cells),
            sorted,
        },
        engine: Engine::Windows(windows),
        events,
        entity: entity_specs,
        values,
        needs_tiers: false,
    })
}

pub(super) struct Maker<'t> {
    pub(super) columns: Columns<'t>,
    pub(super) tables: &'t [TableSpec],
    pub(super) entity: &'t [String],
    period: Option<u64>,
    pub(super) pasts: Vec<Past>,
    aheads: Vec<Ahead>,
    outputs: Vec<Output>,
    values: Vec<ValueColumn>,
    pub(super) events: Vec<EventPlan>,
}

impl Maker<'_> {
    pub(super) fn add(&mut self, output: Output, role: Role, spec: ColumnSpec) {
        self.outputs.push(output);
        self.values.push(ValueColumn { spec, role });
    }

    fn features(&mut self, spec: &WindowsSpec, site: &Site<'_>) -> Option<()> {
        let here = site.key("features");
        let mut good = Some(());
        for (index, entry) in spec.features.iter().enumerate() {
            let here = here.index(index);
            let made = match entry {
                FeatureEntry::Column(column) => {
                    let feature =
                        FeatureSpec { column: column.clone(), lags: None, rolling: Vec::new() };
                    self.feature(&feature, &here, &here)
                }
                FeatureEntry::Past(feature) => self.feature(feature, &here, &here.key("column")),
            };
            good = good.and(made);
        }
        good
    }

    fn feature(&mut self, spec: &FeatureSpec, site: &Site<'_>, name_site: &Site<'_>) -> Option<()> {
        let (column, described) = self.columns.value(&spec.column, name_site)?;
        let name = &spec.column;
        let lags = match &spec.lags {
            None if spec.rolling.is_empty() => vec![0],
            None => Vec::new(),
            Some(lags) => lag_list(lags, &site.key("lags"))?,
        };
        let kind = if is_text(described.kind) { ColumnKind::Category } else { ColumnKind::Float };
        for rows in lags {
            let unit = if self.period.is_some() { "steps" } else { "rows" };
            let (name, meaning) = match rows {
                0 => (name.clone(), described.meaning.to_string()),
                _ => (
                    format!("{name}_lag_{rows}"),
                    format!("{}, {rows} {unit} before", described.meaning),
                ),
            };
            let spec = ColumnSpec::new(name, kind, described.unit.clone(), meaning);
            self.add(Output::Lag { column, rows: u64::from(rows) }, Role::Feature, spec);
        }
        for (index, rolling) in spec.rolling.iter().enumerate() {
            let here = site.key("rolling").index(index);
            if kind == ColumnKind::Category {
                here.error(format!("column {name:?} is text, which has no statistics"));
                return None;
            }
            self.rolling(rolling, column, &described, &here)?;
        }
        Some(())
    }

    fn rolling(
        &mut self,
        spec: &RollingSpec,
        column: usize,
        described: &ColumnSpec,
        site: &Site<'_>,
    ) -> Option<()> {
        let here = site.key("window");
        let (span, span_name) = self.span(&spec.window, &here)?;
        let decay = match span {
            Span::Rows(rows) => 1.0 - 2.0 / (rows as f64 + 1.0),
            Span::Time(_) => 1.0,
        };
        let past = self.pasts.len();
        self.pasts.push(Past { column, back: Back::Last(span), decay });
        for (index, &statistic) in spec.statistics.iter().enumerate() {
            let here = site.key("statistics").index(index);
            let (word, in_words, per_second) = statistic_in_words(statistic);
            if statistic == StatisticName::Ewma && matches!(span, Span::Time(_)) {
                here.error_with_help(
                    "weights go by rows, of which a time has no fixed number",
                    "give the window as a number of rows, or resample",
                );
                return None;
            }
            if matches!(statistic, StatisticName::Std | StatisticName::Slope) && span == Span::Rows(1) {
                here.error("one row has neither a standard deviation nor a slope");
                return None;
            }
            let unit = match (per_second, described.unit.as_ref()) {
                (true, "") => "1/s".to_string(),
                (true, unit) => format!("{unit}/s"),
                (false, unit) => unit.to_string(),
            };
            let name = format!("{}_{word}_{span_name}", described.name);
            let meaning =
                format!("{in_words} over the last {}: {}", self.in_words(span), described.meaning);
            let spec = ColumnSpec::float(name, unit, meaning);
            self.add(Output::Rolling { past, statistic }, Role::Feature, spec);
        }
        Some(())
    }

    fn targets(&mut self, spec: &WindowsSpec, site: &Site<'_>) -> Option<()> {
        let here = site.key("targets");
        let mut good = Some(());
        for (index, target) in spec.targets.iter().enumerate() {
            if target.aggregate == AggregateName::Row {
                good = good.and(self.row_target(target, &here.index(index)));
                continue;
            }
            let horizon = target.horizon.as_ref().unwrap_or(&spec.horizon);
            let at = if target.horizon.is_some() { here.index(index) } else { site.clone() };
            good = good.and(self.target(target, horizon, &here.index(index), &at.key("horizon")));
        }
        good
    }

    /// A target that is in the row itself.
    fn row_target(&mut self, spec: &TargetSpec, site: &Site<'_>) -> Option<()> {
        let (column, described) = self.target_column(spec, site)?;
        if spec.horizon.is_some() {
            site.key("horizon").error_with_help(
                "a target of the row itself looks at no other rows",
                "leave the horizon out, or choose another aggregate",
            );
            return None;
        }
        let name = spec.name.clone().unwrap_or_else(|| spec.column.clone());
        let described = ColumnSpec::float(name, described.unit, described.meaning);
        self.add(Output::Lag { column, rows: 0 }, Role::Target, described);
        Some(())
    }

    /// The column of a target, which has numbers.
    fn target_column(&mut self, spec: &TargetSpec, site: &Site<'_>) -> Option<(usize, ColumnSpec)> {
        let here = site.key("column");
        let (column, described) = self.columns.value(&spec.column, &here)?;
        if is_text(described.kind) {
            here.error_with_help(
                format!("column {:?} is text, and a target is a number", spec.column),
                "put it into `labels`",
            );
            return None;
        }
        Some((column, described))
    }

    fn target(
        &mut self,
        spec: &TargetSpec,
        horizon: &SpanSpec,
        site: &Site<'_>,
        horizon_site: &Site<'_>,
    ) -> Option<()> {
        let (column, described) = self.target_column(spec, site)?;
        let (span, span_name) = self.ahead_span(horizon, horizon_site)?;
        let statistic = match spec.aggregate {
            AggregateName::At | AggregateName::Any | AggregateName::Row => None,
            AggregateName::Mean => Some(StatisticName::Mean),
            AggregateName::Std => Some(StatisticName::Std),
            AggregateName::Min => Some(StatisticName::Min),
            AggregateName::Max => Some(StatisticName::Max),
            AggregateName::Sum => Some(StatisticName::Sum),
        };
        if statistic == Some(StatisticName::Std) && span == Span::Rows(1) {
            site.key("aggregate").error("one row has no standard deviation");
            return None;
        }
        let ahead_in_words = self.in_words(span);
        let (output, word, meaning) = match (statistic, span) {
            (Some(statistic), _) => {
                let ahead = self.ahead(column, span);
                let (word, in_words, _) = statistic_in_words(statistic);
                let meaning =
                    format!("{in_words} over the next {ahead_in_words}: {}", described.meaning);
                (Output::StatisticAhead { ahead, statistic }, format!("_{word}"), meaning)
            }
            (None, _) if spec.aggregate == AggregateName::Any => {
                let ahead = self.ahead(column, span);
                let meaning =
                    format!("whether ever within the next {ahead_in_words}: {}", described.meaning);
                (Output::AnyAhead { ahead }, "_any".into(), meaning)
            }
            (None, _) => {
                let output = self.last_ahead(column, span);
                (output, String::new(), format!("{ahead_in_words} ahead: {}", described.meaning))
            }
        };
        let name = format!("{}{word}_ahead_{span_name}", spec.column);
        let name = spec.name.clone().unwrap_or(name);
        let unit = if spec.aggregate == AggregateName::Any { "".into() } else { described.unit };
        self.add(output, Role::Target, ColumnSpec::float(name, unit, meaning));
        Some(())
    }

    /// The window of coming rows of a column.
    pub(super) fn ahead(&mut self, column: usize, span: Span) -> usize {
        self.aheads.push(Ahead { column, span });
        self.aheads.len() - 1
    }

    /// The value of the last of the coming rows.
    pub(super) fn last_ahead(&mut self, column: usize, span: Span) -> Output {
        match span {
            Span::Rows(rows) => Output::Lead { column, rows },
            Span::Time(_) => Output::LastAhead { ahead: self.ahead(column, span) },
        }
    }

    /// A horizon, which must not be nothing.
    pub(super) fn ahead_span(&self, spec: &SpanSpec, site: &Site<'_>) -> Option<(Span, String)> {
        if *spec == SpanSpec::Rows(0) {
            site.error_with_help(
                "a target or label ahead needs a horizon",
                "give a number of rows, or a time such as \"30 s\"",
            );
            return None;
        }
        self.span(spec, site)
    }

    /// A span, and how names of columns write it.
    fn span(&self, spec: &SpanSpec, site: &Site<'_>) -> Option<(Span, String)> {
        match spec {
            SpanSpec::Rows(rows) if (1..=MOST_ROWS).contains(rows) => {
                Some((Span::Rows(u64::from(*rows)), rows.to_string()))
            }
            SpanSpec::Rows(_) => {
                site.error(format!("the number of rows must be from 1 to {MOST_ROWS}"));
                None
            }
            SpanSpec::Time(text) => {
                let seconds = site.check(Duration::KIND.parse(text))?;
                let time = SimDuration::from_secs(seconds).as_nanos();
                if time == 0 {
                    site.error("the time must be above 0");
                    return None;
                }
                let name = Duration::KIND.format(seconds).replace(' ', "");
                let Some(period) = self.period else { return Some((Span::Time(time), name)) };
                if !time.is_multiple_of(period) || time / period > u64::from(MOST_ROWS) {
                    let period = Duration::KIND.format(period as f64 / 1e9);
                    site.error(format!(
                        "it must be a whole multiple of the period of the resampled series, {period}, and \
                         at most {MOST_ROWS} times that"
                    ));
                    return None;
                }
                Some((Span::Rows(time / period), name))
            }
        }
    }

    pub(super) fn in_words(&self, span: Span) -> String {
        match (span, self.period) {
            (Span::Rows(rows), None) => format!("{rows} rows"),
            (Span::Rows(rows), Some(period)) => {
                Duration::KIND.format(rows.saturating_mul(period) as f64 / 1e9)
            }
            (Span::Time(time), _) => Duration::KIND.format(time as f64 / 1e9),
        }
    }
}

fn lag_list(spec: &LagsSpec, site: &Site<'_>) -> Option<Vec<u32>> {
    let lags: Vec<u32> = match spec {
        LagsSpec::Listed(lags) => lags.clone(),
        LagsSpec::Range(LagRange { count, step, first }) => {
            (0..*count).map(|lag| first.saturating_add(lag.saturating_mul(*step))).collect()
        }
    };
    if lags.is_empty() {
        site.error("there is no lag in the list");
        return None;
    }
    if lags.iter().any(|lag| *lag > MOST_ROWS) {
        site.error(format!("a lag is at most {MOST_ROWS} rows"));
        return None;
    }
    Some(lags)
}

/// A statistic as names of columns have it, in words, and whether it is per second.
fn statistic_in_words(statistic: StatisticName) -> (&'static str, &'static str, bool) {
    match statistic {
        StatisticName::Mean => ("mean", "mean", false),
        StatisticName::Std => ("std", "standard deviation", false),
        StatisticName::Min => ("min", "least value", false),
        StatisticName::Max => ("max", "greatest value", false),
        StatisticName::Sum => ("sum", "sum", false),
        StatisticName::Slope => ("slope", "slope", true),
        StatisticName::Ewma => ("ewma", "exponentially weighted mean", false),
    }
}
