//! The three files in which the published implementation keeps an instance.
//!
//! `base_instance_data.json` has one object `None` with `Nn`, `Nf` and the parameters under keys such as `"(1, 2)"`, counted
//! from 1; `input_requests_traces.json` has the loads as `{f: {n: [...]}}`, counted from 0; `load_limits.json` has what the
//! loads were drawn within, in the same form, and is written for the sake of form only.

use super::error::FunctionsError;
use super::instance::{Instance, InstanceParts};
use super::series::{InstanceSeries, LoadStep, parse, read_text, within};
use serde_json::{Map, Value, json};
use std::path::Path;

pub(super) const TRACES: &str = "input_requests_traces.json";
const BASE: &str = "base_instance_data.json";
const LIMITS: &str = "load_limits.json";

/// The parameters of the file, by the names that it gives them.
struct Parameters<'v> {
    file: String,
    map: &'v Map<String, Value>,
}

impl Parameters<'_> {
    fn place(&self, name: &str, key: &str) -> String {
        format!("{}: None.{name}[{key:?}]", self.file)
    }

    fn value(&self, name: &str, key: &str) -> Result<&Value, FunctionsError> {
        let found = self.map.get(name).and_then(|own| own.get(key));
        found.ok_or_else(|| FunctionsError::format(self.place(name, key), "missing"))
    }

    fn number(&self, name: &str, key: &str) -> Result<f64, FunctionsError> {
        let value = self.value(name, key)?;
        value.as_f64().ok_or_else(|| {
            FunctionsError::format(self.place(name, key), format!("{value} is not a number"))
        })
    }

    /// A whole number, also where it is written as `12.0`.
    fn whole(&self, name: &str, key: &str) -> Result<u64, FunctionsError> {
        let value = self.number(name, key)?;
        if value >= 0.0 && value.fract() == 0.0 && value < 2_f64.powi(53) {
            Ok(value as u64)
        } else {
            Err(FunctionsError::range(self.place(name, key), value, "a whole number, at least 0"))
        }
    }

    fn by_stream(
        &self,
        name: &str,
        nodes: usize,
        functions: usize,
    ) -> Result<Vec<Vec<f64>>, FunctionsError> {
        (1..=nodes)
            .map(|n| (1..=functions).map(|f| self.number(name, &format!("({n}, {f})"))).collect())
            .collect()
    }
}

/// Reads an instance from a folder of the published implementation.
///
/// # Errors
/// If a file cannot be read or is not of that form, a value is out of range, or a function fits nowhere.
pub fn read_published(folder: &Path) -> Result<InstanceSeries, FunctionsError> {
    let path = folder.join(BASE);
    let file = path.display().to_string();
    let text = read_text(&path)?;
    let value: Value = parse(&text, &file)?;
    let Some(map) = value.get("None").and_then(Value::as_object) else {
        return Err(FunctionsError::format(file, "there is no object \"None\""));
    };
    let read = Parameters { file: file.clone(), map };
    let size = |name| {
        let most = super::instance::MAX_INSTANCE_SIZE as u64;
        let size = read.whole(name, "None")?;
        if (1..=most).contains(&size) {
            Ok(size as usize)
        } else {
            Err(FunctionsError::range(read.place(name, "None"), size, format!("from 1 to {most}")))
        }
    };
    let (nodes, functions) = (size("Nn")?, size("Nf")?);
    let mut links = Vec::new();
    let mut rewards = std::collections::BTreeMap::new();
    for n in 0..nodes {
        for m in 0..nodes {
            let pair = |a: usize, b: usize| format!("({}, {})", a + 1, b + 1);
            let is_neighbour = read.whole("neighborhood", &pair(n, m))?;
            if is_neighbour > 1 || (is_neighbour == 1 && n == m) {
                let place = read.place("neighborhood", &pair(n, m));
                return Err(FunctionsError::range(
                    place,
                    is_neighbour,
                    "0 or 1, and 0 from a node to itself",
                ));
            }
            if is_neighbour == 1 {
                if read.whole("neighborhood", &pair(m, n))? != 1 {
                    let place = read.place("neighborhood", &pair(m, n));
                    return Err(FunctionsError::range(place, 0, "1, as the other way round"));
                }
                links.push([n, m]);
                for f in 0..functions {
                    let key = format!("({}, {}, {})", n + 1, m + 1, f + 1);
                    rewards.insert((n, m, f), read.number("beta", &key)?);
                }
            }
        }
    }
    let wholes = |name, count: usize| -> Result<Vec<u64>, FunctionsError> {
        (1..=count).map(|index| read.whole(name, &index.to_string())).collect()
    };
    let parts = InstanceParts {
        memory_capacity_mb: wholes("memory_capacity", nodes)?,
        memory_requirement_mb: wholes("memory_requirement", functions)?,
        max_utilisation: (1..=functions)
            .map(|f| read.number("max_utilization", &f.to_string()))
            .collect::<Result<_, _>>()?,
        demand_s: read.by_stream("demand", nodes, functions)?,
        edges: links,
        alpha: read.by_stream("alpha", nodes, functions)?,
        gamma: read.by_stream("gamma", nodes, functions)?,
        delta: read.by_stream("delta", nodes, functions)?,
        load_rps: vec![vec![0.0; functions]; nodes],
        ..InstanceParts::default()
    };
    // All neighbours have one.
    let beta = |n, m, f| rewards.get(&(n, m, f)).copied().unwrap_or(0.0);
    let instance = Instance::new(parts, beta).map_err(|error| within(&file, error))?;
    instance.check_functions_fit().map_err(|error| within(&file, error))?;
    let steps = read_traces(&folder.join(TRACES), nodes, functions)?;
    InstanceSeries::new(instance, steps)
}

/// The loads of a file of traces.
pub(super) fn read_traces(
    path: &Path,
    nodes: usize,
    functions: usize,
) -> Result<Vec<LoadStep>, FunctionsError> {
    let file = path.display().to_string();
    let text = read_text(path)?;
    let value: Value = parse(&text, &file)?;
    let mut steps: Vec<LoadStep> = Vec::new();
    for f in 0..functions {
        for n in 0..nodes {
            let place = format!("{file}: {f}.{n}");
            let trace = value.get(f.to_string()).and_then(|own| own.get(n.to_string()));
            let Some(trace) = trace.and_then(Value::as_array) else {
                return Err(FunctionsError::format(place, "there is no list of loads"));
            };
            if steps.is_empty() {
                let empty = |t| LoadStep { t: t as u64, load_rps: vec![0.0; nodes * functions] };
                steps = (0..trace.len()).map(empty).collect();
            }
            super::error::check_length(|| place.clone(), trace.len(), steps.len())?;
            for (t, load) in trace.iter().enumerate() {
                let Some(load) = load.as_f64().filter(|load| *load >= 0.0) else {
                    return Err(FunctionsError::range(format!("{place}[{t}]"), load, "at least 0"));
                };
                steps[t].load_rps[n * functions + f] = load;
            }
        }
    }
    Ok(steps)
}

/// Writes an instance as the three files of the published implementation into a folder that exists. Rewards of
/// forwarding are 0 where nodes are no neighbours; the normalisation is not written.
///
/// # Errors
/// If a file cannot be written.
pub fn write_published(series: &InstanceSeries, folder: &Path) -> Result<(), FunctionsError> {
    let instance = &series.instance;
    let (nodes, functions) = (instance.nodes(), instance.functions());
    let by_stream = |value: &dyn Fn(usize) -> f64| {
        let mut map = Map::new();
        for n in 0..nodes {
            for f in 0..functions {
                let key = format!("({}, {})", n + 1, f + 1);
                map.insert(key, json!(value(instance.stream(n, f))));
            }
        }
        map
    };
    let counted = |count: usize, value: &dyn Fn(usize) -> Value| {
        (0..count).map(|index| ((index + 1).to_string(), value(index))).collect::<Map<_, _>>()
    };
    let (mut neighbours, mut beta) = (Map::new(), Map::new());
    for n in 0..nodes {
        for m in 0..nodes {
            let arc = instance.arc(n, m);
            neighbours.insert(format!("({}, {})", n + 1, m + 1), json!(u8::from(arc.is_some())));
            for f in 0..functions {
                let reward = arc.map_or(0.0, |arc| instance.beta(arc, f));
                beta.insert(format!("({}, {}, {})", n + 1, m + 1, f + 1), json!(reward));
            }
        }
    }
    let base = json!({"None": {
        "Nn": {"None": nodes},
        "Nf": {"None": functions},
        "demand": by_stream(&|s| instance.demand_s(s)),
        "memory_requirement": counted(functions, &|f| json!(instance.memory_requirement_mb(f))),
        "memory_capacity": counted(nodes, &|n| json!(instance.memory_capacity_mb(n))),
        "neighborhood": neighbours,
        "max_utilization": counted(functions, &|f| json!(instance.max_utilisation(f))),
        "alpha": by_stream(&|s| instance.alpha(s)),
        "beta": beta,
        "gamma": by_stream(&|s| instance.gamma(s)),
        "delta": by_stream(&|s| instance.delta(s)),
    }});
    let (mut traces, mut limits) = (Map::new(), Map::new());
    for f in 0..functions {
        let (mut own, mut own_limits) = (Map::new(), Map::new());
        for n in 0..nodes {
            let s = instance.stream(n, f);
            let loads: Vec<f64> = series.steps.iter().map(|step| step.load_rps[s]).collect();
            let least = loads.iter().copied().fold(f64::INFINITY, f64::min);
            let most = loads.iter().copied().fold(0.0, f64::max);
            own.insert(n.to_string(), json!(loads));
            own_limits.insert(n.to_string(), json!({"min": least, "max": most}));
        }
        traces.insert(f.to_string(), own.into());
        limits.insert(f.to_string(), own_limits.into());
    }
    for (name, value) in [(BASE, base), (TRACES, traces.into()), (LIMITS, limits.into())] {
        let path = folder.join(name);
        std::fs::write(&path, format!("{value:#}\n")).map_err(|error| FunctionsError::File {
            action: "write",
            path: path.display().to_string(),
            problem: error.to_string(),
        })?;
    }
    Ok(())
}
