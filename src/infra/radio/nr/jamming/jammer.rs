//! What a jammer is, and what it sends.

use super::super::error::{NrError, within};
use super::channels::Channel;
use super::emission::Emission;
use super::power::{ModulatedPower, PowerLevels};
use super::time::{Durations, OnOffProcess, Reaction, pulse_on_s};
use crate::engine::EntityStream;
use rand::RngExt as _;

/// How a jammer works. The first four are those of Xu et al. (2005, MobiHoc): constant, deceptive, random, reactive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JammerKind {
    /// Always, over its whole band: barrage if that is the carrier, spot if it is a part of it.
    Constant,
    /// On and off for random times.
    Random {
        /// Mean time on in seconds, 10 us or more.
        mean_on_s: f64,
        /// Mean time off in seconds, 10 us or more.
        mean_off_s: f64,
        /// How the times are distributed.
        durations: Durations,
    },
    /// Periodic pulses.
    Pulsed {
        /// Seconds from one pulse to the next, above 0.
        period_s: f64,
        /// Share of the period in which it is on, above 0 to 1.
        duty: f64,
    },
    /// Sends what looks like a cell: a false SSB in the middle of the carrier, and false preambles. It raises the power
    /// that is measured and keeps others from attaching, but is no noise for data.
    Deceptive {
        /// False preambles a second, 0 or more.
        preambles_per_s: f64,
    },
    /// Its band moves over a range that ends where the jammer's band ends.
    Sweep {
        /// Width of the moving band in hertz, above 0.
        width_hz: f64,
        /// How fast it moves in hertz per second, above 0.
        rate_hz_per_s: f64,
    },
    /// Sends while it hears the victim.
    Reactive(Reaction),
    /// Always, with a power that changes; the jammer's own power is not used.
    Modulated(ModulatedPower),
    /// Sends where and when one channel is.
    Selective {
        /// The channel.
        target: Channel,
        /// Share of the channel's occasions that it meets, 0 to 1; it is silent otherwise.
        accuracy: f64,
    },
}

impl JammerKind {
    /// Its name in scenarios and records.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            JammerKind::Constant => "constant",
            JammerKind::Random { .. } => "random",
            JammerKind::Pulsed { .. } => "pulsed",
            JammerKind::Deceptive { .. } => "deceptive",
            JammerKind::Sweep { .. } => "sweep",
            JammerKind::Reactive(_) => "reactive",
            JammerKind::Modulated(_) => "modulated",
            JammerKind::Selective { .. } => "selective",
        }
    }
}

/// A jammer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jammer {
    /// How it works.
    pub kind: JammerKind,
    /// Power that it radiates while it is on, antenna gain included, in dBm.
    pub eirp_dbm: f64,
    /// Centre of its band in hertz.
    pub centre_hz: f64,
    /// Width of its band in hertz, above 0; its power is spread evenly over it, or over what it attacks of it.
    pub bandwidth_hz: f64,
}

/// What a jammer remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JammerState {
    process: Option<OnOffProcess>,
    /// Level of a random walk in dBm, and seconds until its next step.
    walk: Option<(f64, f64)>,
}

impl Jammer {
    /// Checks the figures.
    ///
    /// # Errors
    /// The first that is out of its range.
    pub fn check(&self) -> Result<(), NrError> {
        const FOREVER: f64 = 1e9;
        let positive = |what, value, unit, allowed| within(what, value, (1e-9, f64::MAX), unit, allowed);
        within("power of the jammer", self.eirp_dbm, (-100.0, 120.0), "dBm", "-100 to 120 dBm")?;
        within("centre of the jammer", self.centre_hz, (1e6, 1e12), "Hz", "1 MHz to 1 THz")?;
        within("bandwidth of the jammer", self.bandwidth_hz, (1.0, 1e12), "Hz", "1 Hz to 1 THz")?;
        let seconds =
            |what, value| within(what, value, (1e-9, FOREVER), "s", "1 ns to a billion seconds");
        // What is drawn again and again is no shorter than a symbol, more or less.
        let drawn =
            |what, value| within(what, value, (1e-5, FOREVER), "s", "10 us to a billion seconds");
        let share = |what, value| within(what, value, (0.0, 1.0), "", "0 to 1");
        match self.kind {
            JammerKind::Constant => Ok(()),
            JammerKind::Random { mean_on_s, mean_off_s, .. } => {
                drawn("mean time on", mean_on_s)?;
                drawn("mean time off", mean_off_s)
            }
            JammerKind::Pulsed { period_s, duty } => {
                seconds("period of the pulses", period_s)?;
                share("duty of the pulses", duty)
            }
            JammerKind::Deceptive { preambles_per_s } => within(
                "false preambles",
                preambles_per_s,
                (0.0, 1e9),
                "per second",
                "0 to a billion per second",
            ),
            JammerKind::Sweep { width_hz, rate_hz_per_s } => {
                positive("rate of the sweep", rate_hz_per_s, "Hz/s", "above 0")?;
                let allowed = "above 0 and no more than the jammer's bandwidth";
                within("width of the sweep", width_hz, (1.0, self.bandwidth_hz), "Hz", allowed)
            }
            JammerKind::Reactive(Reaction { sense_s, stay_s, probability, .. }) => {
                within("time to sense", sense_s, (0.0, FOREVER), "s", "0 to a billion seconds")?;
                within("time to stay", stay_s, (0.0, FOREVER), "s", "0 to a billion seconds")?;
                share("probability to react", probability)
            }
            JammerKind::Modulated(power) => {
                drawn("period of the power", power.cycle_s())?;
                let allowed = "no less than the lower level, and up to 120 dBm";
                within("upper level", power.most_dbm, (power.least_dbm, 120.0), "dBm", allowed)
            }
            JammerKind::Selective { accuracy, .. } => share("accuracy", accuracy),
        }
    }

    /// Its first state. Draws of random kinds: two; one for a walk.
    #[must_use]
    pub fn state(&self, random: &mut EntityStream) -> JammerState {
        let mut state = JammerState::default();
        match self.kind {
            JammerKind::Random { mean_on_s, mean_off_s, durations } => {
                state.process = Some(OnOffProcess::new(mean_on_s, mean_off_s, durations, random));
            }
            JammerKind::Modulated(power) => {
                let start: f64 = random.random();
                let level_dbm = power.least_dbm + start * (power.most_dbm - power.least_dbm);
                state.walk = Some((level_dbm, power.cycle_s()));
            }
            _ => {}
        }
        state
    }

    /// What it sends from one time to another, in seconds since the run's start. Times must follow each other, each once.
    pub fn emit(
        &self,
        state: &mut JammerState,
        from_s: f64,
        to_s: f64,
        random: &mut EntityStream,
    ) -> Emission {
        let length_s = (to_s - from_s).max(1e-9);
        let on = |share: f64| PowerLevels::from_slice(&[(share.clamp(0.0, 1.0), self.eirp_dbm)]);
        let levels = match self.kind {
            JammerKind::Random { .. } => {
                let on_s =
                    state.process.as_mut().map_or(0.0, |process| process.advance(length_s, random));
                on(on_s / length_s)
            }
            JammerKind::Pulsed { period_s, duty } => {
                on(pulse_on_s(period_s, duty, from_s, to_s) / length_s)
            }
            JammerKind::Modulated(power) => {
                let (walked_dbm, left_s) = state.walk.unwrap_or((power.least_dbm, power.cycle_s()));
                let levels = power.levels(from_s, to_s, walked_dbm);
                state.walk = Some(power.walk(walked_dbm, left_s, length_s, random));
                levels
            }
            JammerKind::Constant
            | JammerKind::Deceptive { .. }
            | JammerKind::Sweep { .. }
            | JammerKind::Reactive(_)
            | JammerKind::Selective { .. } => on(1.0),
        };
        Emission { jammer: *self, from_s, to_s, levels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JAMMER: Jammer =
        Jammer { kind: JammerKind::Constant, eirp_dbm: 30.0, centre_hz: 3.5e9, bandwidth_hz: 100e6 };

    #[test]
    fn bad_jammers_are_named() {
        let text = |kind| Jammer { kind, ..JAMMER }.check().expect_err("bad").to_string();
        assert_eq!(
            text(JammerKind::Pulsed { period_s: 1.0, duty: 1.5 }),
            "duty of the pulses is 1.5, but must be 0 to 1"
        );
        assert!(
            text(JammerKind::Sweep { width_hz: 2e8, rate_hz_per_s: 1.0 })
                .starts_with("width of the sweep")
        );
        assert!(JAMMER.check().is_ok());
    }
}
