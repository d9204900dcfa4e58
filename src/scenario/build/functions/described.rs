//! The functions as they are described, or as an instance or a trace has them.

use super::arrivals::Came;
use super::{Ground, LEAST_TIME_S, MB_BYTES};
use crate::apps::functions::{Function, Image, KeepAlive, Queue, StartStages};
use crate::engine::Distribution;
use crate::scenario::format::{Draw, FunctionSpec, FunctionsSpec, KeepAliveSpec, Quantity, ServiceName};
use crate::scenario::{Duration, Site};
use crate::traces::functions::FunctionTrace;
use std::collections::{BTreeMap, BTreeSet};

/// No replica has more memory.
const MOST_BYTES: f64 = 1e18;

/// No replica has more cores.
const MOST_CORES: f64 = 1e6;

/// Most functions of a workload.
const MOST_FUNCTIONS: usize = 1_000_000;

/// The functions of a workload.
#[derive(Debug)]
pub(super) struct Described<'a> {
    pub(super) functions: Vec<Function>,
    pub(super) images: Vec<Image>,
    /// For each function the number of its description.
    pub(super) origins: Vec<usize>,
    /// The places of the descriptions.
    pub(super) sites: Vec<Site<'a>>,
}

fn draw<Q: Quantity>(spec: &Draw<Q>, site: &Site<'_>) -> Option<Distribution> {
    site.check(spec.distribution())
}

/// A distribution of times or work, of which the mean must be above zero.
fn positive<Q: Quantity>(spec: &Draw<Q>, what: &str, site: &Site<'_>) -> Option<Distribution> {
    let found = draw(spec, site)?;
    if found.mean() <= 0.0 {
        site.error(format!("the mean {what} of a request must be above 0"));
        return None;
    }
    Some(found)
}

/// Megabytes of a replica, as whole ones.
fn memory_mb(bytes: f64, site: &Site<'_>) -> Option<u64> {
    if bytes <= 0.0 {
        site.error("a replica needs some memory; it must be above 0");
        return None;
    }
    if bytes.is_nan() || bytes > MOST_BYTES {
        site.error("no replica needs that much memory; it must be at most 1 EB");
        return None;
    }
    // What binary units or decimals leave above a whole number is not one more.
    Some(((bytes / MB_BYTES - 1e-9).ceil() as u64).max(1))
}

fn keep_alive(spec: &KeepAliveSpec, site: &Site<'_>) -> Option<KeepAlive> {
    Some(match spec {
        KeepAliveSpec::None => KeepAlive::None,
        KeepAliveSpec::Fixed { idle } => KeepAlive::Fixed { idle_s: idle.as_secs() },
        KeepAliveSpec::Greedy => KeepAlive::Greedy,
        KeepAliveSpec::Histogram { bin, bins, head, tail, margin, fixed } => {
            if bin.as_secs() < LEAST_TIME_S {
                site.key("bin").error("it must be at least 1 ms");
                return None;
            }
            if head > tail {
                site.key("head").error(format!("it is {head}, but must be at most `tail`, {tail}"));
                return None;
            }
            KeepAlive::Histogram {
                bin_s: bin.as_secs(),
                bins: *bins,
                head: *head,
                tail: *tail,
                margin: *margin,
                fixed_s: fixed.as_secs(),
            }
        }
    })
}

/// What does not depend on where memory and times come from.
struct Common {
    start: StartStages,
    keep_alive: KeepAlive,
    cold_time_s: Option<Distribution>,
    request_bytes: Distribution,
    answer_bytes: Distribution,
    queue: Queue,
}

impl Common {
    fn new(spec: &FunctionSpec, site: &Site<'_>) -> Option<Self> {
        let start = site.key("start");
        let scheduling_s = draw(&spec.start.scheduling, &start.key("scheduling"));
        let create_s = draw(&spec.start.create, &start.key("create"));
        let init_s = draw(&spec.start.init, &start.key("init"));
        let request_bytes = draw(&spec.request, &site.key("request"));
        let answer_bytes = draw(&spec.answer, &site.key("answer"));
        let keep_alive = keep_alive(&spec.keep_alive, &site.key("keep_alive"));
        let mut good = true;
        let mut refuse = |is_bad: bool, key: &str, message: String| {
            if is_bad {
                site.key(key).error(message);
                good = false;
            }
        };
        let is_cores = spec.cores > 0.0 && spec.cores <= MOST_CORES;
        refuse(!is_cores, "cores", format!("it must be above 0 and at most {MOST_CORES}"));
        if let Some(own) = spec.max_utilisation {
            let is_good = own > 0.0 && own <= 1.0;
            refuse(
                !is_good,
                "max_utilisation",
                format!("it is {own}, but must be above 0 and at most 1"),
            );
        }
        let is_short = |time: &Option<Duration>| time.is_some_and(|own| own.as_secs() < LEAST_TIME_S);
        refuse(is_short(&spec.deadline), "deadline", "it must be at least 1 ms".into());
        refuse(is_short(&spec.queue_timeout), "queue_timeout", "it must be at least 1 ms".into());
        let bounds = format!("it is {}, below `minimum`, {}", spec.maximum, spec.minimum);
        refuse(spec.maximum < spec.minimum, "maximum", bounds);
        refuse(spec.maximum == 0, "maximum", "no replica may ever be; it must be at least 1".into());
        let is_twice = spec.time.is_some() && spec.work.is_some();
        refuse(is_twice, "work", "both `time` and `work` are given; leave one of them out".into());
        let is_classed = !spec.time_by_class.is_empty() && spec.work.is_some();
        refuse(is_classed, "time_by_class", "`work` takes the time that nodes need for it".into());
        let cold_time_s = match &spec.cold_time {
            Some(own) => Some(positive(own, "time", &site.key("cold_time"))?),
            None => None,
        };
        let limit =
            spec.queue_limit.map_or(usize::MAX, |own| usize::try_from(own).unwrap_or(usize::MAX));
        let timeout_s = spec.queue_timeout.map_or(f64::INFINITY, |own| own.as_secs());
        let common = Common {
            start: StartStages { scheduling_s: scheduling_s?, create_s: create_s?, init_s: init_s? },
            keep_alive: keep_alive?,
            cold_time_s,
            request_bytes: request_bytes?,
            answer_bytes: answer_bytes?,
            queue: Queue { limit, timeout_s },
        };
        good.then_some(common)
    }

    fn function(&self, name: String, spec: &FunctionSpec, served: Served) -> Function {
        Function {
            name,
            image: None,
            memory_mb: served.memory_mb,
            cores: spec.cores,
            concurrency: spec.concurrency,
            time_s: served.time_s,
            work_mi: served.work_mi,
            request_bytes: self.request_bytes.clone(),
            answer_bytes: self.answer_bytes.clone(),
            deadline_s: spec.deadline.map(|own| own.as_secs()),
            max_utilisation: served.max_utilisation,
            cold_time_s: self.cold_time_s.clone(),
            start: self.start.clone(),
            keep_alive: self.keep_alive,
            queue: self.queue,
            minimum: spec.minimum,
            maximum: spec.maximum,
        }
    }
}

/// Memory and times of a function.
#[derive(Clone)]
struct Served {
    memory_mb: u64,
    time_s: Vec<Distribution>,
    work_mi: Option<Distribution>,
    max_utilisation: f64,
}

/// Utilisation that replicas are planned to have if nothing is said.
const USUAL_UTILISATION: f64 = 0.8;

/// Service times at all sites, as they are described.
fn times(spec: &FunctionSpec, ground: &Ground<'_>, site: &Site<'_>) -> Option<Vec<Distribution>> {
    let usual = match &spec.time {
        Some(own) => Some(positive(own, "time", &site.key("time"))?),
        None => None,
    };
    let mut by_class = BTreeMap::new();
    let mut good = true;
    for (class, own) in &spec.time_by_class {
        let place = site.key("time_by_class").key(class);
        if !ground.here.infrastructure.classes().iter().any(|known| known.name == *class) {
            let known = ground.here.infrastructure.classes().iter().map(|own| own.name.as_str());
            place.unknown("class", class, known);
            good = false;
        }
        match positive(own, "time", &place) {
            Some(time_s) => {
                by_class.insert(class.as_str(), time_s);
            }
            None => good = false,
        }
    }
    if !good {
        return None;
    }
    if by_class.is_empty() {
        return usual.map(|usual| vec![usual]);
    }
    let sites = ground.nodes.iter().chain(&ground.cloud);
    sites
        .map(|&node| {
            let class = &ground.class(node).name;
            let found = by_class.get(class.as_str()).or(usual.as_ref()).cloned();
            if found.is_none() {
                site.key("time_by_class").error_with_help(
                    format!("nodes of the class {class:?} have no time"),
                    "name this class, too, or give `time` for all others",
                );
            }
            found
        })
        .collect()
}

/// Memory and times as they are described.
fn served(spec: &FunctionSpec, ground: &Ground<'_>, site: &Site<'_>) -> Option<Served> {
    let memory_mb = match spec.memory {
        Some(memory) => memory_mb(memory.as_bytes(), &site.key("memory")),
        None => {
            let help = "give the memory of a replica, such as \"256 MB\"";
            site.error_with_help(format!("the function {:?} has no `memory`", spec.name), help);
            None
        }
    };
    let (time_s, work_mi) = match (&spec.work, &spec.time, spec.time_by_class.is_empty()) {
        (Some(work), _, _) => (Some(Vec::new()), Some(positive(work, "work", &site.key("work"))?)),
        (None, None, true) => {
            let help = "give `time`, such as \"200 ms\", or `work`";
            site.error_with_help(format!("the function {:?} has no `time`", spec.name), help);
            (None, None)
        }
        (None, _, _) => (times(spec, ground, site), None),
    };
    Some(Served {
        memory_mb: memory_mb?,
        time_s: time_s?,
        work_mi,
        max_utilisation: spec.max_utilisation.unwrap_or(USUAL_UTILISATION),
    })
}

/// Memory and times of a function of an instance, which must not be given beside it.
fn of_instance(
    came: &Came,
    service: ServiceName,
    function: usize,
    spec: &FunctionSpec,
    site: &Site<'_>,
) -> Option<Served> {
    let instance = came.instance()?;
    let given = [
        ("memory", spec.memory.is_some()),
        ("time", spec.time.is_some()),
        ("time_by_class", !spec.time_by_class.is_empty()),
        ("work", spec.work.is_some()),
        ("max_utilisation", spec.max_utilisation.is_some()),
    ];
    if let Some((key, _)) = given.iter().find(|(_, given)| *given) {
        site.key(key).error("the instance has it; leave this out");
        return None;
    }
    // The instance has what requests keep a replica busy for, which serves several at a time.
    let at_once = f64::from(spec.concurrency).min(spec.cores.max(1.0));
    let time_s = (0..instance.nodes()).map(|node| {
        let mean_s = instance.demand_s(instance.stream(node, function)) * at_once;
        site.check(match service {
            ServiceName::Exponential => Distribution::exponential(mean_s),
            ServiceName::Constant => Distribution::constant(mean_s),
        })
    });
    Some(Served {
        memory_mb: instance.memory_requirement_mb(function),
        time_s: time_s.collect::<Option<_>>()?,
        work_mi: None,
        max_utilisation: instance.max_utilisation(function),
    })
}

/// The names of the functions of a description.
fn names(spec: &FunctionSpec) -> Vec<String> {
    match spec.count {
        None => vec![spec.name.clone()],
        Some(count) => (0..count).map(|number| format!("{}-{number}", spec.name)).collect(),
    }
}

impl<'a> Described<'a> {
    /// The functions of a workload; errors go to its site.
    pub(super) fn new(spec: &FunctionsSpec, ground: &Ground<'a>, came: &Came) -> Option<Self> {
        let site = ground.here.site.key("functions");
        let count: u64 = spec.functions.iter().map(|own| u64::from(own.count.unwrap_or(1))).sum();
        if count > MOST_FUNCTIONS as u64 {
            site.error(format!("{count} functions are more than the {MOST_FUNCTIONS} that may be"));
            return None;
        }
        let sites: Vec<Site<'a>> = (0..spec.functions.len()).map(|index| site.index(index)).collect();
        let places = spec.functions.iter().zip(&sites);
        // All of them, so that all mistakes are told.
        let common: Vec<Option<Common>> = places.map(|(own, site)| Common::new(own, site)).collect();
        let common: Vec<Common> = common.into_iter().collect::<Option<_>>()?;
        let mut described =
            Described { functions: Vec::new(), images: Vec::new(), origins: Vec::new(), sites };
        match came {
            Came::Drawn => described.add_described(spec, &common, ground)?,
            Came::Instance { service, .. } => described.add_instance(spec, &common, came, *service)?,
            Came::Traced(trace) => described.add_traced(spec, &common, trace, ground)?,
        }
        described.check_names()?;
        described.add_images(spec)?;
        Some(described)
    }

    fn add_described(
        &mut self,
        spec: &FunctionsSpec,
        common: &[Common],
        ground: &Ground<'_>,
    ) -> Option<()> {
        let mut good = true;
        for (origin, (own, common)) in spec.functions.iter().zip(common).enumerate() {
            let Some(served) = served(own, ground, &self.sites[origin]) else {
                good = false;
                continue;
            };
            for name in names(own) {
                self.functions.push(common.function(name, own, served.clone()));
                self.origins.push(origin);
            }
        }
        good.then_some(())
    }

    fn add_instance(
        &mut self,
        spec: &FunctionsSpec,
        common: &[Common],
        came: &Came,
        service: ServiceName,
    ) -> Option<()> {
        let needed = came.instance()?.functions();
        let mut named: Vec<(usize, String)> = Vec::new();
        for (origin, own) in spec.functions.iter().enumerate() {
            named.extend(names(own).into_iter().map(|name| (origin, name)));
        }
        if let ([own], None) = (&spec.functions[..], spec.functions[0].count) {
            named = (0..needed).map(|number| (0, format!("{}-{number}", own.name))).collect();
        }
        if named.len() != needed {
            self.sites[0].error_with_help(
                format!("{} functions are described, but the instance has {needed}", named.len()),
                "describe as many, or one for all of them",
            );
            return None;
        }
        for (function, (origin, name)) in named.into_iter().enumerate() {
            let own = &spec.functions[origin];
            let served = of_instance(came, service, function, own, &self.sites[origin])?;
            self.functions.push(common[origin].function(name, own, served));
            self.origins.push(origin);
        }
        Some(())
    }

    /// Functions of a trace, which take what it does not say from the descriptions in turn.
    fn add_traced(
        &mut self,
        spec: &FunctionsSpec,
        common: &[Common],
        trace: &FunctionTrace,
        ground: &Ground<'_>,
    ) -> Option<()> {
        let count = spec.functions.len();
        for (index, traced) in trace.functions.iter().enumerate() {
            let origin = index % count;
            let (own, site) = (&spec.functions[origin], &self.sites[origin]);
            if own.count.is_some() {
                site.key("count").error("the trace says how many functions there are; leave this out");
                return None;
            }
            let memory_mb = match (traced.memory_mb, own.memory) {
                // Not negative; a cast saturates.
                (Some(traced_mb), _) => Some((traced_mb.ceil() as u64).max(1)),
                (None, Some(memory)) => memory_mb(memory.as_bytes(), &site.key("memory")),
                (None, None) => {
                    site.error_with_help(
                        format!("the trace has no memory for {:?}", traced.name),
                        "give the `memory` of such functions, such as \"256 MB\"",
                    );
                    None
                }
            };
            let times_s = match (&traced.time_s, &own.time) {
                (Some(time_s), _) => Some(vec![time_s.clone()]),
                (None, Some(_)) => times(own, ground, site),
                (None, None) => {
                    site.error_with_help(
                        format!("the trace has no times for {:?}", traced.name),
                        "give the `time` of such functions, such as \"200 ms\"",
                    );
                    None
                }
            };
            let served = Served {
                memory_mb: memory_mb?,
                time_s: times_s?,
                work_mi: None,
                max_utilisation: own.max_utilisation.unwrap_or(USUAL_UTILISATION),
            };
            let name = format!("{}-{index}", own.name);
            self.functions.push(common[origin].function(name, own, served));
            self.origins.push(origin);
        }
        Some(())
    }

    fn check_names(&self) -> Option<()> {
        let mut seen = BTreeSet::new();
        let twice = self.functions.iter().zip(&self.origins).find(|(own, _)| !seen.insert(&own.name));
        if let Some((own, &origin)) = twice {
            self.sites[origin].key("name").error_with_help(
                format!("another function has the name {:?}", own.name),
                "give each function a `name` of its own",
            );
            return None;
        }
        Some(())
    }

    fn add_images(&mut self, spec: &FunctionsSpec) -> Option<()> {
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        let mut of_origin = Vec::with_capacity(spec.functions.len());
        for (own, site) in spec.functions.iter().zip(&self.sites) {
            let Some(image) = &own.image else {
                of_origin.push(None);
                continue;
            };
            let name = image.name.clone().unwrap_or_else(|| own.name.clone());
            let bytes = image.size.as_bytes();
            let next = self.images.len() as u32;
            let number = *numbers.entry(name.clone()).or_insert(next);
            if number == next {
                self.images.push(Image { name, bytes });
            } else if self.images[number as usize].bytes != bytes {
                site.key("image").key("size").error_with_help(
                    format!("the image {name:?} has another size elsewhere"),
                    "give both the same size, or names of their own",
                );
                return None;
            }
            of_origin.push(Some(number));
        }
        for (function, &origin) in self.functions.iter_mut().zip(&self.origins) {
            function.image = of_origin[origin];
        }
        Some(())
    }
}
