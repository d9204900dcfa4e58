//! What CloudSim 3.0.3 does differently from what it says it models, part by part.

/// Which quirks of CloudSim 3.0.3 hold; each can be repaired on its own.
///
/// `docs/validation.md` tells what each repair changes on a published workload. Q7 of the list that others have
/// made of them, that a host remembers the departure of a virtual machine and treats its return as another one,
/// has no switch, because it cannot happen: the search for a host tries the virtual machine on it, and that
/// makes the host forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// Q1: a VM whose demand is exactly 0 when it is looked at has finished and leaves for good.
    pub idle_is_finished: bool,
    /// Q2: running VMs hold no memory and no bandwidth, so that these limit the first placement only.
    pub memory_is_free: bool,
    /// Q3: a host that has just been chosen as a target may be evacuated in the same step, so that a VM can
    /// have two migrations at once.
    pub targets_are_evacuated: bool,
    /// Q4, first half: the power a VM would add is counted from the host's utilisation as last measured, not
    /// from what this step has already planned for it.
    pub power_from_last_measurement: bool,
    /// Q4, second half: waking a host is counted as if it idled already.
    pub waking_is_free: bool,
    /// Q5: the weights of local regression are never applied, so that it is an ordinary line through ten
    /// samples, and its robust form is the same.
    pub regression_is_unweighted: bool,
    /// Q6: nothing is computed, and so no energy counted, before the end of the first interval, nor after the
    /// last control step and the migrations that it starts.
    pub ends_are_cut: bool,
    /// Q8: a host that could not be evacuated is no target for the rest of the step either.
    pub failed_evacuation_bars: bool,
    /// The order in which the needs of an overloaded host's virtual machines are added is that of a hash
    /// table of their names, instead of that of the host's list. It decides about the last bit of the sum,
    /// and so now and then about one MIPS, which the decisions of a day can hang on.
    pub sums_follow_hash_table: bool,
}

impl Quirks {
    /// All of them: CloudSim 3.0.3 as it is.
    pub const CLOUDSIM_3_0_3: Quirks = Quirks {
        idle_is_finished: true,
        memory_is_free: true,
        targets_are_evacuated: true,
        power_from_last_measurement: true,
        waking_is_free: true,
        regression_is_unweighted: true,
        ends_are_cut: true,
        failed_evacuation_bars: true,
        sums_follow_hash_table: true,
    };

    /// None of them.
    pub const REPAIRED: Quirks = Quirks {
        idle_is_finished: false,
        memory_is_free: false,
        targets_are_evacuated: false,
        power_from_last_measurement: false,
        waking_is_free: false,
        regression_is_unweighted: false,
        ends_are_cut: false,
        failed_evacuation_bars: false,
        sums_follow_hash_table: false,
    };
}
