//! Missions of ground stations: the text format `QGC WPL 110` of QGroundControl, Mission Planner and ArduPilot.
//!
//! A line is an item of twelve columns: index, whether it is the current one, frame, command, four parameters,
//! latitude, longitude, altitude, and whether to go on by itself. Meaning of commands and frames: MAVLink's common
//! message set; item 0 is home where it is a waypoint in frame 0, as ArduPilot has it.

mod items;
#[cfg(test)]
mod tests;

use super::{ImportError, open_plain};
use crate::infra::{LocalPlane, LonLat, Position, great_circle_m};
use items::{Command, Item, Located};
use std::fmt::Write as _;
use std::path::Path;

/// The header of the files that are read and written.
const HEADER: &str = "QGC WPL 110";
/// A plan is no longer than this when its jumps are flown out.
const MOST_WAYPOINTS: usize = 100_000;
/// As many items are gone through at most.
const MOST_ITEMS: u64 = 1_000_000;
/// A circle of LOITER_TURNS takes this long: ArduCopter's CIRCLE_RATE of 20 degrees a second.
const TURN_S: f64 = 18.0;
/// Places farther than this from the scenario's origin are taken for a mission of elsewhere.
const FARTHEST_M: f64 = 5e5;

/// A flight as a mission file describes it, in metres of the scenario's plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlightPlan {
    /// Home as the file has it; vehicles start from where the scenario has them.
    pub home: Option<LonLat>,
    /// Seconds from the start of the mission until the vehicle takes off or drives.
    pub start_delay_s: f64,
    /// Height above home in metres to which it takes off; `None` of a rover's mission.
    pub take_off_m: Option<f64>,
    /// Where it goes, in order.
    pub waypoints: Vec<PlannedWaypoint>,
    /// What it does after the last waypoint.
    pub end: PlanEnd,
    /// What of the file is flown otherwise than it says, a sentence each.
    pub notes: Vec<String>,
}

/// A waypoint of a [`FlightPlan`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlannedWaypoint {
    /// Where it is, its height above the ground.
    pub place: Position,
    /// Seconds to stay there.
    pub hold_s: f64,
    /// Speed on the way there in m/s; the vehicle's own if `None`.
    pub speed_m_per_s: Option<f64>,
}

/// How a [`FlightPlan`] ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanEnd {
    /// The vehicle stays where it is.
    #[default]
    Loiter,
    /// It returns to where it started from, and lands there.
    ReturnToLaunch,
    /// It lands at the last waypoint.
    Land,
}

/// Reads a mission in the format `QGC WPL 110`, plain or gzipped, and places it on the plane of a scenario.
///
/// Read are waypoints (16; 82 as straight ones), loiter (17, 18, 19, 31), return (20), landing (21), take-off (22),
/// delays (93), jumps (177, flown out) and changes of speed (178), in the frames 0 and 5 (above sea level, less home's
/// altitude), 3 and 6 (above home), and 10 and 11 (above the terrain, which is flat here). Cameras and gimbals are
/// passed over with a note. An altitude of 0 is the present one, and latitude and longitude of 0 the present place, as
/// for ArduPilot.
///
/// # Errors
/// With file, line and column: if the file cannot be read or is of another format, a number is none or out of range,
/// or something cannot be flown.
///
/// ```
/// use stratosim::infra::LocalPlane;
/// use stratosim::scenario::import::{PlanEnd, read_qgc_wpl};
/// let file = std::env::temp_dir().join(format!("mission-{}.waypoints", std::process::id()));
/// std::fs::write(&file, "QGC WPL 110\n\
///     0\t1\t0\t16\t0\t0\t0\t0\t39.30\t16.25\t200\t1\n\
///     1\t0\t3\t22\t0\t0\t0\t0\t0\t0\t15\t1\n\
///     2\t0\t3\t16\t4\t0\t0\t0\t39.31\t16.25\t30\t1\n\
///     3\t0\t3\t20\t0\t0\t0\t0\t0\t0\t0\t1\n")?;
/// let plan = read_qgc_wpl(&file, &LocalPlane::new(16.25, 39.30))?;
/// std::fs::remove_file(&file)?;
/// assert_eq!((plan.take_off_m, plan.end), (Some(15.0), PlanEnd::ReturnToLaunch));
/// let there = plan.waypoints[0];
/// assert_eq!((there.place.y_m.round(), there.place.z_m, there.hold_s), (1110.0, 30.0, 4.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_qgc_wpl(path: impl AsRef<Path>, plane: &LocalPlane) -> Result<FlightPlan, ImportError> {
    let path = path.as_ref();
    let items = items::read(path, open_plain(path)?)?;
    let mut pilot = Pilot {
        path,
        plane,
        plan: FlightPlan::default(),
        speed_m_per_s: None,
        height_m: 0.0,
        home_amsl_m: None,
    };
    pilot.fly(&items)?;
    Ok(pilot.plan)
}

/// Goes through the items as an autopilot would, and notes what it flies.
struct Pilot<'a> {
    path: &'a Path,
    plane: &'a LocalPlane,
    plan: FlightPlan,
    /// The speed that was set last.
    speed_m_per_s: Option<f64>,
    /// The height above home that was flown to last.
    height_m: f64,
    home_amsl_m: Option<f64>,
}

impl Pilot<'_> {
    fn fault<T>(
        &self,
        at: Located<T>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> ImportError {
        ImportError::Content {
            file: self.path.to_owned(),
            line: at.line,
            column: at.column,
            found: found.into(),
            expected: expected.into(),
        }
    }

    /// Notes something once.
    fn note(&mut self, text: String) {
        if !self.plan.notes.contains(&text) {
            self.plan.notes.push(text);
        }
    }

    fn fly(&mut self, items: &[Item]) -> Result<(), ImportError> {
        let mut index = 0;
        if let Some(first) = items.first()
            && first.command.value == Command::Waypoint
            && first.frame.value == 0
        {
            self.plan.home = Some(self.lon_lat(first)?);
            self.home_amsl_m = Some(first.altitude.value);
            index = 1;
        }
        let mut repeats: Vec<Option<u64>> = vec![None; items.len()];
        let mut rounds = 0;
        while let Some(item) = items.get(index) {
            rounds += 1;
            if rounds > MOST_ITEMS {
                let expected = format!("at most {MOST_ITEMS} items, jumps flown out");
                return Err(self.fault(item.command, "one item more", expected));
            }
            index = match item.command.value {
                Command::Jump => self.jump(item, items.len(), &mut repeats[index])?.unwrap_or(index + 1),
                command => {
                    if !self.step(item, command)? {
                        self.tell_of_rest(&items[index + 1..], item)?;
                        return Ok(());
                    }
                    index + 1
                }
            };
        }
        Ok(())
    }

    /// Where a jump leads to, or `None` if it has been made as often as it says.
    fn jump(
        &self,
        item: &Item,
        count: usize,
        left: &mut Option<u64>,
    ) -> Result<Option<usize>, ImportError> {
        let [target, times] = [item.parameters[0], item.parameters[1]];
        let known = 1..count;
        let to = target.value as usize;
        if target.value.fract() != 0.0 || target.value < 1.0 || !known.contains(&to) {
            let expected = format!("the index of an item, 1 to {}", count.saturating_sub(1));
            return Err(self.fault(target, format!("a jump to item {}", target.value), expected));
        }
        if !(0.0..=1e4).contains(&times.value) || times.value.fract() != 0.0 {
            let expected = "0 to 10000 repeats; a jump without end is never flown out";
            return Err(self.fault(times, format!("{} repeats", times.value), expected));
        }
        // Checked: a whole number within the range.
        let left = left.get_or_insert(times.value as u64);
        if *left == 0 {
            return Ok(None);
        }
        *left -= 1;
        Ok(Some(to))
    }

    /// Flies one item; `false` if nothing can follow it.
    fn step(&mut self, item: &Item, command: Command) -> Result<bool, ImportError> {
        let [first, second] = [item.parameters[0], item.parameters[1]];
        match command {
            Command::Waypoint => self.waypoint(item, self.seconds(first, "to hold")?)?,
            Command::Spline => {
                self.note("curved ways (SPLINE_WAYPOINT) are flown straight".into());
                self.waypoint(item, self.seconds(first, "to hold")?)?;
            }
            Command::LoiterTime => self.waypoint(item, self.seconds(first, "to loiter")?)?,
            Command::LoiterToAltitude => self.waypoint(item, 0.0)?,
            Command::LoiterTurns => {
                if !(0.0..=1e4).contains(&first.value) {
                    return Err(self.fault(first, format!("{} turns", first.value), "0 to 10000 turns"));
                }
                self.note(format!("turns (LOITER_TURNS) are hovered at their centre, {TURN_S} s each"));
                self.waypoint(item, first.value * TURN_S)?;
            }
            Command::LoiterUnlimited => {
                self.waypoint(item, 0.0)?;
                return Ok(false);
            }
            Command::ReturnToLaunch => {
                self.plan.end = PlanEnd::ReturnToLaunch;
                return Ok(false);
            }
            Command::Land => {
                if item.has_place() {
                    // It is reached at the present height.
                    self.add(item, self.place(item, self.height_m)?, 0.0)?;
                }
                self.plan.end = PlanEnd::Land;
                return Ok(false);
            }
            Command::TakeOff => self.take_off(item)?,
            Command::Delay => {
                let duration_s = self.seconds(first, "of delay")?;
                self.delay(item, duration_s)?;
            }
            Command::ChangeSpeed => self.change_speed(first, second)?,
            Command::PassedOver(name) => self.note(format!("{name} is passed over")),
            // Handled by the caller, which knows the items.
            Command::Jump => {}
        }
        Ok(true)
    }

    fn seconds(&self, at: Located<f64>, what: &str) -> Result<f64, ImportError> {
        if (0.0..=1e7).contains(&at.value) {
            Ok(at.value)
        } else {
            Err(self.fault(at, format!("{} s {what}", at.value), "0 to 10000000 s"))
        }
    }

    fn take_off(&mut self, item: &Item) -> Result<(), ImportError> {
        if self.plan.take_off_m.is_some() || !self.plan.waypoints.is_empty() {
            return Err(self.fault(
                item.command,
                "a take-off on the way",
                "one take-off, before all waypoints",
            ));
        }
        let height_m = self.height(item)?;
        if height_m <= 0.0 {
            return Err(self.fault(item.altitude, "a take-off to 0 m", "a height above home"));
        }
        self.height_m = height_m;
        self.plan.take_off_m = Some(height_m);
        Ok(())
    }

    fn change_speed(&mut self, kind: Located<f64>, speed: Located<f64>) -> Result<(), ImportError> {
        match kind.value {
            // Of the air or over the ground: the wind is the simulator's matter.
            0.0 | 1.0 if (0.05..=100.0).contains(&speed.value) => self.speed_m_per_s = Some(speed.value),
            0.0 | 1.0 if speed.value == -2.0 => self.speed_m_per_s = None,
            0.0 | 1.0 if speed.value == -1.0 => {}
            0.0 | 1.0 => {
                let expected = "0.05 to 100 m/s, -1 for no change, or -2 for the usual speed";
                return Err(self.fault(speed, format!("a speed of {} m/s", speed.value), expected));
            }
            2.0 | 3.0 => {
                self.note("changes of climb and descent rates (DO_CHANGE_SPEED) are passed over".into())
            }
            other => {
                let expected = "0 (air), 1 (ground), 2 (climb) or 3 (descent)";
                return Err(self.fault(kind, format!("the kind of speed {other}"), expected));
            }
        }
        Ok(())
    }

    /// Waits where the vehicle is.
    fn delay(&mut self, item: &Item, duration_s: f64) -> Result<(), ImportError> {
        match (self.plan.waypoints.last_mut(), self.plan.take_off_m) {
            (Some(last), _) => last.hold_s += duration_s,
            (None, None) => self.plan.start_delay_s += duration_s,
            (None, Some(_)) => {
                let place = self.present(item)?;
                self.add(item, place, duration_s)?;
            }
        }
        Ok(())
    }

    fn waypoint(&mut self, item: &Item, hold_s: f64) -> Result<(), ImportError> {
        let height_m = if item.altitude.value == 0.0 { self.height_m } else { self.height(item)? };
        let place = if item.has_place() {
            self.place(item, height_m)?
        } else {
            Position { z_m: height_m, ..self.present(item)? }
        };
        self.height_m = height_m;
        self.add(item, place, hold_s)
    }

    fn add(&mut self, item: &Item, place: Position, hold_s: f64) -> Result<(), ImportError> {
        if self.plan.waypoints.len() == MOST_WAYPOINTS {
            let expected = format!("at most {MOST_WAYPOINTS} waypoints, jumps flown out");
            return Err(self.fault(item.command, "one waypoint more", expected));
        }
        self.plan.waypoints.push(PlannedWaypoint { place, hold_s, speed_m_per_s: self.speed_m_per_s });
        Ok(())
    }

    /// Where the vehicle is: at the last waypoint, or above home.
    fn present(&self, item: &Item) -> Result<Position, ImportError> {
        let home = self.plan.home.map(|home| self.plane.position(home));
        let last = self.plan.waypoints.last().map(|waypoint| waypoint.place);
        let place = last.or(home.map(|home| Position { z_m: self.height_m, ..home }));
        place.ok_or_else(|| {
            let expected = "a latitude and longitude, since the file does not say where home is";
            self.fault(item.latitude, "the present place", expected)
        })
    }

    fn lon_lat(&self, item: &Item) -> Result<LonLat, ImportError> {
        let (latitude, longitude) = (item.latitude.value, item.longitude.value);
        if latitude.abs() > 90.0 {
            let is_swapped = longitude.abs() <= 90.0 && latitude.abs() <= 180.0;
            let hint = if is_swapped { "; it seems to be swapped with the longitude" } else { "" };
            let expected = format!("-90 to 90 degrees{hint}");
            return Err(self.fault(item.latitude, format!("latitude {latitude}"), expected));
        }
        LonLat::new(longitude, latitude).ok_or_else(|| {
            self.fault(item.longitude, format!("longitude {longitude}"), "-180 to 180 degrees")
        })
    }

    fn place(&self, item: &Item, height_m: f64) -> Result<Position, ImportError> {
        let place = self.lon_lat(item)?;
        let origin = self.plane.origin();
        let distance_m = great_circle_m(origin, place);
        if distance_m > FARTHEST_M {
            let found = format!("a place {:.0} km from the scenario's origin", distance_m / 1e3);
            let expected = format!(
                "one within {:.0} km of longitude {}, latitude {}; set the scenario's `origin` to where the mission is",
                FARTHEST_M / 1e3,
                origin.longitude_deg,
                origin.latitude_deg
            );
            return Err(self.fault(item.latitude, found, expected));
        }
        Ok(Position { z_m: height_m, ..self.plane.position(place) })
    }

    /// The altitude of an item in metres above home.
    fn height(&mut self, item: &Item) -> Result<f64, ImportError> {
        let altitude_m = item.altitude.value;
        let height_m = match item.frame.value {
            0 | 5 => match self.home_amsl_m {
                Some(home_m) => altitude_m - home_m,
                None => {
                    let expected = "an altitude above home (frame 3), or home as item 0, to know the ground's altitude";
                    return Err(self.fault(
                        item.frame,
                        "an altitude above sea level (frame 0)",
                        expected,
                    ));
                }
            },
            10 | 11 => {
                self.note(
                    "altitudes above the terrain (frames 10 and 11) are above home: the ground is flat"
                        .into(),
                );
                altitude_m
            }
            3 | 6 => altitude_m,
            other => {
                let expected = "a global frame: 0, 3, 5, 6, 10 or 11";
                return Err(self.fault(item.frame, format!("frame {other}"), expected));
            }
        };
        if (0.0..=1e5).contains(&height_m) {
            Ok(height_m)
        } else {
            let found = format!("a height of {height_m} m above home");
            Err(self.fault(item.altitude, found, "0 to 100000 m"))
        }
    }

    /// Refuses to fly on after the end, and notes what else is there.
    fn tell_of_rest(&mut self, rest: &[Item], end: &Item) -> Result<(), ImportError> {
        let flies =
            |item: &&Item| !matches!(item.command.value, Command::PassedOver(_) | Command::ChangeSpeed);
        let Some(item) = rest.iter().find(flies) else { return Ok(()) };
        let expected = match end.command.value {
            Command::Land => "the end of the file after the landing",
            Command::ReturnToLaunch => "the end of the file after the return",
            _ => "the end of the file after loitering without end",
        };
        Err(self.fault(item.command, format!("command {}", item.command.value.number()), expected))
    }
}

/// The mission in the format `QGC WPL 110`, its places on the earth to 8 decimals of a degree (a millimetre).
///
/// Item 0 is home: that of the plan, else the plane's origin. Heights are above home (frame 3).
///
/// ```
/// use stratosim::infra::{LocalPlane, Position};
/// use stratosim::scenario::import::{FlightPlan, PlannedWaypoint, write_qgc_wpl};
/// let there = Position { x_m: 0.0, y_m: 0.0, z_m: 20.0 };
/// let waypoint = PlannedWaypoint { place: there, hold_s: 0.0, speed_m_per_s: None };
/// let plan = FlightPlan { take_off_m: Some(20.0), waypoints: vec![waypoint], ..FlightPlan::default() };
/// let text = write_qgc_wpl(&plan, &LocalPlane::new(16.25, 39.3));
/// assert_eq!(text.lines().nth(3), Some("2\t0\t3\t16\t0\t0\t0\t0\t39.30000000\t16.25000000\t20\t1"));
/// ```
#[must_use]
pub fn write_qgc_wpl(plan: &FlightPlan, plane: &LocalPlane) -> String {
    let mut writer = Writer { text: format!("{HEADER}\n"), count: 0 };
    let home = plan.home.unwrap_or(plane.origin());
    writer.item(0, Command::Waypoint, [0.0; 2], Some(home), 0.0);
    if plan.start_delay_s > 0.0 {
        writer.item(3, Command::Delay, [plan.start_delay_s, 0.0], None, 0.0);
    }
    if let Some(height_m) = plan.take_off_m {
        writer.item(3, Command::TakeOff, [0.0; 2], None, height_m);
    }
    let mut speed_m_per_s = None;
    for waypoint in &plan.waypoints {
        if waypoint.speed_m_per_s != speed_m_per_s {
            speed_m_per_s = waypoint.speed_m_per_s;
            writer.item(3, Command::ChangeSpeed, [1.0, speed_m_per_s.unwrap_or(-2.0)], None, 0.0);
        }
        let place = plane.lon_lat(waypoint.place);
        writer.item(3, Command::Waypoint, [waypoint.hold_s, 0.0], Some(place), waypoint.place.z_m);
    }
    match plan.end {
        PlanEnd::ReturnToLaunch => writer.item(3, Command::ReturnToLaunch, [0.0; 2], None, 0.0),
        PlanEnd::Land => writer.item(3, Command::Land, [0.0; 2], None, 0.0),
        // Autopilots stay at the last waypoint by themselves.
        PlanEnd::Loiter => {}
    }
    writer.text
}

struct Writer {
    text: String,
    count: usize,
}

impl Writer {
    fn item(
        &mut self,
        frame: u8,
        command: Command,
        first: [f64; 2],
        place: Option<LonLat>,
        altitude_m: f64,
    ) {
        let (current, number) = (u8::from(self.count == 0), command.number());
        let [a, b] = first;
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{}\t{current}\t{frame}\t{number}\t{a}\t{b}\t0\t0\t", self.count);
        let _ = match place {
            Some(at) => write!(self.text, "{:.8}\t{:.8}", at.latitude_deg, at.longitude_deg),
            None => write!(self.text, "0\t0"),
        };
        let _ = writeln!(self.text, "\t{altitude_m}\t1");
        self.count += 1;
    }
}
