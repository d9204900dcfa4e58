//! WiFi: from the format to the infrastructure.

use super::cells::check_shared_models;
use crate::engine::SimDuration;
use crate::infra::nr::RadioPath;
use crate::infra::wifi::{
    Access, Adaptation, BestRate, ErrorModel, LinkChoice, Phy, Prefer, RadioPower, Receiver, Standard,
    Sticky, Width, WifiPointSpec, WifiRadioSpec, WifiSpec,
};
use crate::scenario::format::{
    AccessName, AccessPointChoice, AccessPointSpecification, AdaptationSpec, AttachmentSpec,
    BestRateSpec, CellsFirstSpec, NodeClassSpec, PreferSpec, Scenario, StickySpec, WifiErrorName,
    WifiFirstSpec, WifiPointSpecification, WifiSpecification, WifiStandardName,
};
use crate::scenario::{BuildLinkChoice, Frequency, Registry, Site};
use std::sync::Arc;

/// What the classes of nodes must know of WiFi.
pub(super) struct Wifi {
    pub(super) spec: WifiSpec,
    format: WifiSpecification,
}

/// The WiFi of a scenario, if it has any.
pub(super) fn wifi(scenario: &Scenario, registry: &Registry, site: &Site<'_>) -> Option<Wifi> {
    check_parts(scenario, site);
    let own = scenario.wifi.as_ref()?;
    let here = site.key("wifi");
    if scenario.attachment.radio.is_some() {
        site.key("attachment").key("radio").error_with_help(
            "devices choose their access points by `wifi`, which has its own path loss",
            "leave it out, and see `wifi.path_loss`",
        );
    } else if scenario.cells.is_none() && scenario.attachment != AttachmentSpec::default() {
        site.note("`attachment` is for access points without the key `wifi` only");
    }
    check_shared_models(scenario, "wifi", site);
    let path_loss = registry.make_path_loss(&own.path_loss, &here.key("path_loss"));
    let choice = registry.make_link_choice(&own.link_choice, &here.key("link_choice"));
    let period_s = own.period.as_secs();
    if !(0.01..=60.0).contains(&period_s) {
        here.key("period").error(format!("{}, but it must be 10 ms to 60 s", own.period));
    }
    if own.interruption.as_secs() >= period_s {
        here.key("interruption").error_with_help(
            format!("{} does not end within a period, which is {}", own.interruption, own.period),
            "give a shorter `interruption`, or 0 s for none",
        );
    }
    within(&here, "hysteresis", own.hysteresis.as_db(), (0.0, 60.0), "dB");
    within(&here, "carrier_sense", own.carrier_sense.as_dbm(), (-120.0, 0.0), "dBm");
    let carrier_hz = own.frequency.as_hz();
    if carrier_hz <= 0.0 {
        here.key("frequency").error("a carrier of 0 Hz; it must be above 0");
        return None;
    }
    let errors = match own.error_model {
        WifiErrorName::Table => ErrorModel::Table,
        WifiErrorName::Nist => ErrorModel::Nist,
        WifiErrorName::Measured => ErrorModel::Measured,
    };
    let adaptation = match own.adaptation {
        AdaptationSpec::Ideal { bit_error } => Adaptation::Ideal { bit_error },
        AdaptationSpec::Fixed { mode } => Adaptation::Fixed { mode },
        AdaptationSpec::Minstrel { sampling } => Adaptation::Minstrel { sampling },
    };
    let phy = phy(&WifiPointSpecification::default(), own, &here)?;
    here.key("adaptation").check(Receiver::new(phy, errors).with_adaptation(adaptation))?;
    let path_loss = path_loss?.model;
    here.key("path_loss").key("kind").check(path_loss.range().check_carrier(carrier_hz))?;
    let path = RadioPath {
        carrier_hz,
        distance_2d_m: 30.0,
        base_height_m: 1.5,
        device_height_m: 1.5,
        line_of_sight: false,
    };
    if path_loss.shadowing(&path).sigma_db > 0.0 {
        site.note(
            "WiFi has the mean of its path loss: the standard deviation of the shadowing has no effect",
        );
    }
    Some(Wifi {
        spec: WifiSpec {
            period: SimDuration::from_secs(period_s),
            carrier_hz,
            path_loss,
            errors,
            adaptation,
            hysteresis_db: own.hysteresis.as_db(),
            interruption: SimDuration::from_secs(own.interruption.as_secs()),
            carrier_sense_dbm: own.carrier_sense.as_dbm(),
            choice: choice?,
        },
        format: own.clone(),
    })
}

/// Reports parts of WiFi without the others.
fn check_parts(scenario: &Scenario, site: &Site<'_>) {
    let is_point = |class: &NodeClassSpec| match &class.access_point {
        AccessPointChoice::Yes(own) => own.wifi.is_some(),
        _ => false,
    };
    if scenario.wifi.is_some() {
        if !scenario.nodes.iter().any(is_point) {
            site.key("wifi").error_with_help(
                "there is no access point with WiFi",
                "give the `access_point` of a class the key `wifi`, such as { \"wifi\": { \"channel\": 36 } }",
            );
        }
        return;
    }
    for (index, class) in scenario.nodes.iter().enumerate() {
        let here = site.key("nodes").index(index);
        let help = "add `wifi`, such as { \"wifi\": {} }, to the scenario";
        if is_point(class) {
            here.key("access_point").key("wifi").error_with_help("the scenario has no `wifi`", help);
        }
        if class.wifi.is_some() {
            here.key("wifi").error_with_help("the scenario has no `wifi`", help);
        }
    }
}

/// Reports a figure that is out of range.
fn within(site: &Site<'_>, key: &str, value: f64, (least, most): (f64, f64), unit: &str) {
    if !(least..=most).contains(&value) {
        site.key(key).error(format!("{value} {unit}, but it must be {least} to {most} {unit}"));
    }
}

fn width(given: Frequency, site: &Site<'_>) -> Option<Width> {
    let known = [Width::Mhz20, Width::Mhz40, Width::Mhz80];
    let found = known.into_iter().find(|width| width.hz() == given.as_hz());
    if found.is_none() {
        site.error(format!("{given}, but channels of WiFi are 20, 40 or 80 MHz wide"));
    }
    found
}

/// What an access point sends.
fn phy(own: &WifiPointSpecification, usual: &WifiSpecification, site: &Site<'_>) -> Option<Phy> {
    let standard = match own.standard.unwrap_or(usual.standard) {
        WifiStandardName::A => Standard::A,
        WifiStandardName::N => Standard::N,
        WifiStandardName::Ac => Standard::Ac,
    };
    let width = width(own.width.unwrap_or(usual.width), &site.key("width"))?;
    let streams = own.streams.unwrap_or(usual.streams);
    let short_guard = own.short_guard.unwrap_or(usual.short_guard);
    site.check(Phy::new(standard, width, streams, short_guard))
}

/// What an access point with the key `wifi` is. Errors go to `site`, that of the access point.
pub(super) fn point(
    own: &AccessPointSpecification,
    point: &WifiPointSpecification,
    wifi: &Wifi,
    site: &Site<'_>,
) -> Option<WifiPointSpec> {
    let usual = AccessPointSpecification::default();
    for (key, is_given) in [
        ("uplink", own.uplink != usual.uplink),
        ("downlink", own.downlink != usual.downlink),
        ("half_duplex", own.half_duplex),
        ("model", own.model.is_some()),
        ("range", own.range.is_some()),
        ("cell", own.cell.is_some()),
    ] {
        if is_given {
            site.key(key).error_with_help(
                "the WiFi of an access point has rates and ranges by what is received",
                "leave it out, or leave out `wifi`",
            );
        }
    }
    let here = site.key("wifi");
    within(site, "transmit_power", own.power().as_dbm(), (-50.0, 100.0), "dBm");
    within(site, "antenna_gain", own.gain().as_db(), (-50.0, 50.0), "dB");
    within(&here, "noise_figure", point.noise_figure.as_db(), (0.0, 30.0), "dB");
    within(&here, "antenna", point.antenna.as_metres(), (0.0, 1000.0), "m");
    let phy = phy(point, &wifi.format, &here)?;
    let receiver = Receiver::new(phy, wifi.spec.errors);
    here.check(receiver.with_adaptation(wifi.spec.adaptation))?;
    Some(WifiPointSpec {
        phy,
        channel: point.channel,
        noise_figure_db: point.noise_figure.as_db(),
        antenna_m: point.antenna.as_metres(),
    })
}

/// The WiFi interface of a class. Errors go to `site`, that of the class.
pub(super) fn radio(class: &NodeClassSpec, site: &Site<'_>) -> Option<WifiRadioSpec> {
    let here = site.key("wifi");
    if class.wireless != Some(true) {
        if class.wifi.is_some() {
            here.error_with_help(
                "the nodes are wired",
                "leave it out, or set `wireless` to true; access points have `access_point.wifi`",
            );
        }
        return None;
    }
    let own = class.wifi.unwrap_or_default();
    within(&here, "transmit_power", own.transmit_power.as_dbm(), (-50.0, 50.0), "dBm");
    within(&here, "antenna_gain", own.antenna_gain.as_db(), (-50.0, 50.0), "dB");
    within(&here, "noise_figure", own.noise_figure.as_db(), (0.0, 30.0), "dB");
    within(&here, "antenna", own.antenna.as_metres(), (0.0, 1000.0), "m");
    own.enabled.then(|| WifiRadioSpec {
        transmit_dbm: own.transmit_power.as_dbm(),
        antenna_gain_db: own.antenna_gain.as_db(),
        noise_figure_db: own.noise_figure.as_db(),
        antenna_m: own.antenna.as_metres(),
        streams: own.streams,
        power: own.power.map(|own| RadioPower {
            idle_w: own.idle.as_watts(),
            transmit_w: own.transmit.as_watts(),
            receive_w: own.receive.as_watts(),
            sleep_w: own.sleep.as_watts(),
        }),
    })
}

/// An order in which each way is named once.
fn order(given: &[AccessName], site: &Site<'_>) -> Option<Vec<Access>> {
    let here = site.key("order");
    let mut order = Vec::new();
    for (index, name) in given.iter().enumerate() {
        let access = match name {
            AccessName::Wifi => Access::Wifi,
            AccessName::Cells => Access::Cells,
            AccessName::AccessPoint => Access::AccessPoint,
        };
        if order.contains(&access) {
            here.index(index).error("it is named twice");
            return None;
        }
        order.push(access);
    }
    Some(order)
}

impl BuildLinkChoice for PreferSpec {
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn LinkChoice>> {
        Some(Arc::new(Prefer { order: order(&self.order, site)? }))
    }
}

impl BuildLinkChoice for WifiFirstSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn LinkChoice>> {
        Some(Arc::new(Prefer::wifi_first()))
    }
}

impl BuildLinkChoice for CellsFirstSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn LinkChoice>> {
        Some(Arc::new(Prefer::cells_first()))
    }
}

impl BuildLinkChoice for BestRateSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn LinkChoice>> {
        Some(Arc::new(BestRate { hysteresis: self.hysteresis }))
    }
}

impl BuildLinkChoice for StickySpec {
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn LinkChoice>> {
        Some(Arc::new(Sticky { order: order(&self.order, site)? }))
    }
}
