//! When requests arrive.

use super::weights::{by_stream, check_interval};
use super::{Described, Ground};
use crate::apps::functions::arrivals::{
    After, Arrivals, Mmpp, Recorded, RecordedArrival, StreamRates, WithinStep,
};
use crate::engine::SimTime;
use crate::placement::functions::{
    FunctionsError, Instance, InstanceGenerator, InstanceSeries, draw_loads, read_published,
};
use crate::scenario::format::{
    AfterName, FunctionArrivalsSpec, FunctionsSpec, IntervalSpec, NumberOrInterval, SaturationName,
    ServiceName, SpreadName, WithinSpec,
};
use crate::scenario::{Duration, Ratio, Site};
use crate::traces::functions::{
    FunctionTrace, FunctionTraceOptions, MINUTE_S, TracedRequests, read_azure_2019, read_azure_2021,
    read_rates,
};
use rand::{Rng, RngExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Most rates of a workload: steps times streams.
const MOST_RATES: usize = 500_000_000;

/// What files say of functions and their requests.
#[derive(Debug)]
pub(super) enum Came {
    /// Nothing.
    Drawn,
    /// An instance of the problem, with loads.
    Instance { series: Box<InstanceSeries>, service: ServiceName },
    /// A trace.
    Traced(FunctionTrace),
}

fn after(name: AfterName) -> After {
    match name {
        AfterName::Hold => After::Hold,
        AfterName::Repeat => After::Repeat,
        AfterName::Stop => After::Stop,
    }
}

fn within(spec: &WithinSpec, site: &Site<'_>) -> Option<WithinStep> {
    Some(match spec {
        WithinSpec::Poisson => WithinStep::Poisson,
        WithinSpec::Uniform => WithinStep::Uniform,
        WithinSpec::Equidistant => WithinStep::Equidistant,
        WithinSpec::Gamma { cv } => {
            if !(*cv > 0.0 && *cv <= 1e3) {
                site.key("cv").error(format!("it is {cv}, but must be above 0 and at most 1000"));
                return None;
            }
            WithinStep::Gamma { cv: *cv }
        }
        WithinSpec::Mmpp { multipliers, stay } => {
            let stay_s = stay.iter().map(|own| own.as_secs()).collect();
            let mmpp = site.key("multipliers").check(Mmpp::new(multipliers.clone(), stay_s))?;
            WithinStep::Mmpp(mmpp)
        }
    })
}

/// Whether a file is a configuration that instances are drawn from.
fn is_configuration(path: &Path) -> bool {
    std::fs::read_to_string(path)
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .is_some_and(|value| value.get("steps").is_none())
}

/// Reads an instance: a folder of the published implementation, a configuration, or a file of ours.
fn read_instance(path: &Path, seed: Option<u64>) -> Result<(InstanceSeries, Vec<String>), String> {
    if path.is_dir() {
        return Ok((read_published(path).map_err(|error| error.to_string())?, Vec::new()));
    }
    if !is_configuration(path) {
        return Ok((InstanceSeries::open(path).map_err(|error| error.to_string())?, Vec::new()));
    }
    let named = |error: FunctionsError| match error {
        FunctionsError::File { .. } => error.to_string(),
        error => format!("{}: {error}", path.display()),
    };
    let generator = InstanceGenerator::open(path).map_err(named)?;
    let drawn = generator.generate(seed.unwrap_or_else(|| generator.seed())).map_err(named)?;
    Ok((drawn.series, drawn.notes))
}

/// A window of a trace, and what of its functions is taken.
fn options(
    from: Duration,
    until: Option<Duration>,
    sample: Option<Ratio>,
    top: Option<u32>,
    ground: &Ground<'_>,
) -> FunctionTraceOptions {
    let end_s = from.as_secs() + ground.here.horizon.as_secs();
    FunctionTraceOptions {
        from_s: from.as_secs(),
        until_s: Some(until.map_or(end_s, |until| until.as_secs())),
        share: sample.map(|share| share.as_fraction()),
        seed: ground.streams("sample").stream("functions").next_u64(),
        top: top.map(|top| top as usize),
        ..FunctionTraceOptions::default()
    }
}

impl Came {
    /// Reads what the arrivals name, as far as it has more than rates.
    pub(super) fn read(spec: &FunctionsSpec, ground: &Ground<'_>) -> Option<Self> {
        let site = ground.here.site.key("arrivals");
        match &spec.arrivals {
            FunctionArrivalsSpec::Instance { file, seed, service, .. } => {
                let place = site.key("file");
                let path = place.file(file);
                let (series, notes) = place.check(read_instance(&path, *seed))?;
                if seed.is_some() && !is_configuration(&path) {
                    site.key("seed").error_with_help(
                        "the file holds an instance, from which nothing is drawn",
                        "leave it out, or name a configuration with `limits`",
                    );
                    return None;
                }
                notes.into_iter().for_each(|note| site.note(format!("{file}: {note}")));
                let came = Came::Instance { series: Box::new(series), service: *service };
                came.check_nodes(ground, &place).then_some(came)
            }
            FunctionArrivalsSpec::Azure2019 { path, from, until, sample, top, triggers, .. } => {
                let options = FunctionTraceOptions {
                    triggers: triggers.clone(),
                    ..options(*from, *until, *sample, *top, ground)
                };
                let place = site.key("path");
                Self::traced(place.check(read_azure_2019(&place.file(path), &options))?, path, &site)
            }
            FunctionArrivalsSpec::Azure2021 { path, from, until, sample, top, .. } => {
                let options = options(*from, *until, *sample, *top, ground);
                let place = site.key("path");
                Self::traced(place.check(read_azure_2021(&place.file(path), &options))?, path, &site)
            }
            _ => Some(Came::Drawn),
        }
    }

    fn traced(trace: FunctionTrace, path: &str, site: &Site<'_>) -> Option<Self> {
        trace.notes.iter().for_each(|note| site.note(format!("{path}: {note}")));
        Some(Came::Traced(trace))
    }

    /// Whether the nodes of the workload are those of the instance, and have its memory.
    fn check_nodes(&self, ground: &Ground<'_>, place: &Site<'_>) -> bool {
        let Some(instance) = self.instance() else { return true };
        if instance.nodes() != ground.nodes.len() {
            place.error_with_help(
                format!(
                    "the instance has {} nodes, but {} are named in `nodes`",
                    instance.nodes(),
                    ground.nodes.len()
                ),
                "name as many nodes, in the order of the instance",
            );
            return false;
        }
        let short = (0..instance.nodes())
            .find(|&node| instance.memory_capacity_mb(node) > ground.memory_mb(ground.nodes[node]));
        if let Some(node) = short {
            place.error_with_help(
                format!(
                    "node {node} of the instance has {} MB, but {:?} has {}",
                    instance.memory_capacity_mb(node),
                    ground.node_name(node),
                    ground.memory_mb(ground.nodes[node])
                ),
                "raise the `memory` of that node",
            );
        }
        short.is_none()
    }

    /// The instance, if there is one.
    pub(super) fn instance(&self) -> Option<&Instance> {
        match self {
            Came::Instance { series, .. } => Some(&series.instance),
            _ => None,
        }
    }

    /// Megabytes that replicas of each node may hold, if not all there are.
    pub(super) fn memory_limits_mb(&self) -> Option<Vec<u64>> {
        let instance = self.instance()?;
        Some((0..instance.nodes()).map(|node| instance.memory_capacity_mb(node)).collect())
    }

    /// The arrivals; `instance` has the memory of the nodes.
    pub(super) fn arrivals(
        &self,
        spec: &FunctionsSpec,
        ground: &Ground<'_>,
        described: &Described<'_>,
        instance: &Instance,
    ) -> Option<Arrivals> {
        let making =
            Making { spec, ground, described, instance, site: ground.here.site.key("arrivals") };
        making.make(self)
    }
}

/// Rates in steps, and what they are after these.
struct Stepped {
    step_s: f64,
    rows: Vec<Vec<f64>>,
    after: After,
}

/// What arrivals are made of.
struct Making<'m> {
    spec: &'m FunctionsSpec,
    ground: &'m Ground<'m>,
    described: &'m Described<'m>,
    instance: &'m Instance,
    site: Site<'m>,
}

impl Making<'_> {
    fn make(&self, came: &Came) -> Option<Arrivals> {
        let (stepped, within_spec) = match &self.spec.arrivals {
            FunctionArrivalsSpec::Constant { rate, within } => {
                let rates = by_stream(
                    rate,
                    "rates",
                    self.described.functions.len(),
                    self.ground,
                    &self.site.key("rate"),
                )?;
                if rates.iter().any(|rate| *rate < 0.0) {
                    self.site.key("rate").error("a rate must be at least 0 requests per second");
                    return None;
                }
                // Any step will do.
                (Stepped { step_s: MINUTE_S, rows: vec![rates], after: After::Hold }, within)
            }
            FunctionArrivalsSpec::Rates { file, within, after: then } => {
                let mut stepped = self.rates_of(file)?;
                stepped.after = after(*then);
                (stepped, within)
            }
            FunctionArrivalsSpec::Clipped { min, max, step, steps, within, after: then } => {
                let load = self.between("clipped", *min, *max)?;
                (self.drawn(load, *step, *steps, *then)?, within)
            }
            FunctionArrivalsSpec::Sinusoidal { min, max, step, steps, within, after: then } => {
                let load = self.between("sinusoidal", *min, *max)?;
                (self.drawn(load, *step, *steps, *then)?, within)
            }
            FunctionArrivalsSpec::FixedSum { sums, saturation, step, steps, within, after: then } => {
                let load = self.with_sums(sums.as_deref(), *saturation)?;
                (self.drawn(load, *step, *steps, *then)?, within)
            }
            FunctionArrivalsSpec::Instance { step, within, after: then, .. } => {
                let Came::Instance { series, .. } = came else { return None };
                let rows = series.steps.iter().map(|step| step.load_rps.clone()).collect();
                let step_s = step.unwrap_or(self.spec.epoch).as_secs();
                (Stepped { step_s, rows, after: after(*then) }, within)
            }
            FunctionArrivalsSpec::Azure2019 { spread, within, after: then, .. } => {
                let Came::Traced(trace) = came else { return None };
                (self.minutes(trace, *spread, *then)?, within)
            }
            FunctionArrivalsSpec::Azure2021 { spread, .. } => {
                let Came::Traced(trace) = came else { return None };
                return self.recorded(trace, *spread);
            }
        };
        let factor = self.spec.load_factor;
        let Stepped { step_s, mut rows, after } = stepped;
        rows.iter_mut().flatten().for_each(|rate| *rate *= factor);
        let within = within(within_spec, &self.site.key("within"));
        let rates = self.site.check(StreamRates::new(step_s, &rows, after))?;
        Some(Arrivals::Rates(rates, within?))
    }

    fn rates_of(&self, file: &str) -> Option<Stepped> {
        let nodes: Vec<&str> =
            (0..self.ground.nodes.len()).map(|node| self.ground.node_name(node)).collect();
        let functions: Vec<&str> =
            self.described.functions.iter().map(|own| own.name.as_str()).collect();
        let place = self.site.key("file");
        let table = place.check(read_rates(&place.file(file), &nodes, &functions))?;
        let step_s = table.step_s.unwrap_or(self.spec.epoch.as_secs());
        Some(Stepped { step_s, rows: table.rates_rps, after: After::Hold })
    }

    /// What the generator of loads is to draw between two bounds.
    fn between(&self, kind: &str, min: NumberOrInterval, max: NumberOrInterval) -> Option<Value> {
        let interval = |own: NumberOrInterval, key: &str| {
            let site = self.site.key(key);
            let own = match own {
                NumberOrInterval::One(value) => IntervalSpec { min: value, max: value },
                NumberOrInterval::Drawn(interval) => interval,
            };
            if !check_interval(&own, &site) {
                return None;
            }
            if own.min < 0.0 {
                site.error("a rate must be at least 0 requests per second");
                return None;
            }
            Some(own)
        };
        let (low, high) = (interval(min, "min"), interval(max, "max"));
        let (low, high) = (low?, high?);
        if low.max > high.min {
            self.site.key("min").error_with_help(
                format!("it may be {}, which is above `max`, which may be {}", low.max, high.min),
                "give a lower `min`, or a higher `max`",
            );
            return None;
        }
        Some(json!({
            "trace_type": kind,
            "min": { "min": low.min, "max": low.max },
            "max": { "min": high.min, "max": high.max },
        }))
    }

    fn with_sums(&self, sums: Option<&[f64]>, saturation: SaturationName) -> Option<Value> {
        let kind = match saturation {
            SaturationName::Mean => "fixed_sum",
            SaturationName::Min => "fixed_sum_min",
            SaturationName::Max => "fixed_sum_max",
            SaturationName::MinMax => "fixed_sum_minmax",
        };
        let Some(sums) = sums else { return Some(json!({ "trace_type": kind, "values": ["auto"] })) };
        let (functions, site) = (self.described.functions.len(), self.site.key("sums"));
        if sums.len() != functions {
            site.error_with_help(
                format!("{} sums are given for {functions} functions", sums.len()),
                "give one for each function, or leave it out",
            );
            return None;
        }
        if let Some(index) = sums.iter().position(|sum| !(*sum >= 0.0 && sum.is_finite())) {
            site.index(index).error("a sum must be at least 0 requests per second");
            return None;
        }
        Some(json!({ "trace_type": kind, "values": sums }))
    }

    fn drawn(
        &self,
        load: Value,
        step: Option<Duration>,
        steps: Option<u32>,
        then: AfterName,
    ) -> Option<Stepped> {
        let step_s = step.unwrap_or(self.spec.epoch).as_secs();
        if step_s < super::LEAST_TIME_S {
            let key = if step.is_some() { "step" } else { "kind" };
            self.site.key(key).error("a step must be at least 1 ms");
            return None;
        }
        let enough = (self.ground.here.horizon.as_secs() / step_s).ceil().max(1.0);
        // A float-to-integer cast saturates.
        let steps = steps.map_or(enough as usize, |steps| steps as usize);
        if steps.saturating_mul(self.instance.streams()) > MOST_RATES {
            self.site.error(format!(
                "{steps} steps of {} functions at all nodes are more than the {MOST_RATES} rates that may be",
                self.instance.streams()
            ));
            return None;
        }
        let mut notes = Vec::new();
        let streams = self.ground.streams("loads");
        let rows = self.site.check(draw_loads(load, self.instance, steps, &streams, &mut notes))?;
        for note in notes {
            let note = note.strip_prefix("limits.load: ").unwrap_or(&note);
            self.site.note(format!("arrivals of {:?}: {note}", self.spec.name));
        }
        let rows = rows.into_iter().map(|step| step.load_rps).collect();
        Some(Stepped { step_s, rows, after: after(then) })
    }

    /// The node of each application.
    fn homes(&self, trace: &FunctionTrace) -> Vec<usize> {
        let streams = self.ground.streams("spread");
        let mut homes: BTreeMap<&str, usize> = BTreeMap::new();
        let nodes = self.ground.nodes.len();
        let home = |application| {
            *homes
                .entry(application)
                .or_insert_with(|| streams.stream(application).random_range(0..nodes))
        };
        trace.functions.iter().map(|own| own.application.as_str()).map(home).collect()
    }

    /// Rates of the minutes of a trace.
    fn minutes(&self, trace: &FunctionTrace, spread: SpreadName, then: AfterName) -> Option<Stepped> {
        let TracedRequests::PerMinute(counts) = &trace.requests else { return None };
        // A float-to-integer cast saturates.
        let minutes = (trace.length_s / MINUTE_S).ceil().max(1.0) as usize;
        let (nodes, functions) = (self.ground.nodes.len(), trace.functions.len());
        if minutes.saturating_mul(nodes * functions) > MOST_RATES {
            self.site.error_with_help(
                format!(
                    "{minutes} minutes of {functions} functions at {nodes} nodes are too many rates"
                ),
                "take a shorter window, or fewer functions by `top` or `sample`",
            );
            return None;
        }
        let mut rows = vec![vec![0.0; nodes * functions]; minutes];
        let homes = self.homes(trace);
        for (function, counts) in counts.iter().enumerate() {
            for &(minute, count) in counts {
                let Some(row) = rows.get_mut(minute as usize) else { continue };
                let rate_rps = f64::from(count) / MINUTE_S;
                match spread {
                    SpreadName::ByApplication => row[homes[function] * functions + function] = rate_rps,
                    SpreadName::Even => (0..nodes)
                        .for_each(|node| row[node * functions + function] = rate_rps / nodes as f64),
                }
            }
        }
        Some(Stepped { step_s: MINUTE_S, rows, after: after(then) })
    }

    /// The single requests of a trace.
    fn recorded(&self, trace: &FunctionTrace, spread: SpreadName) -> Option<Arrivals> {
        let TracedRequests::Single(requests) = &trace.requests else { return None };
        if self.spec.load_factor != 1.0 {
            self.ground.here.site.key("load_factor").error_with_help(
                "requests that were recorded come as they came",
                "leave it out, or take fewer functions by `sample`",
            );
            return None;
        }
        let (nodes, functions) = (self.ground.nodes.len(), trace.functions.len());
        let homes = self.homes(trace);
        let arrivals = requests.iter().enumerate().map(|(index, request)| {
            let function = request.function as usize;
            let node = match spread {
                SpreadName::ByApplication => homes[function],
                SpreadName::Even => index % nodes,
            };
            let at = SimTime::from_secs(request.at_s);
            let stream = (node * functions + function) as u32;
            RecordedArrival { at, stream, service_s: request.time_s }
        });
        Some(Arrivals::Recorded(Recorded::new(nodes * functions, arrivals.collect())))
    }
}
