//! The changes of perturbations.

use super::{Builder, amount, span};
use crate::engine::{Distribution, SimDuration};
use crate::infra::dynamics::{
    AllOf, Amount, Arrivals, Attribute, Change, Choice, Churn, Condition, Conditional, Demand, Diurnal,
    Drawn, Dropout, Episodes, Flap, Kill, Noise, NoiseKind, Outage, Phases, Portion, Restore, Rewire,
    Subject, TrafficMatrix, Trend, TrendKind,
};
use crate::scenario::format::{AmountSpec, ChangeSpec, ConditionSpec, DemandSpec, Draw, WaveSpec};
use crate::scenario::{Duration, Ratio, Site};

/// Where changes of a change stand in it, with the keys and numbers that lead there.
fn parts<'c>(change: &'c ChangeSpec, site: &Site<'c>) -> Vec<(&'c ChangeSpec, Site<'c>)> {
    match change {
        ChangeSpec::AllOf { changes } | ChangeSpec::OneOf { changes } => {
            let here = site.key("changes");
            changes.iter().enumerate().map(|(at, own)| (own, here.index(at))).collect()
        }
        ChangeSpec::WeightedChoice { choices } => {
            let here = site.key("choices");
            let place = |at| here.index(at).key("change");
            choices.iter().enumerate().map(|(at, own)| (&own.change, place(at))).collect()
        }
        ChangeSpec::Chain { phases, .. } => {
            let here = site.key("phases");
            let place = |at| here.index(at).key("change");
            phases.iter().enumerate().map(|(at, own)| (&own.change, place(at))).collect()
        }
        ChangeSpec::Conditional { then, otherwise, .. } => {
            let otherwise = otherwise.as_deref().map(|own| (own, site.key("otherwise")));
            std::iter::once((then.as_ref(), site.key("then"))).chain(otherwise).collect()
        }
        _ => Vec::new(),
    }
}

fn above_zero(duration: Duration, site: &Site<'_>) -> Option<f64> {
    let seconds = duration.as_secs();
    if seconds <= 0.0 {
        site.error("it must be above 0");
        return None;
    }
    Some(seconds)
}

fn or_for_ever(lasts: Option<Duration>) -> SimDuration {
    lasts.map_or(SimDuration::MAX, span)
}

fn flap(p_fail: Ratio, p_repair: Ratio, factor: f64) -> Box<dyn Change> {
    Box::new(Flap::new(p_fail.as_fraction(), p_repair.as_fraction(), factor))
}

fn trend(kind: TrendKind) -> Box<dyn Change> {
    Box::new(Trend::new(kind))
}

fn episodes(p: Ratio, factor: f64, lasts: &Draw<Duration>, site: &Site<'_>) -> Option<Box<dyn Change>> {
    let lasts_s: Distribution = site.key("lasts").check(lasts.distribution())?;
    Some(Box::new(Episodes::new(p.as_fraction(), factor, lasts_s)))
}

fn wave(spec: &WaveSpec, site: &Site<'_>) -> Option<Diurnal> {
    above_zero(spec.period, &site.key("period"))?;
    Some(Diurnal::new(spec.amplitude, span(spec.period), span(spec.peak)))
}

impl Builder<'_> {
    /// Tells of changes that make no sense of an attribute.
    pub(super) fn check_fit(&self, change: &ChangeSpec, attribute: Attribute, site: &Site<'_>) {
        use ChangeSpec as C;
        let below = parts(change, site);
        if !below.is_empty() {
            below.iter().for_each(|(own, place)| self.check_fit(own, attribute, place));
            return;
        }
        let switches = matches!(
            change,
            C::AvailabilityFlap { .. }
                | C::CorrelatedFailure { .. }
                | C::Kill { .. }
                | C::Outage { .. }
                | C::NetworkPartition { .. }
                | C::Scale { .. }
                | C::SetValue { .. }
                | C::Restore { .. }
                | C::Dropout { .. }
                | C::Distribution { .. }
                | C::Replay(_)
                | C::Churn { .. }
                | C::Rewire { .. }
        );
        let makes_gaps = matches!(
            change,
            C::AvailabilityFlap { .. }
                | C::CorrelatedFailure { .. }
                | C::Kill { .. }
                | C::NetworkPartition { .. }
                | C::Churn { .. }
                | C::Rewire { .. }
        );
        let steps = matches!(
            change,
            C::Scale { .. }
                | C::SetValue { .. }
                | C::Restore { .. }
                | C::AdditiveJitter { .. }
                | C::GaussianJitter { .. }
                | C::Dropout { .. }
                | C::Distribution { .. }
                | C::Replay(_)
        );
        if attribute == Attribute::Availability && !switches {
            site.error_with_help(
                "it changes a value by degrees, but availability is 1 or 0",
                "choose a failure or churn, or another attribute",
            );
        } else if attribute != Attribute::Availability && makes_gaps {
            site.error_with_help(
                format!("it takes nodes or links away, but the attribute is {}", attribute.name()),
                "choose \"attribute\": \"availability\", or a brownout",
            );
        } else if attribute.is_state() && !steps {
            site.error_with_help(
                format!("{} is a state: each act changes it from what it is then", attribute.name()),
                "choose set_value, scale, distribution, dropout, a jitter or a replay",
            );
        } else if matches!(change, C::TrafficMatrix { .. }) && attribute != Attribute::Bandwidth {
            site.error(format!("traffic takes bandwidth, but the attribute is {}", attribute.name()));
        }
    }

    /// The change of a specification; errors go to `site`.
    pub(super) fn change(
        &self,
        spec: &ChangeSpec,
        attribute: Attribute,
        subjects: &[Subject],
        site: &Site<'_>,
    ) -> Option<Box<dyn Change>> {
        use ChangeSpec as C;
        let noise = |kind, of: &AmountSpec, key: &str| -> Option<Box<dyn Change>> {
            Some(Box::new(Noise::new(kind, amount(of, attribute, &site.key(key))?)))
        };
        let below = || -> Option<Vec<Box<dyn Change>>> {
            // All of them, so that all errors are told.
            let made: Vec<_> = parts(spec, site)
                .into_iter()
                .map(|(own, place)| self.change(own, attribute, subjects, &place))
                .collect();
            made.into_iter().collect()
        };
        Some(match spec {
            C::AvailabilityFlap { p_fail, p_repair } | C::CorrelatedFailure { p_fail, p_repair } => {
                flap(*p_fail, *p_repair, 0.0)
            }
            C::Brownout { p, p_end, to } => flap(*p, *p_end, to.as_fraction()),
            C::Kill { count, share, lasts } => {
                let portion = match (count, share) {
                    (Some(count), None) => Portion::Count(*count as usize),
                    (None, Some(share)) => Portion::Share(share.as_fraction()),
                    _ => {
                        site.error("give either `count` or `share`");
                        return None;
                    }
                };
                Box::new(Kill::new(portion, or_for_ever(*lasts)))
            }
            C::Outage { lasts, to } => Box::new(Outage::new(to.as_fraction(), or_for_ever(*lasts))),
            C::NetworkPartition { lasts, .. } => Box::new(Outage::new(0.0, or_for_ever(*lasts))),
            C::LatencySpike { p, factor, lasts } => episodes(*p, *factor, lasts, site)?,
            C::ResourceExhaustion { p, to, lasts } => episodes(*p, to.as_fraction(), lasts, site)?,
            C::Reduce { by, floor } => {
                trend(TrendKind::Reduce { by: by.as_fraction(), floor: floor.as_fraction() })
            }
            C::Increase { by, ceiling } => {
                let ceiling = ceiling.unwrap_or(f64::MAX);
                trend(TrendKind::Increase { by: by.as_fraction(), ceiling })
            }
            C::Scale { factor } => trend(TrendKind::Scale(*factor)),
            C::SetValue { value } => {
                trend(TrendKind::SetValue(amount(value, attribute, &site.key("value"))?))
            }
            C::RampTo { to, over } => {
                above_zero(*over, &site.key("over"))?;
                trend(TrendKind::RampTo { to: *to, over: span(*over) })
            }
            C::Decay { to, time_constant } => {
                let time_constant_s = above_zero(*time_constant, &site.key("time_constant"))?;
                trend(TrendKind::Decay { to: *to, time_constant_s })
            }
            C::Restore { of } => {
                if let Some(name) = of
                    && !self.names.contains(name.as_str())
                {
                    site.key("of").unknown("perturbation", name, self.names.iter().copied());
                    return None;
                }
                Box::new(Restore { of: of.clone().unwrap_or_default() })
            }
            C::AdditiveJitter { amplitude } => noise(NoiseKind::Jitter, amplitude, "amplitude")?,
            C::GaussianJitter { standard_deviation } => {
                noise(NoiseKind::Gaussian, standard_deviation, "standard_deviation")?
            }
            C::BoundedRandomWalk { bound, step, reversion } => {
                let (step, reversion) = (step.as_fraction(), reversion.as_fraction());
                noise(NoiseKind::BoundedWalk { step, reversion }, bound, "bound")?
            }
            C::MomentumWalk { standard_deviation, damping, pull } => {
                let (damping, pull) = (damping.as_fraction(), pull.as_fraction());
                if damping >= 1.0 || pull <= 0.0 {
                    site.error_with_help(
                        "a walk that loses no velocity, or is not pulled back, drifts away",
                        "choose `damping` below 1 and `pull` above 0",
                    );
                    return None;
                }
                let kind = NoiseKind::Momentum { damping, pull };
                noise(kind, standard_deviation, "standard_deviation")?
            }
            C::CorrelatedNoise { standard_deviation, time_constant, common } => {
                let time_constant_s = above_zero(*time_constant, &site.key("time_constant"))?;
                let kind = NoiseKind::Correlated { time_constant_s, common: common.as_fraction() };
                noise(kind, standard_deviation, "standard_deviation")?
            }
            C::Impulse { p, amplitude, time_constant } => {
                let time_constant_s = above_zero(*time_constant, &site.key("time_constant"))?;
                let kind = NoiseKind::Impulse { p: p.as_fraction(), time_constant_s };
                noise(kind, amplitude, "amplitude")?
            }
            C::Seasonal { amplitude, period, peak, random_phases } => {
                let spec = WaveSpec { amplitude: *amplitude, period: *period, peak: *peak };
                let mut wave = wave(&spec, site)?;
                wave.has_random_phases = *random_phases;
                Box::new(wave)
            }
            C::DiurnalLoad(spec) => Box::new(wave(spec, site)?),
            C::Dropout { p, to } => Box::new(Dropout::new(p.as_fraction(), to.as_fraction())),
            C::Distribution { factor } => {
                Box::new(Drawn::new(site.key("factor").check(factor.distribution())?))
            }
            C::Replay(spec) => self.replay(spec, attribute, subjects, site)?,
            C::ArrivalProcess { mean_interval, mean_stay, takes } => {
                let interval_s = above_zero(*mean_interval, &site.key("mean_interval"))?;
                let stay_s = above_zero(*mean_stay, &site.key("mean_stay"))?;
                let takes = amount(takes, attribute, &site.key("takes"))?;
                Box::new(Arrivals::new(1.0 / interval_s, stay_s, takes))
            }
            C::TrafficMatrix { demands, profile } => {
                let profile = match profile {
                    Some(spec) => Some(wave(spec, &site.key("profile"))?),
                    None => None,
                };
                Box::new(TrafficMatrix::new(self.demands(demands, &site.key("demands"))?, profile))
            }
            C::Churn { stays, away } => {
                let stays_s = site.key("stays").check(stays.distribution())?;
                let away_s = site.key("away").check(away.distribution())?;
                if stays_s.mean() + away_s.mean() <= 0.0 {
                    site.error("times of 0 would never let time pass");
                    return None;
                }
                Box::new(Churn::new(stays_s, away_s))
            }
            C::Rewire { active, p } => {
                Box::new(Rewire::new(Portion::Share(active.as_fraction()), p.as_fraction()))
            }
            C::AllOf { .. } => Box::new(AllOf::new(below()?)),
            C::OneOf { .. } => {
                Box::new(Choice::new(below()?.into_iter().map(|own| (1.0, own)).collect()))
            }
            C::WeightedChoice { choices } => {
                let weights = choices.iter().map(|own| own.weight);
                if weights.clone().sum::<f64>() <= 0.0 {
                    site.key("choices").error("at least one weight must be above 0");
                    return None;
                }
                Box::new(Choice::new(weights.zip(below()?).collect()))
            }
            C::Chain { phases, repeat } => {
                for (at, phase) in phases.iter().enumerate() {
                    above_zero(phase.lasts, &site.key("phases").index(at).key("lasts"))?;
                }
                let lasts = phases.iter().map(|own| span(own.lasts));
                Box::new(Phases::new(lasts.zip(below()?).collect(), *repeat))
            }
            C::Conditional { when, .. } => {
                let condition = condition(when, attribute, &site.key("when"))?;
                let mut made = below()?.into_iter();
                Box::new(Conditional::new(condition, made.next()?, made.next()))
            }
        })
    }

    fn demands(&self, specs: &[DemandSpec], site: &Site<'_>) -> Option<Vec<Demand>> {
        let mut demands = Vec::with_capacity(specs.len());
        for (index, spec) in specs.iter().enumerate() {
            let here = site.index(index);
            let from = self.directory.node(&spec.from, &here.key("from"))?;
            let to = self.directory.node(&spec.to, &here.key("to"))?;
            for (key, node) in [("from", from), ("to", to)] {
                if self.directory.is_wireless(node) {
                    here.key(key)
                        .error("traffic enters and leaves at wired nodes; this one is wireless");
                    return None;
                }
            }
            demands.push(Demand { from, to, rate_bps: spec.rate.as_bps() });
        }
        Some(demands)
    }
}

fn condition(spec: &ConditionSpec, attribute: Attribute, site: &Site<'_>) -> Option<Condition> {
    let of = |own: &AmountSpec, key: &str| -> Option<Amount> { amount(own, attribute, &site.key(key)) };
    match (&spec.above, &spec.below, spec.during, spec.period) {
        (Some(above), None, None, None) => of(above, "above").map(Condition::Above),
        (None, Some(below), None, None) => of(below, "below").map(Condition::Below),
        (None, None, Some(window), period) => {
            let period = period.unwrap_or(Duration::from_secs(86_400.0));
            above_zero(period, &site.key("period"))?;
            let (from, to) = (span(window.from), span(window.to));
            Some(Condition::During { period: span(period), from, to })
        }
        _ => {
            site.error(
                "give exactly one of `above`, `below` and `during`, and `period` with the last only",
            );
            None
        }
    }
}
