//! What is noted of hosts and virtual machines, and the figures made of it.

use crate::engine::Summary;

/// A state that holds from `time_s` until the next one.
#[derive(Clone, Copy, Debug, Default)]
struct Record {
    time_s: f64,
    allocated_mips: f64,
    asked_mips: f64,
    /// Of a host: it serves something. Of a virtual machine: it is being copied.
    flag: bool,
}

#[derive(Clone, Debug, Default)]
struct VmAccount {
    last: Option<Record>,
    asked_mi: f64,
    allocated_mi: f64,
    lost_in_migration_mi: f64,
    shortfalls: f64,
    short_records: u64,
}

#[derive(Clone, Debug)]
struct HostAccount {
    last: Option<Record>,
    was_active: bool,
    on_since_s: f64,
}

/// The accounts of a fleet. A record of the same instant as the one before replaces it.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    vms: Vec<VmAccount>,
    hosts: Vec<HostAccount>,
    active_s: f64,
    overloaded_s: f64,
    before_shutdown_s: Summary,
    pub(super) energy_j: f64,
    pub(super) migrations: u64,
    pub(super) finished_vms: u64,
}

/// What came of a run, in the terms of Beloglazov and Buyya's article.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FleetSummary {
    /// Energy of all hosts, in kWh.
    pub energy_kwh: f64,
    /// Migrations started.
    pub migrations: u64,
    /// How often a host went to sleep; each host counts as awake at the start.
    pub host_shutdowns: u64,
    /// Mean time in seconds from when a host was woken (first: from 0) to its going to sleep; NaN if none
    /// did.
    pub mean_time_before_shutdown_s: f64,
    /// Standard deviation of the same.
    pub sd_time_before_shutdown_s: f64,
    /// SLA violation time per active host: share of the hosts' active time in which their virtual machines
    /// got less than they asked for, of all hosts together.
    pub slatah: f64,
    /// Performance degradation due to migrations: work not done while a virtual machine was being copied,
    /// as a share of all work asked for.
    pub pdm: f64,
    /// SLA violation: SLATAH times PDM.
    pub sla_violation: f64,
    /// Work not done, as a share of all work asked for.
    pub overall_sla_violation: f64,
    /// Mean share that was missing, over the records in which some was; 0 if there are none.
    pub average_sla_violation: f64,
    /// Virtual machines that left for good because they asked for nothing.
    pub finished_vms: u64,
    /// Virtual machines that found no host at the start, and are left out.
    pub unplaced_vms: u64,
}

impl FleetSummary {
    /// Energy times SLA violation, in kWh: the measure by which the article compares policies.
    #[must_use]
    pub fn energy_sla_violation_kwh(&self) -> f64 {
        self.energy_kwh * self.sla_violation
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl Accounts {
    pub(super) fn new(hosts: usize, vms: usize) -> Self {
        let host = HostAccount { last: None, was_active: true, on_since_s: 0.0 };
        Accounts {
            vms: vec![VmAccount::default(); vms],
            hosts: vec![host; hosts],
            active_s: 0.0,
            overloaded_s: 0.0,
            before_shutdown_s: Summary::default(),
            energy_j: 0.0,
            migrations: 0,
            finished_vms: 0,
        }
    }

    pub(super) fn note_vm(
        &mut self,
        vm: u32,
        time_s: f64,
        allocated_mips: f64,
        asked_mips: f64,
        migrating: bool,
    ) {
        let account = &mut self.vms[vm as usize];
        if let Some(last) = account.last
            && last.time_s != time_s
        {
            let seconds = time_s - last.time_s;
            account.allocated_mi += last.allocated_mips * seconds;
            account.asked_mi += last.asked_mips * seconds;
            if last.allocated_mips < last.asked_mips {
                account.shortfalls += (last.asked_mips - last.allocated_mips) / last.asked_mips;
                account.short_records += 1;
                if last.flag {
                    account.lost_in_migration_mi += (last.asked_mips - last.allocated_mips) * seconds;
                }
            }
        }
        account.last = Some(Record { time_s, allocated_mips, asked_mips, flag: migrating });
    }

    /// Whether a host has been noted to be asleep, so that nothing changes if it is again.
    pub(super) fn is_asleep(&self, host: u32) -> bool {
        self.hosts[host as usize].last.is_some_and(|last| !last.flag)
    }

    pub(super) fn note_host(&mut self, host: u32, time_s: f64, allocated_mips: f64, asked_mips: f64) {
        if let Some(last) = self.hosts[host as usize].last
            && last.time_s != time_s
        {
            if last.flag {
                let seconds = time_s - last.time_s;
                self.active_s += seconds;
                if last.allocated_mips < last.asked_mips {
                    self.overloaded_s += seconds;
                }
            }
            self.note_switching(host, last);
        }
        let record = Record { time_s, allocated_mips, asked_mips, flag: allocated_mips > 0.0 };
        self.hosts[host as usize].last = Some(record);
    }

    /// Counts a shutdown or a waking, once the record of an instant is the final one.
    fn note_switching(&mut self, host: u32, record: Record) {
        let account = &mut self.hosts[host as usize];
        if account.was_active && !record.flag {
            self.before_shutdown_s.add(record.time_s - account.on_since_s);
        } else if !account.was_active && record.flag {
            account.on_since_s = record.time_s;
        }
        account.was_active = record.flag;
    }

    /// Makes the last records final.
    pub(super) fn close(&mut self) {
        for host in 0..self.hosts.len() as u32 {
            if let Some(last) = self.hosts[host as usize].last.take() {
                self.note_switching(host, last);
            }
        }
    }

    pub(super) fn summary(&self, unplaced_vms: u64) -> FleetSummary {
        let (mut asked, mut allocated, mut lost, mut shortfalls, mut short) = (0.0, 0.0, 0.0, 0.0, 0);
        for vm in &self.vms {
            asked += vm.asked_mi;
            allocated += vm.allocated_mi;
            lost += vm.lost_in_migration_mi;
            shortfalls += vm.shortfalls;
            short += vm.short_records;
        }
        let slatah = share(self.overloaded_s, self.active_s);
        let pdm = share(lost, asked);
        FleetSummary {
            energy_kwh: self.energy_j / 3.6e6,
            migrations: self.migrations,
            host_shutdowns: self.before_shutdown_s.count(),
            mean_time_before_shutdown_s: self.before_shutdown_s.mean(),
            sd_time_before_shutdown_s: self.before_shutdown_s.variance().sqrt(),
            slatah,
            pdm,
            sla_violation: slatah * pdm,
            overall_sla_violation: share(asked - allocated, asked),
            average_sla_violation: share(shortfalls, short as f64),
            finished_vms: self.finished_vms,
            unplaced_vms,
        }
    }
}
