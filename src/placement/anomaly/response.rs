//! What can be done about a device with an alarm.

use super::{AnomalyResponse, ResponseView};
use crate::engine::{SimDuration, SimTime};
use crate::infra::{CellId, NodeId};
use crate::units::{Duration, Gain};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a response wants done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Response {
    /// Nothing.
    Nothing,
    /// The device goes to another cell.
    Reroute {
        /// The cell.
        cell: CellId,
        /// Seconds for which it does not choose the cell that it leaves.
        hold_s: f64,
    },
    /// The device goes to another carrier of the same gNB and sector.
    Carrier {
        /// Its number.
        carrier: u16,
        /// Seconds for which it does not choose the cell that it leaves.
        hold_s: f64,
    },
    /// The device goes to an access point that is no gNB (WiFi) for as long as it is in its range.
    Wifi(NodeId),
    /// The device leaves the air.
    Detach {
        /// Seconds until it may come back.
        seconds: f64,
    },
    /// Workloads are told to put what they run at the gNB elsewhere.
    Deploy,
}

impl Response {
    /// All names, in the order of the summary.
    pub const NAMES: [&'static str; 5] = ["reroute", "carrier", "wifi", "detach", "deploy"];

    /// Its place among [the names](Response::NAMES); `None` of nothing.
    #[must_use]
    pub const fn index(&self) -> Option<usize> {
        match self {
            Response::Nothing => None,
            Response::Reroute { .. } => Some(0),
            Response::Carrier { .. } => Some(1),
            Response::Wifi(_) => Some(2),
            Response::Detach { .. } => Some(3),
            Response::Deploy => Some(4),
        }
    }
}

/// Does nothing: alarms are counted only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ignore {}

impl AnomalyResponse for Ignore {
    fn respond(&mut self, _: &mut ResponseView<'_>) -> Response {
        Response::Nothing
    }
}

fn usual_hold() -> Duration {
    Duration::from_secs(30.0)
}

/// To the strongest other cell, if it is strong enough and the device may choose it: not back to one that a response took it
/// off a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reroute {
    /// By how much the other cell may be weaker than the present one.
    pub within: Gain,
    /// For how long the device does not go back to the cell that it leaves.
    pub hold: Duration,
}

impl Default for Reroute {
    fn default() -> Self {
        Reroute { within: Gain::from_db(10.0), hold: usual_hold() }
    }
}

impl AnomalyResponse for Reroute {
    fn respond(&mut self, view: &mut ResponseView<'_>) -> Response {
        let serving = view.serving().cell;
        // Filtered, as the others are, if the cell itself was heard.
        let heard = view.neighbours().iter().find(|heard| heard.cell == serving);
        let own_dbm = heard.map_or(view.serving().measured.rsrp_dbm, |heard| heard.rsrp_dbm);
        let least_dbm = own_dbm - self.within.as_db();
        let other = view.neighbours().iter().find(|heard| {
            let works = heard.cell != serving && view.cells()[heard.cell.index()].is_up;
            works && heard.rsrp_dbm >= least_dbm && !view.is_barred(heard.cell)
        });
        let hold_s = self.hold.as_secs();
        other.map_or(Response::Nothing, |other| Response::Reroute { cell: other.cell, hold_s })
    }
}

/// To the next carrier of the same gNB and sector that the device may choose: not back to one that a response took it off a
/// moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HopCarrier {
    /// For how long the device does not go back to the carrier that it leaves.
    pub hold: Duration,
}

impl Default for HopCarrier {
    fn default() -> Self {
        HopCarrier { hold: usual_hold() }
    }
}

impl AnomalyResponse for HopCarrier {
    fn respond(&mut self, view: &mut ResponseView<'_>) -> Response {
        let serving = view.serving().cell;
        let is_open = |cell: &CellId| !view.is_barred(*cell);
        // The next one, then from the first on.
        let next = view.other_carriers().filter(is_open).find(|&cell| cell > serving);
        let Some(cell) = next.or_else(|| view.other_carriers().find(is_open)) else {
            return Response::Nothing;
        };
        Response::Carrier { carrier: view.cells()[cell.index()].carrier, hold_s: self.hold.as_secs() }
    }
}

/// To another access point (WiFi), if one is in range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToWifi {}

impl AnomalyResponse for ToWifi {
    fn respond(&mut self, view: &mut ResponseView<'_>) -> Response {
        view.wifi().map_or(Response::Nothing, Response::Wifi)
    }
}

/// Off the air for a while.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Detach {
    /// For how long.
    pub hold: Duration,
}

impl Default for Detach {
    fn default() -> Self {
        Detach { hold: usual_hold() }
    }
}

impl AnomalyResponse for Detach {
    fn respond(&mut self, _: &mut ResponseView<'_>) -> Response {
        Response::Detach { seconds: self.hold.as_secs() }
    }
}

/// Has workloads put what they run at the gNB elsewhere, once for all of its devices.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deploy {
    /// For how long it is not done again for the same gNB.
    pub hold: Duration,
    #[serde(skip)]
    done: BTreeMap<NodeId, SimTime>,
}

impl Deploy {
    /// Not again for so long.
    #[must_use]
    pub fn new(hold: Duration) -> Self {
        Deploy { hold, done: BTreeMap::new() }
    }
}

impl Default for Deploy {
    fn default() -> Self {
        Deploy::new(usual_hold())
    }
}

impl AnomalyResponse for Deploy {
    fn respond(&mut self, view: &mut ResponseView<'_>) -> Response {
        let (site, now) = (view.serving().site, view.now());
        if self.done.get(&site).is_some_and(|&until| now < until) {
            return Response::Nothing;
        }
        self.done.insert(site, now + SimDuration::from_secs(self.hold.as_secs()));
        Response::Deploy
    }
}

/// The first of several responses that does anything.
#[derive(Debug)]
pub struct FirstOf {
    /// The responses, in the order in which they are asked.
    pub responses: Vec<Box<dyn AnomalyResponse>>,
}

impl AnomalyResponse for FirstOf {
    fn respond(&mut self, view: &mut ResponseView<'_>) -> Response {
        let mut answers = self.responses.iter_mut().map(|response| response.respond(view));
        answers.find(|answer| *answer != Response::Nothing).unwrap_or(Response::Nothing)
    }

    fn check(&self) -> Result<(), crate::placement::ParameterError> {
        self.responses.iter().enumerate().try_for_each(|(index, response)| {
            response.check().map_err(|error| error.at_index(index).at("responses"))
        })
    }
}
