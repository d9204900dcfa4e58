//! Axes: what they are called, which numbers they mark and how these are written.

use super::PlotError;

/// What an axis shows.
///
/// The unit decides how large and small numbers are written: those with a unit of the SI get its prefixes (an
/// axis in `s` may be labelled in ms or h, one in `bit/s` in Mbit/s), those without a unit get k, M, G.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    /// What the numbers are, as `service time`.
    pub label: String,
    /// Their unit, as `s` or `bit/s`; empty if they have none.
    pub unit: String,
    /// How the numbers lie on the axis.
    pub scale: Scale,
}

/// How numbers lie on an axis.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal distances are equal differences.
    #[default]
    Linear,
    /// Equal distances are equal ratios; for numbers above zero only.
    Logarithmic,
}

impl Axis {
    /// A linear axis.
    #[must_use]
    pub fn new(label: impl Into<String>, unit: impl Into<String>) -> Self {
        Axis { label: label.into(), unit: unit.into(), scale: Scale::Linear }
    }

    /// The same with a logarithmic scale.
    #[must_use]
    pub fn logarithmic(self) -> Self {
        Axis { scale: Scale::Logarithmic, ..self }
    }
}

/// Nothing smaller is told from zero: the ends and steps of an axis must not underflow.
const LEAST: f64 = 1e-150;

/// A number that an axis marks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) text: String,
}

/// An axis with its range, which is never empty.
#[derive(Clone, Debug)]
pub(super) struct Ruler {
    /// Label with the unit that the ticks are in.
    pub(super) title: String,
    pub(super) ticks: Vec<Tick>,
    low: f64,
    high: f64,
    scale: Scale,
}

/// How an axis meets the ends of its data.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fit {
    /// Whether zero is to be on it, if the data are all on one side and near enough, or always.
    pub(super) with_zero: bool,
    /// Whether it ends with the data, as time does, rather than a little or at a tick beyond.
    pub(super) tight: bool,
    /// An upper end that is not to be passed, such as 1 for shares.
    pub(super) most: Option<f64>,
}

impl Ruler {
    /// The axis over these numbers, those that are not finite aside. `room` is how many ticks fit.
    pub(super) fn new(
        axis: &Axis,
        values: impl IntoIterator<Item = f64>,
        fit: Fit,
        room: usize,
    ) -> Result<Ruler, PlotError> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            if axis.scale == Scale::Logarithmic && value <= 0.0 {
                return Err(PlotError::Logarithmic { axis: axis.label.clone(), value });
            }
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            return Err(PlotError::Empty(format!("{:?} has no finite values", axis.label)));
        }
        // Beyond this, differences and squares of the ends overflow.
        (low, high) = (low.clamp(-1e150, 1e150), high.clamp(-1e150, 1e150));
        if axis.scale == Scale::Logarithmic {
            (low, high) = (low.max(LEAST), high.max(LEAST));
        }
        let (factor, unit) = prefixed(&axis.unit, low.abs().max(high.abs()));
        let title = match (axis.label.is_empty(), unit.is_empty()) {
            (false, false) => format!("{} ({unit})", axis.label),
            (false, true) => axis.label.clone(),
            (true, _) => unit,
        };
        let mut ruler = Ruler { title, ticks: Vec::new(), low, high, scale: axis.scale };
        match axis.scale {
            Scale::Linear => ruler.fit_linear(fit, room, factor, axis.unit.is_empty()),
            Scale::Logarithmic => ruler.fit_logarithmic(fit, room, factor, axis.unit.is_empty()),
        }
        Ok(ruler)
    }

    fn fit_linear(&mut self, fit: Fit, room: usize, factor: f64, is_bare: bool) {
        if fit.with_zero {
            (self.low, self.high) = (self.low.min(0.0), self.high.max(0.0));
        }
        if self.high - self.low <= (self.high.abs().max(self.low.abs()) * 1e-12).max(LEAST) {
            // One number: show it between its neighbours.
            let half = if self.low.abs() <= LEAST { 1.0 } else { 0.5 * self.low.abs() };
            let (low, high) = (self.low - half, self.high + half);
            (self.low, self.high) = (low, if fit.most == Some(self.high) { self.high } else { high });
        } else if !fit.tight {
            let pad = 0.04 * (self.high - self.low);
            let at_zero = |end: f64| fit.with_zero && end == 0.0;
            if !at_zero(self.low) {
                self.low -= pad;
            }
            if !at_zero(self.high) {
                let padded = self.high + pad;
                self.high = fit.most.filter(|most| self.high <= *most).map_or(padded, |m| padded.min(m));
            }
        }
        // Doubled below until two ticks fit.
        let mut room = room.max(1);
        loop {
            let step = nice_step((self.high - self.low) / factor, room) * factor;
            let first = (self.low / step - 1e-9).ceil();
            let values: Vec<f64> = (0..=room * 3)
                .map(|index| (first + index as f64) * step)
                .take_while(|value| *value <= self.high + 1e-9 * step)
                .collect();
            // A step may be so large that no more than one multiple of it is on the axis.
            if values.len() > 1 || room > 20 {
                self.ticks = written(&values, step, factor, is_bare);
                return;
            }
            room *= 2;
        }
    }

    fn fit_logarithmic(&mut self, fit: Fit, room: usize, factor: f64, is_bare: bool) {
        let ratio = self.high / self.low;
        let pad = if ratio <= 1.0 + 1e-12 { 2.0 } else { ratio.powf(0.04) };
        if !fit.tight || ratio <= 1.0 + 1e-12 {
            (self.low, self.high) = (self.low / pad, self.high * pad);
        }
        let decades = (self.low.log10().floor() as i32)..=(self.high.log10().ceil() as i32);
        let within = |digits: &[f64], every: i32| -> Vec<f64> {
            decades
                .clone()
                .filter(|decade| decade.rem_euclid(every) == 0)
                .flat_map(|decade| digits.iter().map(move |digit| digit * 10_f64.powi(decade)))
                .filter(|value| (self.low * (1.0 - 1e-9)..=self.high * (1.0 + 1e-9)).contains(value))
                .collect()
        };
        let all: [f64; 9] = std::array::from_fn(|index| (index + 1) as f64);
        let span = self.high.log10() - self.low.log10();
        let mut values = if span < 0.7 {
            within(&all, 1)
        } else if span < 3.0 {
            within(&[1.0, 2.0, 5.0], 1)
        } else {
            let every = (span / room.max(2) as f64).ceil().max(1.0) as i32;
            within(&[1.0], every)
        };
        if values.len() < 2 {
            values = vec![self.low, self.high];
        }
        self.ticks =
            values.iter().map(|&value| Tick { value, text: plain(value / factor, is_bare) }).collect();
    }

    /// Marks these numbers instead, if all of them can be told apart where they stand.
    pub(super) fn mark(&mut self, axis: &Axis, values: &[f64], fits: impl Fn(&Ruler) -> bool) {
        let (factor, _) = prefixed(&axis.unit, self.low.abs().max(self.high.abs()));
        let ticks = values.iter().filter(|value| value.is_finite());
        let ticks = ticks
            .map(|&value| Tick { value, text: plain(value / factor, axis.unit.is_empty()) })
            .collect();
        let marked = Ruler { ticks, ..self.clone() };
        if fits(&marked) {
            *self = marked;
        }
    }

    /// How far along the axis a number is, from 0 to 1 within it.
    pub(super) fn share(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic => {
                // Ratios may overflow where their logarithms do not.
                (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
            }
        }
    }

    /// The lower end.
    pub(super) fn low(&self) -> f64 {
        self.low
    }
}

/// The least of 1, 2 and 5 times a power of ten that divides a length into at most `room` parts.
fn nice_step(length: f64, room: usize) -> f64 {
    let least = length / room.max(1) as f64;
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= least * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

const UP: [(f64, &str); 5] = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
const DOWN: [(f64, &str); 3] = [(1e-3, "m"), (1e-6, "µ"), (1e-9, "n")];

/// By what numbers up to `most` are divided, and the unit that they then have.
fn prefixed(unit: &str, most: f64) -> (f64, String) {
    let up = |from: f64| UP.into_iter().find(|(factor, _)| most >= factor * from);
    let down = || DOWN.into_iter().find(|(factor, _)| most >= *factor);
    let found = match unit {
        "s" if most >= 345_600.0 => return (86_400.0, "d".into()),
        "s" if most >= 10_800.0 => return (3600.0, "h".into()),
        "s" | "W" | "J" if most > 0.0 && most < 1.0 => down(),
        "B" | "bit/s" | "B/s" | "W" | "J" | "Hz" => up(2.0),
        "m" => (most >= 5000.0).then_some((1e3, "k")),
        _ => None,
    };
    match found {
        Some((factor, prefix)) => (factor, format!("{prefix}{unit}")),
        None => (1.0, unit.to_string()),
    }
}

/// Ticks at even distances, all with the same number of decimals.
fn written(values: &[f64], step: f64, factor: f64, is_bare: bool) -> Vec<Tick> {
    let most = values.iter().fold(0.0_f64, |most, value| most.max(value.abs())) / factor;
    let step = step / factor;
    let (divisor, suffix) = match UP.into_iter().find(|(by, _)| most >= by * 10.0) {
        Some((by, prefix)) if is_bare && most < 1e18 => (by, format!(" {prefix}")),
        _ => (1.0, String::new()),
    };
    let is_scientific = most >= 1e7 * divisor || (most > 0.0 && most < 1e-4);
    let step = step / divisor;
    let decimals = (-step.log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    let text = |value: f64| {
        let value = value / factor / divisor;
        if value.abs() < step * 1e-6 {
            "0".to_string()
        } else if is_scientific {
            let digits = (value.abs() / step).log10().ceil().clamp(0.0, 9.0) as usize;
            typographic(&trimmed(&format!("{value:.digits$e}")))
        } else {
            typographic(&format!("{value:.decimals$}{suffix}"))
        }
    };
    values.iter().map(|&value| Tick { value, text: text(value) }).collect()
}

/// A number on its own, with four significant digits at most; a large bare one with k, M, G.
pub(super) fn plain(value: f64, is_bare: bool) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { "-".into() };
    }
    let size = value.abs();
    let (divisor, suffix) = match UP.into_iter().find(|(by, _)| size >= by * 10.0) {
        Some((by, prefix)) if is_bare && size < 1e18 => (by, format!(" {prefix}")),
        _ => (1.0, String::new()),
    };
    let size = size / divisor;
    if !(1e-4..1e7).contains(&size) {
        return typographic(&trimmed(&format!("{value:.3e}")));
    }
    let decimals = (3.0 - size.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{:.decimals$}", value / divisor);
    typographic(&format!("{}{suffix}", trimmed(&text)))
}

/// A number with its unit, both as on an axis of its own.
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    let (factor, unit) = prefixed(unit, value.abs());
    format!("{} {unit}", plain(value / factor, unit.is_empty())).trim_end().to_string()
}

/// Without zeros at the end of the decimals.
fn trimmed(text: &str) -> String {
    let (number, exponent) = text.split_once('e').map_or((text, None), |(n, e)| (n, Some(e)));
    let number =
        if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    exponent.map_or(number.to_string(), |exponent| format!("{number}e{exponent}"))
}

/// With a minus sign in place of a hyphen.
fn typographic(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(ruler: &Ruler) -> Vec<&str> {
        ruler.ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    fn ruler(unit: &str, values: &[f64], fit: Fit) -> Ruler {
        Ruler::new(&Axis::new("x", unit), values.iter().copied(), fit, 6).unwrap()
    }

    const TIGHT: Fit = Fit { with_zero: false, tight: true, most: None };

    /// Units and texts that a reader expects, each as a literal.
    #[test]
    fn ticks_are_round_numbers_in_fitting_units() {
        for (unit, low, high, title, expected) in [
            ("s", 0.0, 600.0, "x (s)", &["0", "100", "200", "300", "400", "500", "600"][..]),
            ("s", 0.0, 0.05, "x (ms)", &["0", "10", "20", "30", "40", "50"]),
            ("s", 0.0, 86_400.0, "x (h)", &["0", "5", "10", "15", "20"]),
            ("bit/s", 0.0, 1.2e8, "x (Mbit/s)", &["0", "20", "40", "60", "80", "100", "120"]),
            ("B", 0.0, 1500.0, "x (B)", &["0", "500", "1000", "1500"]),
            ("", 0.0, 1.0, "x", &["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            ("", 0.0, 60_000.0, "x", &["0", "10 k", "20 k", "30 k", "40 k", "50 k", "60 k"]),
            ("", -2.5e7, 2.5e7, "x", &["−20 M", "−10 M", "0", "10 M", "20 M"]),
            ("", 0.0, 3e-6, "x", &["0", "5e−7", "1e−6", "1.5e−6", "2e−6", "2.5e−6", "3e−6"]),
        ] {
            let ruler = ruler(unit, &[low, high], TIGHT);
            assert_eq!((ruler.title.as_str(), texts(&ruler)), (title, expected.to_vec()), "{high}");
        }
    }

    #[test]
    fn logarithmic_ticks_follow_the_span() {
        let log = |low, high| {
            let axis = Axis::new("x", "").logarithmic();
            let ruler = Ruler::new(&axis, [low, high], TIGHT, 6).unwrap();
            texts(&ruler).join(" ")
        };
        assert_eq!(log(1.0, 3.0), "1 2 3");
        assert_eq!(log(0.1, 10.0), "0.1 0.2 0.5 1 2 5 10");
        assert_eq!(log(1.0, 1e4), "1 10 100 1000 10 k");
        assert_eq!(log(7.3, 7.9), "7.3 7.9");
        let axis = Axis::new("load", "").logarithmic();
        let error = Ruler::new(&axis, [1.0, 0.0], TIGHT, 6).unwrap_err().to_string();
        assert!(error.contains("\"load\" is logarithmic, but 0 is among"), "{error}");
    }

    #[test]
    fn single_numbers_lie_in_the_middle_and_shares_end_at_one() {
        for value in [5.0, -5.0, 0.0, 1e-300, 1e300] {
            let ruler = ruler("", &[value], Fit::default());
            assert!(ruler.low < ruler.high, "{value}");
        }
        assert_eq!(ruler("", &[5.0], Fit::default()).share(5.0), 0.5);
        let share = Fit { with_zero: true, tight: false, most: Some(1.0) };
        assert_eq!(ruler("", &[0.2, 1.0], share).high, 1.0);
        assert_eq!(ruler("", &[1.0], share).high, 1.0);
        assert!(ruler("", &[0.2, 1.5], share).high > 1.5);
    }

    #[test]
    fn single_values_have_four_digits() {
        assert_eq!(quantity(0.8357, "s"), "835.7 ms");
        assert_eq!(quantity(560_226.0, "J"), "560.2 kJ");
        assert_eq!(quantity(36_016.0, ""), "36.02 k");
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (1234.56, "1235"),
            (12_345.0, "12.35 k"),
            (0.123_456, "0.1235"),
            (-2.5, "−2.5"),
            (1.5e20, "1.5e20"),
            (2e-9, "2e−9"),
            (400.0, "400"),
        ] {
            assert_eq!(plain(value, true), expected);
        }
    }

    fn finite() -> impl Strategy<Value = f64> {
        use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        prop_oneof![NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE, 1e-3..1e3]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Any two numbers make an axis with ticks in it, between which the numbers lie.
        #[test]
        fn every_range_has_ticks_within_it(
            a in finite(), b in finite(),
            with_zero: bool, tight: bool, log: bool, room in 2_usize..12,
        ) {
            let fit = Fit { with_zero, tight, most: None };
            let axis = Axis::new("", "s");
            let axis = if log && a > 0.0 && b > 0.0 { axis.logarithmic() } else { axis };
            let ruler = Ruler::new(&axis, [a, b], fit, room).unwrap();
            prop_assert!(ruler.low < ruler.high);
            prop_assert!(!ruler.ticks.is_empty() && ruler.ticks.len() <= room.max(20) * 3 + 1);
            for tick in &ruler.ticks {
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&ruler.share(tick.value)), "{:?}", tick);
                prop_assert!(!tick.text.is_empty());
            }
        }
    }
}
