//! The jobs of a cluster, and their models.

use super::super::WorkloadSite;
use crate::apps::training::demand::LeafShare;
use crate::apps::training::{
    Arrivals, ClusterPlan, DayProfile, IterationProfile, JobGenerator, JobKind, JobMix, JobPlan,
    LogNormalFit, SizeWeights, TrainingJob, full_time_s,
};
use crate::infra::optical::LeafId;
use crate::scenario::Site;
use crate::scenario::format::{
    DayName, DaySpec, JobArrivalsSpec, JobDurationsSpec, JobMixSpec, JobSizesSpec, ListedJobSpec,
    TrainingFormatName, TrainingJobsSpec, TrainingModelSpec,
};
use crate::traces::training::{TracedTrainingJob, TrainingFormat, TrainingTraceOptions, read_training};
use std::collections::BTreeMap;

/// A model that jobs can name.
pub(super) struct Model {
    pub(super) name: String,
    kind: JobKind,
    gpus: u32,
    pub(super) profile: IterationProfile,
}

impl Model {
    /// Seconds of an iteration at full rate on as few leaves as will do, and the part of it that is communication.
    fn iteration(&self, gpus: u32, cluster: &ClusterPlan) -> (f64, f64) {
        let full = cluster.shape.gpus_per_leaf();
        let share = |leaf: u32| LeafShare { leaf: LeafId(leaf), gpus: full.min(gpus - leaf * full) };
        let shares: Vec<LeafShare> = (0..gpus.div_ceil(full)).map(share).collect();
        let rails = cluster.shape.gpus_per_server;
        let phases = self.profile.phases().iter();
        let phase_s: Vec<f64> = phases
            .map(|own| full_time_s(own.pattern, &shares, rails, own.bytes, cluster.nic_bytes_per_s))
            .collect();
        let time_s = self.profile.time_s(&phase_s);
        (time_s, 1.0 - self.profile.compute_s() / time_s)
    }
}

/// The models, in the order of their names.
pub(super) fn models(
    specs: &BTreeMap<String, TrainingModelSpec>,
    site: &Site<'_>,
) -> Option<Vec<Model>> {
    let mut models = Vec::new();
    for (name, spec) in specs {
        let here = site.key(name);
        let (kind, gpus, profile) = match spec {
            TrainingModelSpec::Llm { sizes, gpu_tflops, overlap } => {
                let gpus = u32::try_from(sizes.parallelism.gpus()).unwrap_or(u32::MAX);
                (JobKind::Llm, gpus, sizes.profile(gpu_tflops * 1e12, overlap.as_fraction()))
            }
            TrainingModelSpec::Dlrm { sizes, compute, overlap } => {
                (JobKind::Dlrm, sizes.gpus, sizes.profile(compute.as_secs(), overlap.as_fraction()))
            }
        };
        if let Some(profile) = here.check(profile) {
            models.push(Model { name: name.clone(), kind, gpus, profile });
        }
    }
    (models.len() == specs.len()).then_some(models)
}

fn find<'a>(
    name: Option<&String>,
    models: &'a [Model],
    site: &Site<'_>,
) -> Option<Option<(u32, &'a Model)>> {
    let Some(name) = name else { return Some(None) };
    match (0..).zip(models).find(|(_, own)| own.name == *name) {
        Some(found) => Some(Some(found)),
        None => {
            site.key("model").unknown("model", name, models.iter().map(|own| own.name.as_str()));
            None
        }
    }
}

fn kind(own: Option<JobKind>, model: Option<&Model>, site: &Site<'_>) -> Option<JobKind> {
    match (own, model) {
        (Some(own), Some(model)) if own != model.kind => {
            let (name, kind) = (&model.name, model.kind.name());
            site.key("train").error(format!("the model {name:?} is for {kind}; leave this out"));
            None
        }
        (Some(own), _) => Some(own),
        (None, Some(model)) => Some(model.kind),
        (None, None) => {
            site.error("neither `train` nor `model` says what is trained");
            None
        }
    }
}

fn durations(spec: &JobDurationsSpec) -> LogNormalFit {
    LogNormalFit {
        median_s: spec.median.as_secs(),
        sigma: spec.sigma,
        least_s: spec.least.as_secs(),
        most_s: spec.most.as_secs(),
    }
}

fn sizes(spec: &JobSizesSpec) -> SizeWeights {
    match spec {
        JobSizesSpec::PowersOfTwo { least, most } => SizeWeights::powers_of_two(*least, *most),
        JobSizesSpec::Weights { weights } => SizeWeights(weights.clone()),
        JobSizesSpec::TpuV4Slices {} => SizeWeights::tpu_v4_slices(),
        JobSizesSpec::Philly {} => SizeWeights::philly(),
    }
}

/// A kind of jobs to be drawn, and its model.
fn mix(spec: &JobMixSpec, models: &[Model], site: &Site<'_>) -> Option<(JobMix, Option<u32>)> {
    let model = find(spec.model.as_ref(), models, site)?;
    let kind = kind(spec.train, model.map(|own| own.1), site)?;
    let arrivals = match &spec.arrivals {
        JobArrivalsSpec::Poisson { mean_gap, day } => Arrivals::Poisson {
            mean_gap_s: mean_gap.as_secs(),
            day: match day {
                DaySpec::Named(DayName::Flat) => DayProfile::FLAT,
                DaySpec::Named(DayName::Helios) => DayProfile::helios(),
                DaySpec::Hours(hours) => DayProfile(*hours),
            },
        },
        JobArrivalsSpec::Periodic { period, first } => {
            Arrivals::Periodic { period_s: period.as_secs(), first_s: first.as_secs() }
        }
    };
    let usual = match kind {
        JobKind::Llm => JobMix::llm(1.0),
        JobKind::Dlrm => JobMix::dlrm(1.0),
    };
    let only = |own: &Model| SizeWeights(vec![(own.gpus, 1.0)]);
    let usual_sizes = model.map_or(usual.sizes, |own| only(own.1));
    if spec.iterations.is_some() && model.is_none() {
        site.key("iterations").error_with_help(
            "it is not known how long an iteration takes",
            "name a `model`, or give `durations`",
        );
        return None;
    }
    let mix = JobMix {
        kind,
        arrivals,
        sizes: spec.sizes.as_ref().map_or(usual_sizes, sizes),
        durations: spec.durations.as_ref().map_or(usual.durations, durations),
        communication: spec.communication.map_or(usual.communication, |own| own.as_fraction()),
    };
    site.check(JobGenerator::new(vec![mix.clone()]))?;
    Some((mix, model.map(|own| own.0)))
}

fn generated(
    specs: &[JobMixSpec],
    until_s: f64,
    most: Option<u32>,
    models: &[Model],
    cluster: &ClusterPlan,
    here: &WorkloadSite<'_>,
) -> Option<Vec<JobPlan>> {
    let site = here.site.key("jobs").key("mixes");
    let mixes: Vec<Option<(JobMix, Option<u32>)>> =
        specs.iter().enumerate().map(|(number, spec)| mix(spec, models, &site.index(number))).collect();
    let mixes: Vec<(JobMix, Option<u32>)> = mixes.into_iter().collect::<Option<_>>()?;
    let generator = site.check(JobGenerator::new(mixes.iter().map(|(mix, _)| mix.clone()).collect()))?;
    let drawn = generator.generate_of(&here.streams, until_s);
    let most = most.map_or(usize::MAX, |most| most as usize);
    let plan = |(mut job, mix): (TrainingJob, usize)| {
        let model = mixes[mix].1;
        if let Some(model) = model {
            let (iteration_s, communication) = models[model as usize].iteration(job.gpus, cluster);
            job.communication = communication;
            if let Some(iterations) = specs[mix].iterations {
                job.duration_s = iterations as f64 * iteration_s;
            }
        }
        JobPlan { job, name: None, model }
    };
    Some(drawn.into_iter().take(most).map(plan).collect())
}

fn listed(
    spec: &ListedJobSpec,
    models: &[Model],
    cluster: &ClusterPlan,
    site: &Site<'_>,
) -> Option<JobPlan> {
    let model = find(spec.model.as_ref(), models, site)?;
    let kind = kind(spec.train, model.map(|own| own.1), site)?;
    let iteration = model.map(|own| own.1.iteration(spec.gpus, cluster));
    let duration_s = match (spec.duration, spec.iterations, iteration) {
        (Some(duration), None, _) => duration.as_secs(),
        (None, Some(iterations), Some((iteration_s, _))) => iterations as f64 * iteration_s,
        (Some(_), Some(_), _) => {
            site.key("iterations").error("give either a `duration` or `iterations`");
            return None;
        }
        _ => {
            site.error("neither a `duration`, nor a `model` and its `iterations` say how long it takes");
            return None;
        }
    };
    if duration_s <= 0.0 {
        site.key("duration").error("a job takes some time; it must be above 0");
        return None;
    }
    let usual = match kind {
        JobKind::Llm => JobMix::llm(1.0).communication,
        JobKind::Dlrm => JobMix::dlrm(1.0).communication,
    };
    let given = spec.communication.map(|own| own.as_fraction());
    if given.is_some_and(|own| !(0.0..1.0).contains(&own)) {
        site.key("communication").error("an iteration computes, too: it must be below 1");
        return None;
    }
    let communication = iteration.map(|own| own.1).or(given).unwrap_or(usual);
    let submit_s = spec.submit.as_secs();
    let job = TrainingJob { id: 0, kind, gpus: spec.gpus, submit_s, duration_s, communication };
    Some(JobPlan { job, name: spec.name.clone(), model: model.map(|own| own.0) })
}

/// The jobs, in the order of submission and with their numbers.
pub(super) fn jobs(
    spec: &TrainingJobsSpec,
    models: &[Model],
    cluster: &ClusterPlan,
    here: &WorkloadSite<'_>,
) -> Option<Vec<JobPlan>> {
    let site = here.site.key("jobs");
    let mut plans = match spec {
        TrainingJobsSpec::Generated { mixes, until, most } => {
            let until_s = until.map_or(f64::INFINITY, |own| own.as_secs()).min(here.horizon.as_secs());
            generated(mixes, until_s, *most, models, cluster, here)?
        }
        TrainingJobsSpec::Listed { jobs } => {
            let site = site.key("jobs");
            let plans = jobs
                .iter()
                .enumerate()
                .map(|(number, own)| listed(own, models, cluster, &site.index(number)));
            // All are looked at, so that all errors are told.
            let plans: Vec<Option<JobPlan>> = plans.collect();
            plans.into_iter().collect::<Option<Vec<_>>>()?
        }
        TrainingJobsSpec::Trace {
            path,
            format,
            from,
            until,
            least_gpus,
            skip_bad_rows,
            all_to_all,
            communication,
        } => {
            let communication = communication.as_fraction();
            if !(0.0..1.0).contains(&communication) {
                site.key("communication").error("an iteration computes, too: it must be below 1");
                return None;
            }
            let format = match format {
                TrainingFormatName::TiresiasCsv => TrainingFormat::TiresiasCsv,
                TrainingFormatName::Alibaba2020Tasks => TrainingFormat::Alibaba2020Tasks,
                TrainingFormatName::Alibaba2023Pods => TrainingFormat::Alibaba2023Pods,
                TrainingFormatName::GavelCsv => TrainingFormat::GavelCsv,
                TrainingFormatName::Own => TrainingFormat::Own,
            };
            let options = TrainingTraceOptions {
                from_s: from.as_secs(),
                until_s: until.map(|own| own.as_secs()),
                least_gpus: *least_gpus,
                skip_bad_rows: *skip_bad_rows,
            };
            let read = read_training(&site.file(path), format, &options);
            let trace = site.key("path").check(read)?;
            let plan = |own: TracedTrainingJob| {
                let duration_s = own.duration_s.or(own.steps).filter(|own| *own > 0.0)?;
                let is_all_to_all = own.model.as_ref().is_some_and(|own| all_to_all.contains(own));
                let kind = if is_all_to_all { JobKind::Dlrm } else { JobKind::Llm };
                let (gpus, submit_s) = (own.whole_gpus(), own.submit_s);
                let job = TrainingJob { id: 0, kind, gpus, submit_s, duration_s, communication };
                Some(JobPlan { job, name: Some(own.name), model: None })
            };
            trace.jobs.into_iter().filter_map(plan).collect()
        }
    };
    // Stable: of those at one time, the first of the list comes first.
    plans.sort_by(|a, b| a.job.submit_s.total_cmp(&b.job.submit_s));
    for (plan, id) in plans.iter_mut().zip(0..) {
        plan.job.id = id;
    }
    Some(plans)
}
