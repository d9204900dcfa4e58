//! Jammers of 5G cells: from the format to the infrastructure.

use super::NodeDirectory;
use crate::engine::SimTime;
use crate::infra::cells::{CarrierSpec, JammerPlace, PlacedJammer};
use crate::infra::nr::{
    Channel, Durations, Jammer, JammerKind, ModulatedPower, NrError, Reaction, Waveform,
};
use crate::infra::{Position, TrajectoryPoint};
use crate::scenario::format::{
    ChannelName, DurationsName, JammerSpec, JammingSpec, WaveformName, WindowSpec,
};
use crate::scenario::{Frequency, Site};
use std::collections::BTreeSet;

/// The most jammers of a scenario: each is looked at for each device and period.
const MOST_JAMMERS: usize = 1024;
/// Power of jammers that say nothing else.
const USUAL_EIRP_DBM: f64 = 30.0;
/// Levels of a power in steps.
const USUAL_LEVELS: u32 = 4;
/// Size of the steps of a power that walks at random.
const USUAL_STEP_DB: f64 = 1.0;

/// The jammers of a scenario with these carriers that is over at `end`. Errors go to `site`, that of the jammers.
pub(super) fn jammers(
    specs: &[JammerSpec],
    carriers: &[CarrierSpec],
    end: SimTime,
    directory: &NodeDirectory,
    site: &Site<'_>,
) -> Vec<PlacedJammer> {
    if specs.len() > MOST_JAMMERS {
        site.error(format!(
            "{} jammers are more than the {MOST_JAMMERS} that a run may have",
            specs.len()
        ));
        return Vec::new();
    }
    let mut names = BTreeSet::new();
    let mut made = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        let here = site.index(index);
        if spec.name.is_empty() {
            here.key("name").error("a jammer needs a name of at least one character");
        }
        if !names.insert(spec.name.as_str()) {
            here.key("name").error_with_help(
                format!("another jammer has the name {:?}", spec.name),
                "give each jammer a name of its own",
            );
        }
        let jammer = radio(spec, carriers, &here);
        let place = place(spec, directory, &here);
        let windows = spec.between.as_deref().map(|windows| windows_of(windows, &here.key("between")));
        let is_ever_on =
            windows.as_ref().is_none_or(|windows| windows.iter().any(|window| window.0 < end));
        let why =
            if is_ever_on { silence(&spec.signal) } else { Some("it is on at no time of the run") };
        if let Some(why) = why {
            here.note(format!("jammer {:?} never sends: {why}", spec.name));
        }
        if let (Some(jammer), Some(place)) = (jammer, place) {
            made.push(PlacedJammer { name: spec.name.clone(), jammer, place, windows });
        }
    }
    made
}

/// Why nothing is ever sent, if that is so.
fn silence(signal: &JammingSpec) -> Option<&'static str> {
    let (share, why) = match signal {
        JammingSpec::Pulsed { duty, .. } => (duty.as_fraction(), "`signal.duty` is 0"),
        JammingSpec::Selective { accuracy, .. } => (accuracy.as_fraction(), "`signal.accuracy` is 0"),
        JammingSpec::Reactive { stay, probability, .. } => {
            (stay.as_secs().min(probability.as_fraction()), "`signal.stay` or `signal.probability` is 0")
        }
        _ => return None,
    };
    (share == 0.0).then_some(why)
}

/// What a jammer sends, if that makes sense.
fn radio(spec: &JammerSpec, carriers: &[CarrierSpec], site: &Site<'_>) -> Option<Jammer> {
    let first = &carriers.first()?.carrier;
    let bandwidth_hz = spec.bandwidth.map_or(first.bandwidth_hz(), Frequency::as_hz);
    let jammer = Jammer {
        kind: kind(&spec.signal, bandwidth_hz, &site.key("signal"))?,
        eirp_dbm: spec.eirp.map_or(USUAL_EIRP_DBM, |eirp| eirp.as_dbm()),
        centre_hz: spec.frequency.map_or(first.centre_hz(), Frequency::as_hz),
        bandwidth_hz,
    };
    if spec.eirp.is_some() && matches!(jammer.kind, JammerKind::Modulated(_)) {
        site.key("eirp").error_with_help(
            "a modulated jammer has powers of its own",
            "leave it out; `signal.least` and `signal.most` are those that count",
        );
    }
    if let Err(error) = jammer.check() {
        let key = match &error {
            NrError::Parameter { what: "power of the jammer", .. } => "eirp",
            NrError::Parameter { what: "centre of the jammer", .. } => "frequency",
            NrError::Parameter { what: "bandwidth of the jammer", .. } => "bandwidth",
            _ => "signal",
        };
        site.key(key).error(error.to_string());
        return None;
    }
    let touches = |own: &CarrierSpec| own.carrier.overlap(jammer.centre_hz, bandwidth_hz).is_some();
    if !carriers.iter().any(touches) {
        let mhz = |hz: f64| (hz / 1e3).round() / 1e3;
        let carriers: Vec<String> = carriers
            .iter()
            .map(|own| {
                let (centre_hz, half_hz) = (own.carrier.centre_hz(), 0.5 * own.carrier.occupied_hz());
                format!(
                    "{} from {} to {} MHz",
                    own.name,
                    mhz(centre_hz - half_hz),
                    mhz(centre_hz + half_hz)
                )
            })
            .collect();
        let half_hz = 0.5 * bandwidth_hz;
        site.note(format!(
            "jammer {:?} is outside all carriers and jams nothing: it sends from {} to {} MHz; carriers are {}",
            spec.name,
            mhz(jammer.centre_hz - half_hz),
            mhz(jammer.centre_hz + half_hz),
            carriers.join(", ")
        ));
    }
    Some(jammer)
}

/// How a jammer works. `bandwidth_hz` is that of the jammer.
fn kind(spec: &JammingSpec, bandwidth_hz: f64, site: &Site<'_>) -> Option<JammerKind> {
    Some(match *spec {
        JammingSpec::Constant => JammerKind::Constant,
        JammingSpec::Random { mean_on, mean_off, durations } => JammerKind::Random {
            mean_on_s: mean_on.as_secs(),
            mean_off_s: mean_off.as_secs(),
            durations: match durations {
                DurationsName::Exponential => Durations::Exponential,
                DurationsName::Uniform => Durations::Uniform,
            },
        },
        JammingSpec::Pulsed { period, duty } => {
            JammerKind::Pulsed { period_s: period.as_secs(), duty: duty.as_fraction() }
        }
        JammingSpec::Deceptive { preambles } => JammerKind::Deceptive { preambles_per_s: preambles },
        JammingSpec::Sweep { width, sweep_time } => {
            let (width_hz, sweep_s) = (width.as_hz(), sweep_time.as_secs());
            if !(width_hz > 0.0 && width_hz < bandwidth_hz) {
                site.key("width").error(format!(
                    "{width}, but it must be above 0 and below the jammer's bandwidth of {}",
                    Frequency::from_hz(bandwidth_hz)
                ));
                return None;
            }
            if sweep_s <= 0.0 {
                site.key("sweep_time").error("it must be above 0");
                return None;
            }
            JammerKind::Sweep { width_hz, rate_hz_per_s: (bandwidth_hz - width_hz) / sweep_s }
        }
        JammingSpec::Reactive { threshold, sense, stay, probability } => {
            JammerKind::Reactive(Reaction {
                threshold_dbm: threshold.as_dbm(),
                sense_s: sense.as_secs(),
                stay_s: stay.as_secs(),
                probability: probability.as_fraction(),
            })
        }
        JammingSpec::Modulated { least, most, waveform, period, count, step } => {
            let period_s = period.as_secs();
            for (key, is_given, waveform_of_it) in [
                ("count", count.is_some(), WaveformName::Steps),
                ("step", step.is_some(), WaveformName::Walk),
            ] {
                if is_given && waveform != waveform_of_it {
                    let name = if waveform_of_it == WaveformName::Steps { "steps" } else { "walk" };
                    site.key(key).error_with_help(
                        format!("only the waveform {name:?} has it"),
                        format!("leave it out, or set `waveform` to {name:?}"),
                    );
                }
            }
            let waveform = match waveform {
                WaveformName::Sine => Waveform::Sine { period_s },
                WaveformName::Steps => {
                    Waveform::Steps { period_s, count: count.unwrap_or(USUAL_LEVELS) }
                }
                WaveformName::Ramp => Waveform::Ramp { period_s },
                WaveformName::Walk => {
                    let step_db = step.map_or(USUAL_STEP_DB, |step| step.as_db());
                    if step_db <= 0.0 {
                        site.key("step").error("it must be above 0 dB");
                    }
                    Waveform::Walk { interval_s: period_s, step_db }
                }
            };
            JammerKind::Modulated(ModulatedPower {
                least_dbm: least.as_dbm(),
                most_dbm: most.as_dbm(),
                waveform,
            })
        }
        JammingSpec::Selective { target, accuracy } => JammerKind::Selective {
            target: match target {
                ChannelName::Ssb => Channel::Ssb,
                ChannelName::Pdcch => Channel::Pdcch,
                ChannelName::Pdsch => Channel::Pdsch,
                ChannelName::Dmrs => Channel::ReferenceSignals,
                ChannelName::Pucch => Channel::Pucch,
                ChannelName::Pusch => Channel::Pusch,
                ChannelName::Prach => Channel::Prach,
            },
            accuracy: accuracy.as_fraction(),
        },
    })
}

/// Where a jammer is.
fn place(spec: &JammerSpec, directory: &NodeDirectory, site: &Site<'_>) -> Option<JammerPlace> {
    let given = [spec.at.is_some(), spec.way.is_some(), spec.on.is_some()];
    if given.into_iter().filter(|given| *given).count() != 1 {
        site.error_with_help(
            "a jammer has exactly one of `at`, `way` and `on`",
            "give it a place, such as { \"x\": \"300 m\", \"y\": \"200 m\" }, a way, or the name of a node",
        );
        return None;
    }
    let position = |x_m, y_m, z_m| Position { x_m, y_m, z_m };
    if let Some(at) = spec.at {
        return Some(JammerPlace::At(position(at.x.as_metres(), at.y.as_metres(), at.z.as_metres())));
    }
    if let Some(name) = &spec.on {
        return directory.node(name, &site.key("on")).map(JammerPlace::On);
    }
    let points = spec.way.as_deref().unwrap_or_default();
    let here = site.key("way");
    if points.is_empty() {
        here.error("a way has at least one point");
        return None;
    }
    for (index, pair) in points.windows(2).enumerate() {
        if pair[0].at.as_secs() >= pair[1].at.as_secs() {
            here.index(index + 1).key("at").error(format!(
                "{}, but the point before is at {}: times must rise",
                pair[1].at, pair[0].at
            ));
        }
    }
    let point = |own: &crate::scenario::format::JammerPointSpec| TrajectoryPoint {
        time_s: own.at.as_secs(),
        position: position(own.x.as_metres(), own.y.as_metres(), own.z.as_metres()),
    };
    Some(JammerPlace::Way(points.iter().map(point).collect()))
}

/// When a jammer is on.
fn windows_of(windows: &[WindowSpec], site: &Site<'_>) -> Vec<(SimTime, SimTime)> {
    for (index, window) in windows.iter().enumerate() {
        if window.to.as_secs() <= window.from.as_secs() {
            site.index(index).error("a window must end after it begins");
        }
    }
    let time = |duration: crate::scenario::Duration| SimTime::from_secs(duration.as_secs());
    let mut made: Vec<(SimTime, SimTime)> =
        windows.iter().map(|window| (time(window.from), time(window.to))).collect();
    for (index, window) in windows.iter().enumerate() {
        let meets = |other: &WindowSpec| {
            other.from.as_secs() < window.to.as_secs() && window.from.as_secs() < other.to.as_secs()
        };
        if let Some(other) = windows[..index].iter().find(|other| meets(other)) {
            site.index(index)
                .error(format!("it overlaps with the window from {} to {}", other.from, other.to));
        }
    }
    made.sort();
    made
}

#[cfg(test)]
mod tests {
    use super::super::super::{Diagnostics, Document};
    use super::*;
    use crate::infra::nr::{Carrier, Duplex, Numerology, TddPattern};
    use serde_json::{Value, json};
    use std::cell::RefCell;
    use std::path::Path;

    /// Jammers of a scenario with one carrier of 40 MHz, and what was said of them.
    fn built(own: &Value) -> (Vec<PlacedJammer>, Diagnostics) {
        let value = json!({ "jammers": own });
        let document = Document::parse("jammers.json", &value.to_string()).expect("JSON");
        let specs: Vec<JammerSpec> = serde_json::from_value(own.clone()).expect("jammers");
        let errors = RefCell::new(Diagnostics::default());
        let duplex = Duplex::Time(TddPattern::DDDSU);
        let carrier = Carrier::new(3.5e9, 40e6, Numerology::Khz30, duplex).expect("a carrier");
        let carriers = [CarrierSpec::new("n78", carrier)];
        let site = Site::root(&document, &errors, Path::new(".")).key("jammers");
        let made = jammers(
            &specs,
            &carriers,
            SimTime::from_secs(600.0),
            &NodeDirectory::new(100.0, 100.0),
            &site,
        );
        (made, errors.into_inner())
    }

    fn kind_of(signal: &Value) -> JammerKind {
        let (made, errors) =
            built(&json!([{ "name": "a", "at": { "x": 1, "y": 2 }, "signal": signal }]));
        assert!(errors.or(()).is_ok(), "{signal}");
        made[0].jammer.kind
    }

    #[test]
    fn what_is_left_out_is_that_of_the_first_carrier() {
        let (made, _) = built(&json!([{ "name": "a", "at": { "x": "1 m", "y": "2 m" } }]));
        let expected =
            Jammer { kind: JammerKind::Constant, eirp_dbm: 30.0, centre_hz: 3.5e9, bandwidth_hz: 40e6 };
        assert_eq!((made[0].jammer, made[0].windows.as_ref()), (expected, None));
        assert_eq!(made[0].place, JammerPlace::At(Position { x_m: 1.0, y_m: 2.0, z_m: 0.0 }));
    }

    /// (40 - 10) MHz in 2 ms are 15 GHz a second, and so on.
    #[test]
    fn signals_are_those_that_are_asked_for() {
        let sweep = kind_of(&json!({ "kind": "sweep", "width": "10 MHz", "sweep_time": "2 ms" }));
        assert_eq!(sweep, JammerKind::Sweep { width_hz: 10e6, rate_hz_per_s: 30e6 / 2e-3 });
        let reactive = kind_of(&json!({ "kind": "reactive", "stay": "2 ms" }));
        let reaction = Reaction { threshold_dbm: -80.0, sense_s: 20e-6, stay_s: 2e-3, probability: 1.0 };
        assert_eq!(reactive, JammerKind::Reactive(reaction));
        let power = |waveform: &str| {
            let signal = json!({
                "kind": "modulated", "least": "1 dBm", "most": "9 dBm", "waveform": waveform, "period": "3 s",
            });
            let JammerKind::Modulated(power) = kind_of(&signal) else { panic!("{waveform}") };
            assert_eq!((power.least_dbm, power.most_dbm), (1.0, 9.0));
            power.waveform
        };
        assert_eq!(power("sine"), Waveform::Sine { period_s: 3.0 });
        assert_eq!(power("ramp"), Waveform::Ramp { period_s: 3.0 });
        assert_eq!(power("steps"), Waveform::Steps { period_s: 3.0, count: 4 });
        assert_eq!(power("walk"), Waveform::Walk { interval_s: 3.0, step_db: 1.0 });
        for channel in Channel::ALL {
            let signal = json!({ "kind": "selective", "target": channel.name(), "accuracy": "50%" });
            assert_eq!(kind_of(&signal), JammerKind::Selective { target: channel, accuracy: 0.5 });
        }
    }

    /// The run lasts ten minutes.
    #[test]
    fn jammers_that_never_send_are_noted() {
        let notes = |signal: Value, between: Value| {
            let own =
                json!([{ "name": "a", "at": { "x": 1, "y": 2 }, "signal": signal, "between": between }]);
            let (made, mut said) = built(&own);
            assert_eq!(made.len(), 1);
            said.take_notes()
        };
        let noise = || json!({ "kind": "constant" });
        let never = |why: &str| vec![format!("jammer \"a\" never sends: {why}")];
        assert!(notes(noise(), json!([{ "from": "9 min", "to": "20 min" }])).is_empty());
        assert_eq!(notes(noise(), json!([])), never("it is on at no time of the run"));
        let late = json!([{ "from": "10 min", "to": "20 min" }]);
        assert_eq!(notes(noise(), late), never("it is on at no time of the run"));
        let all = || json!([{ "from": "0 s", "to": "1 min" }]);
        let pulses = json!({ "kind": "pulsed", "period": "1 s", "duty": 0 });
        assert_eq!(notes(pulses, all()), never("`signal.duty` is 0"));
        let blind = json!({ "kind": "selective", "target": "pucch", "accuracy": 0 });
        assert_eq!(notes(blind, all()), never("`signal.accuracy` is 0"));
    }

    /// In whatever order they are written; windows may touch.
    #[test]
    fn windows_come_in_order() {
        let between = json!([{ "from": 5, "to": 7 }, { "from": "1 s", "to": "5 s" }]);
        let (made, errors) =
            built(&json!([{ "name": "a", "at": { "x": 1, "y": 2 }, "between": between }]));
        assert!(errors.or(()).is_ok());
        let at = SimTime::from_secs;
        assert_eq!(made[0].windows, Some(vec![(at(1.0), at(5.0)), (at(5.0), at(7.0))]));
    }

    /// The carrier's 106 blocks occupy 38.16 MHz: up to 3519.08 MHz.
    #[test]
    fn a_jammer_outside_all_carriers_is_noted() {
        for (frequency, is_outside) in [("3529.07 MHz", false), ("3529.09 MHz", true)] {
            let (made, mut errors) = built(&json!([{
                "name": "a", "at": { "x": 1, "y": 2 }, "frequency": frequency, "bandwidth": "20 MHz",
            }]));
            let notes = errors.take_notes();
            assert_eq!((made.len(), notes.len()), (1, usize::from(is_outside)), "{notes:?}");
            assert!(notes.iter().all(|note| note.contains("outside all carriers")), "{notes:?}");
        }
    }

    #[test]
    fn there_are_not_too_many() {
        let many = |count: usize| -> Value {
            (0..count)
                .map(|number| json!({ "name": format!("{number}"), "at": { "x": 1, "y": 2 } }))
                .collect()
        };
        assert!(built(&many(1024)).1.or(()).is_ok());
        assert!(built(&many(1025)).1.or(()).is_err());
    }
}
