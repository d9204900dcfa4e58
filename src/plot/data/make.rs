//! From what is asked for to a figure: defaults, what suits, labels.

use super::filter::Filter;
use super::selection::{Column, Groups, Selection};
use super::source::{Offer, unknown};
use super::spec::{ChartKind, FigureSpec};
use super::{Source, gantt, map, means, samples, time, tracks};
use crate::plot::{Axis, Chart, Figure, PlotError, Scale};

/// How many series are kept of tables where nothing else is asked for.
pub(super) const USUAL_TOP: usize = 8;
/// The table of which maps have the ways of devices.
pub(super) const POSITIONS: &str = "positions";

/// What a chart is made from: the request with its defaults filled in.
pub(super) struct Request<'s> {
    pub(super) source: &'s Source,
    pub(super) spec: &'s FigureSpec,
    pub(super) offers: Vec<Offer>,
    pub(super) filters: Vec<Filter>,
    /// Below the title: what a reader must know of how the data were treated.
    pub(super) notes: Vec<String>,
    /// What the figure shows, for a title.
    pub(super) topic: String,
}

impl Source {
    /// Makes a figure.
    ///
    /// # Errors
    /// If something that is asked for is not there, does not fit the chart, or cannot be read.
    ///
    /// ```no_run
    /// use stratosim::plot::{FigureSpec, Source};
    /// let source = Source::open(&["runs/quickstart-1".into()])?;
    /// let spec = FigureSpec {
    ///     table: Some("tasks".into()),
    ///     x: Some("service_s".into()),
    ///     by: vec!["application".to_string()].into(),
    ///     ..FigureSpec::default()
    /// };
    /// source.figure(&spec)?.save("service-time.svg")?;
    /// # Ok::<(), stratosim::plot::PlotError>(())
    /// ```
    pub fn figure(&self, spec: &FigureSpec) -> Result<Figure, PlotError> {
        let offers = match spec.kind {
            // A map is drawn without a table, too; one that cannot be read is told where it is read.
            Some(ChartKind::Map | ChartKind::Tracks) => {
                self.offers(Some(spec.table.as_deref().unwrap_or(POSITIONS))).unwrap_or_default()
            }
            _ => self.offers(spec.table.as_deref())?,
        };
        let columns: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
        let exact = spec.at.iter().map(|(column, value)| Ok(Filter::equal(column, value)));
        let read = spec.filters.iter().map(|text| Filter::parse(text, &columns));
        let filters = read.chain(exact).collect::<Result<_, _>>()?;
        let (notes, topic) = (Vec::new(), String::new());
        let mut request = Request { source: self, spec, offers, filters, notes, topic };
        request.fix_most_of()?;
        let kind = match spec.kind {
            Some(kind) => kind,
            None => request.suitable()?,
        };
        let chart: Chart = match kind {
            ChartKind::Line => means::line(&mut request)?.into(),
            ChartKind::HeatMap => means::heat_map(&mut request)?.into(),
            ChartKind::Ecdf => samples::ecdf(&mut request)?.into(),
            ChartKind::Histogram => samples::histogram(&mut request)?.into(),
            ChartKind::Box => samples::box_plot(&mut request)?.into(),
            ChartKind::Shares => time::shares(&mut request)?.into(),
            ChartKind::TimeSeries => time::time_series(&mut request)?.into(),
            ChartKind::Map => map::map(&mut request)?.into(),
            ChartKind::Tracks => tracks::tracks(&mut request)?.into(),
            ChartKind::Gantt => gantt::gantt(&mut request)?.into(),
        };
        let mut notes = vec![self.name()];
        notes.extend(request.filters_in_words());
        notes.append(&mut request.notes);
        let title = spec.title.clone().unwrap_or_else(|| capitalised(&request.topic));
        let figure = Figure::new(chart).title(title).note(notes.join(" · "));
        let (width, height) = (spec.width.unwrap_or(figure.width), spec.height.unwrap_or(figure.height));
        Ok(figure.size(width, height))
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

impl<'s> Request<'s> {
    /// Keeps the rows of that value of a column which has most, if this is asked for.
    fn fix_most_of(&mut self) -> Result<(), PlotError> {
        let Some(column) = &self.spec.most_of else { return Ok(()) };
        if self.is_results() {
            return Err(PlotError::request("most_of", "this is for columns of tables; give a table"));
        }
        self.offer("most_of", column)?;
        let groups = self.select(&[column])?.columns[0].groups(true);
        let sizes = groups.sizes();
        let Some(most) = (0..sizes.len()).max_by(|&a, &b| sizes[a].total_cmp(&sizes[b]).then(b.cmp(&a)))
        else {
            return Err(PlotError::Empty(format!("{column} has no values")));
        };
        let name = groups.names[most].clone();
        self.filters.push(Filter::equal(column, &name));
        let of = if sizes.len() > 1 {
            format!(", of {} the one with most rows", sizes.len())
        } else {
            String::new()
        };
        self.notes.push(format!("{column} {name}{of}"));
        Ok(())
    }

    /// The conditions on columns that another table has, too.
    pub(super) fn filters_on(&self, columns: &[&str]) -> Vec<Filter> {
        let is_there = |filter: &&Filter| columns.contains(&filter.column.as_str());
        self.filters.iter().filter(is_there).cloned().collect()
    }

    pub(super) fn is_results(&self) -> bool {
        self.spec.table.is_none()
    }

    /// What is offered by this name.
    pub(super) fn offer(&self, key: &'static str, name: &str) -> Result<&Offer, PlotError> {
        self.offers.iter().find(|offer| offer.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.offers.iter().map(|offer| offer.name.as_str()).collect();
            let what = if self.is_results() { "axis or metric" } else { "column" };
            unknown(key, what, name, &known)
        })
    }

    /// What is offered by this name, which must have numbers.
    pub(super) fn numbers(&self, key: &'static str, name: &str) -> Result<&Offer, PlotError> {
        let offer = self.offer(key, name)?;
        if offer.is_number {
            return Ok(offer);
        }
        let known: Vec<&str> =
            self.offers.iter().filter(|o| o.is_number).map(|o| o.name.as_str()).collect();
        let message =
            format!("{name:?} has names where numbers are needed (with numbers: {})", known.join(", "));
        Err(PlotError::request(key, message))
    }

    /// The columns that are axes.
    pub(super) fn axes(&self) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(|offer| offer.is_axis)
    }

    /// The name that is given, or an error that says what there is.
    pub(super) fn needed(
        &self,
        key: &'static str,
        given: Option<&String>,
        what: &str,
    ) -> Result<String, PlotError> {
        if let Some(name) = given {
            return Ok(name.clone());
        }
        let of_numbers = self.offers.iter().filter(|offer| offer.is_number && !offer.is_axis);
        let known: Vec<&str> = of_numbers.map(|offer| offer.name.as_str()).collect();
        Err(PlotError::request(key, format!("say {what} (there are: {})", known.join(", "))))
    }

    /// The single name of `y`.
    pub(super) fn one_y(&self) -> Result<String, PlotError> {
        match self.spec.y.list() {
            [] => self.needed("y", None, "what is to be shown"),
            [name] => Ok(name.clone()),
            [_, ..] => Err(PlotError::request("y", "this chart shows one column or metric at a time")),
        }
    }

    /// Reads columns.
    pub(super) fn select(&self, columns: &[&str]) -> Result<Selection, PlotError> {
        self.source.select(self.spec.table.as_deref(), columns, &self.filters)
    }

    /// What tells series apart, and where several directories are shown, those too.
    pub(super) fn by(&self, x: Option<&str>) -> Result<Vec<String>, PlotError> {
        let mut by = self.spec.by.list().to_vec();
        for name in &by {
            self.offer("by", name)?;
        }
        if !self.is_results() && self.source.is_runs() {
            // The run, if there are several.
            let is_used = |name: &str| x == Some(name) || by.iter().any(|own| own == name);
            let runs: Vec<String> =
                self.axes().map(|axis| axis.name.clone()).filter(|name| !is_used(name)).collect();
            by.extend(runs);
        }
        Ok(by)
    }

    /// The groups that columns make together, each in its own order. Numbers are named with what they are,
    /// since a legend has no label for it.
    pub(super) fn groups(&self, by: &[String], columns: &[Column], rows: usize) -> Groups {
        let part = |(name, column): (&String, &Column)| {
            let mut groups = column.groups(!self.is_results());
            let offer = self.offers.iter().find(|offer| offer.name == *name);
            if let (Some(axis), Some(_)) = (offer.map(|offer| &offer.axis), column.numbers()) {
                for name in &mut groups.names {
                    *name = format!("{} {name} {}", axis.label, axis.unit).trim_end().to_string();
                }
            }
            groups
        };
        let parts: Vec<Groups> = by.iter().zip(columns).map(part).collect();
        if parts.is_empty() { Groups::one(rows) } else { Groups::joined(&parts) }
    }

    /// The axes that neither the figure shows nor a condition fixes, though they vary among the selected rows,
    /// so that a mean would mix them.
    fn mixed(&self, shown: &[&str]) -> Result<Vec<String>, PlotError> {
        // Runs that differ in their seeds only are of one point.
        if self.source.is_runs() && self.source.results().is_ok_and(|results| results.points() == 1) {
            return Ok(Vec::new());
        }
        let rest: Vec<&str> =
            self.axes().map(|axis| axis.name.as_str()).filter(|name| !shown.contains(name)).collect();
        if rest.is_empty() {
            return Ok(Vec::new());
        }
        let selection = self.select(&rest)?;
        let varying = rest.iter().zip(&selection.columns).filter(|(_, column)| column.varies());
        Ok(varying.map(|(name, _)| (*name).to_string()).collect())
    }

    /// What tells series apart beside these columns: what is asked for, or else the one axis that is left.
    /// Refuses to mix runs that differ in more.
    pub(super) fn told_apart(&self, shown: &[&str]) -> Result<Vec<String>, PlotError> {
        let mut by = self.by(shown.first().copied())?;
        let all: Vec<&str> = shown.iter().copied().chain(by.iter().map(String::as_str)).collect();
        match self.mixed(&all)?.as_slice() {
            [only] if self.spec.by.list().is_empty() => by.push(only.clone()),
            mixed => refuse(mixed)?,
        }
        Ok(by)
    }

    /// Refuses to mix runs that differ in more than their seeds.
    pub(super) fn refuse_mixed(&self, shown: &[&str]) -> Result<(), PlotError> {
        refuse(&self.mixed(shown)?)
    }

    /// The axis to the right, as it is offered and as it is asked for.
    pub(super) fn x_axis(&self, axis: &Axis) -> Axis {
        asked(axis, self.spec.x_label.as_ref(), self.spec.x_scale)
    }

    /// The axis upwards.
    pub(super) fn y_axis(&self, axis: &Axis) -> Axis {
        asked(axis, self.spec.y_label.as_ref(), self.spec.y_scale)
    }

    fn filters_in_words(&self) -> Vec<String> {
        let read = self.spec.filters.iter().map(|text| format!("where {text}"));
        read.chain(self.spec.at.iter().map(|(column, value)| format!("where {column}={value}")))
            .collect()
    }

    /// Keeps the groups with the greatest weights, and notes how many are left out.
    pub(super) fn keep_top(
        &mut self,
        groups: Groups,
        weights: &[f64],
        most: usize,
        what: &str,
    ) -> Groups {
        if groups.names.len() <= most {
            return groups;
        }
        let mut order: Vec<usize> = (0..groups.names.len()).collect();
        // A sum or mean of nothing comes last.
        let weight = |index: usize| weights.get(index).copied().filter(|w| !w.is_nan());
        order.sort_by(|&a, &b| {
            let [a_weight, b_weight] = [a, b].map(|index| weight(index).unwrap_or(f64::NEG_INFINITY));
            b_weight.total_cmp(&a_weight).then(a.cmp(&b))
        });
        order.truncate(most);
        order.sort_unstable();
        self.notes.push(format!("{most} of {} {what}", groups.names.len()));
        groups.kept(&order)
    }

    /// The kind of chart for what is asked for.
    fn suitable(&self) -> Result<ChartKind, PlotError> {
        let spec = self.spec;
        let x = spec.x.as_deref().map(|name| self.offer("x", name)).transpose()?;
        let y = spec.y.list();
        if spec.end.is_some() {
            return Ok(ChartKind::Gantt);
        }
        if spec.value.is_some() {
            return Ok(ChartKind::HeatMap);
        }
        Ok(match (x, y) {
            (Some(x), []) if x.is_number && !x.is_axis => ChartKind::Ecdf,
            (None, []) if !self.is_results() => ChartKind::TimeSeries,
            (None, []) => {
                self.one_y()?;
                ChartKind::Line
            }
            (Some(_), []) if !self.is_results() => ChartKind::Shares,
            (Some(x), _) if x.name == "t_s" => ChartKind::TimeSeries,
            (None, _) if !self.is_results() => ChartKind::TimeSeries,
            (None, _) if !self.axes().any(|axis| axis.is_number) => ChartKind::Box,
            (Some(x), _) if !x.is_number => ChartKind::Box,
            _ => ChartKind::Line,
        })
    }
}

/// Refuses to mix runs that differ in these axes.
fn refuse(mixed: &[String]) -> Result<(), PlotError> {
    let Some(first) = mixed.first() else { return Ok(()) };
    let list = mixed.join(" and ");
    let message = format!(
        "runs that differ in {list} would be mixed; tell them apart with `by`, or choose a value with \
         `where`, as in {first}=..."
    );
    Err(PlotError::request("by", message))
}

fn asked(axis: &Axis, label: Option<&String>, scale: Option<Scale>) -> Axis {
    Axis {
        label: label.cloned().unwrap_or_else(|| axis.label.clone()),
        unit: axis.unit.clone(),
        scale: scale.unwrap_or(axis.scale),
    }
}
