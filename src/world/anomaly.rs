//! The decision point about anomalies: detectors after each measurement period, responses to alarms, and their records.

mod setup;

pub(super) use setup::AnomalySetup;

use super::builder::WorldError;
use super::core::Core;
use super::decisions::Made;
use super::event::Event;
use crate::apps::{Anomaly, DecisionEnd, DecisionId, DecisionPoint};
use crate::engine::{Schedule, SimTime, Stream};
use crate::infra::cells::{DeviceReport, Heard, RadioCommand, RadioRefusal, ServingReport};
use crate::infra::{CellId, Infrastructure, NodeId};
use crate::placement::anomaly::{
    AnomalyDetector, AnomalyResponse, Confusion, DetectionView, Features, Response, ResponseView,
    Verdict,
};
use crate::records::{Cell, ColumnSpec, Records, Symbol, TableId, TableSpec};
use serde_json::{Map, Value, json};

fn detections() -> TableSpec {
    TableSpec::new(
        "detections",
        "What each detector says of each device with a 5G cell after each measurement period, and what was done \
         about it; what begins with jam is truth",
        [
            ColumnSpec::float("t_s", "s", "end of the measurement period"),
            ColumnSpec::category("device", "device"),
            ColumnSpec::category("cell", "serving cell"),
            ColumnSpec::category("detector", "detector"),
            ColumnSpec::float("score", "", "how sure it is, on a scale of its own"),
            ColumnSpec::boolean("alarm", "whether it gives an alarm"),
            ColumnSpec::boolean("jammed", "truth: whether the device is jammed"),
            ColumnSpec::category("jamming_kind", "truth: kind of the strongest jammer if the device is jammed, else null"),
            ColumnSpec::float(
                "delay_s",
                "s",
                "at the first alarm of a run of jammed periods the time since its start; else null",
            ),
            ColumnSpec::category(
                "response",
                "what was to be done about the alarm: `nothing`, `reroute`, `carrier`, `wifi`, `detach` or \
                 `deploy`; null without an alarm, and of detectors that only watch",
            ),
            ColumnSpec::boolean("applied", "whether that was possible; null where nothing was to be done"),
        ],
    )
    .detailed()
}

/// A detector, and what is known of it.
#[derive(Debug)]
struct Watcher {
    name: String,
    symbol: Symbol,
    detector: Box<dyn AnomalyDetector>,
    confusion: Confusion,
}

/// A device, as detectors and responses left it.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    /// Its cell when it was last seen.
    cell: Option<CellId>,
    /// Alarms in a row of the acting detector.
    alarms: u32,
    /// The greatest rate that its downlink would have had with the whole carrier.
    best_bps: f64,
    open: Option<Open>,
}

/// A recorded decision whose reward is still to come.
#[derive(Clone, Copy, Debug)]
struct Open {
    decision: DecisionId,
    outcome: Symbol,
    /// Sum of the shares of the best rate, and of how many periods.
    shares: f64,
    periods: u32,
}

impl Open {
    fn reward(&self) -> f64 {
        if self.periods == 0 { 0.0 } else { self.shares / f64::from(self.periods) }
    }
}

/// Symbols of what is recorded.
#[derive(Clone, Copy, Debug)]
struct Words {
    applied: Symbol,
    refused: Symbol,
    nothing: Symbol,
    responses: [Symbol; Response::NAMES.len()],
}

/// The detectors and the response of a world, and what they have seen.
#[derive(Debug)]
pub(super) struct AnomalyWatch {
    watchers: Vec<Watcher>,
    acting: usize,
    response: Box<dyn AnomalyResponse>,
    random: Stream,
    table: TableId,
    devices: Vec<Watched>,
    words: Words,
    /// Whether a workload does anything about anomalies.
    is_heeded: bool,
    /// Responses that were possible, in the order of their names.
    applied: [u64; Response::NAMES.len()],
    refused: u64,
}

impl AnomalyWatch {
    /// Registers the table; `None` without detectors.
    pub(super) fn register(
        setup: AnomalySetup,
        infrastructure: &Infrastructure,
        random: Stream,
        records: &mut dyn Records,
    ) -> Result<Option<Box<Self>>, WorldError> {
        if !setup.is_asked() {
            return Ok(None);
        }
        let cells = infrastructure.cells().ok_or(WorldError::DetectorsWithoutCells)?;
        let acting = setup.acting()?;
        let table = records.table(detections())?;
        let watchers = setup.detectors.into_iter().map(|(name, detector)| {
            let symbol = records.symbol(&name);
            Watcher { name, symbol, detector, confusion: Confusion::default() }
        });
        let watchers = watchers.collect();
        let words = Words {
            applied: records.symbol("applied"),
            refused: records.symbol("refused"),
            nothing: records.symbol("nothing"),
            responses: Response::NAMES.map(|name| records.symbol(name)),
        };
        Ok(Some(Box::new(AnomalyWatch {
            watchers,
            acting,
            response: setup.response.1,
            random,
            table,
            devices: vec![Watched::default(); cells.devices().len()],
            words,
            is_heeded: false,
            applied: [0; Response::NAMES.len()],
            refused: 0,
        })))
    }
}

/// What is done about an alarm.
#[derive(Clone, Copy, Debug)]
struct Done {
    response: Response,
    /// `None` where nothing was to be done.
    applied: Option<bool>,
}

impl Core {
    /// Tells whether a workload does anything about anomalies.
    pub(super) fn heed_anomalies(&mut self, is_heeded: bool) {
        if let Some(watch) = &mut self.anomaly {
            watch.is_heeded = is_heeded;
        }
    }

    /// Lets detectors look at all devices, and responds to alarms if that makes sense still. What workloads are to be told
    /// of is returned.
    pub(super) fn detect(
        &mut self,
        schedule: &mut Schedule<Event>,
        reports: &[DeviceReport],
        responds: bool,
    ) -> Vec<Anomaly> {
        let mut told = Vec::new();
        let Some(mut watch) = self.anomaly.take() else { return told };
        let period = self.infrastructure.cells().map(|cells| cells.reported());
        for (number, report) in reports.iter().enumerate() {
            let Some(period) = period else { break };
            let told = responds.then_some(&mut told);
            self.look_at(schedule, &mut watch, (number, report), period, told);
        }
        self.anomaly = Some(watch);
        told
    }

    fn look_at(
        &mut self,
        schedule: &mut Schedule<Event>,
        watch: &mut AnomalyWatch,
        (number, report): (usize, &DeviceReport),
        period: (SimTime, SimTime),
        mut told: Option<&mut Vec<Anomaly>>,
    ) {
        if !report.is_available {
            let gone = std::mem::take(&mut watch.devices[number]);
            if gone.cell.is_some() || gone.open.is_some() {
                self.resolve_anomaly(schedule.now(), gone.open);
                watch.watchers.iter_mut().for_each(|own| {
                    own.detector.forget(number);
                    own.confusion.leave(number);
                });
            }
            return;
        }
        self.reward(&mut watch.devices[number], report);
        let Some(serving) = &report.serving else {
            watch.devices[number].alarms = 0;
            return;
        };
        if watch.devices[number].cell.replace(serving.cell).is_some_and(|cell| cell != serving.cell) {
            watch.watchers.iter_mut().for_each(|own| own.detector.change_cell(number));
        }
        let features = Features::of(report);
        let now = schedule.now();
        let truth = self.infrastructure.cells().and_then(|cells| cells.truth(report.device)).copied();
        let jammed = truth.filter(|truth| truth.jammed);
        for index in 0..watch.watchers.len() {
            let own = &mut watch.watchers[index];
            let shown = truth.as_ref().filter(|_| own.detector.needs_truth());
            let view = DetectionView::new(number, now, report, &features, shown);
            let verdict = own.detector.observe(&view);
            let delay_s = own.confusion.count(number, period, verdict.alarm, jammed.is_some());
            let mut done = None;
            if index == watch.acting {
                let alarms = &mut watch.devices[number].alarms;
                *alarms = if verdict.alarm { alarms.saturating_add(1) } else { 0 };
                if let Some(told) = told.as_deref_mut().filter(|_| verdict.alarm) {
                    let seen = (number, report, serving, &features);
                    done = Some(self.respond(schedule, watch, seen, verdict, told));
                }
            }
            if self.records.is_recorded(watch.table) {
                let kind = jammed.and_then(|truth| Some(self.cells.as_ref()?.kind_symbol(truth.jammer)));
                let cell = self.cells.as_ref().map(|tables| tables.cell_symbol(serving.cell));
                let words = watch.words;
                let name =
                    |done: Done| done.response.index().map_or(words.nothing, |at| words.responses[at]);
                let row = [
                    Cell::Float(now.as_secs()),
                    Cell::Category(self.node_symbols[report.device.index()]),
                    cell.into(),
                    Cell::Category(watch.watchers[index].symbol),
                    Cell::Float(verdict.score),
                    Cell::Boolean(verdict.alarm),
                    Cell::Boolean(jammed.is_some()),
                    kind.into(),
                    delay_s.into(),
                    done.map(name).into(),
                    done.and_then(|done| done.applied).into(),
                ];
                self.records.write(watch.table, &row);
            }
        }
    }

    /// Asks what is to be done about a device with an alarm, and does it.
    fn respond(
        &mut self,
        schedule: &mut Schedule<Event>,
        watch: &mut AnomalyWatch,
        (number, report, serving, features): (usize, &DeviceReport, &ServingReport, &Features),
        verdict: Verdict,
        told: &mut Vec<Anomaly>,
    ) -> Done {
        let nothing = Done { response: Response::Nothing, applied: None };
        let Some(cells) = self.infrastructure.cells() else { return nothing };
        let (device, now) = (report.device, schedule.now());
        let neighbours: Vec<Heard> = cells.neighbours(device);
        self.decisions.count();
        let mut view = ResponseView {
            number,
            now,
            report,
            serving,
            features,
            score: verdict.score,
            alarms_in_a_row: watch.devices[number].alarms,
            neighbours: &neighbours,
            cells,
            infrastructure: &self.infrastructure,
            random: &mut watch.random,
        };
        let is_recorded = self.decisions.enabled(DecisionPoint::AnomalyResponse);
        let seen = is_recorded.then(|| view.decision_features());
        let response = watch.response.respond(&mut view);
        let choice = match response {
            Response::Reroute { cell, .. } => cells.cells().get(cell.index()).map(|cell| cell.site),
            Response::Carrier { .. } => Some(serving.site),
            Response::Wifi(site) => self.infrastructure.nodes().get(site.index()).map(|_| site),
            Response::Nothing | Response::Detach { .. } | Response::Deploy => None,
        };
        let is_done = match response {
            Response::Deploy => watch.is_heeded,
            _ => self.apply_response(schedule, device, serving, response).is_ok(),
        };
        if response == Response::Deploy && is_done {
            told.push(Anomaly { device, cell: serving.cell, site: serving.site, score: verdict.score });
        }
        let outcome = match (response.index(), is_done) {
            (None, _) => watch.words.nothing,
            (Some(index), true) => {
                watch.applied[index] += 1;
                watch.words.applied
            }
            (Some(_), false) => {
                watch.refused += 1;
                self.counts.refused_decisions += 1;
                watch.words.refused
            }
        };
        if let Some(seen) = seen {
            let made = Made {
                time: now,
                point: DecisionPoint::AnomalyResponse,
                workload: None,
                policy: None,
                subject: number as u64,
                device: Some(device),
                choice: choice.filter(|_| is_done),
            };
            let decision = self.decisions.add(made, None, Some(&seen));
            let open = Open { decision, outcome, shares: 0.0, periods: 0 };
            let before = watch.devices[number].open.replace(open);
            self.resolve_anomaly(now, before);
        }
        Done { response, applied: response.index().map(|_| is_done) }
    }

    /// Does what a response says.
    fn apply_response(
        &mut self,
        schedule: &mut Schedule<Event>,
        device: NodeId,
        serving: &ServingReport,
        response: Response,
    ) -> Result<(), RadioRefusal> {
        let (command, hold_s) = match response {
            Response::Nothing | Response::Deploy => return Ok(()),
            Response::Reroute { cell, hold_s } => (RadioCommand::HandOver(cell), hold_s),
            Response::Carrier { carrier, hold_s } => (RadioCommand::Carrier(carrier), hold_s),
            Response::Wifi(site) => (RadioCommand::AccessPoint(site), 0.0),
            Response::Detach { seconds } => (RadioCommand::Detach { seconds }, 0.0),
        };
        self.infrastructure.command(schedule, device, command)?;
        if hold_s > 0.0 {
            let bar = RadioCommand::Bar { cell: serving.cell, seconds: hold_s };
            self.infrastructure.command(schedule, device, bar)?;
        }
        Ok(())
    }

    /// Adds a period to the reward of the last decision about a device.
    fn reward(&self, own: &mut Watched, report: &DeviceReport) {
        let whole_bps = report.serving.as_ref().map(|serving| serving.downlink.whole_bps);
        own.best_bps = own.best_bps.max(whole_bps.unwrap_or(0.0));
        let Some(open) = &mut own.open else { return };
        open.periods += 1;
        open.shares += match whole_bps {
            Some(bps) if own.best_bps > 0.0 => bps / own.best_bps,
            Some(_) => 0.0,
            // Another access point is as good as can be.
            None => f64::from(u8::from(self.infrastructure.attached_to(report.device).is_some())),
        };
    }

    /// Tells what came of a decision.
    fn resolve_anomaly(&mut self, now: SimTime, open: Option<Open>) {
        let Some(open) = open else { return };
        let end = DecisionEnd::scored(open.outcome, open.reward());
        let (records, symbols) = (&mut *self.records, &self.node_symbols);
        // No policy of offloading learns of it.
        let _ = self.decisions.resolve(records, symbols, now, open.decision, end);
    }

    /// Tells what came of the decisions that were the last of their devices.
    pub(super) fn finish_anomaly(&mut self, now: SimTime) {
        let count = self.anomaly.as_ref().map_or(0, |watch| watch.devices.len());
        for number in 0..count {
            let open = self.anomaly.as_mut().and_then(|watch| watch.devices[number].open.take());
            self.resolve_anomaly(now, open);
        }
    }
}

/// What the summary says of detectors, by their names, and of responses.
pub(super) fn summary(watch: Option<&AnomalyWatch>) -> (Value, Value) {
    let watchers = watch.map_or(&[][..], |watch| &watch.watchers[..]);
    let detection: Map<String, Value> = watchers
        .iter()
        .map(|own| {
            let confusion = &own.confusion;
            let counts = json!({
                "true_positives": confusion.true_positives,
                "false_positives": confusion.false_positives,
                "true_negatives": confusion.true_negatives,
                "false_negatives": confusion.false_negatives,
                "precision": confusion.precision(),
                "recall": confusion.recall(),
                "f1": confusion.f1(),
                "false_alarms_per_h": confusion.false_alarms_per_h(),
                "episodes": confusion.episodes,
                "detected": confusion.detected,
                "delay_s": { "mean": confusion.mean_delay_s(), "p95": confusion.late_delay_s() },
            });
            (own.name.clone(), counts)
        })
        .collect();
    let applied = watch.map_or([0; Response::NAMES.len()], |watch| watch.applied);
    let mut responses: Map<String, Value> = Response::NAMES
        .iter()
        .zip(applied)
        .map(|(name, count)| ((*name).into(), count.into()))
        .collect();
    responses.insert("refused".into(), watch.map_or(0, |watch| watch.refused).into());
    (Value::Object(detection), Value::Object(responses))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reward_is_the_mean_share_of_the_best_rate() {
        let (decision, outcome) = (DecisionId(0), Symbol(0));
        let open = |shares, periods| Open { decision, outcome, shares, periods };
        assert_eq!((open(1.5, 2).reward(), open(0.0, 0).reward()), (0.75, 0.0));
    }
}
