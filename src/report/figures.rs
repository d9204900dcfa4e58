//! Which figures a report of a run has.

use crate::output::RunReader;
use crate::plot::{ChartKind, FigureSpec};

/// A figure of the reports of runs, drawn where the run has its table with its columns and rows in it.
#[derive(Clone, Copy, Debug)]
pub struct RunFigure {
    /// Heading above it; figures of the same heading follow each other.
    pub section: &'static str,
    /// Title.
    pub title: &'static str,
    /// What a reader can see in it, as its caption.
    pub caption: &'static str,
    /// Kind of chart.
    pub kind: ChartKind,
    /// Table.
    pub table: &'static str,
    /// Column to the right; empty for the usual one.
    pub x: &'static str,
    /// Column upwards; empty for none.
    pub y: &'static str,
    /// Column that tells series apart; empty for none.
    pub by: &'static str,
    /// Events to mark, as `TABLE.COLUMN` or `TABLE.*`; drawn without where there is no such table.
    pub events: &'static str,
    /// Column of which only the value with the most rows is shown; empty for all.
    pub most_of: &'static str,
    /// How many series or lanes are kept; 0 for as many as usual.
    pub top: usize,
    /// Column whose greatest means decide which are kept; empty for that of the values.
    pub top_by: &'static str,
    /// Rows beyond which the figure would show a crowd rather than single rows, and is left out.
    pub most_rows: u64,
}

const FIGURE: RunFigure = RunFigure {
    section: "",
    title: "",
    caption: "",
    kind: ChartKind::TimeSeries,
    table: "",
    x: "",
    y: "",
    by: "",
    events: "",
    most_of: "",
    top: 0,
    top_by: "",
    most_rows: u64::MAX,
};

const TASKS: RunFigure = RunFigure { section: "Tasks", table: "tasks", ..FIGURE };
const NODES: RunFigure =
    RunFigure { section: "Nodes", table: "nodes", events: "faults.change", ..FIGURE };
const LINKS: RunFigure =
    RunFigure { section: "Network", table: "links", events: "faults.change", ..FIGURE };

const ACCELERATORS: RunFigure = RunFigure { table: "accelerators", ..NODES };

const HOSTS: RunFigure = RunFigure { section: "Datacenter", table: "hosts", ..FIGURE };

const RADIO: RunFigure = RunFigure {
    section: "Radio",
    table: "radio",
    by: "site",
    events: "handovers.*",
    most_of: "device",
    top: 5,
    top_by: "received_power_dbm",
    ..FIGURE
};

const WIFI: RunFigure =
    RunFigure { section: "WiFi", table: "wifi_links", by: "device", top: 6, ..FIGURE };

const PHASES: RunFigure = RunFigure { section: "Missions", table: "mission_phases", ..FIGURE };

const GEO: RunFigure =
    RunFigure { section: "Geo-distributed resources", table: "geo_operations", ..FIGURE };
const TRAINING: RunFigure = RunFigure { section: "Training jobs", table: "training_jobs", ..FIGURE };

const FIGURES: [RunFigure; 38] = [
    RunFigure {
        title: "How tasks ended",
        caption: "Of the tasks that ended in each interval, the share of each outcome.",
        kind: ChartKind::Shares,
        by: "outcome",
        ..TASKS
    },
    RunFigure {
        title: "Service time by application",
        caption: "At each time, the share of tasks that were served within it, from creation to the arrival of \
                  the result.",
        kind: ChartKind::Ecdf,
        x: "service_s",
        by: "application",
        ..TASKS
    },
    RunFigure {
        title: "Service time by tier",
        caption: "Quartiles of the service time of the tasks that ran on each tier.",
        kind: ChartKind::Box,
        x: "tier",
        y: "service_s",
        ..TASKS
    },
    RunFigure {
        title: "Where tasks ran",
        caption: "Of the tasks that ended in each interval, the share of each tier.",
        kind: ChartKind::Shares,
        by: "tier",
        ..TASKS
    },
    RunFigure {
        title: "Tasks by node",
        caption: "Each task from its creation to its end.",
        kind: ChartKind::Gantt,
        y: "node",
        by: "outcome",
        most_rows: 3000,
        ..TASKS
    },
    RunFigure {
        title: "What was decided",
        caption: "Of the decisions of each interval, the share of each choice.",
        section: "Decisions",
        kind: ChartKind::Shares,
        table: "decisions",
        by: "choice",
        top: 10,
        ..FIGURE
    },
    RunFigure {
        title: "Utilisation by tier",
        caption: "Mean busy share of the cores of a tier's nodes in each period.",
        y: "utilisation",
        by: "tier",
        ..NODES
    },
    RunFigure {
        title: "The busiest nodes",
        caption: "Mean busy share of the cores of the nodes that are busiest over the run.",
        y: "utilisation",
        by: "node",
        top: 6,
        ..NODES
    },
    RunFigure {
        title: "The longest queues",
        caption: "Jobs that wait, at the nodes where most do.",
        y: "waiting",
        by: "node",
        top: 6,
        ..NODES
    },
    RunFigure {
        title: "Utilisation of accelerators by type",
        caption: "Mean share of a node's devices of a type that computed in each period.",
        y: "utilisation",
        by: "type",
        ..ACCELERATORS
    },
    RunFigure {
        title: "The longest queues for accelerators",
        caption: "Tasks that wait for a device, at the nodes where most do.",
        y: "waiting",
        by: "node",
        top: 6,
        ..ACCELERATORS
    },
    RunFigure {
        title: "Power by tier",
        caption: "Mean power of a node of each tier.",
        y: "power_w",
        by: "tier",
        ..NODES
    },
    RunFigure {
        title: "Batteries",
        caption: "Mean share that is left in the batteries of each tier.",
        y: "battery_level",
        by: "tier",
        ..NODES
    },
    RunFigure {
        title: "The busiest links",
        caption: "Bytes carried in each period over those that could be carried, mean of both directions.",
        y: "utilisation",
        by: "link",
        top: 6,
        ..LINKS
    },
    RunFigure {
        title: "How transfers ended",
        caption: "Of the transfers that ended in each interval, the share of each outcome.",
        section: "Network",
        kind: ChartKind::Shares,
        table: "transfers",
        by: "outcome",
        ..FIGURE
    },
    RunFigure {
        title: "Handovers",
        caption: "Changes of access points over time.",
        section: "Mobility",
        kind: ChartKind::Histogram,
        table: "handovers",
        x: "t_s",
        ..FIGURE
    },
    RunFigure {
        title: "Received power of one device",
        caption: "What the device of which most was sampled receives of the five sites that are strongest on the whole, \
                  and where it goes over from one to another.",
        y: "received_power_dbm",
        ..RADIO
    },
    RunFigure {
        title: "Path loss of one device",
        caption: "Path loss to the same sites, with shadowing.",
        y: "path_loss_db",
        ..RADIO
    },
    RunFigure {
        title: "Faults and changes",
        caption: "Failures, repairs, empty batteries, arrivals and departures over time.",
        section: "Faults",
        kind: ChartKind::Histogram,
        table: "faults",
        x: "t_s",
        by: "change",
        ..FIGURE
    },
    RunFigure {
        title: "States of the hosts",
        caption: "Share of the hosts in each state, at each control step.",
        kind: ChartKind::Shares,
        by: "state",
        ..HOSTS
    },
    RunFigure {
        title: "Work asked of hosts",
        caption: "What the virtual machines of the hosts of which most is asked want, at each control step.",
        y: "requested_mips",
        by: "host",
        top: 6,
        ..HOSTS
    },
    RunFigure {
        title: "Virtual machines on hosts",
        caption: "Their number on the hosts that have most, at each control step.",
        y: "vms",
        by: "host",
        top: 6,
        ..HOSTS
    },
    RunFigure {
        title: "Active hosts",
        caption: "Hosts that serve something, at each control step.",
        section: "Datacenter",
        table: "cloudsim_steps",
        y: "active_hosts",
        ..FIGURE
    },
    RunFigure {
        title: "Migrations",
        caption: "What was moved, from when to when.",
        section: "Migrations",
        kind: ChartKind::Gantt,
        table: "migrations",
        most_rows: 3000,
        ..FIGURE
    },
    RunFigure {
        title: "Jobs",
        caption: "Each job from start to end.",
        section: "Jobs",
        kind: ChartKind::Gantt,
        table: "jobs",
        most_rows: 3000,
        ..FIGURE
    },
    RunFigure {
        title: "Tracks by phase",
        caption: "Where vehicles went, in the colours of what they did; their homes, access points and what these cover, and \
                  fields.",
        kind: ChartKind::Tracks,
        ..PHASES
    },
    RunFigure {
        title: "What vehicles did",
        caption: "The phases of each vehicle's missions.",
        kind: ChartKind::Gantt,
        y: "vehicle",
        by: "phase",
        most_rows: 3000,
        ..PHASES
    },
    RunFigure {
        title: "How long phases take",
        caption: "Quartiles of the durations of each phase.",
        kind: ChartKind::Box,
        x: "phase",
        y: "duration_s",
        ..PHASES
    },
    RunFigure {
        title: "Time to reach",
        caption: "At each time, the share of engagements whose drone was on station within it, from the decision.",
        kind: ChartKind::Ecdf,
        table: "engagements",
        x: "reach_s",
        by: "drone",
        ..PHASES
    },
    RunFigure {
        title: "Batteries of vehicles",
        caption: "Charge that is left, in percent as MAVLink has it.",
        table: "telemetry",
        y: "battery_remaining",
        by: "node",
        top: 8,
        ..PHASES
    },
    RunFigure {
        title: "Frames of video",
        caption: "Of the messages that ended in each interval, the share of each outcome.",
        kind: ChartKind::Shares,
        table: "frames",
        by: "outcome",
        ..PHASES
    },
    RunFigure {
        title: "Rates up by station",
        caption: "Rate of the mode in which stations of modelled WiFi send, of those that send fastest.",
        y: "ul_phy_bps",
        ..WIFI
    },
    RunFigure {
        title: "Signal to noise by station",
        caption: "Ratio of the power that stations of modelled WiFi receive to noise.",
        y: "snr_db",
        ..WIFI
    },
    RunFigure {
        title: "Latency of operations",
        caption: "At each latency, the share of operations whose first response came within it.",
        kind: ChartKind::Ecdf,
        x: "latency_s",
        by: "access",
        ..GEO
    },
    RunFigure {
        title: "Availability by kind",
        caption: "Share of the operations of each sample that were done, over all sites.",
        table: "geo_sites",
        y: "availability",
        by: "kind",
        ..GEO
    },
    RunFigure {
        title: "Time to completion",
        caption: "At each time, the share of training jobs that ended within it, from their submission.",
        kind: ChartKind::Ecdf,
        x: "completion_s",
        by: "kind",
        ..TRAINING
    },
    RunFigure {
        title: "Slow-down of jobs",
        caption: "Quartiles of the time that training jobs ran over what they take at full rate, by the leaves that they were on.",
        kind: ChartKind::Box,
        x: "leaves",
        y: "slow_down",
        ..TRAINING
    },
    RunFigure {
        title: "GPUs in use",
        caption: "Part of the GPUs that training jobs have.",
        table: "training_states",
        y: "utilisation",
        ..TRAINING
    },
];

/// The map of a run, which is drawn beside the figures of its tables.
#[must_use]
pub fn map_figure() -> FigureSpec {
    FigureSpec {
        kind: Some(ChartKind::Map),
        title: Some("Where things are".into()),
        height: Some(760),
        ..FigureSpec::default()
    }
}

/// The figures of the reports of runs, in their order. Each is drawn where its table and columns are.
#[must_use]
pub fn run_figures() -> &'static [RunFigure] {
    &FIGURES
}

impl RunFigure {
    /// What is to be drawn of a run; `None` if the run has not what the figure needs.
    #[must_use]
    pub fn spec(&self, run: &RunReader) -> Option<FigureSpec> {
        let table = run.tables().find(|table| table.name == self.table)?;
        let rows = run.summary()["tables"][self.table].as_u64();
        if rows.is_some_and(|rows| rows == 0 || rows > self.most_rows) {
            return None;
        }
        let columns = [self.x, self.y, self.by, self.most_of, self.top_by];
        let has = |name: &&str| name.is_empty() || table.column(name).is_some();
        if !columns.iter().all(has) {
            return None;
        }
        let given = |name: &str| (!name.is_empty()).then(|| name.to_string());
        let names = |name: &str| given(name).into_iter().collect::<Vec<_>>().into();
        let events_there = self.events.split_once('.').is_some_and(|(table, _)| run.has_table(table));
        Some(FigureSpec {
            kind: Some(self.kind),
            table: given(self.table),
            x: given(self.x),
            y: names(self.y),
            by: names(self.by),
            events: given(self.events).filter(|_| events_there),
            most_of: given(self.most_of),
            top: (self.top > 0).then_some(self.top),
            top_by: given(self.top_by),
            title: given(self.title),
            ..FigureSpec::default()
        })
    }
}
