//! The plan of a sweep: its points and runs, a pure function of the sweep file and its scenario.

use super::SweepError;
use super::axis::{Axis, AxisColumn, Setting, check_names};
use super::drop::Drop;
use super::format::{ScenarioSource, SweepSpec};
use super::points::{combinations, draw};
use super::published::Published;
use super::until::{Replications, Seeds};
use crate::output::FileFormat;
use crate::scenario::format::FormatName;
use crate::scenario::{
    Diagnostic, Diagnostics, Document, Path, Registry, Segment, Site, open_scenario, read,
};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path as FilePath, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// One combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// What the columns of the axes show.
    pub labels: Vec<Value>,
    pub(super) settings: Vec<Setting>,
}

/// A run of a sweep: a point and one of its replications, both counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    /// The point.
    pub point: usize,
    /// The replication.
    pub replication: u32,
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:05}-{:03}", self.point, self.replication)
    }
}

/// The part K of N of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub part: u32,
    /// How many parts there are.
    pub of: u32,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(part, of)| {
            Some(Shard { part: part.trim().parse().ok()?, of: of.trim().parse().ok()? })
        });
        match numbers {
            Some(shard) if (1..=shard.of).contains(&shard.part) => Ok(shard),
            _ => Err(format!("{text:?} is no part; write K/N with K from 1 to N, as 2/8")),
        }
    }
}

/// What a sweep will do.
#[derive(Debug)]
pub struct Plan {
    name: String,
    description: Option<String>,
    axes: Vec<Axis>,
    columns: Vec<AxisColumn>,
    points: Vec<Point>,
    dropped: usize,
    pub(super) replications: Replications,
    pub(super) seeds: Seeds,
    pub(super) metrics: Option<Vec<Path>>,
    pub(super) published: Vec<Published>,
    pub(super) tables: Vec<String>,
    pub(super) join_tables: bool,
    format: FormatName,
    /// The sweep file.
    pub(super) document: Document,
    base: Document,
    directory: PathBuf,
    resolved: Value,
}

impl Plan {
    /// The plan of a sweep file; files that it names are looked for in `directory`.
    pub(super) fn new(
        document: Document,
        directory: &FilePath,
        registry: &Registry,
    ) -> Result<Plan, SweepError> {
        let spec: SweepSpec = read(&document)?;
        let (base, scenario_directory) = scenario(&spec, &document, directory)?;
        let errors = RefCell::new(Diagnostics::default());
        let site = Site::root(&document, &errors, directory);
        let parts = Parts::new(&spec, &site, &document, &errors);
        let parts = match (parts, errors.into_inner()) {
            (Some(parts), errors) if errors.is_empty() => parts,
            (_, errors) => return Err(errors.into()),
        };
        let columns: Vec<AxisColumn> = parts.axes.iter().flat_map(|axis| axis.columns.clone()).collect();
        let all = match &spec.sample {
            Some(sample) => draw(&parts.axes, sample),
            None => combinations(&parts.axes, &document)?,
        };
        let before = all.len();
        let points: Vec<Point> = all
            .into_iter()
            .filter(|point| !parts.drops.iter().any(|drop| drop.drops(&point.labels)))
            .collect();
        let dropped = before - points.len();
        if points.is_empty() {
            let place = Path::root().key("drop");
            return Err(document.diagnostic(&place, "this drops every point").into());
        }
        let seeds = match &spec.seeds {
            Some(seeds) => Seeds::Listed(seeds.clone()),
            None => Seeds::From(first_seed(&base, registry)),
        };
        let name = spec.name.clone().unwrap_or_else(|| {
            let stem = FilePath::new(document.file_name()).file_stem();
            stem.and_then(|stem| stem.to_str()).unwrap_or("sweep").to_string()
        });
        Ok(Plan {
            name,
            description: spec.description.clone(),
            columns,
            points,
            dropped,
            replications: parts.replications,
            seeds,
            metrics: parts.metrics,
            published: parts.published,
            tables: spec.tables.clone(),
            join_tables: spec.join_tables,
            format: spec.format,
            resolved: resolved(&spec, &base),
            axes: parts.axes,
            document,
            base,
            directory: scenario_directory,
        })
    }

    /// The plan of a sweep directory, from what its `sweep.json` holds.
    pub(super) fn from_header(header: &Value) -> Result<Plan, SweepError> {
        let resolved = &header["plan"];
        let document = Document::parse("sweep.json", &resolved["sweep"].to_string())?;
        let mut plan = Plan::new(document, FilePath::new("."), &Registry::with_builtins())?;
        plan.resolved = resolved.clone();
        plan.name = header["name"].as_str().unwrap_or_default().to_string();
        plan.description = header["description"].as_str().map(str::to_string);
        Ok(plan)
    }

    /// Its name: as given, or that of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns that the axes make in the results.
    #[must_use]
    pub fn columns(&self) -> &[AxisColumn] {
        &self.columns
    }

    /// The points, in order.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How many combinations `drop` has left out.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The values of each axis that has a list of them: the labels of each level.
    pub fn axis_labels(&self) -> impl Iterator<Item = (Vec<&str>, Option<Vec<&[Value]>>)> {
        self.axes.iter().map(|axis| {
            let names = axis.columns.iter().map(|column| column.name.as_str()).collect();
            let levels =
                axis.listed().map(|levels| levels.iter().map(|level| level.labels.as_slice()).collect());
            (names, levels)
        })
    }

    /// The least and the greatest number of runs, which differ if results decide how many are needed.
    #[must_use]
    pub fn runs(&self) -> (usize, usize) {
        let points = self.points.len();
        let times = |replications: u32| points.saturating_mul(replications as usize);
        (times(self.replications.least()), times(self.replications.most()))
    }

    /// The seed of a replication, which is the same for each point.
    #[must_use]
    pub fn seed(&self, replication: u32) -> u64 {
        self.seeds.get(replication)
    }

    /// A hash of all that results depend on: the sweep, the scenario and the version of the program; not of
    /// the files that the scenario names.
    #[must_use]
    pub fn hash(&self) -> u64 {
        xxh3_64(self.resolved.to_string().as_bytes())
    }

    /// What `sweep.json` holds.
    pub(super) fn header(&self) -> Value {
        let columns: Vec<Value> = self
            .columns
            .iter()
            .map(|column| json!({ "name": column.name, "unit": column.unit }))
            .collect();
        json!({
            "name": self.name,
            "description": self.description,
            "hash": format!("{:016x}", self.hash()),
            "points": self.points.len(),
            "axes": columns,
            "confidence": self.replications.confidence(),
            "plan": self.resolved,
        })
    }

    pub(super) fn format(&self) -> FileFormat {
        match self.format {
            FormatName::Csv => FileFormat::Csv,
            FormatName::Parquet => FileFormat::Parquet,
        }
    }

    pub(super) fn directory(&self) -> &FilePath {
        &self.directory
    }

    /// A point in words, for messages.
    pub(super) fn in_words(&self, point: usize) -> String {
        let labels = self.points.get(point).map_or(&[][..], |point| &point.labels);
        let parts: Vec<String> = self
            .columns
            .iter()
            .zip(labels)
            .map(|(column, label)| {
                let text = label.as_str().map_or_else(|| label.to_string(), str::to_string);
                let gap = if column.unit.is_empty() { "" } else { " " };
                format!("{} = {text}{gap}{}", column.name, column.unit)
            })
            .collect();
        if parts.is_empty() { "the scenario as it is".into() } else { parts.join(", ") }
    }

    /// Whether a run belongs to a part. Runs are dealt out in turn; where results decide how many runs a point
    /// needs, points are.
    pub(super) fn is_in(&self, shard: Option<Shard>, run: RunId) -> bool {
        let Some(shard) = shard else { return true };
        let number = match &self.replications {
            Replications::Fixed(count) => {
                run.point as u64 * u64::from(*count) + u64::from(run.replication)
            }
            Replications::Until(_) => run.point as u64,
        };
        number % u64::from(shard.of) == u64::from(shard.part - 1)
    }

    /// The scenario of a point with the seed of a replication.
    ///
    /// # Errors
    /// A value that cannot be set, or that another one of the point undoes; with its place in the sweep file.
    pub(super) fn scenario(&self, run: RunId) -> Result<Document, Diagnostic> {
        let mut document = self.base.clone();
        let settings = self.points.get(run.point).map_or(&[][..], |point| &point.settings);
        for (index, setting) in settings.iter().enumerate() {
            let replaces = replaces_kind(&document, setting);
            document
                .set(&setting.target.to_string(), &setting.value.to_string())
                .map_err(|error| self.at_setting(setting, &error))?;
            let undone = settings.iter().take(index).find(|earlier| {
                let (own, early) = (setting.target.segments(), earlier.target.segments());
                let object = own.split_last().map_or(own, |(_, object)| object);
                (replaces && (early.starts_with(object) || object.starts_with(early)))
                    || (early.starts_with(own)
                        && !document.get(&earlier.target).is_some_and(|v| is_same(v, &earlier.value)))
            });
            if let Some(earlier) = undone {
                let message = format!(
                    "setting {} to {} undoes what was set before it: {} = {}",
                    setting.target, setting.value, earlier.target, earlier.value
                );
                let help =
                    "put the axis that sets the whole, or its `kind`, before the one that sets a part";
                return Err(self.document.diagnostic(&setting.place, message).help(help));
            }
        }
        document.set("seed", &self.seed(run.replication).to_string())?;
        Ok(document)
    }

    /// An error of a scenario, at the place in the sweep file that asks for the value at fault if one does.
    pub(super) fn re_anchor(&self, point: usize, error: &Diagnostic) -> Diagnostic {
        let settings = self.points.get(point).map_or(&[][..], |point| &point.settings);
        let crate::scenario::Origin::Override(assignment) = &error.origin else {
            return error.clone();
        };
        let of = |setting: &&Setting| format!("{}={}", setting.target, setting.value) == *assignment;
        match settings.iter().rev().find(of) {
            Some(setting) => self.at_setting(setting, error),
            None => error.clone(),
        }
    }

    fn at_setting(&self, setting: &Setting, error: &Diagnostic) -> Diagnostic {
        let at = if error.path.is_root() { String::new() } else { format!("{}: ", error.path) };
        let diagnostic = self.document.diagnostic(
            &setting.place,
            format!("with {} = {}: {at}{}", setting.target, setting.value, error.message),
        );
        Diagnostic { help: error.help.clone(), ..diagnostic }
    }
}

/// Whether a setting gives an object another `kind`, which drops what else the object has.
fn replaces_kind(document: &Document, setting: &Setting) -> bool {
    let is_kind = setting.target.segments().last() == Some(&Segment::Key("kind".into()));
    is_kind && document.get(&setting.target).is_some_and(|kind| *kind != setting.value)
}

/// Whether two values are the same to a scenario, to which 4 and 4.0 are.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        _ => a == b,
    }
}

/// What of a sweep file can be at fault by itself.
struct Parts {
    axes: Vec<Axis>,
    drops: Vec<Drop>,
    replications: Replications,
    metrics: Option<Vec<Path>>,
    published: Vec<Published>,
}

impl Parts {
    fn new(
        spec: &SweepSpec,
        site: &Site<'_>,
        document: &Document,
        errors: &RefCell<Diagnostics>,
    ) -> Option<Parts> {
        let axes: Vec<Option<(Axis, Path)>> = spec
            .axes
            .iter()
            .enumerate()
            .map(|(index, axis)| {
                let place = Path::root().key("axes").index(index);
                let axis =
                    Axis::new(axis, &site.key("axes").index(index), &place, spec.sample.is_some())?;
                Some((axis, place))
            })
            .collect();
        let replications = Replications::new(spec, site);
        let metrics = spec.metrics.as_ref().map(|metrics| {
            let here = site.key("metrics");
            let paths = metrics.iter().enumerate();
            paths.filter_map(|(index, path)| here.index(index).check(path.parse())).collect()
        });
        if spec.join_tables && spec.tables.is_empty() {
            site.key("join_tables").error("there are no `tables` to join");
        }
        if spec.format == FormatName::Parquet && cfg!(not(feature = "parquet")) {
            site.key("format").error(crate::output::OutputError::NoParquet.to_string());
        }
        // What follows is of no use with an axis missing.
        let axes: Vec<(Axis, Path)> = axes.into_iter().collect::<Option<_>>()?;
        check_names(&axes, |place, message| {
            errors.borrow_mut().push(document.diagnostic(place, message));
        });
        let axes: Vec<Axis> = axes.into_iter().map(|(axis, _)| axis).collect();
        let here = site.key("drop");
        let drops: Vec<Option<Drop>> = spec
            .drop
            .iter()
            .enumerate()
            .map(|(index, drop)| Drop::new(drop, &axes, &here.index(index)))
            .collect();
        let drops = drops.into_iter().collect::<Option<_>>()?;
        let here = site.key("published");
        let published = spec.published.iter().enumerate();
        let published: Vec<Option<Published>> =
            published.map(|(index, own)| Published::new(own, &axes, &here.index(index))).collect();
        let published = published.into_iter().collect::<Option<_>>()?;
        Some(Parts { axes, drops, replications: replications?, metrics, published })
    }
}

/// The scenario that is varied, and the directory that its files are relative to.
fn scenario(
    spec: &SweepSpec,
    document: &Document,
    directory: &FilePath,
) -> Result<(Document, PathBuf), SweepError> {
    let place = Path::root().key("scenario");
    match &spec.scenario {
        ScenarioSource::Inline(_) => match document.part(&place) {
            Some(base) => Ok((base, directory.to_path_buf())),
            None => Err(document.diagnostic(&place, "there is no scenario").into()),
        },
        ScenarioSource::File(name) => {
            let file = directory.join(name);
            if !file.is_file() {
                let message = format!("there is no file {}", file.display());
                let help = "scenario files are looked for beside the sweep file";
                return Err(document.diagnostic(&place, message).help(help).into());
            }
            let (base, beside) = open_scenario(&file)?;
            Ok((base, beside.parent().unwrap_or(directory).to_path_buf()))
        }
    }
}

/// The seed of the scenario, or the one that it has by default.
fn first_seed(base: &Document, registry: &Registry) -> u64 {
    let given = base.get(&Path::root().key("seed")).and_then(Value::as_u64);
    let schema = registry.scenario_schema();
    given.or_else(|| schema["properties"]["seed"]["default"].as_u64()).unwrap_or_default()
}

/// All that results depend on.
fn resolved(spec: &SweepSpec, base: &Document) -> Value {
    let mut sweep = serde_json::to_value(spec).unwrap_or_default();
    if let Some(object) = sweep.as_object_mut() {
        for key in ["$schema", "name", "description", "published"] {
            object.shift_remove(key);
        }
        object.insert("scenario".into(), base.value().clone());
    }
    json!({ "stratosim": env!("CARGO_PKG_VERSION"), "sweep": sweep })
}

/// The names that are not known, with their index.
pub(super) fn unknown_names<'n>(all: &'n [String], known: &BTreeSet<String>) -> Vec<(usize, &'n str)> {
    let names = all.iter().enumerate().map(|(index, name)| (index, name.as_str()));
    names.filter(|(_, name)| !known.contains(*name)).collect()
}

/// The labels of a point by name.
pub(super) fn labelled(columns: &[AxisColumn], labels: &[Value]) -> Map<String, Value> {
    columns.iter().zip(labels).map(|(column, label)| (column.name.clone(), label.clone())).collect()
}
