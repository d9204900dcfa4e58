//! Migrations: the memory of a virtual machine crosses the network as transfers from host to host.

use super::fleet::HostState;
use super::machines::{VirtualMachines, VmState};
use super::spec::{CopiedMemory, MigrationMethod, MigrationSpec, VmRefusal};
use crate::engine::{Schedule, SimTime};
use crate::infra::event::{InfraEvent, Notice, TransferOutcome, TransferRecord};
use crate::infra::ids::{HostId, MigrationId, Owner, TransferId, VmId};
use crate::infra::infrastructure::Infrastructure;

/// The number under which the transfers of migrations are owned: that of no workload.
pub(in crate::infra) const MIGRATIONS: u16 = u16::MAX - 1;

/// How a migration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationOutcome {
    /// The virtual machine runs on its new host.
    Done,
    /// The new host was lost; the virtual machine goes on where it was.
    TargetLost,
    /// The virtual machine ended, or was lost with its host.
    VmGone,
    /// The network between the hosts was lost; the virtual machine goes on where it was.
    Disconnected,
}

impl MigrationOutcome {
    /// All outcomes.
    pub const ALL: [MigrationOutcome; 4] = [
        MigrationOutcome::Done,
        MigrationOutcome::TargetLost,
        MigrationOutcome::VmGone,
        MigrationOutcome::Disconnected,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            MigrationOutcome::Done => "done",
            MigrationOutcome::TargetLost => "target_lost",
            MigrationOutcome::VmGone => "vm_gone",
            MigrationOutcome::Disconnected => "disconnected",
        }
    }
}

/// A migration that has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MigrationRecord {
    /// The virtual machine.
    pub vm: VmId,
    /// The host that it left, or was to leave.
    pub from: HostId,
    /// The host that it went, or was to go to.
    pub to: HostId,
    /// When it was started.
    pub started: SimTime,
    /// Rounds of copying that were begun, the last one with the virtual machine paused.
    pub rounds: u32,
    /// Bytes that were sent.
    pub sent_bytes: f64,
    /// Seconds for which it paused the virtual machine.
    pub downtime_s: f64,
    /// How it ended.
    pub outcome: MigrationOutcome,
}

/// A migration on its way.
#[derive(Clone, Debug)]
pub(super) struct Migration {
    pub(super) vm: VmId,
    from: HostId,
    pub(super) to: HostId,
    spec: MigrationSpec,
    started: SimTime,
    rounds: u32,
    round_started: SimTime,
    round_bytes: f64,
    sent_bytes: f64,
    paused: Option<SimTime>,
    transfer: Option<TransferId>,
}

impl VirtualMachines {
    /// Bytes of a virtual machine's memory that are to be copied if a migration begins now.
    #[must_use]
    pub fn copied_bytes(&self, vm: VmId, memory: CopiedMemory) -> f64 {
        let whole = self.vms[vm.index()].spec.resources.memory_bytes;
        match memory {
            CopiedMemory::Whole => whole,
            CopiedMemory::InUse => self.used_memory_bytes(vm).unwrap_or(whole),
        }
    }
}

impl Infrastructure {
    /// Starts to move a running virtual machine to another host, which is woken if it sleeps. What it holds is
    /// booked at both ends until the migration has ended.
    ///
    /// # Errors
    /// What forbids it. Nothing has changed then.
    pub fn migrate_vm<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        to: HostId,
        spec: MigrationSpec,
    ) -> Result<MigrationId, VmRefusal> {
        let now = schedule.now();
        let machines = &mut self.virtual_machines;
        let own = &machines.vms[vm.index()];
        if machines.states[vm.index()] != VmState::Running || own.migration.is_some() {
            return Err(VmRefusal::State);
        }
        let from = machines.host(vm).ok_or(VmRefusal::State)?;
        if from == to {
            return Err(VmRefusal::SameHost);
        }
        machines.fleet.admits(to, &own.spec)?;
        let nodes = [from, to].map(|host| machines.fleet.nodes[host.index()]);
        if !self.is_reachable(nodes[0], nodes[1]) {
            return Err(VmRefusal::Unreachable);
        }
        self.settle_host(from, now);
        let machines = &mut self.virtual_machines;
        let demand_mips = machines.demand_mips[vm.index()];
        let own = &machines.vms[vm.index()].spec;
        machines.fleet.book(to, own, demand_mips);
        machines.fleet.plan(from, own.job_class, -demand_mips);
        machines.fleet.note(from);
        machines.hosts[to.index()].incoming.push(vm);
        machines.hosts[to.index()].sleep_when_empty = false;
        machines.leaves[vm.index()] = true;
        let id = MigrationId(machines.migrations.insert(Migration {
            vm,
            from,
            to,
            spec,
            started: now,
            rounds: 0,
            round_started: now,
            round_bytes: 0.0,
            sent_bytes: 0.0,
            paused: None,
            transfer: None,
        }) as u32);
        machines.vms[vm.index()].migration = Some(id);
        if machines.fleet.states[to.index()] == HostState::On {
            self.begin_copy(schedule, vm);
        } else {
            self.wake_host(schedule, to);
        }
        self.mark_host(schedule, from);
        self.mark_host(schedule, to);
        Ok(id)
    }

    /// Starts the first round of a migration whose target is on.
    pub(super) fn begin_copy<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, vm: VmId) {
        let machines = &mut self.virtual_machines;
        let Some(id) = machines.vms[vm.index()].migration else { return };
        let migration = &machines.migrations[id.index()];
        if migration.transfer.is_some() {
            return;
        }
        let memory_bytes = machines.copied_bytes(vm, migration.spec.memory);
        match migration.spec.method {
            MigrationMethod::StopAndCopy => self.pause(schedule, id),
            MigrationMethod::PreCopy { .. } => {
                let kept = 1.0 - migration.spec.degradation.clamp(0.0, 1.0);
                let from = migration.from;
                self.settle_host(from, schedule.now());
                self.virtual_machines.kept_share[vm.index()] = kept;
                self.mark_host(schedule, from);
            }
        }
        self.send_round(schedule, id, memory_bytes);
    }

    /// Pauses the virtual machine of a migration.
    fn pause<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, id: MigrationId) {
        let machines = &mut self.virtual_machines;
        let migration = &mut machines.migrations[id.index()];
        migration.paused = Some(schedule.now());
        let (vm, from) = (migration.vm, migration.from);
        self.settle_host(from, schedule.now());
        let machines = &mut self.virtual_machines;
        machines.states[vm.index()] = VmState::Paused;
        machines.limit_mips[vm.index()] = 0.0;
        self.mark_host(schedule, from);
    }

    fn send_round<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: MigrationId,
        bytes: f64,
    ) {
        let migration = &mut self.virtual_machines.migrations[id.index()];
        migration.rounds += 1;
        migration.round_started = schedule.now();
        migration.round_bytes = bytes;
        let (vm, hosts) = (migration.vm, [migration.from, migration.to]);
        let [from, to] = hosts.map(|host| self.virtual_machines.fleet.nodes[host.index()]);
        let owner = Owner { workload: MIGRATIONS, token: u64::from(id.0) };
        match self.start_transfer(schedule, from, to, bytes, owner, None) {
            Ok(transfer) => self.virtual_machines.migrations[id.index()].transfer = Some(transfer),
            Err(_) => self.break_off_migration(schedule, vm, MigrationOutcome::Disconnected),
        }
    }

    /// A transfer of a migration has ended.
    pub(in crate::infra) fn on_migration_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        record: &TransferRecord,
    ) {
        let id = MigrationId(record.owner.token as u32);
        let machines = &mut self.virtual_machines;
        let Some(migration) = machines.migrations.get_mut(id.index()) else { return };
        if migration.transfer.take() != Some(record.id) {
            return;
        }
        migration.sent_bytes += record.sent_bytes;
        let vm = migration.vm;
        if record.outcome != TransferOutcome::Delivered {
            return self.break_off_migration(schedule, vm, MigrationOutcome::Disconnected);
        }
        let spec = migration.spec;
        let (round_bytes, rounds) = (migration.round_bytes, migration.rounds);
        let (round_started, is_paused) = (migration.round_started, migration.paused.is_some());
        let memory_bytes = machines.copied_bytes(vm, spec.memory);
        let seconds = schedule.now().since(round_started).as_secs();
        match spec.method {
            MigrationMethod::PreCopy { dirty_bytes_per_s, downtime_limit, round_limit }
                if !is_paused =>
            {
                let left_bytes = (dirty_bytes_per_s * seconds).min(memory_bytes);
                let last_s = left_bytes * seconds / round_bytes;
                let stops = last_s <= downtime_limit.as_secs()
                    || rounds >= round_limit
                    || left_bytes >= round_bytes;
                if left_bytes <= 0.0 {
                    return self.end_migration(schedule, id, MigrationOutcome::Done);
                }
                if stops {
                    self.pause(schedule, id);
                }
                self.send_round(schedule, id, left_bytes);
            }
            _ => self.end_migration(schedule, id, MigrationOutcome::Done),
        }
    }

    /// Ends the migration of a virtual machine before its time; nothing if it is on none.
    pub(super) fn break_off_migration<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        outcome: MigrationOutcome,
    ) {
        let Some(id) = self.virtual_machines.vms[vm.index()].migration else { return };
        let transfer = self.virtual_machines.migrations[id.index()].transfer.take();
        let lost = TransferOutcome::Dropped;
        if let Some(record) = transfer.and_then(|id| self.abort_transfer(schedule, id, lost)) {
            self.virtual_machines.migrations[id.index()].sent_bytes += record.sent_bytes;
            self.notices.push_back(Notice::TransferEnded(record));
        }
        self.end_migration(schedule, id, outcome);
    }

    /// Ends a migration: the virtual machine is on its new host, or goes on where it is.
    fn end_migration<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: MigrationId,
        outcome: MigrationOutcome,
    ) {
        let now = schedule.now();
        let machines = &mut self.virtual_machines;
        let migration = machines.migrations.remove(id.index());
        let (vm, from, to) = (migration.vm, migration.from, migration.to);
        machines.vms[vm.index()].migration = None;
        self.settle_host(from, now);
        self.settle_host(to, now);
        let machines = &mut self.virtual_machines;
        machines.hosts[to.index()].incoming.retain(|other| *other != vm);
        if outcome == MigrationOutcome::Done {
            machines.detach(vm);
            machines.attach(vm, to, now);
            machines.run(vm);
            machines.accounts[vm.index()].migrations += 1;
        } else {
            let demand_mips = machines.demand_mips[vm.index()];
            let spec = &machines.vms[vm.index()].spec;
            machines.fleet.unbook(to, spec, demand_mips);
            machines.fleet.plan(from, spec.job_class, demand_mips);
            machines.leaves[vm.index()] = false;
            machines.kept_share[vm.index()] = 1.0;
            machines.run(vm);
        }
        let record = MigrationRecord {
            vm,
            from,
            to,
            started: migration.started,
            rounds: migration.rounds,
            sent_bytes: migration.sent_bytes,
            downtime_s: migration.paused.map_or(0.0, |paused| now.since(paused).as_secs()),
            outcome,
        };
        self.notices.push_back(Notice::VmMigrated(record));
        self.mark_host(schedule, from);
        self.mark_host(schedule, to);
        self.sleep_if_empty(schedule, from);
        self.sleep_if_empty(schedule, to);
    }
}
