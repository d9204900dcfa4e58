//! What the tables of 5G cells are.

use crate::records::{ColumnSpec, TableSpec};

pub(super) fn devices() -> TableSpec {
    let float = ColumnSpec::float;
    let columns = [
        float("t_s", "s", "end of the measurement period"),
        ColumnSpec::category("device", "device"),
        ColumnSpec::category("site", "access point that it is attached to; null without one"),
        ColumnSpec::category(
            "cell",
            "serving cell at the end of the period: gNB, sector, carrier; all that follows the speed is null \
             without one, but for the bytes of IP and the truth of a device that is jammed at the strongest cell that \
             it cannot get into",
        ),
        float("x_m", "m", "place at the start of the period, when it measures, to the east"),
        float("y_m", "m", "the same to the north"),
        float("speed_m_per_s", "m/s", "speed there"),
        float("distance_m", "m", "distance between the antennas"),
        ColumnSpec::boolean("line_of_sight", "whether there is a line of sight"),
        float("rsrp_dbm", "dBm", "power of a resource element of the serving cell's reference signals"),
        float("rsrq_db", "dB", "number of resource blocks x RSRP / RSSI"),
        float("rssi_dbm", "dBm", "all power in the carrier"),
        float("sinr_db", "dB", "signal to interference and noise on the reference signals"),
        ColumnSpec::category("neighbour", "strongest other cell; null if none is received"),
        float("neighbour_rsrp_dbm", "dBm", "its RSRP; null if none is received"),
        float("cqi", "", "mean channel quality indicator, 0 to 15"),
        float("ri", "", "layers of the downlink"),
        float("dl_mcs", "", "mean index of the downlink's coding scheme"),
        float("dl_brate_bps", "bit/s", "rate carried down, mean over the period"),
        float("dl_ok", "", "transport blocks down that were acknowledged, as expected"),
        float(
            "dl_nok",
            "",
            "transport blocks down that were not; over a link that carries nothing, one for each slot that it would be given",
        ),
        float(
            "dl_bler",
            "",
            "share of transmissions down that were not acknowledged; of those there would have been if there \
             were none; null if nothing is to be sent over a link that carries nothing",
        ),
        float("dl_sinr_db", "dB", "SINR of the downlink's data"),
        float("dl_bs_bytes", "B", "bytes of transfers that wait at the base station at the end"),
        float("ul_mcs", "", "mean index of the uplink's coding scheme"),
        float("ul_brate_bps", "bit/s", "rate carried up, mean over the period"),
        float("ul_ok", "", "transport blocks up that were received, as expected"),
        float(
            "ul_nok",
            "",
            "transport blocks up that were not; over a link that carries nothing, one for each slot that it would be given",
        ),
        float("ul_bler", "", "the same up"),
        float("pusch_snr_db", "dB", "SINR of the uplink's data"),
        float("pusch_rsrp_dbm", "dBm", "power of a resource element of the uplink at the base station"),
        float("pucch_snr_db", "dB", "SINR of the uplink's control channel"),
        float("bsr_bytes", "B", "bytes of transfers that wait at the device at the end"),
        float("ta_ns", "ns", "timing advance: twice the distance over the speed of light"),
        float("phr_db", "dB", "power headroom of the device"),
        float("ssb_loss", "", "share of SSBs that the device loses; in no log of a base station"),
        float("pdcch_loss", "", "share of grants that the device loses; in no log of a base station"),
        float("pucch_loss", "", "share of answers that the base station loses; in no log of one"),
        float("prach_loss", "", "share of preambles that the base station loses; in no log of one"),
        float(
            "mac_pdr",
            "",
            "share of blocks of both directions that were not lost: ok / (ok + nok); null if no block was sent, whatever waits",
        ),
        float(
            "ip_offered_bytes",
            "B",
            "bytes of both directions that were to be carried: background traffic, what transfers have carried, and what was still to be carried of those that were lost (not what waits, nor what its owner gave up)",
        ),
        float("ip_delivered_bytes", "B", "bytes of these that were"),
        float("ip_pdr", "", "delivered / offered; null if nothing was offered"),
        ColumnSpec::boolean(
            "jammed",
            "truth: whether a jammer raises noise and interference by 1 dB or more at the end of a channel that it \
             attacks, for some of the period",
        ),
        ColumnSpec::category(
            "jammer",
            "truth: the strongest jammer by J/S; null if nothing arrives of any",
        ),
        ColumnSpec::category("jamming_kind", "truth: its kind if the device is jammed, else null"),
        float(
            "jam_to_signal_db",
            "dB",
            "truth: its power over that of the signal; null if nothing arrives",
        ),
        float("jam_overlap", "", "truth: share of the carrier that it touches; null if nothing arrives"),
        float("jam_on", "", "truth: share of the period in which it is on; null if nothing arrives"),
    ];
    TableSpec::new(
        "radio_devices",
        "Each device of 5G after each measurement period, in the order of nodes; what begins with jam is truth \
         that no device knows",
        columns,
    )
    .detailed()
}

pub(super) fn cells() -> TableSpec {
    TableSpec::new(
        "radio_cells",
        "Each 5G cell after each measurement period",
        [
            ColumnSpec::float("t_s", "s", "end of the measurement period"),
            ColumnSpec::category("site", "gNB"),
            ColumnSpec::category("cell", "cell: gNB, sector, carrier"),
            ColumnSpec::unsigned("users", "", "devices that it serves at the end"),
            ColumnSpec::unsigned("active", "", "devices of these that send or receive at the end"),
            ColumnSpec::float(
                "dl_prb_use",
                "",
                "share of its resource blocks in use down, without background load",
            ),
            ColumnSpec::float("ul_prb_use", "", "share of its resource blocks in use up"),
            ColumnSpec::float("dl_bps", "bit/s", "rate carried down"),
            ColumnSpec::float("ul_bps", "bit/s", "rate carried up"),
            ColumnSpec::float(
                "dl_bler",
                "",
                "share of blocks down that were not acknowledged; null without any",
            ),
            ColumnSpec::float(
                "ul_noise_rise_db",
                "dB",
                "by how much other cells' devices raise the noise of the gNB",
            ),
            ColumnSpec::unsigned(
                "handovers_in",
                "",
                "changes of cell to it, those within its gNB among them",
            ),
            ColumnSpec::unsigned("handovers_out", "", "changes of cell from it"),
            ColumnSpec::unsigned("failures", "", "radio links that have failed"),
            ColumnSpec::unsigned("access_attempts", "", "tries of random access"),
            ColumnSpec::unsigned("access_failures", "", "tries of random access that failed"),
            ColumnSpec::unsigned(
                "drops",
                "",
                "devices that lost their connection: those that failed or left the world are none of them",
            ),
        ],
    )
}

pub(super) fn changes() -> TableSpec {
    TableSpec::new(
        "cell_changes",
        "Each change of a device's 5G cell, those within a gNB among them",
        [
            ColumnSpec::float("t_s", "s", "time"),
            ColumnSpec::category("device", "device"),
            ColumnSpec::category("from_cell", "cell before; null without one"),
            ColumnSpec::category("to_cell", "cell from now on; null without one"),
            ColumnSpec::category("from_site", "gNB before; null without one"),
            ColumnSpec::category("to_site", "gNB from now on; null without one"),
            ColumnSpec::category(
                "cause",
                "`selected`, `handover`, `commanded`, `link_failure`, `reestablished`, `lost`, `cell_down`, \
                 `fallback` (to another access point) or `left` (failed, without energy, or gone from the world)",
            ),
            ColumnSpec::float(
                "rsrp_from_dbm",
                "dBm",
                "filtered RSRP of the cell before; null without one",
            ),
            ColumnSpec::float(
                "rsrp_to_dbm",
                "dBm",
                "filtered RSRP of the cell from now on; null without one",
            ),
            ColumnSpec::boolean(
                "ping_pong",
                "whether it is back where it was before, after too short a time",
            ),
            ColumnSpec::float("stayed_s", "s", "how long it had the cell before; null without one"),
        ],
    )
}

pub(super) fn jamming() -> TableSpec {
    TableSpec::new(
        "jamming",
        "Jammers: at the start, when they are switched on and off, and after each measurement period in which a \
         moving one is on",
        [
            ColumnSpec::float("t_s", "s", "time"),
            ColumnSpec::category("jammer", "jammer"),
            ColumnSpec::category("kind", "its kind"),
            ColumnSpec::boolean("on", "whether it is switched on"),
            ColumnSpec::float("x_m", "m", "place to the east"),
            ColumnSpec::float("y_m", "m", "place to the north"),
            ColumnSpec::float(
                "eirp_dbm",
                "dBm",
                "power that it radiates while on, the greatest of its levels",
            ),
        ],
    )
}
