//! Wind: a mean that grows with height, and gusts.

use crate::engine::{SimDuration, Stream};
use rand_distr::{Distribution, StandardNormal};

/// Gusts that come by steps: each component of the gust is a first-order autoregressive process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GustSpec {
    /// Standard deviation of each horizontal component in m/s (>= 0).
    pub deviation_m_per_s: f64,
    /// Seconds after which the correlation has fallen to 1/e (> 0).
    pub correlation_s: f64,
    /// Time from step to step.
    pub interval: SimDuration,
}

/// The wind over the scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WindSpec {
    /// Mean speed in m/s (>= 0) at the reference height.
    pub speed_m_per_s: f64,
    /// Where it comes from, in degrees clockwise from north.
    pub from_deg: f64,
    /// Metres above the ground at which it has that speed (> 0).
    pub reference_height_m: f64,
    /// Exponent of the power law by which it grows with height (>= 0); 0 for the same at all heights. 1/7 is usual over
    /// open land.
    pub exponent: f64,
    /// Gusts, if any.
    pub gusts: Option<GustSpec>,
}

/// The height below which the power law is that of this height, as it would tell of no wind at the ground.
const LOWEST_M: f64 = 1.0;

/// The wind as it is.
#[derive(Debug, Default)]
pub struct Wind {
    spec: WindSpec,
    gust_m_per_s: [f64; 2],
    random: Option<Stream>,
}

impl Wind {
    /// A wind, whose gusts are drawn from this stream.
    #[must_use]
    pub fn new(spec: WindSpec, random: Stream) -> Self {
        Wind { spec, gust_m_per_s: [0.0; 2], random: spec.gusts.map(|_| random) }
    }

    /// What it is.
    #[must_use]
    pub fn spec(&self) -> &WindSpec {
        &self.spec
    }

    /// Metres a second to the east and north at this height.
    #[must_use]
    pub fn at(&self, height_m: f64) -> [f64; 2] {
        let growth = if self.spec.exponent > 0.0 {
            (height_m.max(LOWEST_M) / self.spec.reference_height_m).powf(self.spec.exponent)
        } else {
            1.0
        };
        let (east, north) = self.spec.from_deg.to_radians().sin_cos();
        let speed = self.spec.speed_m_per_s * growth;
        [self.gust_m_per_s[0] - speed * east, self.gust_m_per_s[1] - speed * north]
    }

    /// Time to the next change; `None` if there is none.
    #[must_use]
    pub fn interval(&self) -> Option<SimDuration> {
        self.random.as_ref().and(self.spec.gusts).map(|gusts| gusts.interval)
    }

    /// The next step of the gusts: g' = r g + sqrt(1 - r^2) N(0, deviation) with r = exp(-interval/correlation).
    pub fn step(&mut self) {
        let (Some(gusts), Some(random)) = (self.spec.gusts, &mut self.random) else { return };
        let kept = (-gusts.interval.as_secs() / gusts.correlation_s).exp();
        for component in &mut self.gust_m_per_s {
            let drawn: f64 = StandardNormal.sample(random);
            let fresh = (1.0 - kept * kept).sqrt() * gusts.deviation_m_per_s;
            *component = kept * *component + fresh * drawn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    #[test]
    fn it_blows_from_where_it_comes() {
        let spec = WindSpec {
            speed_m_per_s: 8.0,
            from_deg: 270.0,
            reference_height_m: 10.0,
            ..WindSpec::default()
        };
        let wind = Wind::new(spec, RandomStreams::new(1).stream("wind"));
        let [east, north] = wind.at(50.0);
        assert!((east - 8.0).abs() < 1e-12 && north.abs() < 1e-12);
        let sheared =
            Wind::new(WindSpec { exponent: 1.0 / 7.0, ..spec }, RandomStreams::new(1).stream("wind"));
        assert!((sheared.at(10.0)[0] - 8.0).abs() < 1e-12);
        // 8 x 10^(1/7) m/s at ten times the height.
        assert!((sheared.at(100.0)[0] - 11.116).abs() < 1e-3);
        assert_eq!(sheared.at(0.0), sheared.at(1.0));
    }

    #[test]
    fn gusts_have_the_deviation_and_correlation_that_are_asked_for() {
        let gusts = GustSpec {
            deviation_m_per_s: 2.0,
            correlation_s: 20.0,
            interval: SimDuration::from_secs(10.0),
        };
        let spec = WindSpec { reference_height_m: 10.0, gusts: Some(gusts), ..WindSpec::default() };
        let mut wind = Wind::new(spec, RandomStreams::new(3).stream("wind"));
        let mut series = Vec::new();
        for _ in 0..40_000 {
            wind.step();
            series.push(wind.at(10.0)[0]);
        }
        let variance = series.iter().map(|gust| gust * gust).sum::<f64>() / series.len() as f64;
        let lagged = series.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / series.len() as f64;
        assert!((variance - 4.0).abs() < 0.2, "{variance}");
        assert!((lagged / variance - (-0.5_f64).exp()).abs() < 0.02, "{}", lagged / variance);
    }
}
