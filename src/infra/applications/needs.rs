//! What an application needs of the infrastructure.

use crate::infra::assets::{AssetId, Label};

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in its application.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

indices! {
    /// A replica of a service, by its number in the application.
    ReplicaIndex;
    /// An interaction between two replicas, by its number in the application.
    InteractionIndex;
}

/// What a replica needs of the node that it is placed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaNeeds {
    /// The service that it is a replica of, by its number in [`ApplicationNeeds::services`].
    pub service: u32,
    /// So much of these assets; of concave ones it is the most that the node's value may be.
    pub amounts: Vec<(AssetId, f64)>,
    /// Labels of symbolic assets, of which the node must have all; of architectures any.
    pub labels: Vec<(AssetId, Vec<Label>)>,
}

/// What one replica needs of the way to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InteractionNeeds {
    /// The replica that calls.
    pub from: ReplicaIndex,
    /// The replica that is called.
    pub to: ReplicaIndex,
    /// The number of the interaction in the application, as its author counts.
    pub interaction: u32,
    /// Longest delay of the way in seconds; infinite for any.
    pub latency_s: f64,
    /// Bits a second that are set aside on the way.
    pub bandwidth_bps: f64,
}

/// What an application needs: replicas of services, and ways between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplicationNeeds {
    /// The application's name.
    pub name: String,
    /// Names of its services.
    pub services: Vec<String>,
    /// The replicas; a [`ReplicaIndex`] is an index into them.
    pub replicas: Vec<ReplicaNeeds>,
    /// The interactions between them; an [`InteractionIndex`] is an index into them.
    pub interactions: Vec<InteractionNeeds>,
}

impl ApplicationNeeds {
    /// The name of the service of a replica, with the replica's number behind it if there are several.
    #[must_use]
    pub fn replica_name(&self, replica: ReplicaIndex) -> String {
        let Some(needs) = self.replicas.get(replica.index()) else { return format!("{}", replica.0) };
        let name = self.services.get(needs.service as usize).map_or("", String::as_str);
        let same = |other: &&ReplicaNeeds| other.service == needs.service;
        if self.replicas.iter().filter(same).count() < 2 {
            return name.to_string();
        }
        let number = self.replicas[..replica.index()].iter().filter(same).count();
        format!("{name}-{number}")
    }
}

/// The needs of an application, with the interactions of each replica at hand.
#[derive(Debug)]
pub struct Shape {
    needs: ApplicationNeeds,
    /// For each replica where its interactions begin in `incident`; one more at the end.
    first: Vec<u32>,
    incident: Vec<InteractionIndex>,
}

impl Shape {
    /// Interactions with replicas that do not exist, and of a replica with itself, are left out.
    pub(super) fn new(mut needs: ApplicationNeeds) -> Self {
        let count = needs.replicas.len() as u32;
        needs.interactions.retain(|own| own.from.0 < count && own.to.0 < count && own.from != own.to);
        let mut first = vec![0; needs.replicas.len() + 1];
        for own in &needs.interactions {
            first[own.from.index() + 1] += 1;
            first[own.to.index() + 1] += 1;
        }
        for index in 1..first.len() {
            first[index] += first[index - 1];
        }
        let mut next = first.clone();
        let mut incident = vec![InteractionIndex(0); needs.interactions.len() * 2];
        for (index, own) in (0..).map(InteractionIndex).zip(&needs.interactions) {
            for end in [own.from, own.to] {
                incident[next[end.index()] as usize] = index;
                next[end.index()] += 1;
            }
        }
        Shape { needs, first, incident }
    }

    /// What it needs.
    #[must_use]
    pub fn needs(&self) -> &ApplicationNeeds {
        &self.needs
    }

    /// The interactions from and to a replica, in order.
    #[must_use]
    pub fn interactions_of(&self, replica: ReplicaIndex) -> &[InteractionIndex] {
        let ends = (self.first.get(replica.index()), self.first.get(replica.index() + 1));
        match ends {
            (Some(&first), Some(&end)) => &self.incident[first as usize..end as usize],
            _ => &[],
        }
    }
}
