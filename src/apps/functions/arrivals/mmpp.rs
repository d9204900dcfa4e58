//! Poisson processes that are modulated by a Markov chain.

use super::ArrivalsError;
use crate::engine::EntityStream;
use rand::RngExt;
use rand_distr::{Distribution as _, Exp1};

/// States that follow each other in a cycle, each for a time that is drawn from an exponential distribution, and each with
/// a factor for the rate: a Markov-modulated Poisson process. The chain starts in equilibrium. (Fischer and
/// Meier-Hellstern, *The Markov-modulated Poisson process cookbook*, Performance Evaluation 18, 1993.)
#[derive(Clone, Debug, PartialEq)]
pub struct Mmpp {
    multipliers: Vec<f64>,
    stay_s: Vec<f64>,
}

/// How far the mean factor may be from one.
const TOLERANCE: f64 = 1e-9;
/// The shortest mean stay: with less a run would never come to an end.
const LEAST_STAY_S: f64 = 1e-3;

impl Mmpp {
    /// States with factors (at least 0) and mean times (at least 1 ms) in seconds. Over time the factors must be one in the
    /// mean, so that rates stay what they are.
    ///
    /// # Errors
    /// If that is not so, or there are not as many factors as times, or none.
    pub fn new(multipliers: Vec<f64>, stay_s: Vec<f64>) -> Result<Self, ArrivalsError> {
        if multipliers.is_empty() || multipliers.len() != stay_s.len() {
            return Err(ArrivalsError::new(
                "the number of multipliers",
                multipliers.len(),
                format!("that of the stays, which is {}, and at least 1", stay_s.len()),
            ));
        }
        for (state, (&multiplier, &stay)) in multipliers.iter().zip(&stay_s).enumerate() {
            if !(multiplier >= 0.0 && multiplier.is_finite()) {
                let what = format!("the multiplier of state {state}");
                return Err(ArrivalsError::new(what, multiplier, "at least 0"));
            }
            if !(stay >= LEAST_STAY_S && stay.is_finite()) {
                let what = format!("the stay of state {state}");
                return Err(ArrivalsError::new(what, format!("{stay} s"), "at least 1 ms"));
            }
        }
        let all_s: f64 = stay_s.iter().sum();
        let mean = multipliers.iter().zip(&stay_s).map(|(own, stay)| own * stay).sum::<f64>() / all_s;
        if (mean - 1.0).abs() > TOLERANCE {
            let allowed = if mean > 0.0 {
                let scaled: Vec<String> =
                    multipliers.iter().map(|own| (own / mean).to_string()).collect();
                format!("1, so that rates stay what they are: scale them to [{}]", scaled.join(", "))
            } else {
                "1, so that rates stay what they are".to_string()
            };
            return Err(ArrivalsError::new("the mean of the multipliers over time", mean, allowed));
        }
        Ok(Mmpp { multipliers, stay_s })
    }

    /// The state in which a chain in equilibrium is, and until when.
    pub(super) fn start(&self, random: &mut EntityStream) -> ChainState {
        let mut left = random.random::<f64>() * self.stay_s.iter().sum::<f64>();
        let mut state = 0;
        while state + 1 < self.stay_s.len() && left >= self.stay_s[state] {
            left -= self.stay_s[state];
            state += 1;
        }
        let until_s = self.stay(state, random);
        ChainState { state, until_s }
    }

    fn stay(&self, state: usize, random: &mut EntityStream) -> f64 {
        let unit: f64 = Exp1.sample(random);
        self.stay_s[state] * unit
    }

    pub(super) fn multiplier(&self, chain: ChainState) -> f64 {
        self.multipliers[chain.state]
    }

    /// Goes over to the next state.
    pub(super) fn change(&self, chain: &mut ChainState, random: &mut EntityStream) {
        chain.state = (chain.state + 1) % self.stay_s.len();
        chain.until_s += self.stay(chain.state, random);
    }
}

/// Where a chain is.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChainState {
    state: usize,
    /// When it changes, in seconds from the start of the run.
    pub(super) until_s: f64,
}
