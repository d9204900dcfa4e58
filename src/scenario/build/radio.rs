//! Attachment by received power: from the format to the infrastructure.

use super::NodeDirectory;
use crate::engine::SimDuration;
use crate::infra::{CloseInPathLoss, Criterion, RadioEnvironment};
use crate::scenario::Site;
use crate::scenario::format::{
    AccessPointSpecification, AttachBy, AttachmentSpec, CloseInSpec, LinkModelSpec,
    RadioEnvironmentSpec, RadioSampleSpec,
};
use crate::world::RadioSampling;

/// By what devices choose their access points.
pub(super) fn criterion(attachment: &AttachmentSpec) -> Criterion {
    match attachment.by {
        AttachBy::Distance => Criterion::Distance { hysteresis_ratio: attachment.hysteresis_ratio },
        AttachBy::Signal => Criterion::Signal {
            path_loss_exponent: attachment.path_loss_exponent,
            hysteresis_db: attachment.hysteresis.as_db(),
        },
    }
}

/// How signals spread, if the scenario says. Errors go to `site`, that of the attachment.
pub(super) fn environment(attachment: &AttachmentSpec, site: &Site<'_>) -> Option<RadioEnvironment> {
    let spec = attachment.radio.as_ref()?;
    let here = site.key("radio");
    if attachment.by != AttachBy::Signal {
        site.key("by").error_with_help(
            "with `radio`, access points are compared by received power",
            "set `by` to \"signal\", or leave `radio` out",
        );
    }
    let (exponent, shadowing_db) = spec.preset.parameters();
    let exponent = spec.path_loss_exponent.unwrap_or(exponent);
    let usual = AttachmentSpec::default().path_loss_exponent;
    if attachment.path_loss_exponent != usual && attachment.path_loss_exponent != exponent {
        site.key("path_loss_exponent").error_with_help(
            format!("`radio` has the path loss exponent {exponent}"),
            "leave it out here; `radio.path_loss_exponent` is the one that counts",
        );
    }
    let RadioEnvironmentSpec { correlation_distance, update_interval, .. } = spec;
    for (key, is_zero) in [
        ("correlation_distance", correlation_distance.is_some_and(|length| length.as_metres() == 0.0)),
        ("update_interval", update_interval.is_some_and(|interval| interval.as_secs() == 0.0)),
    ] {
        if is_zero {
            here.key(key).error("it must be above 0, or left out");
        }
    }
    let environment = RadioEnvironment {
        path_loss: CloseInPathLoss { carrier_hz: spec.carrier.as_hz(), exponent },
        shadowing_db: spec.shadowing.map_or(shadowing_db, |gain| gain.as_db()),
        correlation_m: correlation_distance.map(|length| length.as_metres()),
        threshold_dbm: spec.threshold.as_dbm(),
        hysteresis_db: attachment.hysteresis.as_db(),
        update: update_interval.map(|interval| SimDuration::from_secs(interval.as_secs())),
    };
    here.check(environment.check())?;
    Some(environment)
}

/// Refuses a threshold that no signal reaches. Errors go to `site`, that of the environment.
pub(super) fn check_threshold(
    environment: &RadioEnvironment,
    greatest_power_dbm: Option<f64>,
    site: &Site<'_>,
) {
    let Some(power_dbm) =
        greatest_power_dbm.filter(|&power_dbm| environment.reach_m(power_dbm).is_none())
    else {
        return;
    };
    let nearest_dbm = power_dbm - environment.path_loss.reference_db();
    site.key("threshold").error_with_help(
        format!(
            "no device would ever attach: the strongest site sends at {power_dbm} dBm, of which {nearest_dbm:.1} dBm \
             are left after the first metre, and {} dBm are asked for",
            environment.threshold_dbm
        ),
        "thresholds are negative as a rule, such as \"-95 dBm\"",
    );
}

/// The model of an access point's radio: of a 5G cell, the signal is that of the environment. Errors go to `site`.
pub(super) fn model_in(
    environment: Option<&RadioEnvironment>,
    own: &AccessPointSpecification,
    model: &LinkModelSpec,
    site: &Site<'_>,
) -> LinkModelSpec {
    let (Some(environment), LinkModelSpec::CloseIn(spec)) = (environment, model) else {
        return model.clone();
    };
    let usual = CloseInSpec::default();
    let told = [
        ("carrier", spec.carrier.as_hz(), usual.carrier.as_hz(), environment.path_loss.carrier_hz),
        (
            "path_loss_exponent",
            spec.path_loss_exponent,
            usual.path_loss_exponent,
            environment.path_loss.exponent,
        ),
        ("shadowing", spec.shadowing.as_db(), usual.shadowing.as_db(), environment.shadowing_db),
        ("threshold", spec.threshold.as_dbm(), usual.threshold.as_dbm(), environment.threshold_dbm),
        (
            "transmit_power",
            spec.transmit_power.as_dbm(),
            usual.transmit_power.as_dbm(),
            own.power().as_dbm(),
        ),
        ("antenna_gain", spec.antenna_gain.as_db(), usual.antenna_gain.as_db(), own.gain().as_db()),
    ];
    for (key, given, usual, counts) in told {
        if given != usual && given != counts {
            site.key(key).error_with_help(
                format!("the signal is that of `attachment.radio` and of the access point, with {counts} here"),
                "leave it out",
            );
        }
    }
    let mut merged = spec.clone();
    merged.path_loss_exponent = environment.path_loss.exponent;
    merged.carrier = crate::scenario::Frequency::from_hz(environment.path_loss.carrier_hz);
    merged.shadowing = crate::scenario::Gain::from_db(environment.shadowing_db);
    merged.threshold = crate::scenario::PowerLevel::from_dbm(environment.threshold_dbm);
    merged.transmit_power = own.power();
    merged.antenna_gain = own.gain();
    LinkModelSpec::CloseIn(merged)
}

/// What is sampled of signals. Errors go to `site`.
pub(super) fn sampling(
    spec: &RadioSampleSpec,
    has_radio: bool,
    directory: &NodeDirectory,
    site: &Site<'_>,
) -> Option<RadioSampling> {
    if !has_radio {
        site.error_with_help("there are no signals to be sampled", "give `attachment` the key `radio`");
    }
    if spec.interval.as_secs() == 0.0 {
        site.key("interval").error("the time between samples must be above 0");
        return None;
    }
    let here = site.key("devices");
    let mut devices = directory.nodes(&spec.devices, &here)?;
    devices.truncate(spec.first.map_or(usize::MAX, |first| first as usize));
    if let Some(&wired) = devices.iter().find(|&&device| !directory.is_wireless(device)) {
        here.error(format!("{:?} is wired and receives no signals", directory.name(wired)));
    }
    Some(RadioSampling {
        interval: SimDuration::from_secs(spec.interval.as_secs()),
        devices,
        sites: spec.sites as usize,
    })
}
