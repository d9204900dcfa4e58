//! Decisions in their order: each with the observation of the next one of its episode.

use super::windows::{Sample, SampleSink};

/// What transitions are made of: the cells of a row are the observation, then action and reward, then what is
/// carried along.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Transitions {
    /// Number of cells of the observation.
    pub(super) observation: usize,
    /// Number of all cells of a row.
    pub(super) cells: usize,
    /// Whether a decision without action or with a null in its observation is left out.
    pub(super) drop_nulls: bool,
    /// Whether all decisions of a run are one episode.
    pub(super) by_run: bool,
}

impl Transitions {
    /// The values of a sample: the cells of its row, the next observation, whether there is none, and the
    /// number of the decision in its episode.
    pub(super) fn values(&self) -> usize {
        self.cells + self.observation + 2
    }
}

/// The last decision of an episode.
#[derive(Clone, Debug)]
struct Waiting {
    entity: u32,
    time: u64,
    cells: Vec<f64>,
    step: u64,
}

/// Makes samples of the decisions of one run.
#[derive(Debug)]
pub(super) struct TransitionEngine<'p> {
    plan: &'p Transitions,
    /// By episode.
    waiting: Vec<Option<Waiting>>,
    values: Vec<f64>,
}

impl<'p> TransitionEngine<'p> {
    pub(super) fn new(plan: &'p Transitions) -> Self {
        TransitionEngine { plan, waiting: Vec::new(), values: Vec::with_capacity(plan.values()) }
    }

    /// Adds a decision: `value` gives each of its cells, NaN for null. Times, in nanoseconds, do not fall.
    pub(super) fn push(
        &mut self,
        entity: u32,
        time: u64,
        value: impl Fn(usize) -> f64,
        sink: &mut impl SampleSink,
    ) {
        let plan = self.plan;
        // The observation, then the action; what becomes of a lack of reward is told below.
        let lacks =
            |cells: std::ops::RangeInclusive<usize>| cells.into_iter().any(|c| value(c).is_nan());
        if plan.drop_nulls && lacks(0..=plan.observation) || value(plan.observation + 1).is_nan() {
            return sink.incomplete();
        }
        let episode = if plan.by_run { 0 } else { entity as usize };
        if self.waiting.len() <= episode {
            self.waiting.resize(episode + 1, None);
        }
        if let Some(last) = &mut self.waiting[episode] {
            self.values.clear();
            self.values.extend_from_slice(&last.cells);
            self.values.extend((0..plan.observation).map(&value));
            self.values.extend([0.0, last.step as f64]);
            let (start, end) = (last.time, time);
            sink.sample(Sample { entity: last.entity, time: start, start, end, values: &self.values });
            last.cells.clear();
            last.cells.extend((0..plan.cells).map(&value));
            (last.entity, last.time, last.step) = (entity, time, last.step + 1);
        } else {
            let cells = (0..plan.cells).map(value).collect();
            self.waiting[episode] = Some(Waiting { entity, time, cells, step: 0 });
        }
    }

    /// Gives the last decision of each episode.
    pub(super) fn finish(&mut self, sink: &mut impl SampleSink) {
        for last in self.waiting.drain(..).flatten() {
            self.values.clear();
            self.values.extend_from_slice(&last.cells);
            self.values.extend(std::iter::repeat_n(f64::NAN, self.plan.observation));
            self.values.extend([1.0, last.step as f64]);
            let time = last.time;
            let values = &self.values;
            sink.sample(Sample { entity: last.entity, time, start: time, end: time, values });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept {
        samples: Vec<(u32, u64, u64, Vec<f64>)>,
        incomplete: usize,
    }

    impl SampleSink for Kept {
        fn sample(&mut self, sample: Sample<'_>) {
            self.samples.push((sample.entity, sample.time, sample.end, sample.values.to_vec()));
        }

        fn incomplete(&mut self) {
            self.incomplete += 1;
        }
    }

    /// Cells: one observed number, action, reward.
    fn made(by_run: bool, rows: &[(u32, u64, [f64; 3])]) -> Kept {
        let plan = Transitions { observation: 1, cells: 3, drop_nulls: true, by_run };
        let mut engine = TransitionEngine::new(&plan);
        let mut kept = Kept::default();
        for (entity, time, cells) in rows {
            engine.push(*entity, *time, |cell| cells[cell], &mut kept);
        }
        engine.finish(&mut kept);
        assert!(kept.samples.iter().all(|(.., values)| values.len() == plan.values()));
        kept
    }

    #[test]
    fn the_next_observation_is_that_of_the_same_episode() {
        let rows = [
            (0, 10, [1.0, 7.0, 0.5]),
            (1, 20, [2.0, 8.0, 0.6]),
            (0, 30, [3.0, 9.0, 0.7]),
            (1, 40, [f64::NAN, 9.0, 0.8]),
        ];
        let kept = made(false, &rows);
        assert_eq!(kept.incomplete, 1);
        assert_eq!(kept.samples[0], (0, 10, 30, vec![1.0, 7.0, 0.5, 3.0, 0.0, 0.0]));
        let (entity, time, end, values) = &kept.samples[1];
        assert_eq!((*entity, *time, *end, &values[..3]), (0, 30, 30, &[3.0, 9.0, 0.7][..]));
        assert!(values[3].is_nan() && values[4..] == [1.0, 1.0], "{values:?}");
        let (entity, .., values) = &kept.samples[2];
        assert!(*entity == 1 && values[4..] == [1.0, 0.0], "{values:?}");
        let run = made(true, &rows);
        let next: Vec<f64> = run.samples.iter().map(|(.., values)| values[3]).collect();
        assert!(next[..2] == [2.0, 3.0] && next[2].is_nan(), "{next:?}");
        assert_eq!(
            run.samples.iter().map(|(.., values)| values[5]).collect::<Vec<_>>(),
            [0.0, 1.0, 2.0]
        );
    }
}
