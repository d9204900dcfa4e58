//! What devices receive of access points.

use super::CloseInPathLoss;
use crate::engine::{EntityStream, RandomStreams, SimDuration};
use crate::infra::attachment::{AccessPointIndex, AccessPoints};
use crate::infra::geometry::Position;
use crate::infra::ids::NodeId;
use rand_distr::{Distribution as _, StandardNormal};
use rustc_hash::FxHashMap;

/// How signals of access points spread, and what devices make of them. The power received is transmit power and
/// antenna gain of the site, less path loss ([`CloseInPathLoss`]) and shadowing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadioEnvironment {
    /// Path loss without shadowing.
    pub path_loss: CloseInPathLoss,
    /// Standard deviation of the shadowing in dB, 0 to 40.
    pub shadowing_db: f64,
    /// Distance in metres over which the correlation of the shadowing falls to 1/e, exponentially (Gudmundson
    /// 1991, Electronics Letters 27(23)), above 0; `None` for shadowing that is drawn once for each device and
    /// site.
    pub correlation_m: Option<f64>,
    /// Power in dBm below which a device does not attach.
    pub threshold_dbm: f64,
    /// How much stronger in dB another site must be before a device hands over to it, 0 to 100.
    pub hysteresis_db: f64,
    /// Time between two measurements. `None`: hand-overs at the exact instants, or each second with shadowing.
    pub update: Option<SimDuration>,
}

impl Default for RadioEnvironment {
    /// What the fork of EdgeCloudSim for SUMO and 5G names: 3.5 GHz, n = 3.1, 8.1 dB, -95 dBm; 3 dB of hysteresis.
    fn default() -> Self {
        RadioEnvironment {
            path_loss: CloseInPathLoss { carrier_hz: 3.5e9, exponent: 3.1 },
            shadowing_db: 8.1,
            correlation_m: None,
            threshold_dbm: -95.0,
            hysteresis_db: 3.0,
            update: None,
        }
    }
}

/// What makes no radio environment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("radio: {parameter} is {value}, but must be {allowed}")]
pub struct RadioError {
    /// The parameter at fault.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

/// Beyond this many standard deviations of shadowing a signal is not looked for: it happens once in a thousand
/// million times.
const FARTHEST_DEVIATIONS: f64 = 6.0;

impl RadioEnvironment {
    /// Checks the parameters.
    ///
    /// # Errors
    /// The first that is out of range.
    pub fn check(&self) -> Result<(), RadioError> {
        let checks = [
            ("carrier_hz", self.path_loss.carrier_hz, 1e6, 1e12, "1 MHz to 1 THz"),
            ("path_loss_exponent", self.path_loss.exponent, 1.0, 10.0, "1 to 10"),
            ("shadowing_db", self.shadowing_db, 0.0, 40.0, "0 to 40"),
            ("correlation_m", self.correlation_m.unwrap_or(1.0), 1e-3, 1e6, "1 mm to 1000 km"),
            ("threshold_dbm", self.threshold_dbm, -200.0, 100.0, "-200 to 100"),
            ("hysteresis_db", self.hysteresis_db, 0.0, 100.0, "0 to 100"),
        ];
        match checks.into_iter().find(|(_, value, least, most, _)| !(least..=most).contains(&value)) {
            None => Ok(()),
            Some((parameter, value, _, _, allowed)) => Err(RadioError { parameter, value, allowed }),
        }
    }

    /// Time between two measurements; `None` if hand-overs are at their exact instants.
    #[must_use]
    pub fn interval(&self) -> Option<SimDuration> {
        let usual = (self.shadowing_db > 0.0).then(|| SimDuration::from_secs(1.0));
        self.update.filter(|update| *update > SimDuration::ZERO).or(usual)
    }

    /// Within how many metres a site of this power, antenna gain included, can be attached to: where its signal
    /// reaches the threshold. With shadowing where six standard deviations more would.
    #[must_use]
    pub fn reach_m(&self, power_dbm: f64) -> f64 {
        let spare_db = FARTHEST_DEVIATIONS * self.shadowing_db;
        let most_db = power_dbm - self.threshold_dbm + spare_db;
        if most_db < self.path_loss.reference_db() { 0.0 } else { self.path_loss.distance_m(most_db) }
    }
}

/// What a device receives of a site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadioSignal {
    /// Metres between the two, heights included.
    pub distance_m: f64,
    /// Path loss in dB, with shadowing.
    pub path_loss_db: f64,
    /// Received power in dBm.
    pub received_dbm: f64,
}

/// A site as a device receives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteSignal {
    /// The access point.
    pub site: NodeId,
    /// Its signal.
    pub signal: RadioSignal,
    /// Bits a second that its radio gives at this power, if its model has a rate by power.
    pub rate_bps: Option<f64>,
    /// Whether the device is attached to it.
    pub attached: bool,
}

/// A site that sends.
#[derive(Clone, Copy, Debug)]
pub(in crate::infra) struct SendingSite {
    pub(in crate::infra) position: Position,
    /// Transmit power and antenna gain.
    pub(in crate::infra) power_dbm: f64,
    pub(in crate::infra) range_m: f64,
}

/// The shadowing between a device and a site: a standard normal, where it was measured, and what comes next.
#[derive(Clone, Debug)]
struct Shadow {
    normal: f64,
    place: Position,
    random: EntityStream,
}

/// The signals of all sites.
#[derive(Debug)]
pub(in crate::infra) struct Signals {
    pub(in crate::infra) environment: RadioEnvironment,
    pub(in crate::infra) sites: Vec<SendingSite>,
    streams: RandomStreams,
    /// By device and site, for look-ups only. A stream of its own for each pair, so that no measurement changes
    /// another.
    shadows: FxHashMap<(NodeId, AccessPointIndex), Shadow>,
}

impl Signals {
    pub(in crate::infra) fn new(
        environment: RadioEnvironment,
        sites: Vec<SendingSite>,
        streams: RandomStreams,
    ) -> Self {
        Signals { environment, sites, streams, shadows: FxHashMap::default() }
    }

    /// The first draw of a pair.
    fn drawn(&self, device: NodeId, site: AccessPointIndex, place: Position) -> Shadow {
        let pair = (u64::from(site.0) << 32) | u64::from(device.0);
        let mut random = self.streams.entity("radio/shadowing", pair);
        Shadow { normal: StandardNormal.sample(&mut random), place, random }
    }

    /// The shadowing in dB of a device that measures at `place`.
    fn shadowing_db(&mut self, device: NodeId, site: AccessPointIndex, place: Position) -> f64 {
        let RadioEnvironment { shadowing_db, correlation_m, .. } = self.environment;
        if shadowing_db == 0.0 {
            return 0.0;
        }
        if let Some(shadow) = self.shadows.get_mut(&(device, site)) {
            if let Some(correlation_m) = correlation_m {
                let moved_m = shadow.place.distance_m(place);
                if moved_m > 0.0 {
                    let kept = (-moved_m / correlation_m).exp();
                    let drawn: f64 = StandardNormal.sample(&mut shadow.random);
                    shadow.normal = kept * shadow.normal + (1.0 - kept * kept).sqrt() * drawn;
                    shadow.place = place;
                }
            }
            return shadowing_db * shadow.normal;
        }
        let shadow = self.drawn(device, site, place);
        let normal = shadow.normal;
        self.shadows.insert((device, site), shadow);
        shadowing_db * normal
    }

    fn signal(&self, site: AccessPointIndex, place: Position, shadowing_db: f64) -> RadioSignal {
        let own = &self.sites[site.0 as usize];
        let distance_m = own.position.distance_m(place);
        let path_loss_db = self.environment.path_loss.path_loss_db(distance_m) + shadowing_db;
        RadioSignal { distance_m, path_loss_db, received_dbm: own.power_dbm - path_loss_db }
    }

    /// The shadowing in dB of the last measurement of a pair; zero if there was none.
    pub(in crate::infra) fn last_shadowing_db(&self, device: NodeId, site: AccessPointIndex) -> f64 {
        let normal = self.shadows.get(&(device, site)).map_or(0.0, |shadow| shadow.normal);
        self.environment.shadowing_db * normal
    }

    /// What a device at `place` receives of a site, with the shadowing of its last measurement: looking changes
    /// nothing. `None` if there was no measurement, of a site that is far below the threshold.
    pub(in crate::infra) fn look(
        &self,
        device: NodeId,
        site: AccessPointIndex,
        place: Position,
    ) -> Option<RadioSignal> {
        let RadioEnvironment { shadowing_db, correlation_m, .. } = self.environment;
        let known = || self.shadows.get(&(device, site)).map(|shadow| shadow.normal);
        let normal = match (shadowing_db > 0.0, correlation_m) {
            (false, _) => 0.0,
            (true, Some(_)) => known()?,
            (true, None) => known().unwrap_or_else(|| self.drawn(device, site, place).normal),
        };
        Some(self.signal(site, place, shadowing_db * normal))
    }

    /// Measures the sites in range, and chooses: the present one, unless it is gone, below the threshold, or another
    /// one stronger by more than the hysteresis; then the strongest that reaches the threshold, the first among
    /// equals.
    pub(in crate::infra) fn choose(
        &mut self,
        points: &AccessPoints,
        device: NodeId,
        place: Position,
        current: Option<AccessPointIndex>,
    ) -> Option<AccessPointIndex> {
        let RadioEnvironment { threshold_dbm, hysteresis_db, .. } = self.environment;
        let mut best: Option<(f64, AccessPointIndex)> = None;
        let mut held_dbm = None;
        for site in points.within_range(place) {
            let shadowing_db = self.shadowing_db(device, site, place);
            let received_dbm = self.signal(site, place, shadowing_db).received_dbm;
            if received_dbm < threshold_dbm {
                continue;
            }
            if current == Some(site) {
                held_dbm = Some(received_dbm);
            }
            let is_better = best
                .is_none_or(|(dbm, index)| received_dbm > dbm || (received_dbm == dbm && site < index));
            if is_better {
                best = Some((received_dbm, site));
            }
        }
        let (best_dbm, site) = best?;
        match held_dbm {
            Some(held_dbm) if best_dbm <= held_dbm + hysteresis_db => current,
            _ => Some(site),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Summary;
    use crate::infra::attachment::{AccessPoint, Criterion};

    fn signals(environment: RadioEnvironment, places: &[f64]) -> (Signals, AccessPoints) {
        let position = |x_m: f64| Position::ground(x_m, 0.0);
        let sites = places.iter().map(|&x_m| SendingSite {
            position: position(x_m),
            power_dbm: 30.0,
            range_m: f64::INFINITY,
        });
        let points: Vec<AccessPoint> = places
            .iter()
            .map(|&x_m| AccessPoint {
                position: position(x_m),
                range_m: Some(environment.reach_m(30.0)),
                transmit_power_dbm: 30.0,
            })
            .collect();
        let criterion = Criterion::Signal { path_loss_exponent: 3.1, hysteresis_db: 3.0 };
        let points = AccessPoints::new(&points, criterion).expect("good");
        (Signals::new(environment, sites.collect(), RandomStreams::new(5)), points)
    }

    /// 30 dBm reach -95 dBm at PL = 125 dB: 10^((125 - 43.3291) / 31) = 431.07 m.
    #[test]
    fn a_site_reaches_as_far_as_the_threshold() {
        let clear = RadioEnvironment { shadowing_db: 0.0, ..RadioEnvironment::default() };
        assert!((clear.reach_m(30.0) - 431.07).abs() < 0.01, "{}", clear.reach_m(30.0));
        assert_eq!(clear.reach_m(-60.0), 0.0);
        let (mut signals, points) = signals(clear, &[0.0]);
        let mut at = |x_m| signals.choose(&points, NodeId(9), Position::ground(x_m, 0.0), None);
        assert_eq!((at(431.0), at(431.5)), (Some(AccessPointIndex(0)), None));
        assert_eq!(clear.interval(), None);
        assert_eq!(RadioEnvironment::default().interval(), Some(SimDuration::from_secs(1.0)));
    }

    /// At 3 dB and n = 3.1 the other site must be nearer by 10^(3/31) = 1.2496: from 0 to 200 m that is at
    /// 200 x 1.2496 / 2.2496 = 111.1 m.
    #[test]
    fn measured_choices_without_shadowing_are_the_solved_ones() {
        let clear = RadioEnvironment { shadowing_db: 0.0, ..RadioEnvironment::default() };
        let (mut signals, points) = signals(clear, &[0.0, 200.0]);
        let mut held = None;
        let mut changes = Vec::new();
        for x_m in 0..=200 {
            let place = Position::ground(f64::from(x_m), 0.0);
            let chosen = signals.choose(&points, NodeId(9), place, held);
            assert_eq!(chosen, points.attach(place, held));
            if chosen != held {
                changes.push((x_m, chosen));
                held = chosen;
            }
        }
        assert_eq!(changes, [(0, Some(AccessPointIndex(0))), (112, Some(AccessPointIndex(1)))]);
    }

    /// Sample deviation within 2 % of sigma, and correlation 1/e after the correlation distance, over 1e5 steps.
    #[test]
    fn shadowing_along_a_way_is_gudmundsons() {
        let environment = RadioEnvironment { correlation_m: Some(50.0), ..RadioEnvironment::default() };
        let (mut signals, _) = signals(environment, &[0.0]);
        let mut series = Vec::new();
        for step in 0..200_000 {
            let place = Position::ground(10.0 * f64::from(step), 0.0);
            series.push(signals.shadowing_db(NodeId(1), AccessPointIndex(0), place));
        }
        let squares: Summary = series.iter().map(|db| db * db).collect();
        let sigma_db = squares.mean().sqrt();
        assert!((sigma_db / 8.1 - 1.0).abs() < 0.02, "{sigma_db}");
        let lagged: Summary = series.windows(6).map(|pair| pair[0] * pair[5]).collect();
        let correlation = lagged.mean() / squares.mean();
        assert!((correlation - (-1.0_f64).exp()).abs() < 0.05, "{correlation}");
        // Standing still, nothing changes; nor does looking.
        let place = Position::ground(10.0 * 199_999.0, 0.0);
        let (first, site) =
            (signals.shadowing_db(NodeId(1), AccessPointIndex(0), place), AccessPointIndex(0));
        let seen = signals.look(NodeId(1), site, place).expect("it was measured");
        let mean_db = environment.path_loss.path_loss_db(seen.distance_m);
        assert!((seen.path_loss_db - mean_db - first).abs() < 1e-9);
        assert_eq!(signals.shadowing_db(NodeId(1), site, place), first);
    }

    /// Drawn once for each pair, whoever asks first, and as the link model `close_in` draws it.
    #[test]
    fn shadowing_without_a_correlation_distance_stays() {
        let (mut signals, _) = signals(RadioEnvironment::default(), &[0.0, 100.0]);
        let place = Position::ground(50.0, 0.0);
        let looked = signals.look(NodeId(4), AccessPointIndex(1), place).expect("always");
        let drawn = signals.shadowing_db(NodeId(4), AccessPointIndex(1), Position::ground(900.0, 0.0));
        assert_eq!(looked.path_loss_db, signals.environment.path_loss.path_loss_db(50.0) + drawn);
        assert_ne!(signals.shadowing_db(NodeId(4), AccessPointIndex(0), place), drawn);
    }

    #[test]
    fn bad_parameters_are_named() {
        let bad = RadioEnvironment { shadowing_db: -1.0, ..RadioEnvironment::default() };
        let text = bad.check().expect_err("bad").to_string();
        assert_eq!(text, "radio: shadowing_db is -1, but must be 0 to 40");
    }
}
