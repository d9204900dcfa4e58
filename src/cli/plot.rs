//! `stratosim plot`: draws figures of runs and sweeps.

use super::{Failure, print};
use crate::output::RunReader;
use crate::plot::{ChartKind, Figure, FigureSpec, PlotError, PlotSpec, Scale, Source};
use crate::report::{map_figure, run_figures};
use crate::scenario::Document;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// Draw a figure of runs or sweeps as SVG or PNG, all figures of a file, or all that a run has data for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stratosim plot /tmp/s --x phones --y workloads.tasks.service_s.mean --by policy\n  \
    stratosim plot runs/a --table tasks --x service_s --by application\n  \
    stratosim plot runs/a --table nodes --y utilisation --by tier --events faults.change\n  \
    stratosim plot runs/a runs/b --kind box --table tasks --x application --y service_s --out times.png\n  \
    stratosim plot scenarios/plots/offloading.json /tmp/s\n  \
    stratosim plot runs/a\n\n\
    Several directories of the same sort are compared. Without --table the results are drawn: axes of the \
    sweep and numbers of the summaries. docs/plots.md shows each kind.")]
pub(super) struct Plot {
    /// Directories of runs or sweeps; before them a file of figures, if there is one.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// Kind of chart; that which suits the columns if left out.
    #[arg(long)]
    kind: Option<ChartKind>,
    /// Table of the runs, such as tasks.
    #[arg(long)]
    table: Option<String>,
    /// Column or axis to the right; of a Gantt chart when bars begin.
    #[arg(long)]
    x: Option<String>,
    /// Column or metric upwards; may be repeated for lines and shares. Of a heat map the rows, of a Gantt
    /// chart the lanes.
    #[arg(long)]
    y: Vec<String>,
    /// Column that tells series apart by colour; may be repeated.
    #[arg(long)]
    by: Vec<String>,
    /// Metric or column that the colours of a heat map show, or those of a map.
    #[arg(long)]
    value: Option<String>,
    /// Column at which the bars of a Gantt chart end.
    #[arg(long)]
    end: Option<String>,
    /// Condition on rows, such as outcome=done or service_s>2; may be repeated, and all must hold.
    #[arg(long = "where", value_name = "CONDITION")]
    filters: Vec<String>,
    /// How many series or lanes are kept of more.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100))]
    top: Option<u64>,
    /// Column whose greatest means decide which series are kept over time, rather than those of the values.
    #[arg(long, value_name = "COLUMN")]
    top_by: Option<String>,
    /// Column of which only the value with the most rows is shown, such as device.
    #[arg(long, value_name = "COLUMN")]
    most_of: Option<String>,
    /// Bins of a histogram, columns of shares over time, or squares along the longer side of a map.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    bins: Option<u64>,
    /// Events to mark in a time series, as faults.change, or handovers.* for each row.
    #[arg(long, value_name = "TABLE.COLUMN")]
    events: Option<String>,
    /// Intervals to shade in a time series, as radio_devices.jammed: true or false, or names of kinds.
    #[arg(long, value_name = "TABLE.COLUMN")]
    spans: Option<String>,
    /// Make an axis logarithmic; may be repeated.
    #[arg(long, value_name = "AXIS")]
    log: Vec<Direction>,
    /// Make an axis linear where it would be logarithmic; may be repeated.
    #[arg(long, value_name = "AXIS")]
    linear: Vec<Direction>,
    /// Label of the axis to the right, without the unit.
    #[arg(long, value_name = "TEXT")]
    x_label: Option<String>,
    /// Label of the axis upwards, without the unit.
    #[arg(long, value_name = "TEXT")]
    y_label: Option<String>,
    /// Title; made of what is shown if left out.
    #[arg(long)]
    title: Option<String>,
    /// Width in pixels.
    #[arg(long)]
    width: Option<u32>,
    /// Height in pixels.
    #[arg(long)]
    height: Option<u32>,
    /// File to write, .svg or .png; for a file of figures the folder for them. In the folder `plots` of the
    /// first directory if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Direction {
    X,
    Y,
}

/// Whether the user or the machine is at fault.
pub(super) fn failure(error: PlotError) -> Failure {
    match &error {
        error if error.is_failure() => Failure::failed(error),
        PlotError::Request { key, message } if !key.is_empty() => {
            Failure::BadInput(format!("--{}: {message}", key.replace('_', "-")))
        }
        error => Failure::bad_input(error),
    }
}

/// A name for the file of a figure: what it shows.
fn file_name(spec: &FigureSpec, figure: &Figure) -> String {
    let kind = spec.kind.map_or("figure", ChartKind::name);
    let text = if figure.title.is_empty() { kind } else { &figure.title };
    let plain = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = text.chars().map(plain).collect();
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(80).collect();
    if name.is_empty() { kind.to_string() } else { name }
}

impl Plot {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        match self.inputs.split_first() {
            Some((file, directories))
                if file.extension().is_some_and(|extension| extension == "json") =>
            {
                self.file(file, directories)
            }
            _ => self.single(),
        }
    }

    fn flags(&self) -> FigureSpec {
        let scale = |direction: Direction| {
            let of = |list: &[Direction], scale: Scale| list.contains(&direction).then_some(scale);
            of(&self.log, Scale::Logarithmic).or(of(&self.linear, Scale::Linear))
        };
        FigureSpec {
            kind: self.kind,
            table: self.table.clone(),
            x: self.x.clone(),
            y: self.y.clone().into(),
            by: self.by.clone().into(),
            value: self.value.clone(),
            end: self.end.clone(),
            filters: self.filters.clone(),
            at: Vec::new(),
            // Both are below 2^16 by the ranges of their flags.
            top: self.top.map(|top| top as usize),
            top_by: self.top_by.clone(),
            most_of: self.most_of.clone(),
            bins: self.bins.map(|bins| bins as usize),
            events: self.events.clone(),
            spans: self.spans.clone(),
            x_scale: scale(Direction::X),
            y_scale: scale(Direction::Y),
            x_label: self.x_label.clone(),
            y_label: self.y_label.clone(),
            title: self.title.clone(),
            width: self.width,
            height: self.height,
            out: None,
        }
    }

    /// Draws all figures that a run has data for.
    fn all(&self, source: &Source, run: &RunReader) -> Result<(), Failure> {
        let folder = self.out.clone().unwrap_or_else(|| plots(&self.inputs[0]));
        let specs = run_figures().iter().filter_map(|figure| figure.spec(run)).chain([map_figure()]);
        for spec in specs {
            // What is in a table may still be nothing to draw, such as batteries of nodes without any.
            let drawn = source.figure(&spec).and_then(|figure| figure.svg().map(|_| figure));
            let figure = match drawn {
                Err(PlotError::Empty(_)) => continue,
                drawn => drawn.map_err(failure)?,
            };
            let out = folder.join(format!("{}.svg", file_name(&spec, &figure)));
            figure.save(&out).map_err(failure)?;
            self.tell(&out);
        }
        Ok(())
    }

    /// Draws the figure that the flags ask for, or of a run all that there are.
    fn single(&self) -> Result<(), Failure> {
        let source = Source::open(&self.inputs).map_err(failure)?;
        let spec = self.flags();
        if let ([run], true, true) =
            (self.inputs.as_slice(), source.is_runs(), spec == FigureSpec::default())
        {
            let run = RunReader::open(run).map_err(Failure::bad_input)?;
            return self.all(&source, &run);
        }
        let figure = source.figure(&spec).map_err(failure)?;
        let out = match &self.out {
            Some(out) => out.clone(),
            None => plots(&self.inputs[0]).join(format!("{}.svg", file_name(&spec, &figure))),
        };
        figure.save(&out).map_err(failure)?;
        self.tell(&out);
        Ok(())
    }

    /// Draws all figures of a file.
    fn file(&self, file: &Path, directories: &[PathBuf]) -> Result<(), Failure> {
        let chosen = FigureSpec { ..self.flags() };
        if chosen != FigureSpec::default() {
            return Err(Failure::BadInput(format!(
                "{} says what is drawn; with it, of all flags only --out and --quiet are taken",
                file.display()
            )));
        }
        let document = Document::open(file).map_err(Failure::bad_input)?;
        let spec = PlotSpec::read(&document).map_err(Failure::bad_input)?;
        let beside = file.parent().unwrap_or(Path::new("."));
        let mut all = directories.to_vec();
        all.extend(spec.directories.iter().map(|name| beside.join(name)));
        let Some(first) = all.first().cloned() else {
            return Err(Failure::BadInput(format!(
                "{} names no directories; give them after it, as in: stratosim plot {0} runs/a",
                file.display()
            )));
        };
        let source = Source::open(&all).map_err(failure)?;
        // All are drawn before the first is written, so that a mistake costs no half of a set.
        let mut figures = Vec::new();
        let mut names: Vec<PathBuf> = Vec::new();
        for (index, one) in spec.figures.iter().enumerate() {
            let placed = |error| failure(PlotSpec::placed(&document, index, error));
            let figure = source.figure(one).map_err(placed)?;
            let folder = self.out.clone().unwrap_or_else(|| plots(&first));
            let out = match &one.out {
                Some(out) if self.out.is_some() => folder.join(out),
                Some(out) => PathBuf::from(out),
                None => folder.join(format!("{}.svg", file_name(one, &figure))),
            };
            if names.contains(&out) {
                let message = format!("another figure is written to {} already", out.display());
                return Err(placed(PlotError::request("out", message)));
            }
            names.push(out);
            figures.push(figure);
        }
        for (index, (figure, out)) in figures.iter().zip(&names).enumerate() {
            figure.save(out).map_err(|error| failure(PlotSpec::placed(&document, index, error)))?;
            self.tell(out);
        }
        Ok(())
    }

    fn tell(&self, out: &Path) {
        if !self.quiet {
            print(&format!("wrote {}\n", out.display()));
        }
    }
}

/// The folder for the figures of a directory.
fn plots(directory: &Path) -> PathBuf {
    directory.join("plots")
}
