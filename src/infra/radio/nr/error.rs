//! What makes no carrier, no model and no link.

/// A figure that a model or the standard does not allow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NrError {
    /// A parameter out of its range. Nothing was computed.
    #[error("{what} is {value}{}{unit}, but must be {allowed}", if unit.is_empty() { "" } else { " " })]
    Parameter {
        /// The parameter at fault.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Unit of the value, empty if it has none.
        unit: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// A figure for which a model was not made. The model still answers, by extrapolation, where somebody asks.
    #[error("{what} is {value} {unit}, but the model {model} holds from {least} to {most} {unit}")]
    OutsideModel {
        /// The model's name.
        model: &'static str,
        /// The figure at fault.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Unit of the value and the limits.
        unit: &'static str,
        /// The least value that the model was made for.
        least: f64,
        /// The greatest value that the model was made for.
        most: f64,
    },
    /// A frequency in neither of the frequency ranges of 5G.
    #[error(
        "a carrier of {carrier_mhz} MHz lies in no frequency range of 5G: FR1 is 410 to 7125 MHz, FR2 24250 to 71000 MHz"
    )]
    FrequencyRange {
        /// The carrier in megahertz.
        carrier_mhz: f64,
    },
    /// A bandwidth for which the standard has no number of resource blocks at this subcarrier spacing.
    #[error(
        "a bandwidth of {bandwidth_mhz} MHz has no number of resource blocks at a subcarrier spacing of {spacing_khz} kHz in {range}; there are {known} MHz"
    )]
    Bandwidth {
        /// The bandwidth in megahertz.
        bandwidth_mhz: f64,
        /// Subcarrier spacing in kilohertz.
        spacing_khz: u32,
        /// Frequency range.
        range: &'static str,
        /// The bandwidths that have one, or that the spacing is not used there.
        known: String,
    },
}

/// Checks that a parameter lies in a closed range.
pub(super) fn within(
    what: &'static str,
    value: f64,
    (least, most): (f64, f64),
    unit: &'static str,
    allowed: &'static str,
) -> Result<(), NrError> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(NrError::Parameter { what, value, unit, allowed }),
    }
}
