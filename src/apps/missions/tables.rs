//! The tables of missions.

use crate::records::{ColumnSpec, TableSpec};

/// The table of streams, a row for each in each period.
pub(super) fn streams() -> TableSpec {
    TableSpec::new(
        "streams",
        "One row for each stream of video and sampling interval in which it made or ended frames, and at the end of the run",
        [
            ColumnSpec::float(
                "t_s",
                "s",
                "end of the interval, which began with the last row or the run",
            ),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("stream", "its name"),
            ColumnSpec::category("source", "node with the camera"),
            ColumnSpec::unsigned("created", "", "frames of messages that were complete"),
            ColumnSpec::unsigned(
                "sent",
                "",
                "frames that began to be sent, or to be worked on on board",
            ),
            ColumnSpec::unsigned("delivered", "", "frames that arrived where they are worked on"),
            ColumnSpec::unsigned("done", "", "frames that were worked off in time"),
            ColumnSpec::unsigned("late", "", "frames that were worked off too late"),
            ColumnSpec::unsigned(
                "dropped",
                "",
                "frames that were dropped since too many messages waited",
            ),
            ColumnSpec::unsigned(
                "lost",
                "",
                "frames for which there was no way, or that went with a node or link",
            ),
            ColumnSpec::unsigned(
                "refused",
                "",
                "frames that a link or a node did not take, or for which no node was chosen",
            ),
            ColumnSpec::unsigned("unfinished", "", "frames that were under way when the run ended"),
            ColumnSpec::unsigned(
                "under_way",
                "",
                "frames that were under way at the end of the interval",
            ),
            ColumnSpec::float("sent_bytes", "B", "bytes that began to be sent"),
            ColumnSpec::float(
                "delay_mean_s",
                "s",
                "mean time from when a message was complete to when it was worked off; null if none was",
            ),
            ColumnSpec::float("delay_p50_s", "s", "median of that"),
            ColumnSpec::float("delay_p95_s", "s", "95th percentile of that"),
            ColumnSpec::float("delay_p99_s", "s", "99th percentile of that"),
        ],
    )
}

/// The table of messages of streams.
pub(super) fn frames() -> TableSpec {
    TableSpec::new(
        "frames",
        "One row for each message of a stream of video, which holds one frame or several, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended, or the run did"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("stream", "its stream"),
            ColumnSpec::category("source", "node with the camera"),
            ColumnSpec::category("node", "where it was to be worked on; null if none was found"),
            ColumnSpec::category("outcome", "how it ended"),
            ColumnSpec::unsigned("frames", "", "frames in it"),
            ColumnSpec::float("size_bytes", "B", "its size"),
            ColumnSpec::float("created_s", "s", "when it was complete"),
            ColumnSpec::float("sent_s", "s", "when it began to be sent, or to be worked on on board; null if it did not"),
            ColumnSpec::float("delivered_s", "s", "when it was where it is worked on; null if it was not"),
            ColumnSpec::float("delay_s", "s", "from when it was complete to when it was worked off; null if it was not"),
        ],
    )
    .detailed()
}

/// The table of missions.
pub(super) fn missions() -> TableSpec {
    TableSpec::new(
        "missions",
        "One row for each mission, written when all its vehicles are back, or at the end of the run",
        [
            ColumnSpec::float("t_s", "s", "when it was written"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("mission", "its name"),
            ColumnSpec::category("kind", "scan, survey, route, agriculture or relay"),
            ColumnSpec::category("vehicle", "its vehicle, or the first of them"),
            ColumnSpec::unsigned("vehicles", "", "its vehicles, drones included"),
            ColumnSpec::category("outcome", "how it ended"),
            ColumnSpec::float("started_s", "s", "when it began; null if it did not"),
            ColumnSpec::float("duration_s", "s", "from its begin to its end; null if it did not begin"),
            ColumnSpec::float("area_m2", "m2", "area of its field; 0 without one"),
            ColumnSpec::float(
                "covered_m2",
                "m2",
                "area of the strips that were worked on; 0 without a field",
            ),
            ColumnSpec::float("planned_m", "m", "lines on which its vehicles were to work"),
            ColumnSpec::float("worked_m", "m", "lines on which they have worked"),
            ColumnSpec::unsigned("weeds", "", "weeds that were passed"),
            ColumnSpec::unsigned("detected", "", "weeds that were seen, by the vehicle or a drone"),
            ColumnSpec::unsigned("detected_by_vehicle", "", "weeds that the vehicle saw"),
            ColumnSpec::unsigned("detected_by_drone", "", "weeds that a drone saw"),
            ColumnSpec::unsigned("missed", "", "weeds that were passed and not seen"),
            ColumnSpec::float("sprayed_l", "l", "litres that were sprayed"),
            ColumnSpec::unsigned("sorties", "", "how often a vehicle of it has set out"),
            ColumnSpec::unsigned("engagements", "", "how often a drone was engaged"),
            ColumnSpec::float("station_s", "s", "time for which a drone was on station"),
            ColumnSpec::float(
                "overhead_s",
                "s",
                "time from decisions to engage to arrivals, or to the end of those that did not arrive",
            ),
            ColumnSpec::float(
                "gained_s",
                "s",
                "detection gained by drones, as seconds of perfect detection at working speed",
            ),
            ColumnSpec::float("energy_j", "J", "energy that its vehicles used while it went on"),
            ColumnSpec::float(
                "engaged_j",
                "J",
                "energy that drones used from the decision to engage to the end of it",
            ),
            ColumnSpec::float(
                "value",
                "s",
                "what it aims at: gained_s less what energy and overhead are worth",
            ),
        ],
    )
}

/// The table of what vehicles of missions do.
pub(super) fn mission_phases() -> TableSpec {
    TableSpec::new(
        "mission_phases",
        "One row for each phase of a vehicle of a mission, written when it ends; those of a vehicle follow each other from the start to the end of the run",
        [
            ColumnSpec::float("t_s", "s", "when it ended, or the run did"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("mission", "mission of the vehicle"),
            ColumnSpec::category("vehicle", "the vehicle"),
            ColumnSpec::category(
                "phase",
                "what it did: a phase of vehicles, or serviced: its battery was swapped or charged",
            ),
            ColumnSpec::float("start_s", "s", "when it began"),
            ColumnSpec::float("duration_s", "s", "how long it lasted"),
        ],
    )
}

/// The table of engagements.
pub(super) fn engagements() -> TableSpec {
    TableSpec::new(
        "engagements",
        "One row for each time that a drone was sent to a vehicle, written when it is down again, or at the end of the run",
        [
            ColumnSpec::float("t_s", "s", "when it was written"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("mission", "its mission"),
            ColumnSpec::category("vehicle", "vehicle that was helped"),
            ColumnSpec::category("drone", "drone that was sent"),
            ColumnSpec::category("ended", "how it ended"),
            ColumnSpec::float("decided_s", "s", "when it was decided"),
            ColumnSpec::float("home_x_m", "m", "the drone's home, east of the origin"),
            ColumnSpec::float("home_y_m", "m", "the drone's home, north of the origin"),
            ColumnSpec::float("vehicle_x_m", "m", "the vehicle at the decision, east of the origin"),
            ColumnSpec::float("vehicle_y_m", "m", "the vehicle at the decision, north of the origin"),
            ColumnSpec::float(
                "arrival_x_m",
                "m",
                "the vehicle when the drone was on station; null if it never was",
            ),
            ColumnSpec::float(
                "arrival_y_m",
                "m",
                "the vehicle when the drone was on station; null if it never was",
            ),
            ColumnSpec::float(
                "distance_m",
                "m",
                "from the drone's home to the vehicle at the decision, over the ground",
            ),
            ColumnSpec::float("wind_m_per_s", "m/s", "mean speed of the wind at the decision"),
            ColumnSpec::float(
                "detection",
                "",
                "detection of the vehicle as it was measured at the decision",
            ),
            ColumnSpec::float("predicted_arming_s", "s", "time to arm that was expected"),
            ColumnSpec::float("arming_s", "s", "time that it took to arm"),
            ColumnSpec::float(
                "predicted_take_off_s",
                "s",
                "time to take off and climb that was expected",
            ),
            ColumnSpec::float("take_off_s", "s", "time that it took to take off and climb"),
            ColumnSpec::float(
                "predicted_cruise_s",
                "s",
                "time to the vehicle that was expected before it slows down",
            ),
            ColumnSpec::float(
                "predicted_approach_s",
                "s",
                "time of slowing down to the station that was expected",
            ),
            ColumnSpec::float(
                "flight_s",
                "s",
                "time from the end of the take-off to the station; null if it did not arrive",
            ),
            ColumnSpec::float(
                "predicted_reach_s",
                "s",
                "time from decision to station that was expected; null if it was not expected to arrive",
            ),
            ColumnSpec::float(
                "reach_s",
                "s",
                "time from decision to station; null if it did not arrive",
            ),
            ColumnSpec::float("predicted_reach_j", "J", "energy to the station that was expected"),
            ColumnSpec::float("reach_j", "J", "energy to the station; null if it did not arrive"),
            ColumnSpec::float("station_s", "s", "time on station"),
            ColumnSpec::float(
                "back_s",
                "s",
                "time from the begin of the way back until its motors were off; null if it did not come down",
            ),
            ColumnSpec::float("back_j", "J", "energy of that"),
            ColumnSpec::float("energy_j", "J", "energy in all"),
            ColumnSpec::float(
                "gained_s",
                "s",
                "detection gained, as seconds of perfect detection at working speed",
            ),
            ColumnSpec::float(
                "value",
                "s",
                "what was aimed at: gained_s less what energy and overhead are worth",
            ),
        ],
    )
}
