//! Applications: services, interactions between them, and flows of requests along them.

use super::arrivals::Arrival;
use crate::engine::Distribution;
use crate::infra::NodeId;
use crate::infra::applications::{
    ApplicationNeeds, InteractionIndex, InteractionNeeds, ReplicaIndex, ReplicaNeeds,
};
use crate::infra::assets::AssetId;

/// What a request takes of a core at a replica.
#[derive(Clone, Debug)]
pub enum Processing {
    /// Nothing: the request passes at once.
    None,
    /// Seconds on a core at its nominal speed, whatever that is.
    Time(Distribution),
    /// Million instructions.
    Work(Distribution),
}

impl Processing {
    /// Mean seconds on a core of this many million instructions a second.
    #[must_use]
    pub fn mean_s(&self, mips: f64) -> f64 {
        match self {
            Processing::None => 0.0,
            Processing::Time(time) => time.mean(),
            Processing::Work(work) => work.mean() / mips,
        }
    }
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Name, unique in the application.
    pub name: String,
    /// What each replica needs of its node; the number of the service in it is set by [`Application::needs`].
    pub needs: ReplicaNeeds,
    /// What each request takes.
    pub processing: Processing,
    /// Requests that a replica processes at once; they share its cores, none faster than on a core of its own.
    pub concurrency: usize,
    /// Requests that may wait for a replica.
    pub queue_limit: usize,
    /// Bytes of state that move with a replica.
    pub state_bytes: f64,
    /// Seconds from the placement of a replica until it serves.
    pub start_s: f64,
    /// Instances, at least one.
    pub replicas: u32,
}

impl Service {
    /// One replica with so many cores, on which requests take this.
    #[must_use]
    pub fn new(name: impl Into<String>, cores: f64, processing: Processing) -> Self {
        let amounts = if cores > 0.0 { vec![(AssetId::CORES, cores)] } else { Vec::new() };
        Service {
            name: name.into(),
            needs: ReplicaNeeds { amounts, ..ReplicaNeeds::default() },
            processing,
            concurrency: usize::MAX,
            queue_limit: usize::MAX,
            state_bytes: 0.0,
            start_s: 0.0,
            replicas: 1,
        }
    }

    /// So much of an asset that a replica needs.
    pub(super) fn amount(&self, asset: AssetId) -> f64 {
        let mut of_asset = self.needs.amounts.iter().filter(|own| own.0 == asset);
        of_asset.next().map_or(0.0, |own| own.1)
    }
}

/// What one service needs of the way to another: one direction.
#[derive(Clone, Debug)]
pub struct Interaction {
    /// The service that calls.
    pub from: u32,
    /// The service that is called.
    pub to: u32,
    /// Longest delay of the way in seconds; infinite for any.
    pub latency_s: f64,
    /// Bits a second that are set aside.
    pub bandwidth_bps: f64,
    /// Bytes of a message.
    pub message_bytes: Distribution,
}

/// A chain of services that requests run along.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Name, unique in the application.
    pub name: String,
    /// The services in order.
    pub path: Vec<u32>,
    /// When requests come, from each source; never if none.
    pub arrival: Option<Arrival>,
    /// Where requests come from, and answers go to. Without any, requests start at the first service and end at the
    /// last.
    pub sources: Vec<NodeId>,
    /// Seconds within which a request should be done.
    pub deadline_s: Option<Distribution>,
}

/// An application.
#[derive(Clone, Debug)]
pub struct Application {
    /// Name.
    pub name: String,
    /// Its services.
    pub services: Vec<Service>,
    /// What they need of the ways between them.
    pub interactions: Vec<Interaction>,
    /// The chains that requests run along.
    pub flows: Vec<Flow>,
    /// Bytes of a message where there is no interaction: from a source and back to it.
    pub message_bytes: Distribution,
    /// The placement policy of the world, by its number.
    pub policy: u32,
}

impl Application {
    /// The replicas of all services, in order; each service's follow each other.
    pub(super) fn replicas(&self) -> impl Iterator<Item = u32> + '_ {
        let of_service = |(service, own): (u32, &Service)| (0..own.replicas).map(move |_| service);
        (0..).zip(&self.services).flat_map(of_service)
    }

    /// The first replica of each service, and the number of all replicas at the end.
    pub(super) fn first_replicas(&self) -> Vec<u32> {
        let mut first = vec![0];
        for service in &self.services {
            first.push(first.last().copied().unwrap_or(0) + service.replicas);
        }
        first
    }

    /// The interaction that leads from one service to another.
    pub(super) fn interaction(&self, from: u32, to: u32) -> Option<&Interaction> {
        self.interactions.iter().find(|own| own.from == from && own.to == to)
    }

    /// Number of the interactions in [`needs`](Self::needs).
    #[must_use]
    pub fn pairs(&self) -> u64 {
        let replicas = |service: u32| u64::from(self.services[service as usize].replicas);
        let pairs =
            self.interactions.iter().map(|own| replicas(own.from).saturating_mul(replicas(own.to)));
        pairs.fold(0, u64::saturating_add)
    }

    /// The interaction between the first replicas of two services in [`needs`](Self::needs).
    pub(super) fn first_interaction(&self, from: u32, to: u32) -> Option<InteractionIndex> {
        let mut before = 0;
        for own in &self.interactions {
            if own.from == from && own.to == to {
                return Some(InteractionIndex(before));
            }
            let [from, to] = [own.from, own.to].map(|end| self.services[end as usize].replicas);
            before += from * to;
        }
        None
    }

    /// What it needs of the infrastructure under a name of its own. An interaction between services of several
    /// replicas is one between each two of them, which share its bandwidth.
    #[must_use]
    pub fn needs(&self, name: impl Into<String>) -> ApplicationNeeds {
        let first = self.first_replicas();
        let replicas_of =
            |service: u32| (first[service as usize]..first[service as usize + 1]).map(ReplicaIndex);
        let replicas = self
            .replicas()
            .map(|service| ReplicaNeeds { service, ..self.services[service as usize].needs.clone() });
        let mut interactions = Vec::new();
        for (number, own) in (0..).zip(&self.interactions) {
            let pairs = f64::from(self.services[own.from as usize].replicas)
                * f64::from(self.services[own.to as usize].replicas);
            for from in replicas_of(own.from) {
                for to in replicas_of(own.to) {
                    interactions.push(InteractionNeeds {
                        from,
                        to,
                        interaction: number,
                        latency_s: own.latency_s,
                        bandwidth_bps: own.bandwidth_bps / pairs,
                    });
                }
            }
        }
        ApplicationNeeds {
            name: name.into(),
            services: self.services.iter().map(|service| service.name.clone()).collect(),
            replicas: replicas.collect(),
            interactions,
        }
    }
}
