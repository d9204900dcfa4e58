//! What a link remembers while its device moves: line of sight and shadowing.

use super::path_loss::{PathLoss, RadioPath};
use crate::engine::EntityStream;
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};

/// Line of sight and shadowing of one link between a base station and a device.
///
/// * The shadowing is normal in dB, and after a way of delta metres correlated with itself by
///   rho = exp(-delta / d): S <- rho S + sqrt(1 - rho^2) sigma N(0, 1) (Gudmundson 1991, Electronics Letters 27(23); TR
///   38.901, 7.4.4).
/// * There is a line of sight while a uniform number is below its probability (TR 38.901, 7.6.3.3). The number is drawn
///   anew with probability 1 - exp(-delta / d'), so that it is correlated in the same way, without the flicker that a
///   threshold on a normal process would have. Where the state changes, the shadowing is another, too.
///
/// Each way of more than 0 m takes three draws whatever the state; a device that stands takes none.
///
/// ```
/// use stratosim::engine::RandomStreams;
/// use stratosim::infra::nr::{LargeScaleFading, RadioPath, UrbanMicro};
/// let mut random = RandomStreams::new(1).entity("radio", 0);
/// let mut path = RadioPath {
///     carrier_hz: 3.5e9, distance_2d_m: 12.0, base_height_m: 10.0, device_height_m: 1.5, line_of_sight: true,
/// };
/// let model = UrbanMicro::default();
/// let mut fading = LargeScaleFading::new(&mut random);
/// let first_db = fading.path_loss_db(&model, &mut path);
/// // Below 18 m the other end is always seen.
/// assert!(path.line_of_sight);
/// fading.moved(&model, &path, 0.0, &mut random);
/// assert_eq!(fading.path_loss_db(&model, &mut path), first_db);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LargeScaleFading {
    /// Uniform number that the probability of a line of sight is compared with.
    visibility: f64,
    /// Shadowing in standard deviations.
    normal: f64,
}

impl LargeScaleFading {
    /// The first state of a link. Two draws.
    #[must_use]
    pub fn new(random: &mut EntityStream) -> Self {
        LargeScaleFading { visibility: random.random(), normal: StandardNormal.sample(random) }
    }

    /// Whether there is a line of sight on a path.
    #[must_use]
    pub fn line_of_sight(&self, model: &dyn PathLoss, path: &RadioPath) -> bool {
        self.visibility < model.line_of_sight_probability(path)
    }

    /// The device has moved so many metres, and is now at the other end of `path`. Call it before anything is asked
    /// at the new place.
    pub fn moved(
        &mut self,
        model: &dyn PathLoss,
        path: &RadioPath,
        moved_m: f64,
        random: &mut EntityStream,
    ) {
        if moved_m <= 0.0 {
            return;
        }
        let (redrawn, visibility): (f64, f64) = (random.random(), random.random());
        let drawn: f64 = StandardNormal.sample(random);
        let before = path.line_of_sight;
        let shadowing = model.shadowing(path);
        let ways = moved_m / shadowing.state_correlation_m;
        // 1 - exp(-x) is below x: it is seldom needed.
        if redrawn < ways && redrawn < -(-ways).exp_m1() {
            self.visibility = visibility;
        }
        let kept = if self.line_of_sight(model, path) == before {
            (-moved_m / shadowing.correlation_m).exp()
        } else {
            0.0
        };
        self.normal = kept * self.normal + (1.0 - kept * kept).sqrt() * drawn;
    }

    /// The shadowing on a path in dB; positive numbers are losses.
    #[must_use]
    pub fn shadowing_db(&self, model: &dyn PathLoss, path: &RadioPath) -> f64 {
        model.shadowing(path).sigma_db * self.normal
    }

    /// Path loss with shadowing in dB. Sets the path's line of sight, which [`LargeScaleFading::moved`] compares with
    /// the next one.
    #[must_use]
    pub fn path_loss_db(&self, model: &dyn PathLoss, path: &mut RadioPath) -> f64 {
        path.line_of_sight = self.line_of_sight(model, path);
        model.path_loss_db(path) + self.shadowing_db(model, path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::path_loss::{Shadowing, UrbanMicro};
    use super::*;
    use crate::engine::{RandomStreams, Summary};

    const PATH: RadioPath = RadioPath {
        carrier_hz: 3.5e9,
        distance_2d_m: 100.0,
        base_height_m: 10.0,
        device_height_m: 1.5,
        line_of_sight: false,
    };

    /// Never a line of sight; 8 dB over 13 m.
    #[derive(Debug)]
    struct Shadow;

    impl PathLoss for Shadow {
        fn path_loss_db(&self, _: &RadioPath) -> f64 {
            100.0
        }
        fn line_of_sight_probability(&self, _: &RadioPath) -> f64 {
            0.0
        }
        fn shadowing(&self, _: &RadioPath) -> Shadowing {
            Shadowing { sigma_db: 8.0, correlation_m: 13.0, state_correlation_m: 50.0 }
        }
    }

    /// Standard deviation within 2 % of sigma, correlation 1/e within 0.05 after the correlation distance, over 1e5
    /// steps.
    #[test]
    fn shadowing_has_its_deviation_and_its_correlation() {
        let mut random = RandomStreams::new(4).entity("shadowing", 0);
        let mut fading = LargeScaleFading::new(&mut random);
        let mut series = Vec::new();
        for _ in 0..100_000 {
            fading.moved(&Shadow, &PATH, 2.6, &mut random);
            series.push(fading.shadowing_db(&Shadow, &PATH));
        }
        let squares: Summary = series.iter().map(|db| db * db).collect();
        assert!((squares.mean().sqrt() / 8.0 - 1.0).abs() < 0.02, "{}", squares.mean().sqrt());
        let lagged: Summary = series.windows(6).map(|pair| pair[0] * pair[5]).collect();
        let correlation = lagged.mean() / squares.mean();
        assert!((correlation - (-1.0_f64).exp()).abs() < 0.05, "{correlation}");
    }

    /// At 100 m in a street the line of sight is there with 0.18 + 0.82 e^(-100/36) = 0.2310, and its state is
    /// correlated by 1/e after 50 m. Steps of 50 m: 1e5 of them have a standard error of 0.002.
    #[test]
    fn lines_of_sight_have_their_probability_and_their_correlation() {
        let model = UrbanMicro::default();
        let mut random = RandomStreams::new(5).entity("visibility", 0);
        let mut fading = LargeScaleFading::new(&mut random);
        let mut path = PATH;
        let mut states = Vec::new();
        for _ in 0..100_000 {
            fading.moved(&model, &path, 50.0, &mut random);
            path.line_of_sight = fading.line_of_sight(&model, &path);
            states.push(f64::from(u8::from(path.line_of_sight)));
        }
        let share = states.iter().sum::<f64>() / states.len() as f64;
        let expected = model.line_of_sight_probability(&PATH);
        assert!(
            (expected - 0.231_0).abs() < 1e-4 && (share - expected).abs() < 0.01,
            "{share} {expected}"
        );
        let products: Summary =
            states.windows(2).map(|pair| (pair[0] - share) * (pair[1] - share)).collect();
        let correlation = products.mean() / (share * (1.0 - share));
        assert!((correlation - (-1.0_f64).exp()).abs() < 0.05, "{correlation}");
    }

    /// The walk of one device does not hang on what it sees: as many draws in all states.
    #[test]
    fn draws_do_not_depend_on_the_state() {
        let run = |seen| {
            let mut random = RandomStreams::new(6).entity("draws", 0);
            let mut fading = LargeScaleFading::new(&mut random);
            let path = RadioPath { line_of_sight: seen, ..PATH };
            (0..10).for_each(|_| fading.moved(&UrbanMicro::default(), &path, 7.0, &mut random));
            random.random::<u64>()
        };
        assert_eq!(run(true), run(false));
    }
}
