//! The lines of a mission file, each number with its place.

use super::super::ImportError;
use super::HEADER;
use std::io::BufRead;
use std::path::Path;

/// Columns of an item, in their order.
const COLUMNS: [&str; 12] = [
    "index",
    "current",
    "frame",
    "command",
    "parameter 1",
    "parameter 2",
    "parameter 3",
    "parameter 4",
    "latitude",
    "longitude",
    "altitude",
    "autocontinue",
];

/// Something with its place in the file; line and column count from 1, columns in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) line: u64,
    pub(super) column: u64,
}

/// A line of a mission file.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) frame: Located<u32>,
    pub(super) command: Located<Command>,
    pub(super) parameters: [Located<f64>; 4],
    pub(super) latitude: Located<f64>,
    pub(super) longitude: Located<f64>,
    pub(super) altitude: Located<f64>,
}

impl Item {
    /// Whether it says where; else it is about the present place.
    pub(super) fn has_place(&self) -> bool {
        self.latitude.value != 0.0 || self.longitude.value != 0.0
    }
}

/// What is known of MAVLink's mission commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Waypoint,
    LoiterUnlimited,
    LoiterTurns,
    LoiterTime,
    ReturnToLaunch,
    Land,
    TakeOff,
    LoiterToAltitude,
    Spline,
    Delay,
    Jump,
    ChangeSpeed,
    /// One that moves nothing, by its name.
    PassedOver(&'static str),
}

/// Commands and their numbers.
const COMMANDS: [(u32, Command); 23] = [
    (16, Command::Waypoint),
    (17, Command::LoiterUnlimited),
    (18, Command::LoiterTurns),
    (19, Command::LoiterTime),
    (20, Command::ReturnToLaunch),
    (21, Command::Land),
    (22, Command::TakeOff),
    (31, Command::LoiterToAltitude),
    (82, Command::Spline),
    (93, Command::Delay),
    (177, Command::Jump),
    (178, Command::ChangeSpeed),
    // Conditions hold back the next command that moves nothing, so that they move nothing either.
    (112, Command::PassedOver("CONDITION_DELAY")),
    (114, Command::PassedOver("CONDITION_DISTANCE")),
    (115, Command::PassedOver("CONDITION_YAW")),
    (181, Command::PassedOver("DO_SET_RELAY")),
    (183, Command::PassedOver("DO_SET_SERVO")),
    (195, Command::PassedOver("DO_SET_ROI_LOCATION")),
    (197, Command::PassedOver("DO_SET_ROI_NONE")),
    (201, Command::PassedOver("DO_SET_ROI")),
    (203, Command::PassedOver("DO_DIGICAM_CONTROL")),
    (205, Command::PassedOver("DO_MOUNT_CONTROL")),
    (206, Command::PassedOver("DO_SET_CAM_TRIGG_DIST")),
];

impl Command {
    fn of(number: u32) -> Option<Self> {
        COMMANDS.iter().find(|(known, _)| *known == number).map(|(_, command)| *command)
    }

    pub(super) fn number(self) -> u32 {
        COMMANDS.iter().find(|(_, known)| *known == self).map_or(0, |(number, _)| *number)
    }
}

fn content(file: &Path, at: (u64, u64), found: String, expected: String) -> ImportError {
    ImportError::Content { file: file.to_owned(), line: at.0, column: at.1, found, expected }
}

/// A line of the file as its words.
struct Line<'a> {
    file: &'a Path,
    number: u64,
    words: Vec<(u64, &'a str)>,
    /// The column behind the last word.
    end: u64,
}

impl<'a> Line<'a> {
    fn new(file: &'a Path, number: u64, text: &'a str) -> Self {
        let mut words = Vec::with_capacity(COLUMNS.len());
        let start = text.as_ptr() as usize;
        for word in text.split_ascii_whitespace() {
            words.push(((word.as_ptr() as usize - start) as u64 + 1, word));
        }
        Line { file, number, words, end: text.trim_end().len() as u64 + 1 }
    }

    fn fault(&self, column: u64, found: String, expected: String) -> ImportError {
        content(self.file, (self.number, column), found, expected)
    }

    fn located<T>(&self, index: usize, value: T) -> Located<T> {
        Located { value, line: self.number, column: self.words[index].0 }
    }

    /// A number of a column. Parameters that are not set may be written as NaN, which is 0 to an autopilot.
    fn number(&self, index: usize) -> Result<Located<f64>, ImportError> {
        let (column, word) = self.words[index];
        let is_parameter = (4..8).contains(&index);
        match word.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(self.located(index, value)),
            Ok(value) if value.is_nan() && is_parameter => Ok(self.located(index, 0.0)),
            _ => Err(self.fault(column, format!("{word:?}"), format!("a number as {}", COLUMNS[index]))),
        }
    }

    /// A whole number of a column; some programs write it with a decimal point.
    fn whole(&self, index: usize) -> Result<Located<u32>, ImportError> {
        let number = self.number(index)?;
        if number.value.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&number.value) {
            // Checked: a whole number within the range.
            return Ok(self.located(index, number.value as u32));
        }
        let (column, word) = self.words[index];
        Err(self.fault(column, format!("{word:?}"), format!("a whole number as {}", COLUMNS[index])))
    }

    fn item(&self, index: usize) -> Result<Item, ImportError> {
        if self.words.len() != COLUMNS.len() {
            let found = format!("{} columns", self.words.len());
            let expected = format!("12 columns between tabs: {}", COLUMNS.join(", "));
            // At the first word too many, or behind the last.
            let column = self.words.get(COLUMNS.len()).map_or(self.end, |word| word.0);
            return Err(self.fault(column, found, expected));
        }
        let own = self.whole(0)?;
        if own.value as usize != index {
            let expected = format!("{index}: items are counted from 0, in order");
            return Err(self.fault(own.column, format!("index {}", own.value), expected));
        }
        for flag in [1, 11] {
            if self.whole(flag)?.value > 1 {
                let (column, word) = self.words[flag];
                return Err(self.fault(
                    column,
                    format!("{word:?}"),
                    format!("0 or 1 as {}", COLUMNS[flag]),
                ));
            }
        }
        let number = self.whole(3)?;
        let command = Command::of(number.value).ok_or_else(|| {
            let known: Vec<String> = COMMANDS.iter().map(|(number, _)| number.to_string()).collect();
            let expected = format!("one that can be flown or passed over: {}", known.join(", "));
            self.fault(number.column, format!("command {}", number.value), expected)
        })?;
        Ok(Item {
            frame: self.whole(2)?,
            command: self.located(3, command),
            parameters: [self.number(4)?, self.number(5)?, self.number(6)?, self.number(7)?],
            latitude: self.number(8)?,
            longitude: self.number(9)?,
            altitude: self.number(10)?,
        })
    }
}

/// Reads header and items. Empty lines are passed over.
pub(super) fn read(file: &Path, mut source: impl BufRead) -> Result<Vec<Item>, ImportError> {
    let mut items = Vec::new();
    let (mut number, mut has_header) = (0, false);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        number += 1;
        let read = |source| ImportError::Read { file: file.to_owned(), line: number, column: 1, source };
        if source.read_until(b'\n', &mut bytes).map_err(read)? == 0 {
            break;
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let column = error.valid_up_to() as u64 + 1;
            content(file, (number, column), "a byte that is no text".into(), "text in UTF-8".into())
        })?;
        // Some editors put a mark before the first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = Line::new(file, number, text);
        if line.words.is_empty() {
            continue;
        }
        if has_header {
            items.push(line.item(items.len())?);
            continue;
        }
        let words: Vec<&str> = line.words.iter().map(|word| word.1).collect();
        if words.join(" ") != HEADER {
            let shown: String = text.trim().chars().take(40).collect();
            return Err(line.fault(1, format!("{shown:?}"), format!("the header {HEADER:?}")));
        }
        has_header = true;
    }
    if items.is_empty() {
        let expected = if has_header { "items" } else { "the header \"QGC WPL 110\"" };
        return Err(content(file, (number, 1), "the end of the file".into(), expected.into()));
    }
    Ok(items)
}
