//! How jobs come: sizes, durations and arrivals, fitted to what clusters have published.

use super::error::{TrainingError, check, counted, positive};
use super::job::{JobKind, TrainingJob};
use crate::engine::{EntityStream, RandomStreams};
use rand::RngExt;
use rand_distr::{Distribution as _, Exp1, LogNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const DAY_S: f64 = 86_400.0;
const HOUR_S: f64 = 3600.0;

/// A log-normal distribution by its median and the standard deviation of its logarithm, cut off at a least and a most value:
/// what is drawn beyond takes these.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogNormalFit {
    /// The median in seconds.
    pub median_s: f64,
    /// Standard deviation of the natural logarithm.
    pub sigma: f64,
    /// No value is below.
    pub least_s: f64,
    /// No value is above.
    pub most_s: f64,
}

impl LogNormalFit {
    /// Philly (Jeon et al., ATC 2019): run times of 83 154 jobs, exp(6.85) s, sigma 2.18; none above 4.24e6 s.
    pub const PHILLY: LogNormalFit =
        LogNormalFit { median_s: 943.880_906_671_578_1, sigma: 2.18, least_s: 1.0, most_s: 4.24e6 };

    /// Of Philly's jobs of an hour and more, by GPUs: those of 1, of 2, of 4, and of 8 and more.
    #[must_use]
    pub fn philly_hours(gpus: u32) -> LogNormalFit {
        let (mu, sigma) = match gpus {
            0..=1 => (9.73_f64, 1.43),
            2..=3 => (11.50, 1.49),
            4..=7 => (11.03, 1.48),
            _ => (11.07, 1.61),
        };
        LogNormalFit { median_s: mu.exp(), sigma, least_s: HOUR_S, most_s: 4.24e6 }
    }

    /// The log-normal distribution with this mean, median and greatest value, all in seconds: sigma² = 2 ln(mean / median).
    ///
    /// # Errors
    /// If the median is not above 0, or the mean below it, or the greatest value below 1 s.
    pub fn of_mean_and_median(mean_s: f64, median_s: f64, most_s: f64) -> Result<Self, TrainingError> {
        positive("the median of durations in seconds", median_s)?;
        let good = mean_s >= median_s && mean_s.is_finite();
        check(good, "the mean of durations in seconds", mean_s, "at least the median")?;
        let sigma = (2.0 * (mean_s / median_s).ln()).sqrt();
        let fit = LogNormalFit { median_s, sigma, least_s: 1.0, most_s };
        fit.check().map(|()| fit)
    }

    fn check(&self) -> Result<(), TrainingError> {
        positive("the median of durations in seconds", self.median_s)?;
        let good = self.sigma >= 0.0 && self.sigma.is_finite();
        check(good, "the sigma of durations", self.sigma, "at least 0 and finite")?;
        positive("the least duration in seconds", self.least_s)?;
        let good = self.most_s >= self.least_s && self.most_s.is_finite();
        check(good, "the longest duration in seconds", self.most_s, "at least the least one")
    }

    fn sample(&self, random: &mut EntityStream) -> f64 {
        // A sigma of at least 0 always makes one.
        LogNormal::new(self.median_s.ln(), self.sigma)
            .map_or(self.median_s, |shape| shape.sample(random))
            .clamp(self.least_s, self.most_s)
    }
}

/// What is published of the GPU jobs of a cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedCluster {
    /// Its name.
    pub name: &'static str,
    /// How many jobs there were.
    pub jobs: u64,
    /// Mean, median and greatest run time in seconds.
    pub run_s: [f64; 3],
    /// Mean number of GPUs.
    pub mean_gpus: f64,
    /// Mean wait in seconds.
    pub mean_wait_s: f64,
}

/// Clusters as summarised with the trace of Acme (Hu et al., *Characterization of Large Language Model Development in the
/// Datacenter*, NSDI 2024): two for language models, Microsoft's, SenseTime's and Alibaba's.
pub const PUBLISHED_CLUSTERS: [PublishedCluster; 5] = [
    published("seren", 663_813, [1414.335, 122.0, 1_209_604.0], 5.68, 445.984),
    published("kalos", 19_907, [1259.689, 124.0, 625_740.0], 26.77, 214.179),
    published("philly", 112_956, [18_006.055, 874.0, 4_240_676.0], 1.928, 3760.604),
    published("helios", 1_580_464, [6651.681, 206.0, 4_320_009.0], 3.716, 862.047),
    published("pai", 1_037_085, [4787.109, 480.667, 626_371.0], 0.683, 401.742),
];

const fn published(
    name: &'static str,
    jobs: u64,
    run_s: [f64; 3],
    mean_gpus: f64,
    mean_wait_s: f64,
) -> PublishedCluster {
    PublishedCluster { name, jobs, run_s, mean_gpus, mean_wait_s }
}

/// Numbers of GPUs and how often they are asked for, in proportion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SizeWeights(pub Vec<(u32, f64)>);

impl SizeWeights {
    /// Powers of two from `least` to `most`, all as often.
    #[must_use]
    pub fn powers_of_two(least: u32, most: u32) -> Self {
        let sizes = (0..u32::BITS).map(|power| 1_u32 << power);
        SizeWeights(sizes.filter(|size| (least..=most).contains(size)).map(|size| (size, 1.0)).collect())
    }

    /// Slices of TPU v4 (Jouppi et al., ISCA 2023), from their cumulative shares.
    #[must_use]
    pub fn tpu_v4_slices() -> Self {
        let cumulative = [
            (32, 0.29),
            (64, 0.43),
            (128, 0.605),
            (192, 0.612),
            (256, 0.729),
            (384, 0.73),
            (512, 0.849),
            (768, 0.956),
            (1024, 0.993),
            (1536, 0.995),
            (2048, 1.0),
        ];
        let mut before = 0.0;
        SizeWeights(
            cumulative
                .into_iter()
                .map(|(size, share)| (size, share - std::mem::replace(&mut before, share)))
                .collect(),
        )
    }

    /// Jobs of Philly's virtual clusters by GPUs.
    #[must_use]
    pub fn philly() -> Self {
        let counts = [(1, 10_480), (2, 463), (4, 2044), (8, 1916), (16, 255), (32, 91), (64, 1)];
        SizeWeights(counts.into_iter().map(|(size, count)| (size, f64::from(count))).collect())
    }

    /// The mean number of GPUs.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let total: f64 = self.0.iter().map(|&(_, weight)| weight).sum();
        self.0.iter().map(|&(size, weight)| f64::from(size) * weight).sum::<f64>() / total
    }

    fn check(&self) -> Result<(), TrainingError> {
        let mut total = 0.0;
        for &(size, weight) in &self.0 {
            counted("the number of GPUs of a job", size)?;
            let good = weight >= 0.0 && weight.is_finite();
            check(good, "the weight of a size", weight, "at least 0 and finite")?;
            total += weight;
        }
        positive("the sum of the weights of sizes", total)
    }

    fn sample(&self, random: &mut EntityStream) -> u32 {
        let total: f64 = self.0.iter().map(|&(_, weight)| weight).sum();
        let mut left = total * random.random::<f64>();
        for &(size, weight) in &self.0 {
            left -= weight;
            if left < 0.0 {
                return size;
            }
        }
        // Rounding only; there is at least one.
        self.0.last().map_or(1, |&(size, _)| size)
    }
}

/// How many jobs come in each hour of the day, in proportion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DayProfile(pub [f64; 24]);

impl DayProfile {
    /// The same all day.
    pub const FLAT: DayProfile = DayProfile([1.0; 24]);

    /// The least and the busiest hour of Helios' cluster Venus (Hu et al., SC 2021), 5.4 jobs an hour at 6 h and 50 at 16 h, with
    /// a sine between them.
    #[must_use]
    pub fn helios() -> Self {
        const LEAST: f64 = 5.4;
        const MOST: f64 = 50.0;
        let (mean, swing) = (f64::midpoint(LEAST, MOST), (MOST - LEAST) / 2.0);
        // Ten hours up from 6 h, fourteen down from 16 h.
        let phase = |hour: usize| {
            let since = (hour + 24 - 6) % 24;
            let turn = if since <= 10 { since as f64 / 10.0 } else { 1.0 + (since - 10) as f64 / 14.0 };
            turn * std::f64::consts::PI
        };
        DayProfile(std::array::from_fn(|hour| mean - swing * phase(hour).cos()))
    }

    fn check(&self) -> Result<(), TrainingError> {
        for &weight in &self.0 {
            let good = weight >= 0.0 && weight.is_finite();
            check(good, "the weight of an hour", weight, "at least 0 and finite")?;
        }
        positive("the sum of the weights of hours", self.0.iter().sum())
    }

    /// The weight at this time over the mean of the day.
    #[must_use]
    pub fn at(&self, time_s: f64) -> f64 {
        let hour = (time_s.rem_euclid(DAY_S) / HOUR_S) as usize;
        self.0[hour.min(23)] * 24.0 / self.0.iter().sum::<f64>()
    }

    fn peak(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max) * 24.0 / self.0.iter().sum::<f64>()
    }
}

/// When jobs of a kind are submitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Arrivals {
    /// By chance, with a mean gap over the day (a Poisson process).
    Poisson {
        /// The mean gap in seconds.
        mean_gap_s: f64,
        /// How that goes with the hour.
        day: DayProfile,
    },
    /// At regular times: a model that is trained anew.
    Periodic {
        /// Seconds between two of them.
        period_s: f64,
        /// When the first comes.
        first_s: f64,
    },
}

impl Arrivals {
    fn check(&self) -> Result<(), TrainingError> {
        match self {
            Arrivals::Poisson { mean_gap_s, day } => {
                positive("the mean gap between jobs in seconds", *mean_gap_s)?;
                day.check()
            }
            Arrivals::Periodic { period_s, first_s } => {
                positive("the period of jobs in seconds", *period_s)?;
                let good = *first_s >= 0.0 && first_s.is_finite();
                check(good, "the time of the first job in seconds", *first_s, "at least 0 and finite")
            }
        }
    }

    /// The next one after `time_s`; of a Poisson process by thinning (Lewis and Shedler 1979). `None` if it would not move on.
    fn next(&self, time_s: Option<f64>, random: &mut EntityStream) -> Option<f64> {
        match self {
            Arrivals::Periodic { period_s, first_s } => match time_s {
                None => Some(*first_s),
                Some(time_s) => Some(time_s + period_s).filter(|&next| next > time_s),
            },
            Arrivals::Poisson { mean_gap_s, day } => {
                let peak = day.peak();
                let mut at_s = time_s.unwrap_or(0.0);
                loop {
                    let gap: f64 = Exp1.sample(random);
                    at_s += gap * mean_gap_s / peak;
                    if !at_s.is_finite() {
                        return None;
                    }
                    if random.random::<f64>() * peak < day.at(at_s) {
                        return Some(at_s);
                    }
                }
            }
        }
    }
}

/// Jobs of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobMix {
    /// What they train.
    pub kind: JobKind,
    /// When they come.
    pub arrivals: Arrivals,
    /// How many GPUs they want.
    pub sizes: SizeWeights,
    /// How long they take at full rate.
    pub durations: LogNormalFit,
    /// The part of an iteration that is communication, from 0 to 1 (exclusive).
    pub communication: f64,
}

impl JobMix {
    /// Language models: powers of two from 64 to 1024 GPUs, median 12 h; 7 % of an iteration is communication, as measured of
    /// the all-reduces of LLaMA-7B.
    #[must_use]
    pub fn llm(mean_gap_s: f64) -> Self {
        JobMix {
            kind: JobKind::Llm,
            arrivals: Arrivals::Poisson { mean_gap_s, day: DayProfile::FLAT },
            sizes: SizeWeights::powers_of_two(64, 1024),
            durations: LogNormalFit {
                median_s: 12.0 * HOUR_S,
                sigma: 1.0,
                least_s: 600.0,
                most_s: 30.0 * DAY_S,
            },
            communication: 0.07,
        }
    }

    /// Recommendation models: powers of two from 8 to 128 GPUs, median 3 h; a quarter of an iteration is all-to-all.
    #[must_use]
    pub fn dlrm(mean_gap_s: f64) -> Self {
        JobMix {
            kind: JobKind::Dlrm,
            arrivals: Arrivals::Poisson { mean_gap_s, day: DayProfile::FLAT },
            sizes: SizeWeights::powers_of_two(8, 128),
            durations: LogNormalFit {
                median_s: 3.0 * HOUR_S,
                sigma: 0.8,
                least_s: 600.0,
                most_s: 7.0 * DAY_S,
            },
            communication: 0.25,
        }
    }

    fn check(&self) -> Result<(), TrainingError> {
        self.arrivals.check()?;
        self.sizes.check()?;
        self.durations.check()?;
        let good = (0.0..1.0).contains(&self.communication);
        check(good, "the part of communication", self.communication, "at least 0 and below 1")
    }
}

/// Makes jobs of several kinds. Each kind, and each job of it, has random numbers of its own, so that another kind beside it
/// changes nothing of them.
///
/// ```
/// use stratosim::apps::training::{JobGenerator, JobMix};
/// use stratosim::engine::RandomStreams;
/// let generator = JobGenerator::new(vec![JobMix::llm(7200.0), JobMix::dlrm(1800.0)])?;
/// let jobs = generator.generate(&RandomStreams::new(7), 10.0 * 86_400.0);
/// // 10 days: 120 and 480 in the mean.
/// assert!((500..700).contains(&jobs.len()));
/// assert!(jobs.is_sorted_by_key(|job| job.submit_s));
/// # Ok::<(), stratosim::apps::training::TrainingError>(())
/// ```
#[derive(Clone, Debug)]
pub struct JobGenerator {
    mixes: Vec<JobMix>,
}

/// No run has more jobs.
const MOST_JOBS: usize = 10_000_000;

impl JobGenerator {
    /// A generator of these kinds.
    ///
    /// # Errors
    /// If a quantity of one is out of range.
    pub fn new(mixes: Vec<JobMix>) -> Result<Self, TrainingError> {
        mixes.iter().try_for_each(JobMix::check)?;
        Ok(JobGenerator { mixes })
    }

    /// The jobs until `until_s`, in the order in which they are submitted, then of the mixes. Ten millions of a mix at most.
    #[must_use]
    pub fn generate(&self, streams: &RandomStreams, until_s: f64) -> Vec<TrainingJob> {
        self.generate_of(streams, until_s).into_iter().map(|(job, _)| job).collect()
    }

    /// The same, each with the position of its mix.
    #[must_use]
    pub fn generate_of(&self, streams: &RandomStreams, until_s: f64) -> Vec<(TrainingJob, usize)> {
        let mut jobs = Vec::new();
        for (number, mix) in self.mixes.iter().enumerate() {
            let stream = number as u64;
            let mut arrivals = streams.entity("training/arrivals", stream);
            let mut time_s = None;
            for count in 0..MOST_JOBS as u64 {
                time_s = mix.arrivals.next(time_s, &mut arrivals);
                let Some(submit_s) = time_s.filter(|&time_s| time_s < until_s) else { break };
                let mut own = streams.entity("training/jobs", stream << 32 | count);
                let job = TrainingJob {
                    id: 0,
                    kind: mix.kind,
                    gpus: mix.sizes.sample(&mut own),
                    submit_s,
                    duration_s: mix.durations.sample(&mut own),
                    communication: mix.communication,
                };
                jobs.push((job, number));
            }
        }
        // Stable: of those at one time, the first mix comes first.
        jobs.sort_by(|a, b| a.0.submit_s.total_cmp(&b.0.submit_s));
        jobs.iter_mut().zip(0..).for_each(|((job, _), id)| job.id = id);
        jobs
    }
}
