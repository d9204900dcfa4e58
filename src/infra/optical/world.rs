//! The circuit switches of a world: layers that workloads add, whose switches may be nodes and whose ports may fail.

use super::circuit_switch::{Breakage, CircuitSwitch, SwitchTiming};
use super::colouring::{Circuit, PortMode};
use super::error::OpticalError;
use super::fabric::{OpticalLayer, SwitchId};
use crate::engine::{RandomStreams, Schedule, SimTime};
use crate::infra::event::{InfraEvent, Notice};
use crate::infra::faults::{FaultProcess, FaultTarget, FaultTimes};
use crate::infra::ids::NodeId;
use crate::infra::infrastructure::Infrastructure;

/// A layer of circuit switches, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpticalLayerId(pub u32);

impl OpticalLayerId {
    /// The position among the layers.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What makes a layer.
#[derive(Clone, Debug)]
pub struct OpticalLayerSpec {
    /// Leaves, uplinks and ports.
    pub layer: OpticalLayer,
    /// What the ports are.
    pub ports: PortMode,
    /// How long new circuits carry nothing.
    pub timing: SwitchTiming,
    /// The node of each switch, by whose power it draws and with which it fails; none of them, or all.
    pub nodes: Vec<NodeId>,
    /// When ports that uplinks end at fail, each by itself; never if left out.
    pub port_faults: Option<FaultTimes>,
}

/// A layer of a world.
#[derive(Clone, Debug)]
pub struct OpticalLayerState {
    switches: Vec<CircuitSwitch>,
    nodes: Vec<NodeId>,
}

impl OpticalLayerState {
    /// Its switches.
    #[must_use]
    pub fn switches(&self) -> &[CircuitSwitch] {
        &self.switches
    }

    /// The switch that is a node, if one is.
    #[must_use]
    pub fn switch_of(&self, node: NodeId) -> Option<SwitchId> {
        let at = self.nodes.iter().position(|&own| own == node)?;
        // There are as many nodes as switches, which are counted by 32 bits.
        Some(SwitchId(at as u32))
    }
}

/// All layers of a world.
#[derive(Clone, Debug, Default)]
pub struct OpticalLayers {
    layers: Vec<OpticalLayerState>,
}

impl OpticalLayers {
    /// A layer.
    #[must_use]
    pub fn get(&self, layer: OpticalLayerId) -> Option<&OpticalLayerState> {
        self.layers.get(layer.index())
    }

    /// A node has failed, or works again: so does what is a switch of it.
    pub(in crate::infra) fn node_changed(&mut self, node: NodeId, works: bool) {
        for layer in &mut self.layers {
            if let Some(switch) = layer.switch_of(node) {
                switch_works(&mut layer.switches[switch.index()], Breakage::Switch, works);
            }
        }
    }
}

fn switch_works(switch: &mut CircuitSwitch, breakage: Breakage, works: bool) {
    if works {
        switch.repair(breakage);
    } else {
        switch.fail(breakage);
    }
}

impl Infrastructure {
    /// The layers of circuit switches.
    #[must_use]
    pub const fn optical(&self) -> &OpticalLayers {
        &self.optical
    }

    /// Adds a layer without circuits, whose switches stand where their nodes say; those whose nodes do not work are down.
    pub fn add_optical_layer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        spec: &OpticalLayerSpec,
        streams: RandomStreams,
    ) -> OpticalLayerId {
        let layer = OpticalLayerId(self.optical.layers.len() as u32);
        let (switches, leaves) = (spec.layer.switches(), spec.layer.leaves());
        let ports = leaves + spec.layer.spare_ports();
        let make = |switch| CircuitSwitch::new(SwitchId(switch), ports, spec.ports, spec.timing);
        let mut state =
            OpticalLayerState { switches: (0..switches).map(make).collect(), nodes: spec.nodes.clone() };
        for (switch, node) in state.switches.iter_mut().zip(&spec.nodes) {
            if !self.node(*node).is_available() {
                switch.fail(Breakage::Switch);
            }
        }
        self.optical.layers.push(state);
        if let Some(times) = &spec.port_faults {
            for (switch, port) in (0..switches).flat_map(|own| (0..leaves).map(move |port| (own, port)))
            {
                let number = u64::from(layer.0) << 48 | u64::from(switch) << 24 | u64::from(port);
                let random = streams.entity("faults/ports", number);
                let target = FaultTarget::Port { layer, switch: SwitchId(switch), port };
                self.faults.push(FaultProcess::new(target, times.clone(), random));
                self.schedule_fault(schedule, self.faults.len() - 1);
            }
        }
        layer
    }

    /// Sets circuits up, cutting what else their ports were connected to. Tells since when the last of them carries.
    ///
    /// # Errors
    /// If there is no such port, it is broken, or both ends are one. Those before it are set up.
    pub fn connect_circuits(
        &mut self,
        now: SimTime,
        layer: OpticalLayerId,
        circuits: &[Circuit],
    ) -> Result<SimTime, OpticalError> {
        let Some(state) = self.optical.layers.get_mut(layer.index()) else { return Ok(now) };
        let mut ready = now;
        for circuit in circuits {
            let (port, ports) = (circuit.from.0, 0);
            let switch = state.switches.get_mut(circuit.switch.index());
            let switch = switch.ok_or(OpticalError::NoPort { switch: circuit.switch, port, ports })?;
            ready = ready.max(switch.connect(now, circuit.from.0, circuit.to.0)?);
        }
        Ok(ready)
    }

    /// A port fails or works again.
    pub(in crate::infra) fn change_port(
        &mut self,
        layer: OpticalLayerId,
        switch: SwitchId,
        port: u32,
        works: bool,
    ) {
        let state = self.optical.layers.get_mut(layer.index());
        if let Some(own) = state.and_then(|own| own.switches.get_mut(switch.index())) {
            switch_works(own, Breakage::Port(port), works);
            self.notices.push_back(Notice::PortChanged { layer, switch, port, works });
        }
    }
}
