//! Jobs in virtual machines, and nodes whose jobs run in a group of them.

use super::machines::VmState;
use crate::engine::{ABSENT, Schedule};
use crate::infra::compute::{Discipline, JobRequest, Refusal};
use crate::infra::event::InfraEvent;
use crate::infra::ids::{JobId, NodeId, Owner, ProcessorId, VmId};
use crate::infra::infrastructure::Infrastructure;
use crate::infra::predicted::Share;

impl Infrastructure {
    /// Lets a virtual machine take jobs, which share its virtual cores by `discipline`. Its demand is from now on
    /// what they ask for. Nothing if it takes jobs already.
    pub fn take_jobs<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        discipline: Discipline,
    ) {
        if self.virtual_machines.processor(vm).is_some() {
            return;
        }
        self.change_demand(schedule, vm, 0.0);
        let spec = &self.virtual_machines.vms[vm.index()].spec;
        let (cores, mips) = (f64::from(spec.vcpus), spec.mips_per_vcpu);
        // A processor has a node for its meter; that of a virtual machine is asked for its host instead.
        let resources = spec.resources.clone();
        let processor = self.compute.add_processor(NodeId(ABSENT), cores, mips, discipline, resources);
        self.processor_due.resize(self.compute.len(), None);
        let machines = &mut self.virtual_machines;
        machines.processors[vm.index()] = processor.0;
        machines.vm_of_processor.resize(self.compute.len(), ABSENT);
        machines.vm_of_processor[processor.index()] = vm.0;
    }

    /// Admits a job to a virtual machine that [takes jobs](Self::take_jobs) and runs.
    ///
    /// # Errors
    /// What is short; [`Refusal::Cores`] if it does not run or takes no jobs.
    pub fn submit_vm_job<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        request: JobRequest,
        owner: Owner,
    ) -> Result<JobId, Refusal> {
        let processor = self.virtual_machines.processor(vm).ok_or(Refusal::Cores)?;
        if !matches!(self.virtual_machines.state(vm), VmState::Running | VmState::Paused) {
            return Err(Refusal::Cores);
        }
        self.submit_to(schedule, processor, request, Share::default(), owner)
    }

    /// Has all that is submitted to `front` from now on run in these virtual machines, which take jobs and are
    /// all that serve it; each job in the one with the least load.
    pub fn serve_by(&mut self, front: NodeId, vms: &[VmId]) {
        let machines = &mut self.virtual_machines;
        if let Some(before) = machines.fronts.insert(front, vms.to_vec()) {
            for vm in before {
                machines.vms[vm.index()].front = None;
            }
        }
        for vm in vms {
            machines.vms[vm.index()].front = Some(front);
        }
    }

    /// The processors that serve what is submitted to a node: of the virtual machines that run for it, none of a
    /// host, else its own.
    #[must_use]
    pub fn serving(&self, node: NodeId) -> smallvec::SmallVec<[ProcessorId; 4]> {
        let machines = &self.virtual_machines;
        if machines.host_of_node(node).is_some() {
            return smallvec::SmallVec::new();
        }
        match machines.servers_of(node) {
            Some(vms) => vms
                .iter()
                .filter(|&&vm| matches!(machines.state(vm), VmState::Running | VmState::Paused))
                .filter_map(|&vm| machines.processor(vm))
                .collect(),
            None => self.nodes[node.index()].processors().collect(),
        }
    }

    /// The jobs of a virtual machine have changed: so has what it wants.
    pub(in crate::infra) fn after_vm_jobs_change<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        processor: ProcessorId,
    ) {
        let index = vm.index();
        let spec = &self.virtual_machines.vms[index].spec;
        let demand = self.compute.busy_cores(processor) * spec.mips_per_vcpu;
        if demand != self.virtual_machines.demand_mips[index] {
            self.change_demand(schedule, vm, demand);
        }
    }
}
