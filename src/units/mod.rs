//! Quantities with units, as users write them: a number in the base unit, or a text such as `"20 ms"`.
//!
//! Each is a newtype over an `f64` in its base unit. One table per quantity gives parsing, display, the JSON
//! Schema (with the keywords `x-quantity` and `x-unit`) and the messages.

mod series;

pub use series::{SeriesQuantity, SeriesUnit, SeriesUnitError};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A unit of a quantity: a number of it times `multiply` over `divide` is a number of the base unit. Both are
/// whole and exact, so that `"20 ms"` is the same number as 0.02.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// How it is written.
    pub name: &'static str,
    /// The factor.
    pub multiply: f64,
    /// The divisor.
    pub divide: f64,
    /// Another spelling or a rare unit: understood, but neither listed nor written.
    pub is_alias: bool,
}

/// What is known of a quantity: its names, its units and its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantityKind {
    /// Its name in messages and in the keyword `x-quantity`.
    pub name: &'static str,
    /// An example of a value, with its unit.
    pub example: &'static str,
    /// The least value, in the base unit.
    pub minimum: f64,
    /// The greatest value, in the base unit.
    pub maximum: f64,
    /// Its units; the base unit has the factor 1, and no name if it is a plain number.
    pub units: &'static [Unit],
}

/// A value that is not the quantity it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not {quantity}: {problem}")]
pub struct QuantityError {
    /// What was found, quoted if it was a text.
    pub found: String,
    /// The quantity's name, with its article.
    pub quantity: String,
    /// What is wrong.
    pub problem: String,
}

impl Unit {
    fn is_base(&self) -> bool {
        self.multiply == self.divide
    }
}

impl QuantityKind {
    /// The quantity that the schema keyword `x-quantity` names.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static QuantityKind> {
        ALL.iter().copied().find(|kind| kind.name == name)
    }

    /// The unit that plain numbers are in; empty if it has none.
    #[must_use]
    pub fn base_unit(&self) -> &'static str {
        self.units.iter().find(|unit| unit.is_base()).map_or("", |unit| unit.name)
    }

    /// The name with its article: "a duration", "an energy".
    #[must_use]
    pub fn with_article(&self) -> String {
        let article = if self.name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        format!("{article} {}", self.name)
    }

    /// The value in the base unit of a text that is a number followed by a unit. Units are taken as they are
    /// listed; in other letter case too if only one can be meant, but `b` is always bits and `B` bytes.
    ///
    /// # Errors
    /// If the text does not start with a number, its unit is not known or could be several, or the value is
    /// out of range.
    pub fn parse(&self, text: &str) -> Result<f64, QuantityError> {
        let error = |problem| self.error(quoted(text), problem);
        let (number, unit) = split_number(text.trim());
        let Ok(number) = number.parse::<f64>() else {
            return Err(error(format!(
                "it does not start with a number; write for example {}",
                self.quoted_example()
            )));
        };
        let unit = self.unit(unit).map_err(error)?;
        // Division by an exact power of ten rounds once, multiplication by its inverse twice.
        self.in_range(number * unit.multiply / unit.divide).map_err(error)
    }

    /// The value itself, if it is one of this quantity in its base unit.
    ///
    /// # Errors
    /// If it is out of range or not finite.
    pub fn check(&self, value: f64) -> Result<f64, QuantityError> {
        self.in_range(value).map_err(|problem| self.error(value.to_string(), problem))
    }

    /// The shortest text that [parses](Self::parse) to exactly this value in the base unit, as `"20 ms"`.
    #[must_use]
    pub fn format(&self, value: f64) -> String {
        let write = |unit: &Unit| {
            let number = value * unit.divide / unit.multiply;
            let magnitude = number.abs();
            let number = if number == 0.0 || (1e-4..1e16).contains(&magnitude) {
                format!("{number}")
            } else {
                format!("{number:e}")
            };
            if unit.name.is_empty() { number } else { format!("{number} {}", unit.name) }
        };
        let listed = self.units.iter().filter(|unit| !unit.is_alias);
        let exact = listed.filter_map(|unit| {
            let text = write(unit);
            let good = unit.is_base() || (value != 0.0 && self.parse(&text) == Ok(value));
            good.then_some(text)
        });
        exact.min_by_key(|text| (text.contains("e-"), text.chars().count())).unwrap_or_default()
    }

    fn error(&self, found: String, problem: String) -> QuantityError {
        QuantityError { found, quantity: self.with_article(), problem }
    }

    fn in_range(&self, value: f64) -> Result<f64, String> {
        if value.is_nan() {
            Err("it is not a number".to_owned())
        } else if value.is_infinite() {
            Err("it is too large".to_owned())
        } else if value < self.minimum {
            Err(format!("it is below {}", self.format(self.minimum)))
        } else if value > self.maximum {
            Err(format!("it is above {}", self.format(self.maximum)))
        } else {
            Ok(value)
        }
    }

    fn unit(&self, name: &str) -> Result<&'static Unit, String> {
        if let Some(unit) = self.units.iter().find(|unit| unit.name == name) {
            return Ok(unit);
        }
        let folded = fold_case(name);
        let similar: Vec<&Unit> = self.units.iter().filter(|u| fold_case(u.name) == folded).collect();
        match similar.as_slice() {
            [unit] => Ok(unit),
            [] if name.is_empty() => Err(format!("it has no unit; {}", self.use_one_of())),
            [] => Err(format!("unit {} is not known; {}", quoted(name), self.use_one_of())),
            several => {
                let names: Vec<&str> = several.iter().map(|unit| unit.name).collect();
                Err(format!("unit {} could be {}", quoted(name), names.join(" or ")))
            }
        }
    }

    fn listed_units(&self) -> Vec<&'static str> {
        let listed = self.units.iter().filter(|unit| !unit.is_alias && !unit.name.is_empty());
        listed.map(|unit| unit.name).collect()
    }

    fn use_one_of(&self) -> String {
        let plain = if self.base_unit().is_empty() { "no unit or " } else { "" };
        let units = self.listed_units().join(", ");
        format!("use {plain}one of {units} (for example {})", self.quoted_example())
    }

    fn quoted_example(&self) -> String {
        quoted(self.example)
    }

    fn deserialize_value<E: de::Error>(&self, value: &Value) -> Result<f64, E> {
        match value {
            Value::Number(number) => self.check(number.as_f64().unwrap_or(f64::NAN)).map_err(E::custom),
            Value::String(text) => self.parse(text).map_err(E::custom),
            other => Err(E::custom(format!("found {other}, expected {}", self.with_article()))),
        }
    }

    fn serialize_value(&self, value: f64) -> Value {
        if self.base_unit().is_empty() { Value::from(value) } else { Value::from(self.format(value)) }
    }

    fn schema(&self) -> Schema {
        let mut number = json_schema!({ "type": "number" });
        if self.minimum.is_finite() {
            number.insert("minimum".to_owned(), self.minimum.into());
        }
        if self.maximum.is_finite() {
            number.insert("maximum".to_owned(), self.maximum.into());
        }
        let sign = if self.minimum < 0.0 { "[+-]?" } else { "\\+?" };
        let optional = if self.base_unit().is_empty() { "?" } else { "" };
        let units: Vec<&str> =
            self.units.iter().map(|unit| unit.name).filter(|name| !name.is_empty()).collect();
        let units = units.join("|");
        let pattern =
            format!("^{sign}([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)? *({units}){optional}$");
        let in_words = match self.base_unit() {
            "" => "A number".to_owned(),
            base => format!("A number of {base}"),
        };
        json_schema!({
            "description": format!(
                "{in_words}, or a number and a unit in a string (units: {}).", self.listed_units().join(", ")
            ),
            "anyOf": [number, { "type": "string", "pattern": pattern }],
            "examples": [self.example],
            "x-quantity": self.name,
            "x-unit": self.base_unit(),
        })
    }
}

/// The text in lower case but for `B`, which means something else than `b`.
fn fold_case(text: &str) -> String {
    text.split('B').map(str::to_lowercase).collect::<Vec<_>>().join("B")
}

/// The longest start of the text that looks like a number, and what follows it without white space between.
fn split_number(text: &str) -> (&str, &str) {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = text.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.')).unwrap_or(text.len());
    // An exponent only if digits follow, so that a unit may start with E.
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits(unsigned) > 0 {
            end = text.len() - unsigned.len() + digits(unsigned);
        }
    }
    (&text[..end], text[end..].trim_start())
}

/// Makes a quantity's newtype and table from its units, with their factor and divisor; those after `also`
/// are aliases.
macro_rules! quantities {
    ($(
        $(#[$doc:meta])*
        $type:ident $name:literal, $example:literal, $minimum:expr, $maximum:expr,
        $from:ident, $try_from:ident, $as:ident,
        [$($unit:literal $multiply:literal / $divide:literal),*]
        also [$($alias:literal $alias_multiply:literal / $alias_divide:literal),*]
    )*) => {
        /// Every quantity.
        const ALL: &[&QuantityKind] = &[$(&$type::KIND),*];

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
            pub struct $type(f64);

            impl $type {
                /// Its units and range.
                pub const KIND: QuantityKind = QuantityKind {
                    name: $name,
                    example: $example,
                    minimum: $minimum,
                    maximum: $maximum,
                    units: &[
                        $(Unit { name: $unit, multiply: $multiply, divide: $divide, is_alias: false },)*
                        $(Unit {
                            name: $alias, multiply: $alias_multiply, divide: $alias_divide, is_alias: true,
                        },)*
                    ],
                };

                /// The quantity of this value in the base unit; for values known to be good, such as
                /// defaults.
                ///
                /// # Panics
                /// If the value is out of range or not finite; in a constant this fails the build.
                #[must_use]
                pub const fn $from(value: f64) -> Self {
                    assert!(
                        value >= $minimum && value <= $maximum && value.is_finite(),
                        concat!("not a ", $name)
                    );
                    $type(value)
                }

                /// The quantity of this value in the base unit.
                ///
                /// # Errors
                /// If the value is out of range or not finite.
                pub fn $try_from(value: f64) -> Result<Self, QuantityError> {
                    Self::KIND.check(value).map($type)
                }

                /// The value in the base unit.
                #[must_use]
                pub const fn $as(self) -> f64 {
                    self.0
                }
            }

            impl FromStr for $type {
                type Err = QuantityError;
                fn from_str(text: &str) -> Result<Self, QuantityError> {
                    Self::KIND.parse(text).map($type)
                }
            }

            impl fmt::Display for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(&Self::KIND.format(self.0))
                }
            }

            impl Serialize for $type {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    Self::KIND.serialize_value(self.0).serialize(serializer)
                }
            }

            impl<'de> Deserialize<'de> for $type {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Self::KIND.deserialize_value(&Value::deserialize(deserializer)?).map($type)
                }
            }

            impl JsonSchema for $type {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($type).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    Self::KIND.schema()
                }
            }
        )*
    };
}

quantities! {
    /// A length of time in seconds.
    Duration "duration", "20 ms", 0.0, f64::INFINITY,
    from_secs, try_from_secs, as_secs,
    ["ns" 1.0/1e9, "us" 1.0/1e6, "ms" 1.0/1e3, "s" 1.0/1.0, "min" 60.0/1.0, "h" 3600.0/1.0, "d" 86400.0/1.0]
    also ["µs" 1.0/1e6, "μs" 1.0/1e6]

    /// An amount of data in bytes. `MB` is 10^6 bytes, `MiB` 2^20 bytes, `Mbit` 10^6 bits; `Mb` is refused,
    /// since it is written for both.
    DataSize "data size", "5 MB", 0.0, f64::INFINITY,
    from_bytes, try_from_bytes, as_bytes,
    [
        "B" 1.0/1.0, "kB" 1e3/1.0, "MB" 1e6/1.0, "GB" 1e9/1.0, "TB" 1e12/1.0,
        "KiB" 1024.0/1.0, "MiB" 1_048_576.0/1.0, "GiB" 1_073_741_824.0/1.0, "TiB" 1_099_511_627_776.0/1.0,
        "bit" 1.0/8.0, "kbit" 125.0/1.0, "Mbit" 125e3/1.0, "Gbit" 125e6/1.0, "Tbit" 125e9/1.0
    ]
    also []

    /// A rate of data in bits per second.
    DataRate "data rate", "100 Mbps", 0.0, f64::INFINITY,
    from_bps, try_from_bps, as_bps,
    [
        "bps" 1.0/1.0, "kbps" 1e3/1.0, "Mbps" 1e6/1.0, "Gbps" 1e9/1.0, "Tbps" 1e12/1.0,
        "kB/s" 8e3/1.0, "MB/s" 8e6/1.0, "GB/s" 8e9/1.0, "MiB/s" 8_388_608.0/1.0
    ]
    also [
        "bit/s" 1.0/1.0, "kbit/s" 1e3/1.0, "Mbit/s" 1e6/1.0, "Gbit/s" 1e9/1.0, "Tbit/s" 1e12/1.0,
        "kb/s" 1e3/1.0, "Mb/s" 1e6/1.0, "Gb/s" 1e9/1.0, "B/s" 8.0/1.0, "TB/s" 8e12/1.0,
        "KiB/s" 8192.0/1.0, "GiB/s" 8_589_934_592.0/1.0
    ]

    /// A frequency in hertz.
    Frequency "frequency", "2.4 GHz", 0.0, f64::INFINITY,
    from_hz, try_from_hz, as_hz,
    ["Hz" 1.0/1.0, "kHz" 1e3/1.0, "MHz" 1e6/1.0, "GHz" 1e9/1.0, "THz" 1e12/1.0]
    also []

    /// A length in metres.
    Length "length", "1.5 km", 0.0, f64::INFINITY,
    from_metres, try_from_metres, as_metres,
    ["mm" 1.0/1e3, "cm" 1.0/1e2, "m" 1.0/1.0, "km" 1e3/1.0]
    also []

    /// A place along an axis in metres, east, north or up of the origin; negative to the other side.
    Coordinate "coordinate", "-120 m", f64::NEG_INFINITY, f64::INFINITY,
    from_metres, try_from_metres, as_metres,
    ["mm" 1.0/1e3, "m" 1.0/1.0, "km" 1e3/1.0]
    also []

    /// A speed in metres per second.
    Speed "speed", "50 km/h", 0.0, f64::INFINITY,
    from_metres_per_second, try_from_metres_per_second, as_metres_per_second,
    ["m/s" 1.0/1.0, "km/h" 5.0/18.0]
    also ["kmh" 5.0/18.0]

    /// A power in watts.
    Power "power", "250 W", 0.0, f64::INFINITY,
    from_watts, try_from_watts, as_watts,
    ["mW" 1.0/1e3, "W" 1.0/1.0, "kW" 1e3/1.0, "MW" 1e6/1.0]
    also []

    /// An energy in joules.
    Energy "energy", "50 Wh", 0.0, f64::INFINITY,
    from_joules, try_from_joules, as_joules,
    ["J" 1.0/1.0, "kJ" 1e3/1.0, "MJ" 1e6/1.0, "mWh" 18.0/5.0, "Wh" 3600.0/1.0, "kWh" 36e5/1.0]
    also ["mJ" 1.0/1e3, "MWh" 36e8/1.0]

    /// An energy for each bit that is carried, in nanojoules.
    EnergyPerBit "energy per bit", "46.7 nJ/bit", 0.0, f64::INFINITY,
    from_nj_per_bit, try_from_nj_per_bit, as_nj_per_bit,
    ["pJ/bit" 1.0/1e3, "nJ/bit" 1.0/1.0, "uJ/bit" 1e3/1.0, "mJ/bit" 1e6/1.0]
    also ["J/bit" 1e9/1.0]

    /// An amount of computation in millions of instructions.
    Instructions "number of instructions", "500 MI", 0.0, f64::INFINITY,
    from_mi, try_from_mi, as_mi,
    ["MI" 1.0/1.0, "GI" 1e3/1.0]
    also []

    /// A speed of computation in millions of instructions per second.
    InstructionRate "instruction rate", "2500 MIPS", 0.0, f64::INFINITY,
    from_mips, try_from_mips, as_mips,
    ["MIPS" 1.0/1.0, "GIPS" 1e3/1.0]
    also []

    /// An amount of floating-point computation in billions of operations.
    FloatingPointWork "number of floating-point operations", "20 GFLOP", 0.0, f64::INFINITY,
    from_gflop, try_from_gflop, as_gflop,
    ["MFLOP" 1.0/1e3, "GFLOP" 1.0/1.0, "TFLOP" 1e3/1.0]
    also []

    /// A speed of floating-point computation in billions of operations per second.
    FloatingPointRate "floating-point rate", "8100 GFLOPS", 0.0, f64::INFINITY,
    from_gflops, try_from_gflops, as_gflops,
    ["MFLOPS" 1.0/1e3, "GFLOPS" 1.0/1.0, "TFLOPS" 1e3/1.0]
    also []

    /// A share from 0 to 1.
    Ratio "ratio", "25%", 0.0, 1.0,
    from_fraction, try_from_fraction, as_fraction,
    ["" 1.0/1.0, "%" 1.0/1e2]
    also []

    /// A gain, or a loss if negative, in decibels.
    Gain "gain", "-3 dB", f64::NEG_INFINITY, f64::INFINITY,
    from_db, try_from_db, as_db,
    ["dB" 1.0/1.0]
    also ["db" 1.0/1.0, "dBi" 1.0/1.0]

    /// A level of radio power in decibels over a milliwatt.
    PowerLevel "power level", "23 dBm", f64::NEG_INFINITY, f64::INFINITY,
    from_dbm, try_from_dbm, as_dbm,
    ["dBm" 1.0/1.0]
    also ["dbm" 1.0/1.0]
}

const LONGEST_QUOTE: usize = 60;

/// The text in quotes, escaped as in JSON and shortened if it is long.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_QUOTE).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    serde_json::Value::String(shown).to_string()
}

#[cfg(test)]
mod tests;
