//! What networks draw: from the format to the infrastructure.

use crate::infra::Interface;
use crate::infra::network::RadioEnergy;
use crate::scenario::format::{InterfaceSpec, RadioEnergySpec, TechnologySpec};
use crate::scenario::{EnergyPerBit, Site};

const J_PER_BYTE: f64 = 8e-9;

/// Joules a byte.
pub(super) fn j_per_byte(energy: EnergyPerBit) -> f64 {
    energy.as_nj_per_bit() * J_PER_BYTE
}

/// Tells of a technology of which no figures are known, unless both are given.
fn known(
    technology: Option<TechnologySpec>,
    figures: Option<(f64, f64)>,
    given: [Option<f64>; 2],
    keys: &str,
    site: &Site<'_>,
) -> (f64, f64) {
    if let (Some(technology), None, [_, None] | [None, _]) = (technology, figures, given) {
        let name = technology.name();
        site.key("technology").error_with_help(
            format!("no energy per bit of \"{name}\" with a source is known, as there is for wifi, lte and ethernet"),
            format!("give your own figures, measured or assumed, as {keys}"),
        );
    }
    let (first, second) = figures.unwrap_or_default();
    (given[0].unwrap_or(first), given[1].unwrap_or(second))
}

/// The interface of a class.
pub(super) fn interface(spec: &InterfaceSpec, site: &Site<'_>) -> Interface {
    let figures = match spec.technology {
        Some(technology) => technology.device_nj_per_bit(),
        None => Some((0.0, 0.0)),
    };
    let given = [spec.transmit_nj_per_bit, spec.receive_nj_per_bit];
    let keys = "`transmit_nj_per_bit` and `receive_nj_per_bit`";
    let (transmit_nj, receive_nj) = known(spec.technology, figures, given, keys, site);
    Interface {
        rate_limit_bps: spec.rate_limit.map_or(f64::INFINITY, |rate| rate.as_bps()),
        transmit_j_per_byte: transmit_nj * J_PER_BYTE,
        receive_j_per_byte: receive_nj * J_PER_BYTE,
        amplifier_j_per_byte_m2: spec.amplifier_nj_per_bit_m2 * J_PER_BYTE,
    }
}

/// What the fixed end of a radio draws; nothing if left out.
pub(super) fn radio_energy(spec: Option<&RadioEnergySpec>, site: &Site<'_>) -> RadioEnergy {
    let Some(spec) = spec else { return RadioEnergy::default() };
    let figures = match spec.technology {
        Some(technology) => technology.radio_nj_per_bit(),
        None => Some((0.0, 0.0)),
    };
    let given = [spec.uplink, spec.downlink].map(|own| own.map(EnergyPerBit::as_nj_per_bit));
    let keys = "`uplink` and `downlink`";
    let (uplink_nj, downlink_nj) = known(spec.technology, figures, given, keys, site);
    RadioEnergy {
        uplink_j_per_byte: uplink_nj * J_PER_BYTE,
        downlink_j_per_byte: downlink_nj * J_PER_BYTE,
    }
}
