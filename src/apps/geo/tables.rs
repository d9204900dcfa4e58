//! The tables of geo-distributed resources.

use crate::records::{ColumnSpec, TableSpec};

pub(super) fn operations() -> TableSpec {
    TableSpec::new(
        "geo_operations",
        "One row for each operation of a user on a geo-distributed resource, when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("operation", "", "its number in the workload"),
            ColumnSpec::float("began_s", "s", "when the user asked"),
            ColumnSpec::category("user_site", "site of the user"),
            ColumnSpec::category("site", "site whose agent took it: another one if the user's was down"),
            ColumnSpec::category("kind", "kind of the resource"),
            ColumnSpec::category("access", "create, read, update or delete"),
            ColumnSpec::unsigned(
                "resource",
                "",
                "number of the resource in the workload; null if there is none",
            ),
            ColumnSpec::category(
                "collaboration",
                "local, sharing, replication or cross, by where the resource is",
            ),
            ColumnSpec::category("mode", "how replicas of the kind are kept equal"),
            ColumnSpec::unsigned(
                "replicas",
                "",
                "sites that have the resource, or parts that it is spread over",
            ),
            ColumnSpec::category("outcome", "done, failed or unfinished"),
            ColumnSpec::category("reason", "why it failed; null if it did not"),
            ColumnSpec::float(
                "latency_s",
                "s",
                "from the request to the first response; null if there was none",
            ),
            ColumnSpec::float(
                "work_s",
                "s",
                "part of that in which sites worked for it, one after another; of writes to replicas none",
            ),
            ColumnSpec::unsigned(
                "messages",
                "",
                "messages between sites that it took, those among replicas aside; null if it was not done",
            ),
            ColumnSpec::unsigned(
                "versions_behind",
                "",
                "of a read: writes that some replica had executed and the one that was read had not; else null",
            ),
            ColumnSpec::float(
                "age_s",
                "s",
                "of a read: time since the first of those writes, 0 if there is none; else null",
            ),
            ColumnSpec::unsigned("unavailable", "", "sites that the agent took to be unavailable"),
        ],
    )
}

pub(super) fn roles() -> TableSpec {
    TableSpec::new(
        "geo_roles",
        "One row for each change of role of a replica's site in its group",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("group", "", "number of the group of sites in the workload"),
            ColumnSpec::category("site", "the site"),
            ColumnSpec::category("role", "leader, candidate or follower"),
            ColumnSpec::unsigned("term", "", "the term that it is in"),
        ],
    )
}

pub(super) fn divergence() -> TableSpec {
    TableSpec::new(
        "geo_divergence",
        "One row for each time that replicas of a resource were not equal, when they are again",
        [
            ColumnSpec::float("t_s", "s", "since when they are equal"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("resource", "", "number of the resource in the workload"),
            ColumnSpec::category("kind", "its kind"),
            ColumnSpec::float("since_s", "s", "when the first replica executed what others had not"),
            ColumnSpec::float("diverged_s", "s", "for how long they were not equal"),
            ColumnSpec::unsigned("writes", "", "writes that were executed meanwhile"),
        ],
    )
    .detailed()
}

pub(super) fn replicants() -> TableSpec {
    TableSpec::new(
        "geo_replicants",
        "One row for each site at which a resource is created, with what it is called there",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("resource", "", "its number in the workload: the meta-identifier"),
            ColumnSpec::category("kind", "its kind"),
            ColumnSpec::category("site", "the site"),
            ColumnSpec::unsigned(
                "local_id",
                "",
                "its identifier at the site: a number of the kind there",
            ),
        ],
    )
    .detailed()
}

pub(super) fn sites() -> TableSpec {
    TableSpec::new(
        "geo_sites",
        "One row for each site and kind at each sample, of what has ended since the last one",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("site", "site of the users"),
            ColumnSpec::category("kind", "kind of the resources"),
            ColumnSpec::unsigned("operations", "", "operations of its users that have ended"),
            ColumnSpec::unsigned("done", "", "those of them that were done"),
            ColumnSpec::float("availability", "", "the share of them; null if there were none"),
            ColumnSpec::boolean("is_up", "whether the site is there"),
            ColumnSpec::unsigned("unavailable", "", "sites that its agent takes to be unavailable"),
            ColumnSpec::unsigned(
                "led",
                "",
                "groups of replicas, of all kinds, that it leads as far as it knows",
            ),
        ],
    )
}
