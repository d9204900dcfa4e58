//! Units of the values of a time series: prices of energy, carbon intensities, powers, temperatures, shares.

use super::{Energy, Power, QuantityKind, quoted};
use std::fmt;

/// What the values of a series are, which says what the series can be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesQuantity {
    /// Money for energy, in money for a joule.
    Price {
        /// The currency by its three letters, such as `EUR`. Currencies are not converted into each other.
        currency: String,
    },
    /// Carbon dioxide equivalent for energy, in grams for a joule.
    CarbonIntensity,
    /// Power, in watts.
    Power,
    /// Temperature, in degrees Celsius.
    Temperature,
    /// A plain number, such as a share or a power usage effectiveness.
    Number,
}

impl fmt::Display for SeriesQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SeriesQuantity::Price { currency } => write!(f, "a price of energy in {currency}"),
            SeriesQuantity::CarbonIntensity => f.write_str("a carbon intensity"),
            SeriesQuantity::Power => f.write_str("a power"),
            SeriesQuantity::Temperature => f.write_str("a temperature"),
            SeriesQuantity::Number => f.write_str("a plain number"),
        }
    }
}

/// A unit that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} is not a unit of a series; use a price (three letters of a currency over an energy, such as \
     \"EUR/MWh\", \"USD/kWh\" or \"USD/J\"), a carbon intensity (\"g/kWh\", \"kg/MWh\", \"lb/MWh\"), a power \
     (\"W\", \"kW\", \"MW\"), a temperature (\"°C\", \"K\", \"°F\"), \"%\", or \"1\" for plain numbers"
)]
pub struct SeriesUnitError {
    found: String,
}

/// The unit of the values of a series.
///
/// ```
/// use stratosim::units::{SeriesQuantity, SeriesUnit};
/// let unit: SeriesUnit = "EUR/MWh".parse()?;
/// assert_eq!(unit.quantity(), &SeriesQuantity::Price { currency: "EUR".into() });
/// // 36 EUR/MWh are 1e-8 EUR for a joule.
/// assert_eq!(unit.to_base(36.0), 1e-8);
/// # Ok::<(), stratosim::units::SeriesUnitError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesUnit {
    quantity: SeriesQuantity,
    multiply: f64,
    divide: f64,
    offset: f64,
}

/// Factor and divisor of a unit of a quantity, by its exact name.
fn factor(kind: &QuantityKind, name: &str) -> Option<(f64, f64)> {
    let unit = kind.units.iter().find(|unit| unit.name == name)?;
    Some((unit.multiply, unit.divide))
}

/// Grams of a unit of mass, with or without what it is the mass of.
fn grams(name: &str) -> Option<f64> {
    let mass = ["CO2eq", "CO2e", "CO2"].iter().find_map(|gas| name.strip_suffix(gas)).unwrap_or(name);
    match mass.trim_end() {
        "g" => Some(1.0),
        "kg" => Some(1e3),
        "t" => Some(1e6),
        "lb" => Some(453.592_37),
        _ => None,
    }
}

impl std::str::FromStr for SeriesUnit {
    type Err = SeriesUnitError;

    fn from_str(text: &str) -> Result<Self, SeriesUnitError> {
        let unit = |quantity, multiply, divide| SeriesUnit { quantity, multiply, divide, offset: 0.0 };
        let error = || SeriesUnitError { found: quoted(text) };
        let name = text.trim();
        if let Some((above, below)) = name.split_once('/') {
            // Over an energy, the factor of the energy is the divisor.
            let (divide, multiply) = factor(&Energy::KIND, below.trim()).ok_or_else(error)?;
            let above = above.trim();
            if let Some(grams) = grams(above) {
                return Ok(unit(SeriesQuantity::CarbonIntensity, grams * multiply, divide));
            }
            if above.len() == 3 && above.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Ok(unit(SeriesQuantity::Price { currency: above.into() }, multiply, divide));
            }
            return Err(error());
        }
        if let Some((multiply, divide)) = factor(&Power::KIND, name) {
            return Ok(unit(SeriesQuantity::Power, multiply, divide));
        }
        let temperature = |multiply, divide, offset| SeriesUnit {
            quantity: SeriesQuantity::Temperature,
            multiply,
            divide,
            offset,
        };
        match name {
            "°C" | "C" => Ok(temperature(1.0, 1.0, 0.0)),
            "K" => Ok(temperature(1.0, 1.0, -273.15)),
            "°F" | "F" => Ok(temperature(5.0, 9.0, -160.0 / 9.0)),
            "%" => Ok(unit(SeriesQuantity::Number, 1.0, 100.0)),
            "" | "1" => Ok(unit(SeriesQuantity::Number, 1.0, 1.0)),
            _ => Err(error()),
        }
    }
}

impl SeriesUnit {
    /// What the values are.
    #[must_use]
    pub fn quantity(&self) -> &SeriesQuantity {
        &self.quantity
    }

    /// A value in the base unit of the quantity.
    #[must_use]
    pub fn to_base(&self, value: f64) -> f64 {
        value * self.multiply / self.divide + self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(unit: &str, value: f64) -> f64 {
        unit.parse::<SeriesUnit>().unwrap().to_base(value)
    }

    #[test]
    fn units_are_converted_by_hand() {
        for (unit, value, expected) in [
            ("EUR/MWh", 100.0, 100.0 / 3.6e9),
            ("USD/kWh", 0.1, 0.1 / 3.6e6),
            ("USD/J", 4.2e-8, 4.2e-8),
            // 4.2e-8 USD/J are 151.2 USD/MWh.
            ("USD/MWh", 151.2, 4.2e-8),
            ("EUR/MWh", -500.0, -500.0 / 3.6e9),
            ("g/kWh", 360.0, 1e-4),
            ("gCO2/kWh", 360.0, 1e-4),
            ("kg CO2e/MWh", 360.0, 1e-4),
            ("lb/MWh", 1000.0, 453.59237e3 / 3.6e9),
            ("kW", 2.0, 2000.0),
            ("°C", 21.0, 21.0),
            ("K", 300.0, 26.85),
            ("°F", 212.0, 100.0),
            ("°F", 32.0, 0.0),
            ("%", 25.0, 0.25),
            ("1", 1.3, 1.3),
        ] {
            let found = base(unit, value);
            assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{unit}: {found}");
        }
    }

    #[test]
    fn units_that_are_none_are_told() {
        for unit in ["EUR", "EUR/MW", "eur/MWh", "EURO/MWh", "kWh", "g", "mw", "furlong"] {
            let error = unit.parse::<SeriesUnit>().unwrap_err().to_string();
            assert!(error.contains(&quoted(unit)) && error.contains("EUR/MWh"), "{error}");
        }
    }
}
