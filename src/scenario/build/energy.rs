//! Signals and sites: from the format to the infrastructure.

use super::NodeDirectory;
use crate::energy::{Generation, Interpolation, Outside, Signal, SiteBattery, SiteSpec};
use crate::infra::{InfraBuilder, NodeId};
use crate::scenario::format::{
    CalendarSpec, Changing, OutsideRule, Scenario, SignalInterpolation, SignalSpec, SiteBatterySpec,
    SiteSpecification,
};
use crate::scenario::import::{SeriesFormat, SeriesTime, read_series};
use crate::scenario::{Power, Site, did_you_mean};
use crate::units::{SeriesQuantity, SeriesUnit};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A signal and what its values are.
type Known = BTreeMap<String, (SeriesQuantity, Arc<Signal>)>;

/// Builds all signals and adds the sites.
pub(super) fn add_sites(
    infrastructure: &mut InfraBuilder,
    scenario: &Scenario,
    directory: &NodeDirectory,
    site: &Site<'_>,
) {
    let start = scenario.calendar.as_ref().and_then(|own| calendar(own, &site.key("calendar")));
    let mut known = Known::new();
    let mut good = true;
    for (name, spec) in &scenario.signals {
        let here = site.key("signals").key(name);
        let built = unit(spec, &here).and_then(|unit| {
            Some((unit.quantity().clone(), signal(spec, &unit, start, scenario, &here)?))
        });
        match built {
            Some((quantity, signal)) => {
                let signal = Arc::new(signal);
                infrastructure.signal(name, signal.clone());
                known.insert(name.clone(), (quantity, signal));
            }
            None => good = false,
        }
    }
    // A signal that is not there because it is wrong would only be told again.
    if !good {
        return;
    }
    let mut taken: BTreeMap<NodeId, &str> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (index, spec) in scenario.sites.iter().enumerate() {
        let here = site.key("sites").index(index);
        if !names.insert(&spec.name) {
            here.key("name").error(format!("another site has the name {:?}", spec.name));
        }
        let Some(nodes) = directory.nodes(&spec.nodes, &here.key("nodes")) else { continue };
        for &node in &nodes {
            if let Some(other) = taken.insert(node, &spec.name) {
                here.key("nodes")
                    .error(format!("{} is at the site {other:?} already", directory.name(node)));
                break;
            }
        }
        for &node in &nodes {
            if infrastructure.class_of(node).is_some_and(|class| class.battery.is_some()) {
                here.key("nodes").error_with_help(
                    format!("{} runs on its battery, not on the mains of a site", directory.name(node)),
                    "leave it out, or its battery",
                );
                break;
            }
        }
        if let Some(spec) = energy_site(spec, &known, &here)
            && here.check(spec.check()).is_some()
        {
            infrastructure.site(spec, nodes);
        }
    }
}

fn time_zone(name: &str, site: &Site<'_>) -> Option<TimeZone> {
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let names: Vec<String> = jiff::tz::db().available().map(|zone| zone.as_str().to_string()).collect();
    let help = match did_you_mean(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "use a name of the time zone database, such as \"Europe/Brussels\" or \"UTC\"".into(),
    };
    site.error_with_help(format!("no time zone is named {name:?}"), help);
    None
}

fn date(text: &str, zone: &TimeZone, site: &Site<'_>) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let date = text.parse::<DateTime>().ok();
    let instant = date.and_then(|date| zone.to_ambiguous_timestamp(date).compatible().ok());
    if instant.is_none() {
        site.error(format!("{text:?} is no date; write for example \"2023-03-26T00:00\""));
    }
    instant
}

fn calendar(spec: &CalendarSpec, site: &Site<'_>) -> Option<Timestamp> {
    let zone = time_zone(&spec.time_zone, &site.key("time_zone"))?;
    date(&spec.start, &zone, &site.key("start"))
}

fn unit(spec: &SignalSpec, site: &Site<'_>) -> Option<SeriesUnit> {
    site.key("unit").check(spec.unit.parse::<SeriesUnit>())
}

/// Times from the start of the run and values, and the length of the last step if that is known.
type Points = (Vec<(f64, f64)>, Option<f64>);

fn signal(
    spec: &SignalSpec,
    unit: &SeriesUnit,
    start: Option<Timestamp>,
    scenario: &Scenario,
    site: &Site<'_>,
) -> Option<Signal> {
    if spec.period.is_some() && spec.outside != OutsideRule::Repeat {
        site.key("period")
            .error_with_help("only what repeats has a period", "set `outside` to \"repeat\"");
        return None;
    }
    let (points, step_s) = match (&spec.file, &spec.points, spec.constant) {
        (Some(file), None, None) => from_file(file, spec, start, site)?,
        (None, Some(points), None) => {
            (points.iter().map(|(time, value)| (time.as_secs(), *value)).collect(), None)
        }
        (None, None, Some(value)) => return Some(Signal::constant(unit.to_base(value))),
        _ => {
            site.error("give one of `file`, `points` and `constant`");
            return None;
        }
    };
    let points: Vec<(f64, f64)> =
        points.into_iter().map(|(time_s, value)| (time_s, unit.to_base(value))).collect();
    let (first_s, last_s) = (points.first()?.0, points.last()?.0);
    // The last row holds as long as the one before it did.
    let before_s =
        points.len().checked_sub(2).and_then(|before| points.get(before)).map(|point| point.0);
    let step_s = step_s.or(before_s.map(|before_s| last_s - before_s));
    let end_s = match (spec.period, step_s) {
        (Some(period), _) => first_s + period.as_secs(),
        (None, Some(step_s)) => last_s + step_s,
        (None, None) if spec.outside == OutsideRule::Hold => last_s + 1.0,
        (None, None) => {
            site.error_with_help(
                "how long the only point holds is not known",
                "give `step` or `period`, set `outside` to \"hold\", or use `constant`",
            );
            return None;
        }
    };
    let interpolation = match spec.interpolation {
        SignalInterpolation::Hold => Interpolation::Hold,
        SignalInterpolation::Linear => Interpolation::Linear,
    };
    let outside = if spec.outside == OutsideRule::Repeat { Outside::Repeat } else { Outside::Hold };
    let signal = site.check(Signal::new(&points, interpolation, end_s, outside))?;
    let run_s = scenario.duration.as_secs();
    if spec.outside == OutsideRule::Error && (first_s > 0.0 || end_s < run_s) {
        let shown = |seconds: f64| crate::scenario::Duration::KIND.format(seconds.abs());
        let problem = if first_s > 0.0 {
            format!("the signal begins {} after the run", shown(first_s))
        } else if end_s <= 0.0 {
            format!("the signal ends {} before the run begins", shown(end_s))
        } else {
            format!("the signal ends after {} of the run, which lasts {}", shown(end_s), shown(run_s))
        };
        site.error_with_help(
            problem,
            "choose another `start`, or set `outside` to \"hold\" or \"repeat\" to say what holds there",
        );
        return None;
    }
    Some(signal)
}

fn from_file(
    file: &str,
    spec: &SignalSpec,
    start: Option<Timestamp>,
    site: &Site<'_>,
) -> Option<Points> {
    let zone = time_zone(&spec.time_zone, &site.key("time_zone"))?;
    if spec.time.is_none() && spec.step.is_none() {
        site.error_with_help(
            "nothing says when the rows of the file are",
            "name the column of `time`, or give the `step` between rows",
        );
        return None;
    }
    if spec.step.is_some_and(|step| step.as_secs() <= 0.0) {
        site.key("step").error("the time between rows must be above 0");
        return None;
    }
    let step_s = spec.step.map(|step| step.as_secs());
    let format = SeriesFormat {
        header: spec.header,
        delimiter: spec.delimiter.bytes().next().unwrap_or(b','),
        time: spec.time.clone(),
        value: spec.value.clone(),
        step_s,
        zone: zone.clone(),
        gaps: spec.gaps,
        duplicates: spec.duplicates,
    };
    let series = site.key("file").check(read_series(site.file(file), &format))?;
    let own = match &spec.start {
        Some(text) => Some(date(text, &zone, &site.key("start"))?),
        None => None,
    };
    let shift_s = match (series.from, own.or(start)) {
        (SeriesTime::Calendar(first), Some(start)) => first.duration_since(start).as_secs_f64(),
        (SeriesTime::Start, Some(_)) if own.is_some() => {
            site.key("start")
                .error("the times of the file are no dates, so that none of them can be the start");
            return None;
        }
        _ => 0.0,
    };
    let points = series.points.into_iter().map(|(time_s, value)| (time_s + shift_s, value));
    Some((points.collect(), step_s))
}

/// The signal of a name, if it is there and what is needed.
fn named<'k>(
    name: &str,
    known: &'k Known,
    needed: &str,
    fits: impl Fn(&SeriesQuantity) -> bool,
    site: &Site<'_>,
) -> Option<&'k (SeriesQuantity, Arc<Signal>)> {
    let Some(found) = known.get(name) else {
        site.unknown("signal", name, known.keys().map(String::as_str));
        return None;
    };
    if !fits(&found.0) {
        site.error_with_help(
            format!("the signal {name:?} is {}, but {needed} is needed here", found.0),
            "say by `unit` of the signal what its values are",
        );
        return None;
    }
    Some(found)
}

fn battery(spec: &SiteBatterySpec) -> SiteBattery {
    let limit = |power: Option<Power>| power.map_or(f64::INFINITY, |power| power.as_watts());
    SiteBattery {
        capacity_j: spec.capacity.as_joules(),
        level: spec.level.as_fraction(),
        charge_limit_w: limit(spec.charge_limit),
        discharge_limit_w: limit(spec.discharge_limit),
        efficiency: spec.efficiency.as_fraction(),
    }
}

fn energy_site(spec: &SiteSpecification, known: &Known, site: &Site<'_>) -> Option<SiteSpec> {
    let mut built = SiteSpec::new(&spec.name);
    // All of it is looked at, so that all errors are told at once.
    let mut good = true;
    if let Some(name) = &spec.price {
        let is_price = |quantity: &SeriesQuantity| matches!(quantity, SeriesQuantity::Price { .. });
        match named(name, known, "a price of energy", is_price, &site.key("price")) {
            Some((SeriesQuantity::Price { currency }, signal)) => {
                built.currency.clone_from(currency);
                built.price = Some(signal.clone());
            }
            _ => good = false,
        }
    }
    let mut of_quantity = |name: &str, needed: &str, quantity: SeriesQuantity, here: Site<'_>| {
        let found = named(name, known, needed, |own| *own == quantity, &here);
        good &= found.is_some();
        found.map(|(_, signal)| signal.clone())
    };
    if let Some(name) = &spec.carbon {
        let quantity = SeriesQuantity::CarbonIntensity;
        built.carbon = of_quantity(name, "a carbon intensity", quantity, site.key("carbon"));
    }
    match &spec.pue {
        Changing::Constant(pue) => built.pue = Arc::new(Signal::constant(*pue)),
        Changing::Signal { signal } => {
            let here = site.key("pue").key("signal");
            let found = of_quantity(signal, "a plain number", SeriesQuantity::Number, here);
            built.pue = found.unwrap_or(built.pue);
        }
    }
    for (index, source) in spec.generation.iter().enumerate() {
        let here = site.key("generation").index(index).key("signal");
        let (scale_w, needed, quantity) = match source.rated {
            Some(rated) => (rated.as_watts(), "a share of the rated power", SeriesQuantity::Number),
            None => (1.0, "a power (or `rated` beside a share)", SeriesQuantity::Power),
        };
        if let Some(signal) = of_quantity(&source.signal, needed, quantity, here) {
            built.generation.push(Generation { signal, scale_w });
        }
    }
    built.battery = spec.battery.as_ref().map(battery);
    match &spec.power_cap {
        None => {}
        Some(Changing::Constant(cap)) => {
            built.cap_w = Some(Arc::new(Signal::constant(cap.as_watts())));
        }
        Some(Changing::Signal { signal }) => {
            let here = site.key("power_cap").key("signal");
            built.cap_w = of_quantity(signal, "a power", SeriesQuantity::Power, here);
        }
    }
    good.then_some(built)
}
